using System.IO;
using System.Linq;
using Dsl.Tests;
using Dsl.Text;
using Xunit;

namespace Zoo.Cli.Tests;

/// <summary><c>tokenizer train</c>, <c>tokenize</c>, <c>embed</c>, and a run over a learned vocabulary.</summary>
public sealed class TokenizerCommandTests
{
    private const string Verse = "In the beginning God created the heaven and the earth.\nAnd the earth was without form, and void;\n";

    [Fact]
    public void AVocabularyIsLearnedShownTrainedWithAndWrittenWith()
    {
        using var scratch = new ScratchFolder();
        File.WriteAllText(scratch["text.txt"], string.Concat(Enumerable.Repeat(Verse, 60)));
        string folder = scratch["vocabulary"];
        (int code, string output, string error) = Run("tokenizer", "train", scratch["text.txt"], "--vocab", "300", "-o", folder);
        Assert.Equal((0, ""), (code, error));
        Assert.Contains("300 ids", output);

        (code, output, error) = Run("tokenize", folder, "In the beginning");
        Assert.Equal((0, ""), (code, error));
        Assert.Contains("Ġthe", output);
        (code, output, _) = Run("tokenize", folder, "In the beginning", "--ids");
        Assert.Equal(TextCodecs.Open(folder).Encode("In the beginning"), output.Trim().Split(' ').Select(int.Parse));

        string run = scratch["run"];
        string[] train = ["train", "--text", scratch["text.txt"], "--steps", "2", "--batch", "2", "--context", "16", "--out", run];
        (code, _, error) = Run([.. train, "--tokens", folder]);
        Assert.Equal((0, ""), (code, error));
        Assert.Equal(300, TextCodecs.OpenTokenizer(Path.Combine(run, "step-2")).Vocabulary);
        (code, output, error) = Run("generate", run, "--prompt", "In the ", "-n", "3");
        Assert.Equal((0, ""), (code, error));
        Assert.StartsWith("In the ", output);

        // Again from its own vocabulary; not from another.
        string[] again = ["train", "--resume", "--text", scratch["text.txt"], "--out", run, "--tokens"];
        (code, _, error) = Run([.. again, folder]);
        Assert.Equal((0, ""), (code, error));
        Assert.Equal("error: step-2 was trained with --tokens bpe, not bytes; --resume takes no other", Run([.. again, "bytes"]).Error.TrimEnd());
    }

    [Fact]
    public void PairsShowBothTextsWithTheirTypes()
    {
        using var scratch = new ScratchFolder();
        File.WriteAllText(scratch["text.txt"], Verse);
        Assert.Equal(0, Run("tokenizer", "train", scratch["text.txt"], "--kind", "wordpiece", "--vocab", "70", "-o", scratch.Path).Code);
        (int code, string output, _) = Run("tokenize", scratch.Path, "The Earth", "--pair", "the heaven");
        Assert.Equal(0, code);
        string[] lines = [.. output.Split('\n').Where(line => line.Contains("[SEP]") || line.Contains("[CLS]"))];
        Assert.Equal(3, lines.Length);
        Assert.Equal(["0", "0", "1"], lines.Select(line => line.TrimEnd('\r').TrimEnd('│').Trim()[^1..]));
    }

    [Fact]
    public void WhatIsWrongIsOneLineAndNothingIsOverwritten()
    {
        using var scratch = new ScratchFolder();
        File.WriteAllText(scratch["text.txt"], Verse);
        File.WriteAllText(scratch["tokenizer.json"], "mine");
        Expect(1, $"error: {scratch["tokenizer.json"]} exists; --overwrite replaces it", "tokenizer", "train", scratch["text.txt"], "-o", scratch.Path);
        Assert.Equal("mine", File.ReadAllText(scratch["tokenizer.json"]));
        Expect(
            1, "error: a vocabulary of 100, expected at least 257 for single characters and special tokens",
            "tokenizer", "train", scratch["text.txt"], "--vocab", "100", "-o", scratch["new"]);
        Assert.False(Directory.Exists(scratch["new"]));
        Expect(2, "error: --kind 'sp', expected bpe or wordpiece", "tokenizer", "train", scratch["text.txt"], "--kind", "sp", "-o", scratch["new"]);
        Expect(2, "error: --specials 'x', expected gpt, bert, roberta, t5", "tokenizer", "train", scratch["text.txt"], "--specials", "x", "-o", scratch["new"]);
        Expect(1, $"error: {scratch.Path}: is a folder, expected a text file", "tokenizer", "train", scratch.Path, "-o", scratch["new"]);
        Expect(1, $"error: {scratch["none"]}: not found, expected the folder of a checkpoint or of a tokenizer", "tokenize", scratch["none"], "x");
        Expect(1, $"error: {scratch["none"]}: not found, expected the folder of an encoder", "embed", scratch["none"], "x");
        Expect(2, "error: embed without sentences, expected some after the folder or --file", "embed", scratch.Path);
        Expect(2, "error: --tokens 'words', expected characters, bytes or the folder of a tokenizer", "train", "--tokens", "words", "--out", scratch["run"]);
    }

    private static void Expect(int code, string line, params string[] words)
    {
        (int actual, string output, string error) = Run(words);
        Assert.Equal((code, "", line), (actual, output, error.TrimEnd()));
    }

    private static (int Code, string Output, string Error) Run(params string[] words)
    {
        var output = new StringWriter();
        var error = new StringWriter();
        int code = ZooCommands.Run(words, CliContext.Plain(new DeclaredZoo(), output, error));
        return (code, output.ToString(), error.ToString());
    }
}
