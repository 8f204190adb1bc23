using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl.Generation.Evaluation;

/// <summary>What is done with a written answer before it is compared.</summary>
internal static class TaskFilters
{
    internal const string Regex = "regex";

    private static readonly Dictionary<string, Func<FilterStep, string, string>> Steps = new()
    {
        ["take_first"] = (_, text) => text,
        [Regex] = Find,
        ["remove_whitespace"] = (_, text) => PythonText.Strip(text),
        ["lowercase"] = (_, text) => PythonText.Lower(text),
        ["uppercase"] = (_, text) => PythonText.Upper(text),
    };

    private static readonly TaskFilter None = new("none", []);

    internal static IReadOnlyCollection<string> Names => Steps.Keys;

    /// <summary>The task's pipelines; without any the one that does nothing.</summary>
    internal static IReadOnlyList<TaskFilter> Of(EvaluationTask task) => task.Filters.Count > 0 ? task.Filters : [None];

    internal static string Apply(TaskFilter filter, string text) => filter.Steps.Aggregate(text, (now, step) => Apply(step, now));

    internal static string Apply(FilterStep step, string text) => Steps[step.Function](step, text);

    private static string Find(FilterStep step, string text)
    {
        IReadOnlyList<string[]> found = new PythonPattern(step.Pattern).FindAll(text);
        int at = step.Select < 0 ? found.Count + step.Select : step.Select;
        if (at < 0 || at >= found.Count)
        {
            return step.Fallback;
        }

        string[] groups = found[at];
        string? chosen = groups.Length == 1 ? groups[0] : groups.FirstOrDefault(group => group.Length > 0);
        return chosen is null ? step.Fallback : PythonText.Strip(chosen);
    }
}
