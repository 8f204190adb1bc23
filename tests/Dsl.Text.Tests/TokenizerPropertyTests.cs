using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text;
using CsCheck;
using Dsl.Text.Tokenizers;
using Xunit;

namespace Dsl.Text.Tests;

/// <summary>What holds for every vocabulary and every text.</summary>
public sealed class TokenizerPropertyTests
{
    public static TheoryData<string, string> Cases => TokenizerGoldens.Cases;

    private static readonly (int First, int Last)[] Ranges =
    [
        (0x20, 0x7E), (0x20, 0x7E), (0x20, 0x7E), (0x20, 0x7E), (0, 0x17F), (0x300, 0x36F), (0x4E00, 0x4FFF), (0x1F300, 0x1F6FF), (0x1D400, 0x1D7FF),
        (0x2581, 0x2581), (0x120, 0x120), (0x200B, 0x200F), (0x3000, 0x3002), (0x2028, 0x2029), (0xFEFF, 0xFEFF), (0x10FFFE, 0x10FFFF), (0xAC00, 0xACFF),
    ];

    private static readonly Gen<string> AnyText = Gen.Int[0, int.MaxValue - 1].Select(seed =>
    {
        var random = new Random(seed);
        return string.Concat(Enumerable.Range(0, random.Next(40)).Select(_ =>
        {
            (int first, int last) = Ranges[random.Next(Ranges.Length)];
            return new Rune(random.Next(first, last + 1)).ToString();
        }));
    });

    private static Gen<int[]> AnyIds(int vocabulary) => Gen.Int[0, int.MaxValue - 1].Select(seed =>
    {
        var random = new Random(seed);
        return Enumerable.Range(0, random.Next(30)).Select(_ => random.Next(vocabulary + 2)).ToArray();
    });

    [Theory, MemberData(nameof(Cases))]
    public void AStreamGivesWholeCharactersAndTogetherTheDecodedText(string folder, string form)
    {
        ITokenizer tokenizer = TokenizerFolder.Open(folder, form);
        Gen.Select(AnyIds(tokenizer.Vocabulary), Gen.Bool).Sample((ids, keep) =>
        {
            ITextStream stream = tokenizer.OpenStream(keep);
            string[] given = [.. ids.Select(stream.Push), stream.Flush()];
            foreach (string part in given)
            {
                CharacterCodec.RequireWhole(part);
            }

            Assert.Equal(tokenizer.Decode(ids, keep), string.Concat(given));
        }, iter: 1000);
    }

    [Theory, MemberData(nameof(Cases))]
    public void AStreamOfATextShowsNoBrokenCharacter(string folder, string form)
    {
        ITokenizer tokenizer = TokenizerFolder.Open(folder, form);
        AnyText.Where(text => !text.Contains('\uFFFD')).Sample(text =>
        {
            ITextStream stream = tokenizer.OpenStream();
            string shown = string.Concat(tokenizer.Encode(text).Select(stream.Push)) + stream.Flush();
            Assert.DoesNotContain('\uFFFD', shown);
        }, iter: 1000);
    }

    [Theory, MemberData(nameof(Cases))]
    public void BothWaysOfEncodingAgreeAndOffsetsLieInTheText(string folder, string form)
    {
        ITokenizer tokenizer = TokenizerFolder.Open(folder, form);
        AnyText.Sample(text =>
        {
            TokenEncoding encoding = tokenizer.Encode(text, null, new EncodingOptions(AddSpecials: false));
            Assert.Equal(tokenizer.Encode(text), encoding.Ids);
            int word = 0;
            for (int i = 0; i < encoding.Count; i++)
            {
                TextSpan offset = encoding.Offsets[i];
                Assert.InRange(offset.Start, 0, offset.End);
                Assert.InRange(offset.End, offset.Start, text.Length);
                Assert.InRange(encoding.WordIds[i], word, text.Length + 1);
                Assert.InRange(encoding.Ids[i], 0, tokenizer.Vocabulary - 1);
                word = encoding.WordIds[i];
            }
        }, iter: 1000);
    }

    [Theory, MemberData(nameof(Cases))]
    public void BytesComeBackWhereTheVocabularyHasThem(string folder, string form)
    {
        ITokenizer tokenizer = TokenizerFolder.Open(folder, form);
        bool bytes = tokenizer.Encode("\u0001é😀", null, new EncodingOptions(AddSpecials: false)) is { } encoding
            && !encoding.Ids.Contains(tokenizer.Special.Unknown ?? -1) && tokenizer.Decode(encoding.Ids) == "\u0001é😀";
        AnyText.Where(text => bytes && !text.Contains('\u2581'))
            .Sample(text => Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text))), iter: bytes ? 1000 : 0);
    }

    [Theory, MemberData(nameof(Cases))]
    public void AMegabyteOfOneLetterTakesNoLongerThanAMegabyteOfText(string folder, string form)
    {
        ITokenizer tokenizer = TokenizerFolder.Open(folder, form);
        foreach ((string unit, int length) in new[] { ("a", 1_000_000), (" ", 300_000), ("😀", 300_000) })
        {
            // In the square of the length these would be hours and minutes.
            string text = string.Concat(Enumerable.Repeat(unit, length / unit.Length));
            var clock = Stopwatch.StartNew();
            tokenizer.Encode(text);
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(30), $"'{unit}' took {clock.Elapsed}");
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void TruncationKeepsTheTemplateAndShortensTheLongerText(string folder, string form)
    {
        ITokenizer tokenizer = TokenizerFolder.Open(folder, form);
        Gen.Select(AnyText, AnyText, Gen.Int[8, 30], Gen.Bool).Sample((a, b, most, left) =>
        {
            TokenEncoding whole = tokenizer.Encode(a, b), cut = tokenizer.Encode(a, b, new EncodingOptions(MaxLength: most, TruncateLeft: left));
            Assert.Equal(Math.Min(most, whole.Count), cut.Count);
            Assert.Equal(whole.SpecialMask.Sum(), cut.SpecialMask.Sum());
            int[] before = [.. new[] { 0, 1 }.Select(text => whole.TextIds.Count(id => id == text))];
            int[] after = [.. new[] { 0, 1 }.Select(text => cut.TextIds.Count(id => id == text))];
            Assert.True(cut.Count == whole.Count || before[0] == after[0] || before[1] == after[1] || Math.Abs(after[0] - after[1]) <= 1);
            int[] kept = [.. cut.Ids.Where((_, i) => cut.TextIds[i] == 0)], all = [.. whole.Ids.Where((_, i) => whole.TextIds[i] == 0)];
            Assert.Equal(left ? all[^kept.Length..] : all[..kept.Length], kept);
        }, iter: 300);
    }
}
