using System.IO;
using System.Linq;
using System.Text.Json;
using Dsl.Tests;
using Dsl.Text;
using Xunit;

namespace Dsl.Generation.Tests;

public sealed class WrittenTextTests
{
    private const string Vocabulary = """
        {"added_tokens": [{"id": 6, "content": "<end>", "special": true}, {"id": 7, "content": "<sep>", "special": true}],
         "pre_tokenizer": {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "always"},
         "decoder": {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "always"},
         "model": {"type": "BPE", "vocab": {"\u2581is": 0, "\u2581here": 1, "x": 2, "y": 3, "\u2581": 4, "!": 5}, "merges": []}}
        """;

    private static ITokenizer Tokenizer
    {
        get
        {
            using var folder = new ScratchFolder();
            File.WriteAllText(folder["tokenizer.json"], Vocabulary);
            return TextCodecs.OpenTokenizer(folder.Path);
        }
    }

    public static TheoryData<string> Vocabularies => [.. Directory.GetDirectories(GoldenFolder.InRepository(), "tokenizer_*")];

    private static (string Text, bool Stopped) Write(ITextCodec codec, int[] prompt, int[] written, params string[] stops)
    {
        var text = new WrittenText(codec, prompt, stops);
        string all = string.Concat(written.Select(text.Push)) + text.Flush();
        return (all, text.Stopped);
    }

    [Fact]
    public void TheFirstWordAfterAPromptKeepsItsSpace()
    {
        Assert.Equal("is here", Tokenizer.Decode([0, 1]));
        Assert.Equal((" here", false), Write(Tokenizer, [0], [1]));
        Assert.Equal(("here", false), Write(Tokenizer, [], [1]));
        Assert.Equal((" here", false), Write(Tokenizer, [6, 0], [1]));
        Assert.Equal(("here is", false), Write(Tokenizer, [6], [1, 0]));
    }

    /// <summary>Wherever a text is cut in two, what is said of the parts is the whole.</summary>
    [Theory, MemberData(nameof(Vocabularies))]
    [Trait("Category", "Goldens")]
    public void PromptAndAnswerAreTheTextThatTheyDecodeToTogether(string folder)
    {
        ITokenizer tokenizer = TextCodecs.OpenTokenizer(folder);
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "io.json")));
        foreach (string text in golden.RootElement.GetProperty("strings").EnumerateArray().Select(item => item.GetProperty("text").GetString()!).Take(30))
        {
            int[] ids = tokenizer.Encode(text);
            for (int cut = 0; cut <= ids.Length; cut += 1 + (ids.Length / 20))
            {
                ITextStream prompt = tokenizer.OpenStream();
                string before = string.Concat(ids[..cut].Select(prompt.Push));
                Assert.Equal(tokenizer.Decode(ids), before + Write(tokenizer, ids[..cut], ids[cut..]).Text);
            }
        }
    }

    [Theory]
    [InlineData("<end>", "xy")]
    [InlineData("y<end>", "x")]
    [InlineData("<end>!", "xy")]
    [InlineData("<sep>", "xy!x")]
    public void AStopStringMayHoldSpecialTokens(string stop, string expected)
    {
        // x y <end> ! x <sep> y
        (string text, bool stopped) = Write(Tokenizer, [0], [2, 3, 6, 5, 2, 7, 3], stop);
        Assert.Equal((expected, true), (text, stopped));
    }

    [Theory]
    [InlineData("y<end><sep>")]
    [InlineData("y<sep>")]
    [InlineData("x<end>")]
    public void WhatIsNotWrittenTogetherStopsNothing(string stop) =>
        Assert.Equal(("xy!xy", false), Write(Tokenizer, [0], [2, 3, 6, 5, 2, 7, 3], stop));

    [Fact]
    public void SpecialTokensThatNoStopStringHasAreNotWatched()
    {
        Assert.Equal(("xy", false), Write(Tokenizer, [0], [2, 6, 3], "<"));
        Assert.Equal(("", true), Write(Tokenizer, [0], [2, 6, 3], "xy"));
    }
}
