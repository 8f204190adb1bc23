using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using Dsl.Text;
using Dsl.Training.Objectives;
using Xunit;

namespace Dsl.Training.Tests.Objectives;

/// <summary>Texts of several languages in one stream, and what denoising is asked to do.</summary>
public sealed class MixedStreamTests
{
    private static readonly string English = Lines(600, ["word", "heaven", "earth", "light", "waters"]),
        German = Lines(60, ["wort", "himmel", "erde", "licht"]);

    private static readonly ITokenizer Tokenizer = TokenizerTraining.BytePair(English + German, 500, VocabularyLayout.Roberta with
    {
        Name = "languages",
        Last = ["en_XX", "de_DE", .. VocabularyLayout.Roberta.Last],
        Single = "A:0 </s>:0 en_XX:0",
        Pair = "A:0 B:0 </s>:0 en_XX:0",
    });

    private static string Lines(int count, string[] words) => string.Concat(Enumerable.Range(0, count).Select(i =>
        $"{string.Join(' ', Enumerable.Range(i, 3 + i % 9).Select(k => words[k * k % words.Length] + k % 7))}.\n"));

    private static MixedStream Open(double alpha = 0.7, ulong seed = 7) => new(
        [(Shards("en", English), Denoising("en_XX")), (Shards("de", German), Denoising("de_DE"))],
        alpha, rows: 4, seed);

    private static TextDenoising Denoising(string language) => new(Tokenizer, 24, new DenoisingOptions(), Tokenizer.IdOf(language));

    private static TextShards Shards(string name, string text) =>
        TextSource.Memory(name, text) is var source ? new TextShards(source, 0, source.Length, size: 1000) : throw new InvalidOperationException();

    private static int Language(Example example) => example.Rows["decoder_input_ids"][0];

    [Theory]
    [InlineData(1, 100.0 / 101)]
    [InlineData(0.7, 25.118864315095795 / 26.118864315095795)]
    [InlineData(0, 0.5)]
    public void ChancesAreSizesToAPower(double alpha, double first)
    {
        double[] chances = MixedStream.ChancesOf([100, 1], alpha);
        Assert.Equal(first, chances[0], 12);
        Assert.Equal(1, chances.Sum(), 12);
        Assert.Equal(0, MixedStream.ChancesOf([5, 0], alpha)[1]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(0.3)]
    public void LanguagesAreDrawnByTheirChancesAndSpeakFirst(double alpha)
    {
        MixedStream stream = Open(alpha);
        int english = Tokenizer.IdOf("en_XX")!.Value, german = Tokenizer.IdOf("de_DE")!.Value;
        Example[] drawn = [.. Enumerable.Range(0, 400).SelectMany(_ => stream.Next())];
        Assert.All(drawn, example => Assert.Contains(Language(example), new[] { english, german }));
        Assert.All(drawn, example => Assert.Equal(Language(example), example.Rows["labels"][^1]));
        Assert.All(drawn, example => Assert.Equal(Language(example), example.Rows["input_ids"][^1]));
        double share = drawn.Count(example => Language(example) == german) / (double)drawn.Length;

        // Five deviations of the mean of so many draws.
        double chance = stream.Chances[1], deviation = Math.Sqrt(chance * (1 - chance) / drawn.Length);
        Assert.InRange(share, chance - (5 * deviation), chance + (5 * deviation));
    }

    [Fact]
    public void OneBatchHoldsSeveralLanguages()
    {
        MixedStream stream = Open(alpha: 0);
        Assert.Contains(Enumerable.Range(0, 20).Select(_ => stream.Next()), batch => batch.Select(Language).Distinct().Count() == 2);
    }

    [Fact]
    public void AStreamResumedAtAnyBatchGoesOnAsIfItHadNotStopped()
    {
        MixedStream whole = Open(alpha: 0.1);
        var positions = new List<string>();
        var batches = new List<string>();
        for (int i = 0; i < 80; i++)
        {
            positions.Add(whole.Position);
            batches.Add(Print(whole.Next()));
        }

        // The small text has been read more than once by then.
        Assert.Contains(positions, position => !position.Split('|')[2].StartsWith("0:", StringComparison.Ordinal));
        Assert.Equal(positions.Count, positions.Distinct().Count());
        for (int at = 0; at < batches.Count; at += 7)
        {
            MixedStream resumed = Open(alpha: 0.1);
            resumed.Position = positions[at];
            for (int k = at; k < Math.Min(at + 18, batches.Count); k++)
            {
                Assert.Equal((positions[k], batches[k]), (resumed.Position, Print(resumed.Next())));
            }
        }

        Assert.NotEqual(batches[0], Print(Open(alpha: 0.1, seed: 8).Next()));
        Assert.Throws<FormatException>(() => whole.Position = "0:0:0");
    }

    [Fact]
    public void HeldOutBatchesAreMixedTooAndTheHashIsOfAllTexts()
    {
        ObjectiveText[] texts =
        [
            new(TextSource.Memory("en", English), Denoising("en_XX")),
            new(TextSource.Memory("de", German), Denoising("de_DE")),
        ];
        var data = new ObjectiveData(texts, 0.5, Tokenizer, 4, seed: 1);
        Assert.Equal("en, de", data.Name);
        Assert.NotEqual(data.Hash, new ObjectiveData([texts[1], texts[0]], 0.5, Tokenizer, 4, seed: 1).Hash);
        Assert.Equal(texts[0].Source.Hash(), new ObjectiveData(texts[0].Source, texts[0].Objective, Tokenizer, 4, seed: 1).Hash);
        Assert.InRange(data.TargetEntropy(3)!.Value, 1, Math.Log(Tokenizer.Vocabulary));
    }

    private static readonly DenoisingOptions None = new() { Infill = 0, Permute = 0 };

    private static IReadOnlyList<Example> Noised(DenoisingOptions noise) =>
        new TextDenoising(Tokenizer, 24, noise).Make(English, new SeededDraws(new SeededRandom(3)));

    [Fact]
    public void EachNoiseDoesWhatItsWordSays()
    {
        int mask = Tokenizer.Special.Mask!.Value;
        IEnumerable<(int[] Read, int[] Text)> Rows(DenoisingOptions noise) =>
            Noised(noise).Select(example => (example.Rows["input_ids"], example.Rows["labels"]));

        Assert.All(Rows(None), row => Assert.Equal(row.Text, row.Read));
        Assert.All(Rows(None with { Mask = 0.3 }), row => Assert.Contains(mask, row.Read));
        Assert.All(Rows(None with { Delete = 0.3 }), row => Assert.True(row.Read.Length < row.Text.Length && !row.Read.Contains(mask)));
        Assert.All(Rows(None with { Rotate = 1 }), row => Assert.Equal(row.Text.Order(), row.Read.Order()));
        Assert.Contains(Rows(None with { Rotate = 1 }), row => !row.Text.SequenceEqual(row.Read));
        Assert.All(Rows(None with { Permute = 1 }), row => Assert.Equal(row.Text.Order(), row.Read.Order()));
        int masks = Rows(None with { Mask = 0.5 }).Sum(row => row.Read.Count(id => id == mask));
        int fewer = Rows(None with { Mask = 0.5, Random = 0.5 }).Sum(row => row.Read.Count(id => id == mask));
        Assert.InRange(fewer, masks / 4, masks * 3 / 4);
    }

    [Fact]
    public void SharesThatAreNoneAreRefused()
    {
        Assert.Equal(
            "--mean-span 0, expected more than 0 and at most 10", Assert.Throws<ArgumentException>(new DenoisingOptions { MeanSpan = 0 }.Validate).Message);
        Assert.Equal("--rotate 2, expected from 0 to 1", Assert.Throws<ArgumentException>(new DenoisingOptions { Rotate = 2 }.Validate).Message);
        Assert.Throws<ArgumentException>(new DenoisingOptions { Infill = double.NaN }.Validate);
        Assert.Throws<ArgumentException>(new DenoisingOptions { Alpha = -1 }.Validate);
    }

    private static string Print(IReadOnlyList<Example> batch) => string.Join('|', batch.Select(example =>
        string.Join(';', example.Rows.OrderBy(row => row.Key).Select(row => $"{row.Key}={string.Join(',', row.Value)}"))));
}
