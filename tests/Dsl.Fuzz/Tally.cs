using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Dsl.Fuzz.Judging;
using Dsl.Fuzz.Tree;

namespace Dsl.Fuzz;

/// <summary>What one program held, by word: parts, their options, header attributes, functions and their statements.</summary>
internal static class Words
{
    private static readonly string[] Letters = ["A", "B", "D", "E", "F", "G"];

    public static IEnumerable<string> Of(Program program)
    {
        foreach (Declaration declaration in program.Declarations)
        {
            foreach (Part part in declaration.Header.Concat(declaration.Brackets.SelectMany(b => b.Parts)))
            {
                string word = part.Types.Count > 1 ? $"{part.Word}<{string.Join(", ", Letters.Take(part.Types.Count))}>" : part.Word;
                yield return word;
                if (part.Types.Contains(OwnLayer.Name))
                {
                    yield return $"{part.Word}, a layer by hand";
                }

                foreach (Option option in part.Options)
                {
                    yield return $"{word}({option.Name})";
                }
            }

            foreach (Function function in declaration.Functions)
            {
                yield return "[" + (function.Attribute.Length == 0 ? "helper" : function.Attribute.Split('(')[0]) + "]";
                foreach (string statement in function.Body.SelectMany(All))
                {
                    yield return statement;
                }
            }
        }
    }

    private static IEnumerable<string> All(Statement statement) =>
        new[] { "statement "
            + statement.Head.Split(' ')[0] switch { "double" => "local", "for" => "for", "if" => "if", "return" => "return", _ => "assignment" } }
            .Concat((statement.Body ?? []).SelectMany(All)).Concat((statement.Else ?? []).SelectMany(All));
}

/// <summary>Counts over a run.</summary>
internal sealed class Tally
{
    private readonly Dictionary<string, int> words = [];
    private readonly SortedDictionary<string, int> refused = new(StringComparer.Ordinal), failed = new(StringComparer.Ordinal);
    private readonly Dictionary<Outcome, int> outcomes = [];

    public int Failures => failed.Values.Sum();

    public int Count => outcomes.Values.Sum();

    /// <summary>One program's outcome.</summary>
    /// <returns>How many of its kind there are now.</returns>
    public int Add(Outcome outcome, string kind, IEnumerable<string> held)
    {
        outcomes[outcome] = outcomes.GetValueOrDefault(outcome) + 1;
        foreach (string word in held)
        {
            words[word] = words.GetValueOrDefault(word) + 1;
        }

        if (outcome == Outcome.Refused)
        {
            foreach (string id in kind.Split(' '))
            {
                refused[id] = refused.GetValueOrDefault(id) + 1;
            }
        }

        return outcome == Outcome.Failed ? failed[kind] = failed.GetValueOrDefault(kind) + 1 : 0;
    }

    public void Write(TextWriter to)
    {
        to.WriteLine();
        to.WriteLine($"programs {Count}, right {Of(Outcome.Right)}, refused {Of(Outcome.Refused)}, no C# {Of(Outcome.NotCSharp)}, failed {Of(Outcome.Failed)}");
        Table(to, "refused, by diagnostic", refused);
        Table(to, "failed, by kind", failed.OrderByDescending(f => f.Value));
        Table(to, "held", words.OrderByDescending(w => w.Value).ThenBy(w => w.Key, StringComparer.Ordinal));
    }

    private static void Table(TextWriter to, string title, IEnumerable<KeyValuePair<string, int>> rows)
    {
        to.WriteLine();
        to.WriteLine(title);
        foreach ((string name, int count) in rows)
        {
            to.WriteLine($"{count,8}  {name}");
        }
    }

    private int Of(Outcome outcome) => outcomes.GetValueOrDefault(outcome);
}
