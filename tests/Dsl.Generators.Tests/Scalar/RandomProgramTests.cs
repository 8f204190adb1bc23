using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using Xunit;

namespace Dsl.Generators.Tests.Scalar;

/// <summary>Recurrences that nobody wrote: every form of them equals the function, and every gradient its differences.</summary>
public sealed class RandomProgramTests
{
    [Fact]
    public void Random_recurrences_agree_in_every_form()
    {
        // Seeds of the test's own, so that a run can be repeated: the programs are new to the compiler all the same. More of them on demand.
        var (first, last) = Seeds("DSL_RECURRENCES", 40);
        int refused = 0;
        for (int seed = first; seed <= last; seed++)
        {
            var random = new Random(seed);
            var sizes =
                new Dictionary<string, int> { ["b"] = random.Next(1, 4), ["t"] = random.Next(0, 21), ["d"] = random.Next(1, 20), ["n"] = random.Next(1, 5) };
            string text = new RandomFunction(new Random(seed)).Recurrence();
            if (IsRefused(text, seed))
            {
                refused++;
                continue;
            }

            Checked("DSL_RECURRENCES", seed, text, () =>
                new KernelHarness(text, "G").Check(sizes, seed, padded: random.Next(2) == 0, differences: 14, kinks: true));
        }

        Assert.True(refused * 10 <= last - first + 1, $"{refused} refused");
    }

    [Fact]
    public void Random_pointwise_functions_agree_in_every_form()
    {
        var (first, last) = Seeds("DSL_POINTWISE", 15);
        for (int seed = first; seed <= last; seed++)
        {
            string text = new RandomFunction(new Random(seed)).Pointwise();
            Assert.Empty(ScalarSource.ReadWithProblems(text, "G").Problems.Select(p => p.Message + "\n" + text));
            Checked("DSL_POINTWISE", seed, text, () => PointwiseKernelTests.CheckAgainstTheFunction(text, seed));
        }
    }

    private static (int First, int Last) Seeds(string variable, int usual)
    {
        string[] asked = (Environment.GetEnvironmentVariable(variable) ?? $"1-{usual}").Split('-');
        return (int.Parse(asked[0]), int.Parse(asked[^1]));
    }

    // What is refused is refused in words, at a place of its own.
    private static bool IsRefused(string text, int seed)
    {
        var reading = ScalarSource.ReadWithProblems(text, "G");
        Assert.All(reading.Problems, p => Assert.True(p.Message.EndsWith('.') && p.Location.IsInSource, $"seed {seed}: {p.Message}"));
        return reading.Problems.Length > 0;
    }

    // A long run names all that it finds.
    private static void Checked(string variable, int seed, string text, Action check)
    {
        if (Environment.GetEnvironmentVariable(variable) is null)
        {
            check();
            return;
        }

        string log = System.IO.Path.Combine(System.IO.Path.GetTempPath(), variable + ".log");
        try
        {
            check();
            System.IO.File.AppendAllText(log, $"seed {seed}: agrees\n");
        }
        catch (Exception e)
        {
            System.IO.File.AppendAllText(log, $"seed {seed}: {e.Message.Split('\n')[0]}\n{text}\n{e}\n");
        }
    }

    /// <summary>
    /// Where differences once told a right gradient from a wrong one wrongly: 1e-9 short of the whole step lies a kink, too near the edge to be noticed.
    /// </summary>
    [Fact]
    public void A_kink_within_the_step_is_no_wrong_gradient()
    {
        var harness = new KernelHarness(
            "[Recurrence(\"b t d\", State = \"b d\")]\npublic static double G(ref double p, double x) { p = 0.5 * p + Abs(x); return p; }", "G");
        harness.Check(
            new Dictionary<string, int> { ["b"] = 1, ["t"] = 3, ["d"] = 2 }, 1, (p, x) => p.Name == "x" ? x.zeros_like().Plus(0.9999e-5) : x, kinks: true);
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(-1, false)]
    [InlineData(1.001, false)]
    [InlineData(0, false)]
    public void Differences_know_a_wrong_derivative_near_a_kink(double derivative, bool right) =>
        Assert.Equal(right, Differences.Agree(shift => Math.Abs(0.9999e-5 + shift), derivative, kinks: true));
}
