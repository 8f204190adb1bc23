using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using Dsl.Files;
using Dsl.Runtime;
using Dsl.Training.Objectives;
using Dsl.Training.Tasks;

namespace Zoo.Cli;

/// <summary>Questions on texts made by rule, as the task files that <c>evaluate</c> reads: none of them occurs in training.</summary>
internal static class RuleTaskFiles
{
    private const ulong Seed = 21;

    /// <summary>Several held-out mappings, a task each: every item is asked for, and the shots are other items of the same mapping.</summary>
    /// <returns>The YAML files.</returns>
    internal static string[] Labels(string folder, int mappings)
    {
        var draws = new SeededDraws(new SeededRandom(Seed));
        string labels = string.Join(", ", LabelSequences.LabelNames.Select(label => $"\"{label}\""));
        return [.. Enumerable.Range(1, mappings).Select(number =>
        {
            LabelMapping mapping = LabelSequences.Draw(draws, heldOut: true);
            return Write(folder, FormattableString.Invariant($"labels-{number:D2}"), "multiple_choice", "{{item}}", "{{label}}",
                $"doc_to_choice: [{labels}]\nfewshot_split: test\nfewshot_delimiter: \"\\n\"\nmetric_list:\n  - metric: acc\n",
                LabelSequences.ItemNames.Select(item => $"{{\"item\": \"{item}\", \"label\": \"{mapping.Of(item)}\"}}"));
        })];
    }

    /// <summary>Held-out sums.</summary>
    /// <returns>The YAML file.</returns>
    internal static string Sums(string folder, int count)
    {
        var draws = new SeededDraws(new SeededRandom(Seed));
        return Write(folder, "sums", "loglikelihood", "{{a}}+{{b}}=", "{{sum}}", "metric_list:\n  - metric: acc\n  - metric: perplexity\n",
            Enumerable.Range(0, count).Select(_ =>
            {
                (string first, string second) = SumSequences.Draw(draws, heldOut: true);
                return $"{{\"a\": \"{first}\", \"b\": \"{second}\", \"sum\": \"{SumSequences.Sum(first, second)}\"}}";
            }));
    }

    private static string Write(string folder, string name, string kind, string question, string target, string more, IEnumerable<string> lines)
    {
        string yaml = $"task: {name}\ndataset_path: json\ndataset_kwargs:\n  data_files:\n    test: {name}.jsonl\noutput_type: {kind}\ntest_split: test\n"
            + $"doc_to_text: \"{question}\"\ndoc_to_target: \"{target}\"\ntarget_delimiter: \"\"\n{more}";
        foreach ((string file, string text) in new[] { ($"{name}.jsonl", string.Join('\n', lines) + "\n"), ($"{name}.yaml", yaml) })
        {
            AtomicFiles.WriteText(Path.Combine(folder, file), text, FileErrors.Plain);
        }

        return Path.Combine(folder, $"{name}.yaml");
    }
}
