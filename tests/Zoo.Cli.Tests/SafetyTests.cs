using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading;
using Dsl.Tests;
using Dsl.Training;
using Xunit;

namespace Zoo.Cli.Tests;

/// <summary>Signals that end the process, files that are in the way, options without sense.</summary>
public sealed class SafetyTests : IDisposable
{
    private readonly ScratchFolder scratch = new();

    public void Dispose() => scratch.Dispose();

    private (int Code, string Error) Run(params string[] words)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        int code = ZooCommands.Run(words, CliContext.Plain(new DeclaredZoo(), output, error));
        return (code, error.ToString());
    }

    /// <summary>A real process, stopped after its first step: what it saved is whole.</summary>
    [Theory]
    [InlineData("TERM")]
    [InlineData("HUP")]
    [InlineData("INT")]
    public void SignalsSaveAsCtrlCDoes(string signal)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        File.WriteAllText(scratch["text.txt"], string.Concat(Enumerable.Repeat("the quick brown fox jumps over the lazy dog\n", 40)));
        using Process process = Process.Start(new ProcessStartInfo("dotnet",
            [Path.Combine(AppContext.BaseDirectory, "Zoo.Cli.dll"), "train", "--text",
                scratch["text.txt"], "--out", scratch["run"], "--batch", "1", "--context",
                "8", "--steps", "100000", "--save-every", "100000"])
        {
            RedirectStandardOutput = true,
        })!;
        while (process.StandardOutput.ReadLine() is { } line && !line.StartsWith("step 1/", StringComparison.Ordinal))
        {
        }

        using (Process kill = Process.Start("kill", ["-s", signal, process.Id.ToString(CultureInfo.InvariantCulture)]))
        {
            kill.WaitForExit();
        }

        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(ZooCommands.Interrupted, process.ExitCode);
        TrainingCheckpoint saved = new RunFolder(scratch["run"]).Latest().Checkpoint!;
        saved.Verify();
        Assert.InRange(saved.State.Step, 1, 99_999);
    }

    /// <summary>What has nothing to save ends soon, in the middle of whatever it does.</summary>
    [Theory]
    [InlineData("INT", "generate", "llama1", "--ids", "1 2 3", "--beams", "4", "--max-tokens", "1000000")]
    [InlineData("TERM", "generate", "mamba", "--ids", "1 2 3", "--beams", "4", "--max-tokens", "1000000")]
    [InlineData("HUP", "verify", "")]
    [InlineData("INT", "verify", "")]
    public void WhatHasNothingToSaveEndsSoon(string signal, string command, string golden, params string[] more)
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        string folder = Path.Combine(GoldenFolder.InRepository(), golden);
        using Process process = Process.Start(new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Zoo.Cli.dll"), command, folder, .. more])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var patience = Stopwatch.StartNew();
        while (!process.HasExited && !File.ReadAllText($"/proc/{process.Id}/maps").Contains("libtorch_cpu", StringComparison.Ordinal))
        {
            Assert.True(patience.Elapsed < TimeSpan.FromMinutes(2));
            Thread.Sleep(50);
        }

        Thread.Sleep(500);
        Assert.False(process.HasExited, process.HasExited ? process.StandardError.ReadToEnd() : "");
        using (Process kill = Process.Start("kill", ["-s", signal, process.Id.ToString(CultureInfo.InvariantCulture)]))
        {
            kill.WaitForExit();
        }

        // One second of grace, and the end: more only where others have the processors. By itself it would go on for minutes.
        Assert.True(process.WaitForExit(TimeSpan.FromSeconds(20)), "it goes on");
        Assert.Equal(ZooCommands.Interrupted, process.ExitCode);
    }

    [Fact]
    public void NothingIsReplacedUnasked()
    {
        Directory.CreateDirectory(scratch["run"]);
        File.WriteAllText(Path.Combine(scratch["run"], "metrics.csv"), "step,loss,rate,gradient_norm,held_out_loss,tokens_per_second,seconds\n1,2,3,4,5,6,7\n");
        foreach (string name in new[] { "curves.png", "tokenizer.json", "architectures.png" })
        {
            File.WriteAllText(scratch[name], "mine");
        }

        void Refused(string path, params string[] words) => Assert.Equal((1, $"error: {path} exists; --overwrite replaces it\n"), Run(words));
        Refused(scratch["curves.png"], "curves", scratch["run"], "--out", scratch["curves.png"]);
        Refused(scratch["tokenizer.json"], "tokenizer", "train", "--out", scratch.Path);
        Refused(scratch["architectures.png"], "masks", "bert-base-uncased", "t5-base", "--out", scratch.Path);
        string task = Directory.CreateDirectory(Path.Combine(scratch.Path, "label-bert", "step-1")).Parent!.FullName;
        Assert.Equal((1, $"error: {scratch["run"]} holds a run without a complete checkpoint; --overwrite replaces it\n"),
            Run("train", "--out", scratch["run"]));
        Assert.Equal((1, $"error: {scratch["run"]}: no complete checkpoint, expected a folder step-N that train wrote; --overwrite begins the run anew\n"),
            Run("train", "--resume", "--out", scratch["run"]));
        Assert.Equal("mine", File.ReadAllText(scratch["curves.png"]));
        Assert.True(Directory.Exists(task));
        Assert.Equal(0, Run("curves", scratch["run"], "--out", scratch["curves.png"], "--overwrite").Code);
        Assert.True(new FileInfo(scratch["curves.png"]).Length > 1000);
    }

    [Theory]
    [InlineData("--min-tokens 9, expected at most --max-tokens 4", "--min-tokens", "9", "--max-tokens", "4")]
    [InlineData("--length-penalty NaN, expected a finite number", "--beams", "2", "--length-penalty", "NaN")]
    [InlineData("--length-penalty Infinity, expected a finite number", "--beams", "2", "--length-penalty", "Infinity")]
    [InlineData("--diversity -1, expected 0 or more", "--beams", "2", "--groups", "2", "--diversity", "-1")]
    [InlineData("--diversity NaN, expected 0 or more", "--beams", "2", "--diversity", "NaN")]
    [InlineData("--diversity with one group, expected --groups of 2 or more", "--beams", "2", "--diversity", "1")]
    [InlineData("--early-stopping 7, expected WhenUnlikely, WhenFull, Never", "--beams", "2", "--early-stopping", "7")]
    [InlineData("--temperature NaN, expected 0 or more", "--temperature", "NaN")]
    [InlineData("--top-p NaN, expected more than 0 and at most 1", "--top-p", "NaN")]
    [InlineData("--repetition-penalty NaN, expected more than 0", "--repetition-penalty", "NaN")]
    public void OptionsHaveTheirRanges(string sentence, params string[] words) =>
        Assert.Equal((2, $"error: {sentence}\n"), Run(["generate", scratch["none"], .. words]));

    [Fact]
    public void AFileWithoutSentencesIsAnError()
    {
        File.WriteAllText(scratch["empty.txt"], "\n \n");
        Assert.Equal((1, $"error: {scratch["empty.txt"]}: no sentence, expected one on each line\n"),
            Run("embed", scratch.Path, "--file", scratch["empty.txt"]));
    }

    [Fact]
    public void APipeIsNoText()
    {
        if (Pipes.Make(scratch["pipe"]))
        {
            Assert.Equal((1, $"error: {scratch["pipe"]}: is a pipe, a socket or a terminal, expected a regular file\n"),
                Run("train", "--text", scratch["pipe"], "--out", scratch["run"]));
        }
    }
}
