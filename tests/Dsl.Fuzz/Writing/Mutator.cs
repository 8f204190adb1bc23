using System.Collections.Generic;
using System.Linq;
using Dsl.Fuzz.Tree;

namespace Dsl.Fuzz.Writing;

/// <summary>Makes a program possibly invalid: then it must be refused at a token of its own, or be right all the same.</summary>
internal static class Mutator
{
    private static readonly string[] Illegal =
        ["while ({0} > 1e300) {{ }}", "double[] array = new double[] {{ {0} }}", "System.Func<double> f = () => {0}", "foreach (char letter in \"ab\") {{ }}",
            "double wide = (float)({0})", "int whole = (int)({0})", "for (int n = 0; n < 9; n += 2) {{ }}",
                "for (int i = 0; i < 2; i++) {{ for (int j = 0; j < 2; j++) {{ }} }}",
            "bool truth = {0} > 0", "double rest = {0} % 1.5", "System.Console.WriteLine({0})", "string text = \"a\"", "var pair = ({0}, 1)",
            "double drawn = System.Random.Shared.NextDouble()", "if ({0} > 0) {{ return 1; }}", "switch ({0}) {{ default: break; }}"];

    private static readonly string[] Parameters =
        ["int position", "int head", "int channel", "[Table] Matrix bias", "[Table(\"b key n\")] ReadOnlySpan<double> bias", "ReadOnlySpan<double> all",
            "[Axes(\"b t e\")] ReadOnlySpan<double> all",
            "[Parameter(\"extra\", \"d\")] ReadOnlySpan<double> extra", "bool flag", "float f", "string s",
                "double more", "in double more", "ref double more", "int layer",
            "int query", "[Parameter(\"extra\", \"q q\")] double extra", "System.Numerics.Complex z", "[Start(1)] double begun"];

    /// <summary>The program after one change or two.</summary>
    public static Program Mutate(Program program, Chance chance)
    {
        string done = "";
        for (int i = chance.OneIn(4) ? 2 : 1; i > 0; i--)
        {
            (program, string what) = Once(program, chance);
            done += (done.Length > 0 ? ", " : "") + what;
        }

        return program with { Mutation = done };
    }

    private static (Program Program, string What) Once(Program program, Chance chance)
    {
        int which = chance.Next(program.Declarations.Count);
        Declaration of = program.Declarations[which];
        Program With(Declaration changed) => program with { Declarations = [.. program.Declarations.Select((d, i) => i == which ? changed : d)] };
        Bracket[] filled = [.. of.Brackets.Where(b => b.Parts.Count > 0)];
        if (chance.OneIn(3) && of.Functions.Count > 0)
        {
            Function function = chance.Of(of.Functions);
            (Function changed, string what) = Changed(function, chance);
            return (With(of with { Functions = [.. of.Functions.Select(f => f == function ? changed : f)] }), what);
        }

        if (filled.Length == 0)
        {
            return (program, "nothing");
        }

        Bracket bracket = chance.Of(filled);
        int at = chance.Next(bracket.Parts.Count);
        Part part = bracket.Parts[at];
        Program Put(params IEnumerable<Part> parts) =>
            With(of with
            {
                Brackets = [.. of.Brackets.Select(b => ReferenceEquals(b, bracket)
                ? Bracket.Of([.. b.Parts.Take(at), .. parts, .. b.Parts.Skip(at + 1)]) : b)]
            });
        Part[] all = [.. program.Declarations.SelectMany(d => d.Brackets).SelectMany(b => b.Parts)];
        switch (chance.Next(11))
        {
            case 0:
                return (Put(), $"{part.Word} left out");
            case 1:
                return (Put(part, part), $"{part.Word} twice");
            case 2:
                return (Put(chance.Of(all)), $"another part for {part.Word}");
            case 3:
                return (Put(part, chance.Of(all)), $"another part after {part.Word}");
            case 4 when part.Arguments.Count > 0:
                int argument = chance.Next(part.Arguments.Count);
                string[] others = [.. all.SelectMany(p => p.Arguments), "0", "-1", "2.5", "true", "null", "\"\"",
                    "nameof(C.P)", "nameof(C.Scale)", "nameof(C.Act)", "7", "\"b t\"", "\"x\""];
                return (Put(part with { Arguments = [.. part.Arguments.Select((a, i) => i == argument ? chance.Of(others) : a)] }),
                    $"another argument of {part.Word}");
            case 5 when part.Options.Count > 0:
                int option = chance.Next(part.Options.Count);
                string[] values = [.. all.SelectMany(p => p.Options).Select(o => o.Value), "0", "null",
                    "\"h in out\"", "\"out in\"", "\"(a b)\"", "nameof(C.Hidden)", "-1", "\"\""];
                return (Put(part with { Options = [.. part.Options.Select((o, i) => i == option ? o with { Value = chance.Of(values) } : o)] }),
                    $"another option of {part.Word}");
            case 6 when part.Options.Count > 0:
                return (Put(part with { Options = [.. part.Options.Skip(1)] }), $"an option of {part.Word} left out");
            case 7:
                return (With(of with { Brackets = [.. of.Brackets.Where(b => !ReferenceEquals(b, bracket))] }), "a bracket left out");
            case 8:
                return (With(of with { Brackets = [.. of.Brackets, bracket] }), "a bracket twice");
            case 9 when of.Header.Count > 1:
                int header = chance.Next(1, of.Header.Count);
                return (With(of with { Header = [.. of.Header.Where((_, i) => i != header)] }), $"{of.Header[header].Word} left out");
            case 10 when bracket.Parts.Count > 1:
                return (With(of with { Brackets = [.. of.Brackets.Select(b => ReferenceEquals(b, bracket) ? Bracket.Of(b.Parts.Reverse()) : b)] }),
                    "a bracket backwards");
            default:
                return (Put(Part.Of(chance.Of("Merge", "Residual", "Shift", "Rotary", "Pool"))), $"a core part for {part.Word}");
        }
    }

    private static (Function Function, string What) Changed(Function function, Chance chance)
    {
        switch (chance.Next(6))
        {
            case 0:
                return (function with { Parameters = [.. function.Parameters, chance.Of(Parameters)] }, "another parameter");
            case 1 when function.Parameters.Count > 1:
                int at = chance.Next(function.Parameters.Count);
                return (function with { Parameters = [.. function.Parameters.Where((_, i) => i != at)] }, "a parameter left out");
            case 2:
                return (function with { Result = chance.Of("bool", "int", "float", "void", "System.Numerics.Complex") }, "another result");
            case 3:
                return (function with
                {
                    Attribute = chance.Of("Pointwise", "Score", "Mask", "Recurrence(\"b t d\", State = \"b d\")",
                    "Recurrence(\"b d t\", State = \"b [d]\")", "")
                }, "another attribute");
            case 4 when function.Attribute.StartsWith("Recurrence", System.StringComparison.Ordinal):
                string attribute = function.Attribute.Replace(chance.Of("b t", " d\"", "[n]", "h ", "State"),
                    chance.Of("b d", " e\"", "[n] [m]", "", "t"), System.StringComparison.Ordinal);
                return (function with { Attribute = attribute }, "other axes");
            default:
                string operand = function.Parameters[0].Split(' ')[^1];
                int place = chance.Next(function.Body.Count);
                var statement = new Statement(chance.Of(Illegal),
                    [Expression.Of(function.Parameters[0].Contains("Span", System.StringComparison.Ordinal) ? operand + "[0]" : operand)]);
                return (function with { Body = [.. function.Body.Take(place), statement, .. function.Body.Skip(place)] }, "another statement");
        }
    }
}
