using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Xunit;

namespace Dsl.Generators.Tests.Scalar;

/// <summary>Recurrences that nobody wrote: every form of them equals the function, and every gradient its differences.</summary>
public sealed class RandomProgramTests
{
    /// <summary>Writes one recurrence; the same numbers give the same text.</summary>
    private sealed class Writer(Random random)
    {
        private readonly List<string> scalars = ["x", "z", "p", "w"];
        private readonly StringBuilder text = new();
        private int locals;

        public string Write()
        {
            text.Append("[Recurrence(\"b t d\", State = \"b d [n]\")]\npublic static double G(Span<double> s, ref double p, double x, [Axes(\"b t\")] double z, [Axes(\"d\")] double w, ")
                .Append("[Axes(\"b t n\")] ReadOnlySpan<double> g, [Axes(\"d n\")] ReadOnlySpan<double> a)\n{\n");
            Statements(random.Next(2, 5), false, 0);
            text.Append($"p = 0.5 * Tanh({Any(2, false)});\n");
            text.Append($"return {Any(2, false)};\n}}\n");
            return text.ToString();
        }

        private void Statements(int count, bool inLoop, int depth)
        {
            for (int i = 0; i < count; i++)
            {
                switch (random.Next(inLoop ? 4 : 5))
                {
                    case 0:
                        string name = "v" + locals++;
                        text.Append($"double {name} = {Any(2, inLoop)};\n");
                        if (depth == 0 && !inLoop)
                        {
                            scalars.Add(name);
                        }

                        break;
                    case 1 when scalars.Any(v => v[0] == 'v'):
                        string target = scalars.Where(v => v[0] == 'v').ElementAt(random.Next(scalars.Count(v => v[0] == 'v')));
                        text.Append($"{target} {(random.Next(2) == 0 ? "=" : "+=")} Tanh({Any(2, inLoop)});\n");
                        break;
                    case 2 when depth < 2:
                        text.Append($"if ({Condition(inLoop)})\n{{\n");
                        Statements(random.Next(1, 3), inLoop, depth + 1);
                        text.Append("}\n");
                        if (random.Next(2) == 0)
                        {
                            text.Append("else\n{\n");
                            Statements(random.Next(1, 3), inLoop, depth + 1);
                            text.Append("}\n");
                        }

                        break;
                    case 3 when inLoop:
                        text.Append($"s[n] = 0.5 * s[n] + 0.3 * Tanh({Any(2, true)});\n");
                        break;
                    case 4 when depth == 0:
                        text.Append(random.Next(2) == 0 ? "for (int n = 0; n < s.Length; n++)\n{\n" : "for (int n = s.Length - 1; n >= 0; n--)\n{\n");
                        Statements(random.Next(1, 4), true, 1);
                        text.Append("}\n");
                        break;
                    default:
                        text.Append($"p = 0.4 * p + 0.2 * Sin({Any(2, inLoop)});\n");
                        break;
                }
            }
        }

        private string Condition(bool inLoop) =>
            $"{Any(1, inLoop)} {(random.Next(2) == 0 ? ">" : "<=")} {Any(1, inLoop)}{(random.Next(4) == 0 ? $" && {Any(1, inLoop)} > 0" : "")}";

        private string Any(int depth, bool inLoop)
        {
            if (depth == 0)
            {
                return random.Next(inLoop ? 7 : 4) switch
                {
                    0 => $"{random.Next(1, 9)} * 0.25",
                    4 => "s[n]",
                    5 => "g[n]",
                    6 => "a[n]",
                    _ => scalars[random.Next(scalars.Count)],
                };
            }

            string A() => Any(depth - 1, inLoop);
            return random.Next(16) switch
            {
                0 => $"({A()} + {A()})",
                1 => $"({A()} - {A()})",
                2 => $"{A()} * {A()}",
                3 => $"{A()} / (1 + {Square(A())})",
                4 => $"Exp(-{Square(A())})",
                5 => $"Tanh({A()})",
                6 => $"Sigmoid({A()})",
                7 => $"Softplus({A()})",
                8 => $"Max({A()}, {A()})",
                9 => $"Min({A()}, {A()})",
                10 => $"Abs({A()})",
                11 => $"({Condition(inLoop)} ? {A()} : {A()})",
                12 => $"Sin({A()})",
                13 => $"Log(1 + {Square(A())})",
                14 => $"Sqrt(1 + {Square(A())})",
                _ => $"-({A()})",
            };
        }

        private static string Square(string x) => $"({x}) * ({x})";
    }

    [Fact]
    public void Random_recurrences_agree_in_every_form()
    {
        // Seeds of the test's own, so that a run can be repeated: the programs are new to the compiler all the same.
        for (int seed = 1; seed <= 25; seed++)
        {
            var random = new Random(seed);
            var sizes =
                new Dictionary<string, int> { ["b"] = random.Next(1, 4), ["t"] = random.Next(0, 21), ["d"] = random.Next(1, 20), ["n"] = random.Next(1, 5) };
            var harness = new KernelHarness(new Writer(new Random(seed)).Write(), "G");
            harness.Check(sizes, seed, padded: random.Next(2) == 0, differences: 14, kinks: true);
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
        harness.Check(new Dictionary<string, int> { ["b"] = 1, ["t"] = 3, ["d"] = 2 }, 1, (p, x) => p.Name == "x" ? x * 0 + 0.9999e-5 : x, kinks: true);
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(-1, false)]
    [InlineData(1.001, false)]
    [InlineData(0, false)]
    public void Differences_know_a_wrong_derivative_near_a_kink(double derivative, bool right) =>
        Assert.Equal(right, Differences.Agree(shift => Math.Abs(0.9999e-5 + shift), derivative, kinks: true));
}
