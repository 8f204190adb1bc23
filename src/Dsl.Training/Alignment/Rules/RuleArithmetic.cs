using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using Dsl.Training.Alignment.Data;
using Dsl.Training.Objectives;

namespace Dsl.Training.Alignment.Rules;

/// <summary>
/// Sums, differences, products and quotients as GOAT's data set writes them (Liu and Low, 2023, arXiv 2305.14201): what a model cannot learn at once, products
/// and quotients of several digits, is split into steps that it can: the smaller factor by its digits, the quotient digit by digit. A digit is a token, the
/// first of a number with the space before it.
/// </summary>
/// <param name="digits">Of the larger numbers; the smaller factor or divisor has half as many, rounded up.</param>
public sealed class RuleArithmetic(int digits = 2) : RuleData
{
    /// <inheritdoc/>
    public override string Name => "arithmetic made by rule";

    /// <inheritdoc/>
    public override TuningTokens Tokens(string? pad = "<|pad|>") => Vocabulary(["R", "Therefore,", .. "0123456789+-*/=(".Select(sign => sign.ToString())], pad);

    /// <summary>Sums, differences, and products with one digit: what needs no steps.</summary>
    public override string Texts(int count, long seed, bool heldOut, bool domain) =>
        Lines(Drawn(count, seed, heldOut, draws => Simple(draws) is var made ? (made.Prompt, TextLine($" {made.Answer}")) : default));

    /// <inheritdoc/>
    public override string Demonstrations(int count, long seed, bool heldOut) =>
        Lines(Drawn(count, seed, heldOut, draws => Task(draws) is var made ? (made.Prompt, Conversation(made)) : default));

    /// <inheritdoc/>
    public override IReadOnlyList<RuleQuestion> Questions(int count, long seed, bool heldOut) =>
        Drawn(count, seed, heldOut, draws => Task(draws) is var made ? (made.Prompt, made) : default);

    /// <summary>The result counts, not the way to it.</summary>
    public override bool IsRight(RuleQuestion question, string written) => Result(written) == Result(question.Answer);

    /// <summary>What stands behind the last sign of equality.</summary>
    public static string Result(string answer) => answer[(answer.LastIndexOf('=') + 1)..].Trim();

    /// <summary>a + b.</summary>
    public static RuleQuestion Sum(long a, long b) => Plain(a, "+", b, a + b);

    /// <summary>a - b.</summary>
    public static RuleQuestion Difference(long a, long b) => Plain(a, "-", b, a - b);

    /// <summary>a * b, the smaller factor split by its digits, the products added one after the other.</summary>
    public static RuleQuestion Product(long a, long b)
    {
        string prompt = Text($"{a} * {b}");
        (long large, long small) = a >= b ? (a, b) : (b, a);
        if (IsRound(large) || IsRound(small))
        {
            return new RuleQuestion(prompt, Text($"{prompt} = {a * b}"));
        }

        string shown = small.ToString(CultureInfo.InvariantCulture);
        long[] parts = [.. shown.Select((digit, i) => (digit - '0') * Power(shown.Length - 1 - i)).Where(part => part > 0)];
        string split = string.Join(" + ", parts), products = string.Join(" + ", parts.Select(part => Text($"{large} * {part}")));
        var answer = new StringBuilder(Text($"{prompt} = {large} * ({split}) = {products}"));
        List<long> terms = [.. parts.Select(part => large * part)];
        while (terms.Count > 0)
        {
            answer.Append(" = ").AppendJoin(" + ", terms);
            terms = terms.Count == 1 ? [] : [terms[0] + terms[1], .. terms.Skip(2)];
        }

        return new RuleQuestion(prompt, answer.ToString());
    }

    /// <summary>a / b with its remainder, a digit of the quotient at a time.</summary>
    /// <exception cref="ArgumentOutOfRangeException">b is not positive, or a negative.</exception>
    public static RuleQuestion Quotient(long a, long b)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(b);
        ArgumentOutOfRangeException.ThrowIfNegative(a);
        string prompt = Text($"{a} / {b}"), result = a % b == 0 ? Text($"{a / b}") : Text($"{a / b} R {a % b}");
        if (a / b == 0 || a == b || b < 10)
        {
            return new RuleQuestion(prompt, $"{prompt} = {result}");
        }

        var steps = new StringBuilder();
        string quotient = Text($"{a / b}");
        long left = a;
        for (int i = 0; i < quotient.Length; i++)
        {
            long part = (quotient[i] - '0') * Power(quotient.Length - 1 - i);
            if (part > 0)
            {
                steps.Append(Text($"{left} - {b} * {part} = {left} - {b * part} = {left - (b * part)}\n"));
                left -= b * part;
            }
        }

        return new RuleQuestion(prompt, $"{steps}Therefore, {prompt} = {result}");
    }

    private static bool IsRound(long number) => number < 10 || number % Power(Text($"{number}").Length - 1) == 0;

    private static RuleQuestion Plain(long a, string sign, long b, long result) => new(Text($"{a} {sign} {b}"), Text($"{a} {sign} {b} = {result}"));

    private static long Power(int exponent) => (long)Math.Pow(10, exponent);

    private static string Text(FormattableString text) => FormattableString.Invariant(text);

    private static long Number(IDraws draws, int digits) => draws.Integer(digits == 1 ? 0 : (int)Power(digits - 1), (int)Power(digits) - 1);

    private RuleQuestion Simple(IDraws draws)
    {
        long a = Number(draws, draws.Integer(1, digits)), b = Number(draws, draws.Integer(1, digits));
        return draws.Integer(0, 2) switch
        {
            0 => Sum(a, b),
            1 => Difference(a, b),
            _ => Product(a, Number(draws, 1)),
        };
    }

    private RuleQuestion Task(IDraws draws)
    {
        int half = (digits + 1) / 2;
        return draws.Integer(0, 3) switch
        {
            0 or 1 => Simple(draws),
            2 => Product(Number(draws, digits), Number(draws, Math.Max(2, half))),
            _ => Quotient(Number(draws, digits + 1), Math.Max(2, Number(draws, draws.Integer(1, Math.Max(2, half))))),
        };
    }
}
