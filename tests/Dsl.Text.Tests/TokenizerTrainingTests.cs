using System.Linq;
using Dsl.Tests;
using Xunit;

namespace Dsl.Text.Tests;

public sealed class TokenizerTrainingTests
{
    private static readonly string Text = Verses.All()[..200_000];

    [Fact]
    public void BytePairsSayAnyTextAndComeBackFromDisk()
    {
        ITokenizer learned = TokenizerTraining.BytePair(Text, 1000);
        Assert.Equal(1000, learned.Vocabulary);
        using var folder = new ScratchFolder();
        learned.Save(folder.Path);
        ITokenizer read = TextCodecs.OpenTokenizer(folder.Path);
        foreach (string text in new[] { Text[..5000], "héllo 😀 日本\0\r\n", "" })
        {
            int[] ids = read.Encode(text);
            Assert.Equal(ids, learned.Encode(text));
            Assert.Equal(text, read.Decode(ids));
        }

        Assert.True(read.Encode(Text).Length < Text.Length / 2.5);
        Assert.Equal(999, read.Special.End);
        Assert.Equal(999, read.IdOf("<|endoftext|>"));
    }

    [Fact]
    public void ThePairsJoinInTheOrderOfTheirFrequency()
    {
        // ab occurs 5 times, then (ab)c 3 times; cd twice; ef once is too rare.
        ITokenizer learned = TokenizerTraining.BytePair("abc,abc,abc,ab,ab,cd,cd,ef", 256 + 1 + 3);
        Assert.Equal(["ab", "abc", "cd"], Enumerable.Range(256, 3).Select(id => learned.TokenOf(id)!));
        Assert.Equal(["abc", ",", "e", "f"], learned.Encode("abc,ef").Select(id => learned.TokenOf(id)!));
    }

    [Fact]
    public void WordPiecesFoldCaseAndMarkWhatGoesOn()
    {
        ITokenizer learned = TokenizerTraining.WordPiece(Text, 600);
        Assert.Equal(600, learned.Vocabulary);
        TokenEncoding encoding = learned.Encode("And God SAID, Abimelech!", null);
        Assert.Equal(learned.Special.Class, encoding.Ids[0]);
        Assert.Equal(learned.Special.Separator, encoding.Ids[^1]);
        Assert.DoesNotContain(learned.Special.Unknown!.Value, encoding.Ids[..^2]);
        string[] name = [.. encoding.Ids.Where((_, i) => encoding.WordIds[i] == 4).Select(id => learned.TokenOf(id)!)];
        Assert.Equal("abimelech", string.Concat(name.Select((piece, i) => i == 0 ? piece : piece[2..])));
        Assert.True(name.Skip(1).All(piece => piece.StartsWith("##")));
    }

    [Fact]
    public void TheSameTextGivesTheSameVocabularyByteForByte()
    {
        using var first = new ScratchFolder();
        using var second = new ScratchFolder();
        TokenizerTraining.WordPiece(Text[..50_000], 400).Save(first.Path);
        TokenizerTraining.WordPiece(Text[..50_000], 400).Save(second.Path);
        Assert.Equal(System.IO.File.ReadAllBytes(first["tokenizer.json"]), System.IO.File.ReadAllBytes(second["tokenizer.json"]));
    }

    [Fact]
    public void LayoutsHaveTheirTokensWhereTheirFamiliesWantThem()
    {
        ITokenizer t5 = TokenizerTraining.BytePair(Text[..20_000], 500, VocabularyLayout.T5);
        Assert.Equal(100, t5.Special.Sentinels.Count);
        Assert.Equal(t5.Vocabulary - 1, t5.Special.Sentinels[0]);
        Assert.Equal(t5.Vocabulary - 100, t5.Special.Sentinels[99]);
        Assert.Equal((0, 1, 2), (t5.Special.Pad, t5.Special.End, t5.Special.Unknown));
        Assert.Equal(1, t5.Encode("so", null).Ids[^1]);

        ITokenizer roberta = TokenizerTraining.BytePair(Text[..20_000], 500, VocabularyLayout.Roberta);
        SpecialTokens special = roberta.Special;
        Assert.Equal((1, 3, 0, 2, 499), (special.Pad, special.Unknown, special.Class, special.Separator, special.Mask));
        Assert.Equal((0, 2), (special.Begin, special.End));
        Assert.Equal([0, 2, 2, 2], roberta.Encode("", "", null).Ids);
    }

    [Fact]
    public void WhatCannotBeLearnedIsOneSentence()
    {
        Assert.Equal("the text is empty, expected something to learn from", Assert.Throws<TextException>(() => TokenizerTraining.BytePair("", 500)).Message);
        Assert.Equal("a vocabulary of 256, expected at least 257 for single characters and special tokens",
            Assert.Throws<TextException>(() => TokenizerTraining.BytePair("abc", 256)).Message);
        Assert.Contains("no unknown token", Assert.Throws<TextException>(() => TokenizerTraining.WordPiece("abc", 500, VocabularyLayout.Gpt)).Message);
    }
}
