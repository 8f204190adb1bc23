using System;
using System.IO;
using System.Linq;
using System.Text.Json;
using Dsl.Tests;
using Xunit;

namespace Zoo.Cli.Tests;

public sealed class EvaluateCommandTests : IDisposable
{
    private static readonly string Case = GoldenFolder.Case("evaluation");

    private readonly ScratchFolder scratch = new();

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void FiguresAreTheHarnesssAsATableAndAsJson()
    {
        (int code, string output, string error) = Evaluate("--task", Task("choice_3shot"), "--task", Task("generate_0shot"), "--documents");
        Assert.Equal((0, ""), (code, error));
        Assert.Contains("choice_3shot: with 3 shots ", output);
        Assert.Contains("are cut from the left", output);
        Assert.Contains(" tokens to read, at most ", output);
        Assert.Contains("; about ", output);
        Assert.Contains("acc_mutual_info", output);
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(scratch["figures.json"]));
        using var golden = new Golden(Case);
        JsonElement[] tasks = [.. json.RootElement.GetProperty("tasks").EnumerateArray()];
        Assert.Equal(["choice_3shot", "generate_0shot"], tasks.Select(task => task.GetProperty("task").GetString()));
        foreach (JsonElement task in tasks)
        {
            JsonElement expected = golden.Data.GetProperty("tasks").GetProperty(task.GetProperty("task").GetString()!);
            Assert.Equal(expected.GetProperty("documents").GetArrayLength(), task.GetProperty("answers").GetArrayLength());
            foreach (JsonProperty figure in expected.GetProperty("results").EnumerateObject())
            {
                Assert.Equal(figure.Value.GetDouble(), task.GetProperty("results").GetProperty(figure.Name).GetDouble(), 1e-5);
            }
        }

        Assert.False(File.Exists(scratch["figures.json.answers"]));
        (code, _, error) = Evaluate("--task", Task("choice_0shot"));
        Assert.Equal((1, $"error: {scratch["figures.json"]} exists; --overwrite replaces it\n"), (code, error.ReplaceLineEndings("\n")));
    }

    [Fact]
    public void AStoppedEvaluationGoesOn()
    {
        string[] words = ["--task", Task("last_word_0shot"), "--task", Task("choice_0shot"), "--batch", "2", "--resamplings", "1000"];
        using var stopping = new StoppingWriter("of 182 requests");
        using var error = new StringWriter();
        int code = ZooCommands.Run([.. Words(words)], CliContext.Plain(new DeclaredZoo(), stopping, error, stopping.Stop));
        Assert.Equal((ZooCommands.Interrupted, ""), (code, error.ToString()));
        Assert.Contains("keeps what was answered", stopping.ToString());
        Assert.InRange(File.ReadAllLines(scratch["figures.json.answers"]).Length, 1, 181);
        (code, string output, string said) = Evaluate(words);
        Assert.Equal((0, ""), (code, said));
        Assert.Contains(" of them answered before: ", output);
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(scratch["figures.json"]));
        Assert.Equal(0.6, json.RootElement.GetProperty("tasks")[1].GetProperty("results").GetProperty("acc,none").GetDouble(), 1e-9);
    }

    [Theory]
    [InlineData("choice_3shot", "--shots 25", 1, "25 shots, but ")]
    [InlineData("choice_0shot", "--shots 1", 1, "choice_0shot: 1 shots without fewshot_split")]
    [InlineData("choice_3shot", "--shots 0,8", 1, "are longer than the context of 96 tokens")]
    [InlineData("choice_3shot", "--shots one", 2, "--shots 'one', expected whole numbers from 0 on")]
    [InlineData("choice_3shot", "--batch 0", 2, "--batch 0, expected 1 or more")]
    [InlineData("missing", "", 1, "missing.yaml")]
    public void WhatCannotBeAskedIsOneSentence(string task, string more, int expected, string message)
    {
        (int code, _, string error) = Evaluate(["--task", Task(task), .. more.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
        Assert.Equal(expected, code);
        Assert.StartsWith("error: ", error);
        Assert.Contains(message, error);
        Assert.Single(error.TrimEnd().Split('\n'));
        Assert.Empty(Directory.GetFiles(scratch.Path));
    }

    private static string Task(string name) => Path.Combine(Case, $"{name}.yaml");

    private string[] Words(string[] more) => ["evaluate", Case, "--out", scratch["figures.json"], .. more];

    private (int Code, string Output, string Error) Evaluate(params string[] more)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        int code = ZooCommands.Run(Words(more), CliContext.Plain(new DeclaredZoo(), output, error));
        return (code, output.ToString(), error.ToString());
    }
}
