using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using Dsl.Tests;
using Dsl.Text;
using Dsl.Training.Objectives;
using Xunit;

namespace Dsl.Training.Tests.Objectives;

public sealed class StreamTests
{
    /// <summary>Lines of many lengths, an empty one now and then; letters of two and three bytes among them.</summary>
    private static readonly string Text = string.Concat(Enumerable.Range(0, 400).Select(i =>
        i % 37 == 0 ? "\n" : string.Join(' ', Enumerable.Range(i, 3 + i % 17).Select(Word)) + ".\n"));

    private static string Word(int k) => k % 11 == 0 ? "dämmerung" : k % 7 == 0 ? "— heaven" : "word" + k % 23;

    private static readonly TextSource Source = TextSource.Memory("lines", Text);

    private static readonly Dictionary<string, Func<ITokenizer, IObjective>> Makers = new()
    {
        ["tokens, next sentence"] = tokenizer => new MaskedLanguage(tokenizer, 24, MaskingUnit.Tokens, PairTask.NextSentence),
        ["words"] = tokenizer => new MaskedLanguage(tokenizer, 24, MaskingUnit.WholeWords),
        ["runs, sentence order"] = tokenizer => new MaskedLanguage(tokenizer, 24, MaskingUnit.Runs, PairTask.SentenceOrder),
        ["replaced"] = tokenizer => new ReplacedTokenDetection(tokenizer, 24),
        ["span"] = tokenizer => new SpanDenoising(tokenizer, 24),
        ["prefix"] = tokenizer => new PrefixLanguage(tokenizer, 24),
        ["denoise"] = tokenizer => new TextDenoising(tokenizer, 24, new DenoisingOptions()),
    };

    public static TheoryData<string> Objectives => [.. Makers.Keys];

    [Theory]
    [MemberData(nameof(Objectives))]
    public void AStreamResumedAtAnyBatchGoesOnAsIfItHadNotStopped(string objective)
    {
        ITokenizer tokenizer = objective switch
        {
            "span" or "prefix" => TokenizerTraining.BytePair(Text, 600, VocabularyLayout.T5),
            "denoise" => TokenizerTraining.BytePair(Text, 600, VocabularyLayout.Roberta),
            _ => TokenizerTraining.WordPiece(Text, 600, VocabularyLayout.Bert),
        };
        ExampleStream Open() => new(new TextShards(Source, 0, Source.Length, size: 2000), Makers[objective](tokenizer), rows: 4, seed: 7);

        ExampleStream whole = Open();
        var positions = new List<string>();
        var batches = new List<string>();
        while (whole.Position.Pass < 2)
        {
            positions.Add(whole.Position.ToString());
            batches.Add(Print(whole.Next()));
        }

        Assert.True(positions.Select(position => position.Split(':')[1]).Distinct().Count() > 3, "several shards");
        for (int at = 0; at < batches.Count; at += 5)
        {
            ExampleStream resumed = Open();
            resumed.Position = StreamPosition.Parse(positions[at]);
            for (int k = at; k < Math.Min(at + 3, batches.Count); k++)
            {
                Assert.Equal(batches[k], Print(resumed.Next()));
            }
        }
    }

    [Fact]
    public void StaticNoiseRepeatsInEachPassAndFreshNoiseDoesNot()
    {
        ITokenizer tokenizer = TokenizerTraining.WordPiece(Text, 300);
        List<string> Pass(ExampleStream stream)
        {
            long pass = stream.Position.Pass;
            var rows = new List<string>();
            while (stream.Position.Pass == pass)
            {
                StreamPosition before = stream.Position;
                IReadOnlyList<Example> batch = stream.Next();
                if (stream.Position.Pass != pass)
                {
                    stream.Position = before with { Pass = pass + 1, Offset = 0, Batch = 0 };
                    break;
                }

                rows.AddRange(batch.Select(example => Print([example])));
            }

            return [.. rows.Order()];
        }

        ExampleStream Open(bool fresh) => new(new TextShards(Source, 0, Source.Length, 4000), new MaskedLanguage(tokenizer, 24), 4, 7, fresh);
        ExampleStream still = Open(fresh: false), moving = Open(fresh: true);
        Assert.Equal(Pass(still), Pass(still));
        Assert.NotEqual(Pass(moving), Pass(moving));
    }

    [Fact]
    public void ShardsAreTheWholeTextInWholeLinesAndOfBoundedSize()
    {
        // A line longer than a shard is cut between characters; all other shards end with a line.
        string text = Text + new string('ä', 5000) + "\nlast line";
        TextSource source = TextSource.Memory("t", text);
        var shards = new TextShards(source, 0, source.Length, size: 1000);
        var read = new StringBuilder();
        long offset = 0;
        do
        {
            (string part, offset) = shards.Read(offset);
            Assert.InRange(Encoding.UTF8.GetByteCount(part), 1, 3002);
            Assert.True(part.EndsWith('\n') || part.Contains('ä') || offset == 0, "a shard ends with a line");
            read.Append(part);
        }
        while (offset != 0);

        Assert.Equal(text, read.ToString());
    }

    [Fact]
    public void TrainingAndHeldOutTextDoNotOverlapAndMissNothing()
    {
        string All(TextShards shards)
        {
            var text = new StringBuilder();
            long offset = 0;
            do
            {
                (string part, offset) = shards.Read(offset);
                text.Append(part);
            }
            while (offset != 0);

            return text.ToString();
        }

        (TextShards training, TextShards heldOut) = TextShards.Split(Source, 1500);
        string first = All(training), second = All(heldOut);
        Assert.Equal(Text, first + second);
        Assert.EndsWith("\n", first);
        Assert.InRange(Encoding.UTF8.GetByteCount(first), Source.Length * 85 / 100, Source.Length * 95 / 100);
    }

    [Fact]
    public void MemoryDoesNotGrowWithTheFile()
    {
        using var folder = new ScratchFolder();
        string path = folder["long.txt"];
        using (StreamWriter writer = new(path))
        {
            for (int i = 0; i < 60; i++)
            {
                writer.Write(Text);
            }
        }

        ITokenizer tokenizer = TokenizerTraining.WordPiece(Text, 300);
        var stream = new ExampleStream(new TextShards(TextSource.File(path), 0, new FileInfo(path).Length, 20000), new MaskedLanguage(tokenizer, 24), 4, 1);
        long Most(int batches)
        {
            long most = 0;
            for (int i = 0; i < batches; i++)
            {
                stream.Next();
                most = i % 50 == 0 ? Math.Max(most, GC.GetTotalMemory(forceFullCollection: true)) : most;
            }

            return most;
        }

        long early = Most(200), late = Most(1000);
        Assert.InRange(late, 0, early + 4_000_000);
    }

    [Fact]
    public void ExamplesOfOneBatchAreOfLikeLength()
    {
        ITokenizer tokenizer = TokenizerTraining.BytePair(Text, 400, VocabularyLayout.Roberta);
        var shards = new TextShards(Source, 0, Source.Length);
        var stream = new ExampleStream(shards, new TextDenoising(tokenizer, 40, new DenoisingOptions()), 4, 1);
        double padded = 0, real = 0;
        for (int i = 0; i < 40; i++)
        {
            IReadOnlyList<Example> batch = stream.Next();
            padded += batch.Count * batch.Max(example => example.Length);
            real += batch.Sum(example => example.Length);
        }

        Assert.True(real / padded > 0.9, $"{real / padded:P0} of the places are real tokens");
    }

    [Fact]
    public void ATextThatGivesNothingIsAnErrorThatNamesIt()
    {
        ITokenizer tokenizer = TokenizerTraining.WordPiece(Text, 300);
        TextSource empty = TextSource.Memory("empty.txt", "\n\n");
        var stream = new ExampleStream(new TextShards(empty, 0, empty.Length), new MaskedLanguage(tokenizer, 24), 4, 1);
        Assert.Equal("empty.txt: too short, expected a text that gives at least one example", Assert.Throws<TextException>(stream.Next).Message);
        TextSource broken = new("broken.txt", 4, () => new MemoryStream([(byte)'a', 0xFF, (byte)'b', (byte)'\n']));
        Assert.Contains("broken.txt: byte 0xFF at 1 is not UTF-8", Assert.Throws<TextException>(() => new TextShards(broken, 0, 4).Read(0)).Message);
        Assert.Contains("expected one with a", Assert.Throws<TextException>(() => new MaskedLanguage(TokenizerTraining.BytePair(Text, 300), 24)).Message);
    }

    private static string Print(IReadOnlyList<Example> batch) => string.Join('|', batch.Select(example =>
        string.Join(';', example.Rows.OrderBy(row => row.Key).Select(row => $"{row.Key}={string.Join(',', row.Value)}"))
        + string.Join(';', example.Values.Select(value => $"{value.Key}={value.Value}"))));
}
