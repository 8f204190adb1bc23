using System.IO;
using System.Linq;
using Xunit;
using Zoo.Generation;
using Zoo.Text;

namespace Zoo.Tests.Generation;

public sealed class TextTests
{
    [Fact]
    public void AByteStreamGivesOutWholeCharactersOnly()
    {
        var codec = new ByteCodec();
        ITextStream stream = codec.OpenStream();
        string[] pieces = codec.Encode("aé😀").Select(stream.Push).ToArray();
        Assert.Equal(["a", "", "é", "", "", "", "😀"], pieces);
        Assert.Equal("", stream.Flush());
    }

    [Fact]
    public void AnUnfinishedCharacterIsMarkedAtTheEnd()
    {
        ITextStream stream = new ByteCodec().OpenStream();
        Assert.Equal("", stream.Push(0xF0));
        Assert.Equal("", stream.Push(0x9F));
        Assert.Equal("\uFFFD", stream.Flush());
    }

    [Fact]
    public void CharactersAreNumberedInOrderAndComeBackFromDisk()
    {
        using var folder = new ScratchFolder();
        CharacterCodec codec = CharacterCodec.Of("b\"a\n😀a");
        Assert.Equal(5, codec.Vocabulary);
        codec.Save(folder.Path);
        ITextCodec again = TextCodecs.Open(folder.Path);
        Assert.Equal([2, 1, 4, 0, 3], again.Encode("a\"😀\nb").Select(id => id));
        Assert.Equal("a😀", again.Decode([2, 4]));
    }

    [Fact]
    public void WhatTheVocabularyCannotSayIsNamed()
    {
        var e = Assert.Throws<TextException>(() => CharacterCodec.Of("abc").Encode("abé"));
        Assert.Equal("character 'é' (U+00E9) is not among the 3 characters the model knows", e.Message);
        Assert.Equal("half a surrogate pair (U+D83D) at 1, expected whole characters",
            Assert.Throws<TextException>(() => new ByteCodec().Encode("a\uD83Db")).Message);
    }

    [Fact]
    public void AnUnknownTokenizerIsNamedInOneSentence()
    {
        using var folder = new ScratchFolder();
        File.WriteAllText(folder["tokenizer.json"], "{}");
        var e = Assert.Throws<TextException>(() => TextCodecs.Open(folder.Path));
        Assert.Equal($"{folder["tokenizer.json"]}: model is missing, expected a value", e.Message);
        Assert.DoesNotContain('\n', e.Message);
    }

    [Fact]
    public void ADamagedAlphabetIsAnError()
    {
        using var folder = new ScratchFolder();
        foreach (string text in new[] { "", "[]", "{\"characters\": 3}", "{\"characters\": \"aa\"}", "{\"characters\": \"\"}" })
        {
            File.WriteAllText(folder["characters.json"], text);
            Assert.Contains("characters.json: ", Assert.Throws<TextException>(() => TextCodecs.Open(folder.Path)).Message);
        }
    }

    [Fact]
    public void TheGeneratorGoesOnFromItsState()
    {
        var first = new SeededRandom(7);
        first.NextBits();
        var second = new SeededRandom(first.State);
        Assert.Equal(first.NextDouble(), second.NextDouble());
        long[] draws = Enumerable.Range(0, 3000).Select(_ => first.NextLong(3)).ToArray();
        Assert.All(Enumerable.Range(0, 3), value => Assert.InRange(draws.Count(draw => draw == value), 900, 1100));
    }

    [Fact]
    public void DrawsFollowTheProbabilities()
    {
        double[] logits = [0, System.Math.Log(3), double.NegativeInfinity, System.Math.Log(4)];
        var random = new SeededRandom(1);
        int[] draws = Enumerable.Range(0, 8000).Select(_ => Sampler.Draw(logits, random)).ToArray();
        Assert.DoesNotContain(2, draws);
        Assert.InRange(draws.Count(draw => draw == 0), 850, 1150);
        Assert.InRange(draws.Count(draw => draw == 1), 2800, 3200);
        Assert.Throws<System.InvalidOperationException>(() => Sampler.Draw([double.NegativeInfinity], random));
        Assert.Throws<System.InvalidOperationException>(() => Sampler.Likeliest([double.NaN, 0]));
    }
}
