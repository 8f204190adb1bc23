using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;

namespace Dsl.Generators.Tests.Scalar;

/// <summary>
/// Writes one scalar function with every statement and operation that is allowed; the same numbers give the same text. What it writes has a value
/// wherever it is asked: logarithms and roots of positive numbers, states that stay small.
/// </summary>
internal sealed class RandomFunction(Random random)
{
    private readonly StringBuilder text = new();
    private readonly List<string> scalars = ["x", "z", "w"];
    private readonly List<string> written = [];
    private readonly List<string> truths = [];
    private readonly List<string> ints = [];
    private bool isRecurrence;
    private int locals;

    public string Recurrence()
    {
        isRecurrence = true;
        scalars.Add("p");
        bool counts = random.Next(2) == 0;
        if (counts)
        {
            ints.Add("position");
        }

        text.Append("[Recurrence(\"b t d\", State = \"b d [n]\")]\npublic static double G(Span<double> s, ref double p, double x, [Axes(\"b t\")] double z, [Axes(\"d\")] double w, ")
            .Append("[Axes(\"b t n\")] ReadOnlySpan<double> g, [Axes(\"d n\")] ReadOnlySpan<double> a, [Axes(\"b t d\")] ReadOnlySpan<double> k, ")
            .Append(counts ? "int position, C c)\n{\n" : "C c)\n{\n");
        Statements(random.Next(4, 9), Place.Body, 0);
        text.Append($"p = 0.5 * Tanh({Any(2, Place.Body)});\nreturn {Any(2, Place.Body)};\n}}\n");
        Helpers();
        return text.ToString();
    }

    public string Pointwise()
    {
        text.Append("[Pointwise] public static double G(double x, double z, [Parameter(\"\", \"d\")] double w, C c)\n{\n");
        Statements(random.Next(2, 7), Place.Body, 0);
        if (random.Next(3) == 0)
        {
            text.Append($"if ({Condition(Place.Body)}) return {Any(2, Place.Body)};\n");
        }

        text.Append($"return {Any(3, Place.Body)};\n}}\n");
        Helpers();
        return text.ToString();
    }

    /// <summary>Where an expression stands: outside of loops, in one along the state, in one along a span of the values, in one that counts.</summary>
    private enum Place
    {
        Body,
        State,
        Values,
        Counting,
    }

    private void Helpers() => text.Append("""
        static double Early(double a, double b) { if (a > b) return a * 0.5; double c = Tanh(b - a); return c * c + b; }
        static double Whole(double a) => 0.3 * Sin(a) + 0.1 * a;
        static bool Above(double a, double b) => a > b || a < -1.5;
        static double Both(double a, double b) { double r = a; if (Above(a, b)) { r = b; r -= 0.25 * a; } else if (b > 0.4) r *= b; return r; }

        """);

    private void Statements(int count, Place place, int depth)
    {
        // What a block declares is gone after it.
        var (before, truthsBefore, intsBefore, writtenBefore) = (scalars.ToList(), truths.ToList(), ints.ToList(), written.ToList());
        for (int i = 0; i < count; i++)
        {
            Statement(place, depth);
        }

        if (depth > 0)
        {
            Restore(scalars, before);
            Restore(truths, truthsBefore);
            Restore(ints, intsBefore);
            Restore(written, writtenBefore);
        }
    }

    private static void Restore(List<string> names, List<string> before)
    {
        names.Clear();
        names.AddRange(before);
    }

    private void Statement(Place place, int depth)
    {
        switch (random.Next(12))
        {
            case 0 or 1:
                string name = "v" + locals++;
                text.Append($"double {name} = {Any(2, place)};\n");
                scalars.Add(name);
                written.Add(name);
                break;
            case 2 when written.Count > 0:
                string target = written[random.Next(written.Count)];
                string how = new[] { "=", "+=", "-=", "*=", "/=", "%=" }[random.Next(6)];
                text.Append($"{target} {how} {(how is "/=" or "%=" ? $"(0.8 + {Square(Any(1, place))})" : $"Tanh({Any(2, place)})")};\n");
                break;
            case 3 or 4 when depth < 3:
                text.Append($"if ({Condition(place)})\n{{\n");
                Statements(random.Next(1, 3), place, depth + 1);
                text.Append("}\n");
                if (random.Next(2) == 0)
                {
                    text.Append("else\n{\n");
                    Statements(random.Next(1, 3), place, depth + 1);
                    text.Append("}\n");
                }

                break;
            case 5 when place == Place.Body:
                string truth = "q" + locals++;
                text.Append($"bool {truth} = {Condition(place)};\n");
                truths.Add(truth);
                break;
            case 6 when ints.Count > 0 && place == Place.Body:
                string whole = "i" + locals++;
                text.Append($"int {whole} = {Int(place)};\n");
                ints.Add(whole);
                break;
            case 7 when isRecurrence && random.Next(2) == 0:
                string complex = "u" + locals++;
                text.Append($"Complex {complex} = new Complex({Any(1, place)}, {Any(1, place)});\n")
                    .Append($"{complex} = {complex} * Exp(new Complex(-{Square(Any(1, place))}, {Any(1, place)})) / new Complex(1.5 + {Square(Any(1, place))}, 0.5);\n");
                scalars.Add(random.Next(2) == 0 ? complex + ".Real" : complex + ".Imaginary");
                break;
            case 8 or 9 when isRecurrence && place == Place.Body && depth < 2:
                Loop(depth);
                break;
            case 10 when place == Place.State:
                text.Append($"s[n] = 0.5 * s[n] + 0.3 * Tanh({Any(2, place)});\n");
                break;
            case 11 when place == Place.State:
                text.Append(random.Next(2) == 0
                    ? $"if (n > 0) s[n - 1] = 0.4 * s[n - 1] + 0.2 * Sin({Any(1, place)});\n"
                    : $"if ({Condition(place)} && n + 1 < s.Length) s[n + 1] = Tanh(s[n + 1] + a[n + 1] * {Any(1, place)});\n");
                break;
            default:
                text.Append(isRecurrence ? $"p = 0.4 * p + 0.2 * Sin({Any(2, place)});\n"
                    : written.Count > 0 ? $"{written[^1]} += 0.3 * {Any(1, place)};\n" : "");
                break;
        }
    }

    private void Loop(int depth)
    {
        switch (random.Next(5))
        {
            case 0 or 1:
                text.Append(random.Next(2) == 0 ? "for (int n = 0; n < s.Length; n++)\n{\n" : "for (int n = s.Length - 1; n >= 0; n--)\n{\n");
                Statements(random.Next(1, 4), Place.State, depth + 1);
                break;
            case 2:
                text.Append("for (int m = 0; m < k.Length; m++)\n{\n");
                Statements(random.Next(1, 3), Place.Values, depth + 1);
                break;
            default:
                text.Append(random.Next(2) == 0 ? $"for (int j = {random.Next(-3, 2)}; j < {random.Next(1, 4)}; j++)\n{{\n" : $"for (int j = g.Length; j > {random.Next(-3, 2)}; j--)\n{{\n");
                Statements(random.Next(1, 3), Place.Counting, depth + 1);
                break;
        }

        text.Append("}\n");
    }

    private string Int(Place place)
    {
        string one = ints.Count > 0 && random.Next(3) > 0 ? ints[random.Next(ints.Count)]
            : place == Place.State ? "n" : place == Place.Values ? "m" : place == Place.Counting ? "j" : random.Next(2) == 0 ? "c.Window" : $"{random.Next(1, 5)}";
        return random.Next(7) switch
        {
            0 => $"{one} / 2",
            1 => $"{one} % 3",
            2 => $"({one} + {random.Next(1, 4)})",
            3 => $"Max({one}, {random.Next(1, 4)})",
            4 => $"Abs({one} - 3)",
            _ => one,
        };
    }

    private string Condition(Place place) => random.Next(8) switch
    {
        0 when truths.Count > 0 => truths[random.Next(truths.Count)],
        1 when truths.Count > 0 => $"!{truths[random.Next(truths.Count)]} || {Any(1, place)} < 0.2",
        2 when ints.Count > 0 || place != Place.Body => $"{Int(place)} {(random.Next(2) == 0 ? "<" : "!=")} {random.Next(1, 5)}",
        3 => $"Above({Any(1, place)}, {Any(1, place)})",
        4 => "c.Sliding",
        _ => $"{Any(1, place)} {(random.Next(2) == 0 ? ">" : "<=")} {Any(1, place)}{(random.Next(4) == 0 ? $" && {Any(1, place)} > 0" : "")}",
    };

    private string Any(int depth, Place place)
    {
        if (depth == 0)
        {
            string own = place switch
            {
                Place.State => random.Next(3) switch { 0 => "s[n]", 1 => "g[n]", _ => "a[n]" },
                Place.Values => "k[m]",
                Place.Counting => "0.25 * j",
                _ => isRecurrence && random.Next(2) == 0 ? random.Next(2) == 0 ? "s[0]" : "g[g.Length - 1]" : "x",
            };
            return random.Next(6) switch
            {
                0 => $"{random.Next(1, 9)} * 0.25",
                1 when ints.Count > 0 => $"0.2 * {Int(place)}",
                1 => "0.1 * c.Cap",
                2 or 3 => own,
                _ => scalars[random.Next(scalars.Count)],
            };
        }

        string A() => Any(depth - 1, place);
        return random.Next(38) switch
        {
            0 or 1 => $"({A()} + {A()})",
            2 => $"({A()} - {A()})",
            3 or 4 => $"{A()} * {A()}",
            5 => $"{A()} / (1 + {Square(A())})",
            6 => $"Exp(-{Square(A())})",
            7 => $"Tanh({A()})",
            8 => $"Sigmoid({A()})",
            9 => $"Softplus({A()})",
            10 => $"Max({A()}, {A()})",
            11 => $"Min({A()}, {A()})",
            12 => $"Abs({A()})",
            13 => $"({Condition(place)} ? {A()} : {A()})",
            14 => $"Sin({A()})",
            15 => $"Log(1 + {Square(A())})",
            16 => $"Sqrt(1 + {Square(A())})",
            17 => $"Cos({A()})",
            18 => $"({A()}) % (0.7 + {Square(A())})",
            19 => $"Pow(0.5 + {Square(A())}, Tanh({A()}))",
            20 => $"Atan2({A()}, 1 + {Square(A())})",
            21 => $"Clamp({A()}, -0.5, {random.Next(1, 4)} * 0.25)",
            22 => $"Erf({A()})",
            23 => $"Log1P({Square(A())})",
            24 => $"ExpM1(Tanh({A()}))",
            25 => $"Cbrt(1 + {Square(A())})",
            26 => $"Floor({A()}) * 0.1",
            27 => $"Round({A()}) * 0.1",
            28 => $"Sign({A()}) * {A()}",
            29 => $"Atan({A()})",
            30 => $"Asinh({A()})",
            31 => $"Sinh(Tanh({A()}))",
            32 => $"Log2(1.5 + {Square(A())})",
            33 => $"Early({A()}, {A()})",
            34 => $"Both({A()}, {A()})",
            35 => $"Whole({A()})",
            36 => $"Truncate({A()}) * 0.2",
            _ => $"-({A()})",
        };
    }

    private static string Square(string x) => $"({x}) * ({x})";
}
