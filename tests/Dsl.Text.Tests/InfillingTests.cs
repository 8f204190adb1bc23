using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using Dsl.Tests;
using Xunit;

namespace Dsl.Text.Tests;

/// <summary>Texts with gaps, as Code Llama's reference code puts them together (facebookresearch/codellama, llama/generation.py and tokenizer.py).</summary>
public sealed class InfillingTests
{
    [Fact]
    public void PrefixAndSuffixStandInBothOrdersAndOnlyThePrefixBeginsAText()
    {
        using var folder = new ScratchFolder();
        ITokenizer tokenizer = Marked(folder.Path);
        InfillTokens marks = InfillTokens.Of(tokenizer);
        int[] prefix = Plain(tokenizer, "the man"), prompt = Infilling.Prompt("the man", "of God", tokenizer);
        Assert.Equal(tokenizer.Special.Begin, prompt[0]);
        int suffixAt = System.Array.IndexOf(prompt, marks.Suffix);
        Assert.Equal([marks.Prefix, .. prefix], prompt[1..suffixAt]);
        int[] suffix = prompt[(suffixAt + 1)..^1];
        Assert.Equal(marks.Middle, prompt[^1]);

        // Without the space that a text begins with.
        Assert.NotEqual(Plain(tokenizer, "of God"), suffix);
        Assert.StartsWith("▁", tokenizer.TokenOf(Plain(tokenizer, "of God")[0]));
        Assert.False(tokenizer.TokenOf(suffix[0])!.StartsWith('▁'));
        Assert.Equal("of God", string.Concat(suffix.Select(tokenizer.TokenOf)).Replace('▁', ' '));

        int[] other = Infilling.Prompt("the man", "of God", tokenizer, suffixFirst: true);
        Assert.Equal([tokenizer.Special.Begin!.Value, marks.Prefix, marks.Suffix, .. suffix, marks.Middle, .. prefix], other);
    }

    [Fact]
    public void WhatIsLearnedGoesOnFromThePromptAndEnds()
    {
        using var folder = new ScratchFolder();
        ITokenizer tokenizer = Marked(folder.Path);
        InfillTokens marks = InfillTokens.Of(tokenizer);
        int[] prompt = Infilling.Prompt("the m", "of God", tokenizer), learned = Infilling.Training("the m", "an ", "of God", tokenizer);
        Assert.Equal(prompt, learned[..prompt.Length]);
        Assert.Equal(marks.End, learned[^1]);
        Assert.Equal("an ", string.Concat(learned[prompt.Length..^1].Select(tokenizer.TokenOf)).Replace('▁', ' '));

        // With the suffix first the middle goes on within a token.
        int[] suffixFirst = Infilling.Training("the m", "an ", "of God", tokenizer, suffixFirst: true);
        Assert.Equal([.. Plain(tokenizer, "the man "), marks.End], suffixFirst[(System.Array.IndexOf(suffixFirst, marks.Middle) + 1)..]);
    }

    [Fact]
    public void AMarkStandsOnceInAText()
    {
        Assert.Equal(("a", "b"), Infilling.Split("a<FILL_ME>b"));
        Assert.Equal("0 gaps, expected <FILL_ME> once in the text", Assert.Throws<TextException>(() => Infilling.Split("ab")).Message);
        Assert.Equal("2 gaps, expected <FILL_ME> once in the text", Assert.Throws<TextException>(() => Infilling.Split("<FILL_ME><FILL_ME>")).Message);
        ITokenizer without = TextCodecs.OpenTokenizer(Path.Combine(GoldenFolder.InRepository(), "finetuning_data", "llama2"));
        Assert.Contains("marks no gaps, expected tokens such as <PRE>, <SUF>, <MID>, <EOT>",
            Assert.Throws<TextException>(() => InfillTokens.Of(without)).Message);
    }

    private static int[] Plain(ITokenizer tokenizer, string text) => tokenizer.Encode(text, null, new EncodingOptions(AddSpecials: false)).Ids;

    /// <summary>A vocabulary in the manner of Code Llama's: LLaMA's, with a begin token before texts and marks.</summary>
    private static ITokenizer Marked(string folder)
    {
        string from = Path.Combine(GoldenFolder.InRepository(), "finetuning_data", "llama2");
        JsonObject tokens = JsonNode.Parse(File.ReadAllText(Path.Combine(from, "tokenizer.json")))!.AsObject();
        int begin = TextCodecs.OpenTokenizer(from).Special.Begin!.Value;
        tokens["post_processor"] = JsonNode.Parse($$$$"""
            {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
             "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
             "special_tokens": {"<s>": {"id": "<s>", "ids": [{{{{begin}}}}], "tokens": ["<s>"]}}}
            """);
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), tokens.ToJsonString());
        JsonObject config = JsonNode.Parse(File.ReadAllText(Path.Combine(from, "tokenizer_config.json")))!.AsObject();
        config["additional_special_tokens"] = new JsonArray("▁<PRE>", "▁<SUF>", "▁<MID>", "▁<EOT>");
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), config.ToJsonString());
        return TextCodecs.OpenTokenizer(folder);
    }
}
