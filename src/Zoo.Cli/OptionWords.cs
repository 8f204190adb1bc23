using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Linq;
using Dsl.Training;
using Dsl.Training.Alignment;
using Dsl.Training.Objectives;

namespace Zoo.Cli;

/// <summary>
/// The words of <c>train</c> that set members of options records, made from these records: a member with an <see cref="OptionAttribute"/> is a word, and
/// there is no other list of them.
/// </summary>
internal sealed class OptionWords
{
    /// <summary>What words of recipes belong to.</summary>
    internal const string Recipe = "--recipe";

    private readonly Dictionary<string, Option> words = [];

    /// <summary>Which objectives or recipes a word belongs to, as they are typed; none: it belongs to every run.</summary>
    private readonly Dictionary<string, string[]> owners = [];

    internal OptionWords()
    {
        TrainingOptions defaults = TrainingDefaults.For(TrainingDefaults.NextToken), others = TrainingDefaults.For(new MaskedLanguageOptions().Name);
        foreach (OptionRow row in OptionRow.Of(typeof(TrainingOptions)))
        {
            string value = row.Text(defaults), other = row.Text(others);
            Add(row, $"{row.Option.Help} ({value}{(other == value ? "" : $"; with an objective {other}")})", []);
        }

        foreach (IGrouping<string, (OptionRow Row, string Objective)> uses in ObjectiveOptions.All
            .SelectMany(objective => OptionRow.Of(objective.GetType()).Select(row => (row, objective.Name))).GroupBy(use => use.row.Name))
        {
            string[] names = [.. uses.Select(use => use.Objective)];
            Add(uses.First().Row, $"With {string.Join(", ", names)}: {uses.First().Row.Option.Help}", [.. names.Select(name => $"--objective {name}")]);
        }

        foreach (OptionRow row in OptionRow.Of(typeof(OwnDataOptions)))
        {
            Add(row, $"With --recipe: {row.Option.Help}", [Recipe]);
        }
    }

    /// <summary>All of them, in the order of the records.</summary>
    internal IEnumerable<Option> All => words.Values;

    /// <summary>Whether a word was typed.</summary>
    internal bool Typed(ParseResult parsed, string name) => parsed.GetResult(words[name]) is { Implicit: false };

    /// <summary>What was typed over what holds otherwise.</summary>
    internal T Over<T>(ParseResult parsed, T record)
        where T : class => OptionRows.With(
            record, OptionRow.Of(record.GetType()).Where(row => Typed(parsed, row.Name)).Select(row => (row, Value(parsed, row))));

    /// <summary>Refuses words of other objectives, or of recipes.</summary>
    /// <param name="parsed">What was typed.</param>
    /// <param name="asked">What is run: <c>--objective mlm</c>, or <see cref="Recipe"/>.</param>
    /// <exception cref="CommandException">One was typed.</exception>
    internal void RefuseOthers(ParseResult parsed, string asked)
    {
        if (owners.FirstOrDefault(word => word.Value.Length > 0 && !word.Value.Contains(asked) && Typed(parsed, word.Key)) is { Key: { } wrong } found)
        {
            throw new CommandException($"--{wrong} with {asked}, expected {string.Join(" or ", found.Value)}", 2);
        }
    }

    private static Option Make(OptionRow row, string help)
    {
        string name = "--" + row.Name, value = row.Option.Value;
        Type type = row.Property.PropertyType;
        return type == typeof(int) ? new Option<int>(name) { Description = help, HelpName = value }
            : type == typeof(long) ? new Option<long>(name) { Description = help, HelpName = value }
            : type == typeof(double) ? new Option<double>(name) { Description = help, HelpName = value }
            : type == typeof(bool) ? new Option<bool>(name) { Description = help }
            : type == typeof(IReadOnlyList<string>) ? new Option<string[]>(name) { Description = help, HelpName = value }
            : new Option<string>(name) { Description = help, HelpName = value };
    }

    private void Add(OptionRow row, string help, string[] objectives)
    {
        words.Add(row.Name, Make(row, help));
        owners.Add(row.Name, objectives);
    }

    private object Value(ParseResult parsed, OptionRow row)
    {
        // Each case by itself: a conditional expression would make one kind of number of all.
        switch (words[row.Name])
        {
            case Option<int> word:
                return parsed.GetValue(word);
            case Option<long> word:
                return parsed.GetValue(word);
            case Option<double> word:
                return parsed.GetValue(word);
            case Option<bool> word:
                return parsed.GetValue(word);
            case Option<string[]> word:
                return parsed.GetValue(word)!;
            case Option<string> word:
                return row.Parse(parsed.GetValue(word)!);
            case var word:
                throw new NotSupportedException($"{word.Name} holds a {word.ValueType.Name}");
        }
    }
}
