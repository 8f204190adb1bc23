using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.Linq;
using Dsl.Fuzz.Tree;
using Program = Dsl.Fuzz.Tree.Program;

namespace Dsl.Fuzz.Judging;

/// <summary>Makes a failing program small: drops whatever it fails without, until nothing more can be dropped.</summary>
/// <param name="fails">Whether a program fails in the same way.</param>
/// <param name="limit">Time after which the smallest so far is taken.</param>
internal sealed class Shrinker(Func<Program, bool> fails, TimeSpan limit)
{
    private readonly Stopwatch watch = Stopwatch.StartNew();

    public Program Shrink(Program program)
    {
        for (bool smaller = true; smaller && watch.Elapsed < limit;)
        {
            smaller = false;
            foreach (Program candidate in Candidates(program))
            {
                if (watch.Elapsed >= limit)
                {
                    break;
                }

                if (fails(candidate))
                {
                    // From the start: large pieces first, again.
                    program = candidate;
                    smaller = true;
                    break;
                }
            }
        }

        return program;
    }

    private static IEnumerable<Program> Candidates(Program program)
    {
        for (int i = 0; i < program.Declarations.Count - 1; i++)
        {
            yield return program with { Declarations = Without(program.Declarations, i) };
        }

        for (int d = program.Declarations.Count - 1; d >= 0; d--)
        {
            foreach (Declaration smaller in Candidates(program.Declarations[d]))
            {
                yield return program with { Declarations = With(program.Declarations, d, smaller) };
            }
        }

        if (program.Samples > 1)
        {
            yield return program with { Samples = 1, Members = [.. program.Members.Select(m => m with { Values = [m.Values[0]] })] };
            yield return program with { Samples = 1, Members = [.. program.Members.Select(m => m with { Values = [m.Values[^1]] })] };
        }

        string text = string.Concat(program.Declarations.Select(d => Printer.Print(program with { Members = [], Declarations = [d] })));
        bool IsRead(Member member) =>
            text.Contains("C." + member.Name, StringComparison.Ordinal) || text.Contains("c." + member.Name, StringComparison.Ordinal) || member.Name == "Vocab"
                || program.Members.Any(m => m.Key is null && m != member && m.Values[0].Contains(member.Name, StringComparison.Ordinal));
        if (program.Members.Where(m => !IsRead(m)).ToArray() is { Length: > 1 } unread)
        {
            yield return program with { Members = [.. program.Members.Except(unread)] };
        }

        for (int i = 0; i < program.Members.Count; i++)
        {
            Member member = program.Members[i];
            if (!IsRead(member))
            {
                yield return program with { Members = Without(program.Members, i) };
            }

            if (member.IsSize && member.Values.Any(v => Number(v) > 1))
            {
                yield return program with
                {
                    Members = With(program.Members, i, member with
                    {
                        Values = [.. member.Values.Select(v => Number(v) is > 1 and var n ? (n / 2).ToString(CultureInfo.InvariantCulture) : v)],
                    }),
                };
            }
        }
    }

    private static IEnumerable<Declaration> Candidates(Declaration of)
    {
        for (int i = 0; i < of.Brackets.Count; i++)
        {
            yield return of with { Brackets = Without(of.Brackets, i) };
        }

        for (int i = 0; i < of.Brackets.Count; i++)
        {
            Bracket bracket = of.Brackets[i];
            for (int p = 0; p < bracket.Parts.Count; p++)
            {
                if (bracket.Parts.Count > 1)
                {
                    yield return of with { Brackets = With(of.Brackets, i, new Bracket(Without(bracket.Parts, p))) };
                }
            }
        }

        for (int i = 0; i < of.Functions.Count; i++)
        {
            yield return of with { Functions = Without(of.Functions, i) };
        }

        for (int i = 1; i < of.Header.Count; i++)
        {
            yield return of with { Header = Without(of.Header, i) };
        }

        for (int i = 0; i < of.Brackets.Count; i++)
        {
            Bracket bracket = of.Brackets[i];
            for (int p = 0; p < bracket.Parts.Count; p++)
            {
                Part part = bracket.Parts[p];
                for (int o = 0; o < part.Options.Count; o++)
                {
                    Part smaller = part with { Options = Without(part.Options, o) };
                    yield return of with { Brackets = With(of.Brackets, i, new Bracket(With(bracket.Parts, p, smaller))) };
                }
            }
        }

        for (int i = 0; i < of.Functions.Count; i++)
        {
            Function function = of.Functions[i];
            for (int p = 0; p < function.Parameters.Count; p++)
            {
                yield return of with { Functions = With(of.Functions, i, function with { Parameters = Without(function.Parameters, p) }) };
            }

            foreach (IReadOnlyList<Statement> body in Candidates(function.Body))
            {
                yield return of with { Functions = With(of.Functions, i, function with { Body = body }) };
            }
        }
    }

    private static IEnumerable<IReadOnlyList<Statement>> Candidates(IReadOnlyList<Statement> body)
    {
        for (int i = 0; i < body.Count; i++)
        {
            Statement statement = body[i];
            yield return Without(body, i);
            if (statement.Else is not null)
            {
                yield return With(body, i, statement with { Else = null });
            }

            if (statement.Body is not null)
            {
                yield return [.. body.Take(i), .. statement.Body, .. body.Skip(i + 1)];
                foreach (IReadOnlyList<Statement> inner in Candidates(statement.Body))
                {
                    yield return With(body, i, statement with { Body = inner });
                }
            }

            for (int e = 0; e < statement.Expressions.Count; e++)
            {
                foreach (Expression smaller in Candidates(statement.Expressions[e]))
                {
                    yield return With(body, i, statement with { Expressions = With(statement.Expressions, e, smaller) });
                }
            }
        }
    }

    private static IEnumerable<Expression> Candidates(Expression of)
    {
        foreach (Expression operand in of.Operands.Where(o => o.Truth == of.Truth))
        {
            yield return operand;
        }

        if (!of.Truth && of.Operands.Count > 0)
        {
            yield return Expression.Of("0.5");
        }

        for (int i = 0; i < of.Operands.Count; i++)
        {
            foreach (Expression smaller in Candidates(of.Operands[i]))
            {
                yield return of with { Operands = With(of.Operands, i, smaller) };
            }
        }
    }

    private static int Number(string value) => int.TryParse(value, CultureInfo.InvariantCulture, out int number) ? number : 0;

    private static T[] Without<T>(IReadOnlyList<T> all, int at) => [.. all.Where((_, i) => i != at)];

    private static T[] With<T>(IReadOnlyList<T> all, int at, T item) => [.. all.Select((a, i) => i == at ? item : a)];
}
