using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Dsl.Fuzz.Tree;

namespace Dsl.Fuzz.Writing;

/// <summary>What an expression may read.</summary>
/// <param name="Scalars">Doubles.</param>
/// <param name="Integers">Ints; they are converted.</param>
/// <param name="Elements">Spans, read at the loop's place.</param>
internal sealed record Reads(IReadOnlyList<string> Scalars, IReadOnlyList<string> Integers, IReadOnlyList<string> Elements);

/// <summary>Writes bodies of scalar functions: every statement and function of the language, kept near one in size so that no form drowns in
/// rounding.</summary>
/// <param name="chance">Decides.</param>
/// <param name="smooth">Nothing with a kink or a jump, so that differences may be taken anywhere.</param>
internal sealed class FunctionWriter(Chance chance, bool smooth)
{
    private int locals;

    /// <summary>A number that depends on what may be read.</summary>
    public Expression Number(Reads reads, int depth)
    {
        if (depth == 0)
        {
            return Leaf(reads);
        }

        Expression A() => Number(reads, depth - 1);
        if (!smooth && chance.OneIn(3))
        {
            return chance.Next(12) switch
            {
                0 => Expression.Of("Max({0}, {1})", A(), A()),
                1 => Expression.Of("Min({0}, {1})", A(), A()),
                2 or 3 => Expression.Of("Abs({0})", A()),
                4 or 5 or 6 => Expression.Of("({0} ? {1} : {2})", Condition(reads, 1), A(), A()),
                7 => Expression.Of("Clamp({0}, -0.5, 1.5)", A()),
                8 => Expression.Of("(0.25 * Sign({0}))", A()),
                9 => Expression.Of("(0.1 * Floor(3 * {0}))", A()),
                10 => Expression.Of("({0} % 0.7)", A()),
                _ => Expression.Of(chance.Of("(0.1 * Round(2 * {0}))", "(0.1 * Ceiling(2 * {0}))", "(0.1 * Truncate(4 * {0}))"), A()),
            };
        }

        return chance.Next(22) switch
        {
            0 or 1 => Expression.Of("({0} + {1})", A(), A()),
            2 => Expression.Of("({0} - {1})", A(), A()),
            3 or 4 => Expression.Of("Tanh({0}) * {1}", A(), A()),
            5 => Expression.Of("{0} / (1 + {1} * {1})", A(), A()),
            6 => Expression.Of("Exp(-({0}) * ({0}))", A()),
            7 => Expression.Of("Tanh({0})", A()),
            8 => Expression.Of("Sigmoid({0})", A()),
            9 => Expression.Of("Softplus({0})", A()),
            10 => Expression.Of(chance.Of("Sin({0})", "Cos({0})"), A()),
            11 => Expression.Of(chance.Of("Log(1 + ({0}) * ({0}))", "Log1P(({0}) * ({0}))"), A()),
            12 => Expression.Of("Sqrt(1 + ({0}) * ({0}))", A()),
            13 => Expression.Of("-({0})", A()),
            14 => Expression.Of(chance.Of("Atan({0})", "Asinh({0})", "Erf({0})"), A()),
            15 => Expression.Of("Pow(1 + ({0}) * ({0}), {1})", A(), Expression.Of(chance.Of("0.5", "-1.5", "2"))),
            16 => Expression.Of("ExpM1(Tanh({0}))", A()),
            17 => Expression.Of(chance.Of("Atan2({0}, 2 + {1} * {1})", "Cbrt(1 + {0} * {0} + {1} * {1})"), A(), A()),
            18 => Expression.Of(
                chance.Of("Sinh(Tanh({0}))", "(0.5 * Cosh(Sin({0})))", "Asin(0.9 * Tanh({0}))", "Atanh(0.9 * Sin({0}))", "Acos(0.8 * Sin({0}))"), A()),
            19 => Expression.Of(chance.Of("Log2(1 + ({0}) * ({0}))", "Log10(2 + ({0}) * ({0}))", "Acosh(2 + ({0}) * ({0}))", "Tan(0.7 * Tanh({0}))"), A()),
            _ => Leaf(reads),
        };
    }

    public Expression Condition(Reads reads, int depth) => chance.Next(5) switch
    {
        0 when depth > 0 => Expression.If(chance.Of("({0} && {1})", "({0} || {1})"), Condition(reads, depth - 1), Condition(reads, depth - 1)),
        1 when depth > 0 => Expression.If("!({0})", Condition(reads, depth - 1)),
        _ => Expression.If(chance.Of("{0} > {1}", "{0} <= {1}", "{0} < {1}", "{0} >= {1}"), Number(reads, 1), Number(reads, 1)),
    };

    /// <summary>Statements that fill and use locals, branch, and change states; what they declare can be read afterwards.</summary>
    /// <param name="reads">What can be read; locals at the top are added.</param>
    /// <param name="count">How many.</param>
    /// <param name="states">Targets of writes: names of <c>ref double</c> states.</param>
    /// <param name="spans">States that are spans, each with what it is read at.</param>
    public List<Statement> Statements(ref Reads reads, int count, IReadOnlyList<string> states, IReadOnlyList<string> spans)
    {
        var written = new List<Statement>();
        var own = new List<string>();
        for (int i = 0; i < count; i++)
        {
            switch (chance.Next(smooth ? 6 : 8))
            {
                case 0 or 1:
                    string name = "v" + locals++;
                    written.Add(new Statement($"double {name} = {{0}}", [Number(reads, 2)]));
                    own.Add(name);
                    reads = reads with { Scalars = [.. reads.Scalars, name] };
                    break;
                case 2 when own.Count > 0:
                    written.Add(new Statement(chance.Of(own) + chance.Of(" = {0}", " += {0}", " -= {0}", " *= {0}"), [Bounded(reads)]));
                    break;
                case 3 when states.Count > 0:
                    written.Add(Update(chance.Of(states), reads));
                    break;
                case 4 or 5 when spans.Count > 0:
                    Loop(ref reads, spans, written, own, states);
                    break;
                case 6 or 7:
                    Reads inside = reads;
                    List<Statement> then = Statements(ref inside, chance.Next(1, 3), states, []);
                    then.RemoveAll(s => s.Head.StartsWith("double", System.StringComparison.Ordinal));
                    var targets = own.Concat(states).ToList();
                    if (targets.Count > 0)
                    {
                        Reads now = reads;
                        Statement Branch() => new(chance.Of(targets) + " = {0}", [Bounded(now)]);
                        written.Add(new Statement("if ({0})", [Condition(reads, 1)], [Branch()], chance.Maybe ? [Branch()] : null));
                    }

                    break;
                default:
                    break;
            }
        }

        return written;
    }

    /// <summary>s = decay s + something bounded, so that no sequence grows.</summary>
    public Statement Update(string state, Reads reads) => chance.Next(4) switch
    {
        0 => new Statement($"{state} = {{0}} * {state} + 0.3 * Tanh({{1}})", [Expression.Of(chance.Of("0.5", "0.9", "0.25")), Number(reads, 2)]),
        1 => new Statement($"{state} = Sigmoid({{0}}) * {state} + 0.2 * Sin({{1}})", [Number(reads, 1), Number(reads, 2)]),
        2 => new Statement($"{state} = Tanh({{0}})", [Number(reads with { Scalars = [.. reads.Scalars, state] }, 2)]),
        _ => new Statement($"{state} += 0.1 * Tanh({{0}}) - 0.5 * {state}", [Number(reads, 2)]),
    };

    public static string Literal(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    private void Loop(ref Reads reads, IReadOnlyList<string> spans, List<Statement> written, List<string> own, IReadOnlyList<string> states)
    {
        string span = chance.Of(spans);
        string sum = "v" + locals++;
        written.Add(new Statement($"double {sum} = {{0}}", [Expression.Of("0")]));
        Reads inside = reads with { Scalars = [.. reads.Scalars, sum], Elements = [.. reads.Elements, .. spans.Select(s => s + "[n]")] };
        var body = new List<Statement>();
        string local = "v" + locals++;
        if (chance.Maybe)
        {
            body.Add(new Statement($"double {local} = {{0}}", [Number(inside, 2)]));
            inside = inside with { Scalars = [.. inside.Scalars, local] };
        }

        body.Add(Update(span + "[n]", inside));
        body.Add(new Statement($"{sum} += 0.3 * {{0}}", [Bounded(inside)]));
        if (!smooth && chance.OneIn(3))
        {
            body.Add(new Statement("if ({0})", [Condition(inside, 0)], [new Statement($"{sum} = {{0}}", [Bounded(inside)])]));
        }

        if (states.Count > 0 && chance.OneIn(4))
        {
            body.Add(Update(chance.Of(states), inside));
        }

        written.Add(new Statement(
            chance.Of($"for (int n = 0; n < {span}.Length; n++)", $"for (int n = {span}.Length - 1; n >= 0; n--)",
                $"for (int n = 0; n < {span}.Length; n += 1)"), [], body));
        own.Add(sum);
        reads = reads with { Scalars = [.. reads.Scalars, sum] };
    }

    private Expression Bounded(Reads reads) => Expression.Of("Tanh({0})", Number(reads, 2));

    private Expression Leaf(Reads reads)
    {
        int kinds = reads.Scalars.Count + reads.Elements.Count + (reads.Integers.Count > 0 ? 1 : 0);
        int at = chance.Next(kinds + 1);
        if (at < reads.Elements.Count)
        {
            return Expression.Of(reads.Elements[at]);
        }

        at -= reads.Elements.Count;
        return at < reads.Scalars.Count ? Expression.Of(reads.Scalars[at])
            : reads.Integers.Count > 0 && chance.Maybe ? Expression.Of("0.125 * {0}", Expression.Of(chance.Of(reads.Integers)))
            : Expression.Of(chance.Of("0.5", "1.25", "0.75", "2.0", "-1.5", "1e-3"));
    }
}
