using System;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using Dsl.Tests;
using Dsl.Training.Scaling;
using Xunit;

namespace Zoo.Cli.Tests;

public sealed class ScalingCommandTests : IDisposable
{
    private readonly ScratchFolder scratch = new();

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void PublishedLawsPredictAndAllocate()
    {
        Assert.Contains("1.9366", Run("scaling", "predict", "--law", "printed", "-n", "7e10", "-d", "1.4e12").Output);
        Assert.Contains(FormattableString.Invariant($"{KaplanLaws.Loss(1e9, 1e12):F4}"),
            Run("scaling", "predict", "--law", "kaplan", "-n", "1e9", "-d", "1e12").Output);
        string best = Run("scaling", "allocate", "--compute", "5.76e23").Output;
        Assert.Contains("72.2B", best);
        Assert.Contains("1.33T", best);
        Assert.Contains("18.4", best);
        Assert.Contains("92.6", Run("scaling", "allocate", "--law", "printed", "-c", "5.76e23").Output);
        Assert.Contains("1.3B", Run("scaling", "allocate", "--law", "kaplan", "-c", "8.64e19").Output);
    }

    [Fact]
    public void ATableIsFittedAndDrawn()
    {
        ChinchillaLaw law = ChinchillaLaw.Besiroglu;
        double[] budgets = [1e18, 1e19, 1e20];
        File.WriteAllLines(scratch["runs.csv"], from compute in budgets
                                                from factor in new[] { 0.4, 0.7, 1, 1.5, 2.5 }
                                                let size = Math.Round(law.Allocate(compute).Parameters * factor)
                                                let tokens = Math.Round(compute / 6 / size)
                                                select FormattableString.Invariant($"{size:R},{tokens:R},{law.Loss(size, tokens):R}"));
        File.WriteAllText(scratch["runs.csv"], "parameters,tokens,loss\n" + File.ReadAllText(scratch["runs.csv"]));
        (int code, string output, string error) = Run("scaling", "fit", scratch["runs.csv"], "--out", scratch["law.json"], "--resamplings", "20");
        Assert.Equal((0, ""), (code, error));
        Assert.Matches(@"alpha\s+0\.34", output);
        Assert.Contains(FormattableString.Invariant($"{law.Loss(1e9, 1e10):F2}"),
            Run("scaling", "predict", "--law", scratch["law.json"], "-n", "1e9", "-d", "1e10").Output);
        Assert.Matches(@"N ~ C\^a\s+0\.5", Run("scaling", "fit", scratch["runs.csv"], "--approach", "2", "--resamplings", "20").Output);
        foreach (string kind in new[] { "size", "envelope", "isoflop" })
        {
            (code, _, error) = Run("scaling", "plot", scratch["runs.csv"], "--kind", kind, "--law", "besiroglu", "--out", scratch[$"{kind}.png"]);
            Assert.Equal((0, ""), (code, error));
            Assert.True(new FileInfo(scratch[$"{kind}.png"]).Length > 5000);
        }
    }

    [Fact]
    public void ASweepIsStoppedGoesOnAndPredicts()
    {
        using var stopping = new StoppingWriter("steps, ");
        using var said = new StringWriter();
        int code = ZooCommands.Run(Sweep(), CliContext.Plain(new DeclaredZoo(), stopping, said, stopping.Stop));
        Assert.Equal((ZooCommands.Interrupted, ""), (code, said.ToString()));
        long all = Left(stopping.ToString());
        (code, string output, string error) = Run(Sweep());
        Assert.Equal((0, ""), (code, error));
        Assert.InRange(Left(output), 1, all - 1);
        Assert.Matches(@"predicted \d+\.\d+, trained \d+\.\d+, off by \d+\.\d+ %", output);
        Assert.Equal(9, RunTable.Read(scratch["runs.csv"]).Count);
        foreach (string file in new[] { "curves.csv", "predicted.csv", "law.json", "sizes.png", "envelope.png" })
        {
            Assert.True(File.Exists(scratch[file]), file);
        }

        // All is there: nothing is trained again, and the prediction is the same.
        (code, string again, error) = Run(Sweep());
        Assert.Equal((0, ""), (code, error));
        Assert.Equal(0, Left(again));
        Assert.Equal(output[output.IndexOf("predicted ", StringComparison.Ordinal)..], again[again.IndexOf("predicted ", StringComparison.Ordinal)..]);
        (code, _, error) = Run([.. Sweep(), "--rate", "1e-3"]);
        Assert.Equal(1, code);
        Assert.Contains("was trained with --rate", error);
    }

    [Fact]
    public void ModelsLearnInContextAtATinySize()
    {
        string[] words = ["in-context", "--steps", "4", "--mappings", "2", "--shots", "0,3", "--out", scratch["icl"]];
        (int code, string output, string error) = Run(words);
        Assert.Equal((0, ""), (code, error));
        Assert.Contains("8 steps left, about ", output);
        string[] rows = File.ReadAllLines(Path.Combine(scratch["icl"], "in-context.csv"));
        Assert.Equal(5, rows.Length);
        Assert.All(rows[1..], row => Assert.InRange(double.Parse(row.Split(',')[4], CultureInfo.InvariantCulture), 0, 1));
        Assert.True(File.Exists(Path.Combine(scratch["icl"], "in-context.png")));
        Assert.Contains("0 steps left", Run(words).Output);

        // The same task by the command that users have.
        string model = Directory.GetDirectories(scratch["icl"], "llama-64x2-*").Single();
        string task = Path.Combine(scratch["icl"], "tasks", "labels-01.yaml");
        (code, output, error) = Run("evaluate", model, "--task", task, "--shots", "0,3", "--out", scratch["f.json"]);
        Assert.Equal((0, ""), (code, error));
        Assert.Contains("labels-01", output);
    }

    [Fact]
    public void ALadderOfSumsIsMeasuredAtATinySize()
    {
        (int code, string output, string error) = Run("emergence", "--widths", "8,16", "--steps", "3", "--questions", "6", "--out", scratch["em"]);
        Assert.Equal((0, ""), (code, error));
        Assert.Contains("6 steps left, about ", output);
        Assert.Equal(3, File.ReadAllLines(Path.Combine(scratch["em"], "emergence.csv")).Length);
        Assert.True(new FileInfo(Path.Combine(scratch["em"], "emergence.png")).Length > 5000);
    }

    [Theory]
    [InlineData("scaling sweep --widths 16,32", 2, "--widths 16,32: 2 of them, expected at least 3 different ones")]
    [InlineData("scaling sweep --tokens 1000,x,3", 2, "--tokens '1000,x,3', expected whole numbers")]
    [InlineData("scaling sweep --predict 32", 2, "--predict 32 is one of --widths")]
    [InlineData("scaling sweep --family bert", 2, "--family 'bert', expected llama")]
    [InlineData("scaling predict --law chinchila -n 1 -d 1", 2, "--law 'chinchila', expected printed, unrounded, besiroglu or kaplan")]
    [InlineData("scaling allocate -c -1", 1, "compute -1, expected a number above 0")]
    [InlineData("scaling fit two.csv", 1, "2 sizes of models, expected at least 3 to fit a law")]
    [InlineData("scaling fit rising.csv", 1, "losses rise with the number of tokens")]
    [InlineData("scaling fit none.csv", 1, "not found, expected a file")]
    [InlineData("scaling fit two.csv --approach 4", 2, "--approach 4, expected 1, 2 or 3")]
    [InlineData("in-context --shots 30", 2, "--shots 30, expected at most 11")]
    public void WhatIsWrongIsOneSentence(string words, int expected, string message)
    {
        File.WriteAllLines(scratch["two.csv"], ["parameters,tokens,loss", .. from size in new[] { 1e6, 2e6 } from tokens in new[] { 1e8, 2e8, 4e8 }
            select FormattableString.Invariant($"{size},{tokens},{3 - Math.Log10(tokens * size) / 20}")]);
        File.WriteAllLines(scratch["rising.csv"], ["parameters,tokens,loss", .. from size in new[] { 1e6, 2e6, 4e6 } from tokens in new[] { 1e8, 2e8, 4e8 }
            select FormattableString.Invariant($"{size},{tokens},{2 + Math.Log10(tokens) / 10 - Math.Log10(size) / 20}")]);
        (int code, _, string error) = Run([.. words.Split(' ').Select(word => word.EndsWith(".csv", StringComparison.Ordinal) ? scratch[word] : word)]);
        Assert.Equal(expected, code);
        Assert.StartsWith("error: ", error);
        Assert.Contains(message, error);
        Assert.Single(error.TrimEnd().Split('\n'));
    }

    private static long Left(string output) =>
        long.Parse(Regex.Match(output, @"([\d,]+) steps left").Groups[1].Value, NumberStyles.AllowThousands, CultureInfo.InvariantCulture);

    private static (int Code, string Output, string Error) Run(params string[] words)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        int code = ZooCommands.Run(words, CliContext.Plain(new DeclaredZoo(), output, error));
        return (code, output.ToString(), error.ToString());
    }

    private string[] Sweep() =>
    [
        "scaling", "sweep", "--widths", "8,16,32", "--tokens", "2048,4096,8192", "--predict", "48", "--layers", "1", "--batch", "8", "--context", "16",
        "--out", scratch.Path,
    ];
}
