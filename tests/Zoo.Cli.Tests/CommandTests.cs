using System;
using System.IO;
using System.Linq;
using System.Threading;
using Dsl.Tests;
using Xunit;

namespace Zoo.Cli.Tests;

public sealed class CommandTests : IDisposable
{
    private readonly ScratchFolder scratch = new();
    private readonly TestZoo zoo = new();
    private readonly string text;

    public CommandTests()
    {
        text = scratch["text.txt"];
        File.WriteAllText(text, string.Concat(Enumerable.Repeat("the quick brown fox jumps over the lazy dog\n", 40)));
    }

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void TrainThenGenerate()
    {
        (int code, string output, string error) = Train("--steps", "6");
        Assert.Equal((0, ""), (code, error));
        Assert.Contains("held-out loss", output);
        Assert.Contains("the model writes:", output);
        Assert.Contains("generate ", output);
        string run = scratch["run"];
        Assert.True(new FileInfo(Path.Combine(run, "loss.png")).Length > 5000);
        Assert.Equal(7, File.ReadAllLines(Path.Combine(run, "metrics.csv")).Length);
        foreach (string file in new[] { "model.safetensors", "config.json", "characters.json", "optimizer.safetensors", "training.json" })
        {
            Assert.True(File.Exists(Path.Combine(run, "step-6", file)), file);
        }

        (code, string once, error) = Run("generate", run, "--prompt", "the ", "--max-tokens", "30", "--seed", "3");
        Assert.Equal((0, ""), (code, error));
        Assert.StartsWith("the ", once);
        Assert.True(once.TrimEnd('\n').Length >= 4);
        Assert.Equal(once, Run("generate", Path.Combine(run, "step-6"), "--prompt", "the ", "--max-tokens", "30", "--seed", "3").Output);
        (code, string ids, _) = Run("generate", run, "--ids", "1 2 3", "--max-tokens", "5", "--temperature", "0");
        Assert.Equal(0, code);
        Assert.Equal(5, ids.Trim().Split(' ').Length);
        (code, string two, _) = Run("generate", run, "-p", "fox", "-p", "lazy dog", "-n", "4");
        Assert.Equal(0, code);
        Assert.Contains("fox", two);
        Assert.Contains("lazy dog", two);
        (code, _, error) = Run("generate", run, "--prompt", "Ω");
        Assert.Equal(1, code);
        Assert.StartsWith("error: character 'Ω' (U+03A9) is not among the", error);
    }

    [Fact]
    public void Curves_of_two_runs_in_one_picture()
    {
        Train("--steps", "4");
        Directory.CreateDirectory(scratch["other"]);
        File.WriteAllLines(Path.Combine(scratch["other"], "metrics.csv"),
            File.ReadAllLines(Path.Combine(scratch["run"], "metrics.csv")).SkipLast(1).Append("4,3,0.1,1,2.5,100,1"));
        (int code, string output, string error) = Run("curves", scratch["run"], scratch["other"], "--out", scratch["both.png"]);
        Assert.Equal((0, ""), (code, error));
        Assert.Contains("other", output);
        Assert.True(new FileInfo(scratch["both.png"]).Length > 1000);
        (code, _, error) = Run("curves", scratch["run"], scratch["none"]);
        Assert.Equal(1, code);
        Assert.StartsWith($"error: {scratch["none"]}: no metrics.csv, expected a folder that train wrote", error);
    }

    [Fact]
    public void CtrlCSavesAndResumeGoesOnBitForBit()
    {
        Train("--steps", "9");
        byte[] whole = File.ReadAllBytes(Path.Combine(scratch["run"], "step-9", "model.safetensors"));
        Directory.Delete(scratch["run"], recursive: true);
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        (int code, string output, string error) = Run(stop.Token, [.. TrainWords, "--steps", "9"]);
        Assert.Equal((ZooCommands.Interrupted, ""), (code, error));
        Assert.Contains("stopped after step 1 of 9; the checkpoint is complete", output);
        Assert.Contains("train --resume", output);
        (code, output, error) = Run("train", "--resume", "--out", scratch["run"]);
        Assert.Equal((0, ""), (code, error));
        Assert.Contains("resuming from step-1 of 9", output);
        Assert.Equal(whole, File.ReadAllBytes(Path.Combine(scratch["run"], "step-9", "model.safetensors")));
    }

    [Fact]
    public void ResumeRefusesOtherOptionsAndOtherTexts()
    {
        Train("--steps", "3");
        Expect(1, "error: step-3 was trained with --batch 2, not 5; --resume takes no other", "train", "--resume", "--out", scratch["run"], "--batch", "5");
        Expect(1, "error: step-3 was trained with --tokens characters, not bytes; --resume takes no other", "train", "--resume", "--out", scratch["run"],
            "--tokens", "bytes");
        File.AppendAllText(text, "one more line");
        (int code, _, string error) = Run("train", "--resume", "--out", scratch["run"]);
        Assert.Equal(1, code);
        Assert.Contains($"{text} is not the text that step-3 was trained on", error);
        Expect(1, $"error: {scratch["none"]}: no complete checkpoint, expected a folder step-N that train wrote", "train", "--resume", "--out",
            scratch["none"]);
    }

    [Fact]
    public void ResumeSkipsAnIncompleteFolderWithASentence()
    {
        Train("--steps", "3");
        Directory.CreateDirectory(Path.Combine(scratch["run"], "step-1000"));
        (int code, string output, _) = Run("train", "--resume", "--out", scratch["run"]);
        Assert.Equal(0, code);
        Assert.Contains("step-1000 is incomplete, resuming from step-3", output);
    }

    [Fact]
    public void ARunIsNotOverwrittenUnasked()
    {
        Train("--steps", "2");
        byte[] before = File.ReadAllBytes(Path.Combine(scratch["run"], "step-2", "model.safetensors"));
        (int code, _, string error) = Train("--steps", "3");
        Assert.Equal((1, $"error: {scratch["run"]} exists; --resume goes on from it, --overwrite replaces it\n"), (code, error));
        Assert.Equal(before, File.ReadAllBytes(Path.Combine(scratch["run"], "step-2", "model.safetensors")));
        Assert.Equal(0, Train("--steps", "3", "--overwrite").Code);
        Assert.False(Directory.Exists(Path.Combine(scratch["run"], "step-2")));
    }

    [Theory]
    [InlineData("error: 'trian' is not a command, expected 'train' perhaps; --help lists them", "trian")]
    [InlineData("error: '--stpes' is not an option of train, expected '--steps' perhaps; --help lists them", "train", "--stpes", "3")]
    [InlineData("error: --steps 'abc', expected a whole number", "train", "--steps", "abc")]
    [InlineData("error: --steps 0, expected 1 or more", "train", "--steps", "0")]
    [InlineData("error: --rate NaN, expected more than 0", "train", "--rate", "NaN")]
    [InlineData("error: --family 'lama', expected llama, mamba, rwkv, s4d, ttt", "train", "--family", "lama")]
    [InlineData("error: --schedule 'cosin', expected cosine, cosine-from-zero, linear, constant, inverse-sqrt, relative or relative-warm-up",
        "train", "--schedule", "cosin")]
    [InlineData("error: --optimizer 'adamax', expected adamw, adam, sgd, rmsprop, lion, adafactor, uncorrected-adam or lamb", "train", "--optimizer", "adamax")]
    [InlineData("error: --momentum 1, expected from 0 to less than 1", "train", "--optimizer", "sgd", "--momentum", "1")]
    [InlineData("error: --nesterov without --momentum, expected a momentum of more than 0", "train", "--optimizer", "sgd", "--nesterov")]
    [InlineData("error: --infill 1.5, expected from 0 to 1", "train", "--objective", "denoise", "--infill", "1.5")]
    [InlineData("error: --mean-span 40, expected more than 0 and at most 10", "train", "--objective", "denoise", "--mean-span", "40")]
    [InlineData("error: --delete with --objective mlm, expected --objective denoise", "train", "--objective", "mlm", "--delete", "0.1")]
    [InlineData("error: --rotate with --objective clm, expected --objective denoise", "train", "--rotate", "0.1")]
    [InlineData("error: --alpha without --language, expected texts with their languages", "train", "--objective", "denoise", "--alpha", "1")]
    [InlineData("error: --language 'a.txt', expected a language's code and a file, en_XX=english.txt",
        "train", "--objective", "denoise", "--language", "a.txt")]
    [InlineData("error: --language en_XX twice, expected each language once",
        "train", "--objective", "denoise", "--language", "en_XX=a", "--language", "en_XX=b")]
    [InlineData("error: --family 'bart' with --objective denoise and --language, expected mbart",
        "train", "--objective", "denoise", "--family", "bart", "--language", "en_XX=a")]
    [InlineData("error: --text with --language, expected one of them", "train", "--objective", "denoise", "--text", "a", "--language", "en_XX=a")]
    [InlineData("error: --temperature -1, expected 0 or more", "generate", ".", "--temperature", "-1")]
    [InlineData("error: --temperature NaN, expected 0 or more", "generate", ".", "--temperature", "NaN")]
    [InlineData("error: --top-p 0, expected more than 0 and at most 1", "generate", ".", "--top-p", "0")]
    [InlineData("error: --top-p 2, expected more than 0 and at most 1", "generate", ".", "--top-p", "2")]
    [InlineData("error: 'tiny-17' is not a preset, expected 'tiny-16' perhaps; list shows all", "show", "tiny-17")]
    [InlineData("error: --device 'gpu', expected cpu, cuda, cuda:1 or mps", "train", "--device", "gpu")]
    public void WrongWordsGetOneSentence(string message, params string[] words) => Expect(2, message, words);

    [Fact]
    public void WrongFilesGetOneSentence()
    {
        Expect(1, "error: nowhere: not found, expected the folder of a run or a checkpoint", "generate", "nowhere");
        Expect(1, $"error: {text}: is a file, expected the folder of a checkpoint", "generate", text);
        Expect(1, $"error: {scratch.Path}: no config.json and no complete checkpoint, expected a folder that train wrote or a published checkpoint",
            "generate", scratch.Path);
        Expect(1, $"error: {scratch.Path}: is a folder, expected a text file", "train", "--text", scratch.Path, "--out", scratch["x"]);
        Expect(1, $"error: {text}: is a file, expected a folder", "train", "--text", text, "--out", text);
        Expect(1, $"error: {scratch["gone.txt"]}: not found, expected a file", "train", "--text", scratch["gone.txt"], "--out", scratch["x"]);
        File.WriteAllText(scratch["empty.txt"], "");
        Expect(1, $"error: {scratch["empty.txt"]}: the text is empty, expected at least one character", "train", "--text", scratch["empty.txt"], "--out",
            scratch["x"]);
        Assert.False(Directory.Exists(scratch["x"]));
    }

    [Fact]
    public void ListShowMasksVerify()
    {
        (int code, string output, _) = Run("list");
        Assert.Equal(0, code);
        Assert.Contains("tiny-16", output);
        (code, output, _) = Run("show", "tiny-16");
        Assert.Equal(0, code);
        Assert.Contains("[Embedding(\"embed\")]", output);
        Assert.Contains("embed.weight (also head.weight)", output);
        Assert.Contains("layers.{0..1}.o.weight", output);
        Assert.Contains("layers.1.o.weight", Run("show", "tiny-16", "--all").Output);
        (code, output, _) = Run("masks", "tiny-16", "--size", "16", "--out", scratch["masks"]);
        Assert.Equal(0, code);
        string picture = scratch[Path.Combine("masks", "tiny-16.band.png")];
        Assert.True(new FileInfo(picture).Length > 1000);
        Expect(1, $"error: {picture} exists; --overwrite replaces it", "masks", "tiny-16", "--out", scratch["masks"]);
        Assert.Equal(0, Run("masks", "tiny-none", "--out", scratch["masks"]).Code);
        Assert.Equal(1, Run("verify", "a", "b").Code);
        Assert.Equal(["a", "b"], zoo.Verified);
    }

    [Fact]
    public void EveryCommandHasHelp()
    {
        foreach (string command in new[] { "", "train", "generate", "list", "show", "masks", "verify" })
        {
            (int code, string output, string error) = Run([.. command.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]);
            Assert.Equal((0, ""), (code, error));
            Assert.Contains("Usage:", output);
        }
    }

    [Fact]
    public void MasksAreDrawnTwoQueriesALine()
    {
        Assert.Equal("█▄\n", MasksCommand.Draw(new[,] { { true, false }, { true, true } }));
        Assert.Equal("▀·\n", MasksCommand.Draw(new[,] { { true, false } }));
    }

    private string[] TrainWords => ["train", "--text", text, "--out", scratch["run"], "--batch", "2", "--context", "12", "--evaluation-batches", "1",
        "--evaluate-every", "4"];

    private (int Code, string Output, string Error) Train(params string[] words) => Run([.. TrainWords, .. words]);

    private (int Code, string Output, string Error) Run(params string[] words) => Run(CancellationToken.None, words);

    private (int Code, string Output, string Error) Run(CancellationToken stop, string[] words)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        int code = ZooCommands.Run(words, CliContext.Plain(zoo, output, error, stop));
        return (code, output.ToString(), error.ToString());
    }

    private void Expect(int code, string message, params string[] words)
    {
        (int actual, _, string error) = Run(words);
        Assert.Equal((code, message + "\n"), (actual, error));
    }
}
