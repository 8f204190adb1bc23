using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Dsl.Text;

namespace Dsl.Generation.Evaluation;

/// <summary>A document as it is asked.</summary>
/// <param name="Document">Its number in the file, from 0.</param>
/// <param name="Prompt">Description, shots and question.</param>
/// <param name="Shots">The numbers of the lines that are shots, in the order of the prompt.</param>
/// <param name="Choices">The choices, without delimiter; empty where there are none.</param>
/// <param name="Gold">Which choice is right; -1 where there are none.</param>
/// <param name="Targets">What is right, as texts.</param>
public sealed record AskedDocument(
    int Document, string Prompt, IReadOnlyList<int> Shots, IReadOnlyList<string> Choices, int Gold, IReadOnlyList<string> Targets);

/// <summary>Makes a task's prompts, shots drawn as lm-evaluation-harness draws them.</summary>
public static class TaskPrompts
{
    /// <summary>The harness's seed of shots.</summary>
    public const uint ShotSeed = 1234;

    /// <summary>All documents of a task.</summary>
    /// <param name="task">The task.</param>
    /// <param name="shots">How many shots; null: as the task has it.</param>
    /// <param name="documents">Only the first so many; null: all.</param>
    /// <exception cref="TextException">There are fewer examples than shots, or a document lacks what the task asks for.</exception>
    public static IReadOnlyList<AskedDocument> Of(EvaluationTask task, int? shots = null, int? documents = null)
    {
        int count = shots ?? task.ShotCount;
        if (count > 0 && task.Shots is null)
        {
            throw new TextException($"{task.Name}: {count} shots without fewshot_split, expected the split that they are drawn from");
        }

        bool own = ReferenceEquals(task.Shots, task.Test);
        int examples = (task.Shots?.Documents.Count ?? 0) - (own ? 1 : 0);
        if (count > examples && count > 0)
        {
            throw new TextException($"{task.Name}: {count} shots, but {task.Shots!.File} has {examples} {(own ? "other " : "")}examples");
        }

        var random = new PythonRandom(ShotSeed);
        return [.. task.Test.Documents.Take(documents ?? int.MaxValue).Select((document, i) =>
            Ask(task, i, document, count == 0 ? [] : Shots(task, document, count, random)))];
    }

    /// <summary>Refuses a task whose documents lack an answer, before anything is asked.</summary>
    internal static void Check(EvaluationTask task)
    {
        foreach (TaskDocument document in task.Test.Documents.Concat(task.ShotCount > 0 ? task.Shots!.Documents : []))
        {
            Answer(task, document);
        }
    }

    private static AskedDocument Ask(EvaluationTask task, int number, TaskDocument document, IReadOnlyList<int> shots)
    {
        string prompt = document.Render(task.Description) + string.Concat(shots.Select(shot => Shot(task, task.Shots!.Documents[shot])));
        (IReadOnlyList<string> choices, int gold, IReadOnlyList<string> targets) = Answer(task, document);
        return new AskedDocument(number, prompt + document.Text(task.Question), shots, choices, gold, targets);
    }

    private static string Shot(EvaluationTask task, TaskDocument document)
    {
        (IReadOnlyList<string> choices, int gold, IReadOnlyList<string> targets) = Answer(task, document);
        string answer = gold >= 0 ? choices[gold] : targets[0];
        return document.Text(task.Question) + (answer.Length == 0 ? "" : task.TargetDelimiter + answer + task.ShotDelimiter);
    }

    private static int[] Shots(EvaluationTask task, TaskDocument asked, int count, PythonRandom random)
    {
        IReadOnlyList<TaskDocument> lines = task.Shots!.Documents;
        bool own = ReferenceEquals(task.Shots, task.Test);
        IEnumerable<int> drawn = task.FirstShots ? Enumerable.Range(0, own ? lines.Count : count) : random.Sample(lines.Count, own ? count + 1 : count);
        return [.. drawn.Where(line => !own || !lines[line].Equals(asked)).Take(count)];
    }

    private static (IReadOnlyList<string> Choices, int Gold, IReadOnlyList<string> Targets) Answer(EvaluationTask task, TaskDocument document)
    {
        if (task.Kind != TaskKind.MultipleChoice)
        {
            IReadOnlyList<string> targets = document.Texts(task.Target);
            return targets.Count > 0 ? ([], -1, targets)
                : throw new TextException($"{document.Place}: column '{task.Target}' is an empty list, expected an answer");
        }

        IReadOnlyList<string> choices = task.Choices!.Column is { } column ? document.Choices(column) : [.. task.Choices.Texts.Select(document.Render)];
        string said = document.Text(task.Target);
        int gold = int.TryParse(said, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number
            : Enumerable.Range(0, choices.Count).FirstOrDefault(i => choices[i] == said, -1);
        return gold >= 0 && gold < choices.Count ? (choices, gold, [choices[gold]])
            : throw new TextException(
                $"{document.Place}: the answer '{said}' is none of its {choices.Count} choices, expected one of their texts or 0 to {choices.Count - 1}");
    }
}
