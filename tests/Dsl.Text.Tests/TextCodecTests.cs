using System.IO;
using System.Linq;
using Dsl.Tests;
using Xunit;

namespace Dsl.Text.Tests;

public sealed class TextCodecTests
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

    /// <summary>Other libraries read <c>tokenizer.json</c>; it must give the ids and the text that the codec gives.</summary>
    [Fact]
    public void CharactersAndBytesAreWrittenAsOtherLibrariesReadThem()
    {
        const string Text = "a\"😀\n bÅ";
        foreach (ITextCodec codec in new ITextCodec[] { CharacterCodec.Of("b\"a\n😀a Å"), new ByteCodec() })
        {
            using var folder = new ScratchFolder();
            codec.Save(folder.Path);
            ITokenizer published = TextCodecs.OpenTokenizer(folder.Path);
            int[] ids = codec.Encode(Text);
            Assert.Equal(ids, published.Encode(Text, null).Ids);
            Assert.Equal(Text, published.Decode(ids));
            Assert.Equal(codec.Vocabulary, published.Vocabulary);
            Assert.Contains("PreTrainedTokenizerFast", File.ReadAllText(folder["tokenizer_config.json"]), System.StringComparison.Ordinal);
        }
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
}
