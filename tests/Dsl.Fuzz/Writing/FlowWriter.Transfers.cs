using System.Collections.Generic;
using System.Linq;
using Dsl.Fuzz.Tree;

namespace Dsl.Fuzz.Writing;

/// <summary>Time-invariant recurrences that say their kernel in the frequency domain.</summary>
internal abstract partial class FlowWriter
{
    private const string Complex = "System.Numerics.Complex", Complexes = $"ReadOnlySpan<{Complex}>", Reals = "ReadOnlySpan<double>";

    /// <summary>
    /// s' = A s + B u, y = 2 Re(C s), diagonal in pairs of conjugates. The kernel of L nodes is the sum of K_k w^k: with C~ = C (1 - A^L) it is
    /// C~ B / (1 - A w) and its conjugate, which the stored read-out is made for.
    /// </summary>
    private void Transfer(List<Part> parts, ref Flow current)
    {
        string name = $"{Functions.Count}", size = Size();
        if (Header.All(p => p.Word != "Axis" || p.Arguments[0] != "\"e\""))
        {
            Header.Add(Part.Of("Axis", "\"e\"", size));
        }

        (string re, string im, string b, string c, string nodes) = (Key(), Key(), Key(), Key(), Key());
        string gain = Chance.Of("u", "0.5 * u", "u / (1 + s.Length)"), scale = gain switch { "u" => "1.0", "0.5 * u" => "0.5", _ => "1.0 / (1 + C.Length)" };
        Functions.Add(new Function("", Complex, $"A{name}", ["double re", "double im"], Body(Chance.Of(
            "return Exp(-Softplus(re)) * new System.Numerics.Complex(Cos(im), Sin(im))",
            "return 0.9 * Sigmoid(re) * new System.Numerics.Complex(Cos(im), -Sin(im))",
            "return Exp(new System.Numerics.Complex(-Exp(0.3 * re), im))"))));
        bool forward = Chance.Maybe;
        string loop = forward ? "for (int n = 0; n < s.Length; n++)" : "for (int n = s.Length - 1; n >= 0; n--)";
        Functions.Add(new Function(
            "Recurrence(\"b t d\", State = \"b d [e]\")", "double", $"Step{name}",
            [
                $"Span<{Complex}> s", "double u", $"[Parameter({re}, \"d e\")] {Reals} re", $"[Parameter({im}, \"d e\")] {Reals} im",
                $"[Parameter({b}, \"d e 2\")] {Complexes} B", $"[Derived] {Complexes} C",
            ],
            [
                Line("double y = 0"),
                new Statement(loop, [], [Line($"s[n] = A{name}(re[n], im[n]) * s[n] + B[n] * ({gain})"), Line("y += 2 * (C[n] * s[n]).Real")]),
                Line("return y"),
            ]));
        Functions.Add(new Function(
            $"Transfer(\"d\", Nodes = {nodes})", Complex, $"Kernel{name}",
            [$"{Complex} w", $"{Reals} re", $"{Reals} im", $"{Complexes} B", $"[Parameter({c}, \"d e 2\")] {Complexes} C"],
            [
                Line($"{Complex} sum = 0"),
                new Statement("for (int n = 0; n < C.Length; n++)", [],
                    [
                        Line($"{Complex} a = A{name}(re[n], im[n])"),
                        Line($"sum += {scale} * (C[n] * B[n] / (1 - a * w) + Conj(C[n] * B[n]) / (1 - Conj(a) * w))"),
                    ]),
                Line("return sum"),
            ]));
        Functions.Add(new Function(
            "", "void", $"Lengthen{name}", [$"Span<{Complex}> C", "int from", "int to", $"{Reals} re", $"{Reals} im"],
            [
                new Statement("for (int n = 0; n < C.Length; n++)", [],
                    [
                        Line($"{Complex} a = A{name}(re[n], im[n])"),
                        Line($"{Complex} made = from == 0 ? 1 : 1 - {Complex}.Pow(a, from), wanted = to == 0 ? 1 : 1 - {Complex}.Pow(a, to)"),
                        Line("C[n] *= wanted / made"),
                    ]),
            ]));
        parts.Add(Part.Of("Apply", $"nameof(Step{name})").With("Transfer", $"nameof(Kernel{name})").With("Lengthen", $"nameof(Lengthen{name})"));
        current = current with { Name = null, LastName = "d" };

        string Size() => Chance.Of("nameof(C.N)", "2", "1", "nameof(C.Rank)");
    }

    private static Statement[] Body(string line) => [Line(line)];

    private static Statement Line(string text) => new("{0}", [Expression.Of(text)]);
}
