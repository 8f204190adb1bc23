using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Dsl.Text;

namespace Dsl.Generation.Evaluation;

/// <summary>
/// Reads a task from YAML as lm-evaluation-harness describes tasks, documents from JSON lines beside it. A key that is not read is an error that names it, so
/// that no figure is other than its description says.
/// </summary>
public static class TaskFile
{
    private static readonly Dictionary<string, TaskKind> Kinds = new()
    {
        ["multiple_choice"] = TaskKind.MultipleChoice,
        ["loglikelihood"] = TaskKind.Likelihood,
        ["loglikelihood_rolling"] = TaskKind.RollingLikelihood,
        ["generate_until"] = TaskKind.Generation,
    };

    /// <summary>Reads a task.</summary>
    /// <param name="path">Of the YAML file; the paths in it are relative to its folder.</param>
    /// <exception cref="TextException">Something in it is missing, unknown or wrong; the message names file, line and key.</exception>
    public static EvaluationTask Read(string path)
    {
        YamlField root = YamlField.Read(path);
        IReadOnlyDictionary<string, YamlField> keys = root.Members(
            "task", "dataset_path", "dataset_kwargs", "output_type", "training_split", "test_split", "fewshot_split", "fewshot_config", "num_fewshot",
            "description", "doc_to_text", "doc_to_choice", "doc_to_target", "target_delimiter",
                "fewshot_delimiter", "generation_kwargs", "filter_list", "metric_list");
        YamlField Required(string key) => keys.GetValueOrDefault(key) is { IsNull: false } field ? field
            : throw new TextException($"{path}: no {key}, expected "
                + (key == "doc_to_target" ? "the column or template of the answer" : $"{key} as lm-evaluation-harness has it"));
        string? Optional(string key) => keys.TryGetValue(key, out YamlField? field) ? field.TextOrNone() : null;

        TaskKind kind = Required("output_type").Word(Kinds);
        if (Required("dataset_path") is var dataset && dataset.Text() != "json")
        {
            throw dataset.Error($"'{dataset.Text()}'", "json");
        }

        IReadOnlyDictionary<string, YamlField> files = Files(Required("dataset_kwargs"));
        var read = new Dictionary<string, TaskLines>();
        TaskLines Split(string key)
        {
            YamlField named = Required(key);
            YamlField file = files.GetValueOrDefault(named.Text()) ?? throw named.Error($"'{named.Text()}'", string.Join(", ", files.Keys));
            string full = Path.Combine(Path.GetDirectoryName(path) ?? "", file.Text());
            return read.TryGetValue(full, out TaskLines? lines) ? lines : read[full] = TaskLines.Read(full);
        }

        YamlField? generation = keys.GetValueOrDefault("generation_kwargs");
        var task = new EvaluationTask
        {
            Name = Required("task").Text(),
            Kind = kind,
            Test = Split("test_split"),
            Shots = keys.ContainsKey("fewshot_split") ? Split("fewshot_split") : keys.ContainsKey("training_split") ? Split("training_split") : null,
            ShotCount = keys.GetValueOrDefault("num_fewshot") is { IsNull: false } count ? Count(count, 0) : 0,
            FirstShots = keys.TryGetValue("fewshot_config", out YamlField? shots) && First(shots),
            Description = Optional("description") ?? "",
            Question = kind == TaskKind.RollingLikelihood ? Optional("doc_to_text") ?? "" : Required("doc_to_text").Text(),
            Target = Required("doc_to_target").Text(),
            Choices = kind == TaskKind.MultipleChoice ? Choices(Required("doc_to_choice"))
                : keys.TryGetValue("doc_to_choice", out YamlField? choices)
                    ? throw choices.Error("stands in a task without choices", "output_type multiple_choice") : null,
            TargetDelimiter = Optional("target_delimiter") ?? " ",
            ShotDelimiter = Optional("fewshot_delimiter") ?? "\n\n",
            Filters = keys.TryGetValue("filter_list", out YamlField? filters) ? [.. filters.Items().Select(Filter)] : [],
            Metrics = keys.TryGetValue("metric_list", out YamlField? metrics) ? [.. metrics.Items().Select(metric => Metric(metric, kind))]
                : [.. TaskMetrics.Of(kind).Select(name => new TaskMetric(name))],
        };
        if (generation is not null && kind != TaskKind.Generation)
        {
            throw generation.Error("stands in a task that generates nothing", "output_type generate_until");
        }

        task = generation is null ? task : Generation(task, generation);
        if (task.ShotCount > 0 && task.Shots is null)
        {
            throw new TextException($"{path}: num_fewshot {task.ShotCount} without fewshot_split, expected the split that shots are drawn from");
        }

        TaskPrompts.Check(task);
        return task;
    }

    private static IReadOnlyDictionary<string, YamlField> Files(YamlField kwargs)
    {
        IReadOnlyDictionary<string, YamlField> members = kwargs.Members("data_files");
        return members.TryGetValue("data_files", out YamlField? files) ? files.Members() : throw kwargs.Error("has no data_files", "a file for each split");
    }

    private static bool First(YamlField config) => config.Members("sampler").TryGetValue("sampler", out YamlField? sampler)
        && sampler.Word(new Dictionary<string, bool> { ["default"] = false, ["first_n"] = true });

    private static ChoiceSource Choices(YamlField field) => field.IsList ? new ChoiceSource(null, [.. field.Items().Select(item => item.Text())])
        : new ChoiceSource(field.Text(), []);

    private static EvaluationTask Generation(EvaluationTask task, YamlField field)
    {
        IReadOnlyDictionary<string, YamlField> keys = field.Members("until", "max_gen_toks", "do_sample", "temperature");
        if (keys.TryGetValue("do_sample", out YamlField? sample) && sample.Switch())
        {
            throw sample.Error("is true", "false: answers are written greedily");
        }

        if (keys.TryGetValue("temperature", out YamlField? temperature) && temperature.Number() != 0)
        {
            throw temperature.Error(temperature.Text(), "0: answers are written greedily");
        }

        return task with
        {
            Until = !keys.TryGetValue("until", out YamlField? until) ? null : until.IsList ? [.. until.Items().Select(item => item.Text())] : [until.Text()],
            MaxTokens = keys.TryGetValue("max_gen_toks", out YamlField? most) ? Count(most, 1) : 256,
        };
    }

    private static int Count(YamlField field, int least) => field.Whole() >= least ? field.Whole()
        : throw field.Error(field.Text(), FormattableString.Invariant($"{least} or more"));

    private static TaskFilter Filter(YamlField field)
    {
        IReadOnlyDictionary<string, YamlField> keys = field.Members("name", "filter");
        return new TaskFilter(
            keys.TryGetValue("name", out YamlField? name) ? name.Text() : throw field.Error("has no name", "the name of its figures"),
            keys.TryGetValue("filter", out YamlField? steps) ? [.. steps.Items().Select(Step)] : throw field.Error("has no filter", "a list of functions"));
    }

    private static FilterStep Step(YamlField field)
    {
        IReadOnlyDictionary<string, YamlField> keys = field.Members("function", "regex_pattern", "group_select", "fallback");
        YamlField function = keys.TryGetValue("function", out YamlField? named) ? named
            : throw field.Error("has no function", string.Join(", ", TaskFilters.Names));
        if (!TaskFilters.Names.Contains(function.Text()))
        {
            throw function.Error($"'{function.Text()}'", string.Join(", ", TaskFilters.Names));
        }

        if (function.Text() != TaskFilters.Regex && keys.Values.FirstOrDefault(key => key != function) is { } stray)
        {
            throw stray.Error("stands beside another function", $"function {TaskFilters.Regex}");
        }

        var step = new FilterStep(function.Text());
        if (function.Text() != TaskFilters.Regex)
        {
            return step;
        }

        YamlField pattern = keys.TryGetValue("regex_pattern", out YamlField? found) ? found : throw field.Error("has no regex_pattern", "a pattern");
        return step with
        {
            Pattern = Readable(pattern),
            Select = keys.TryGetValue("group_select", out YamlField? select) ? select.Whole() : 0,
            Fallback = keys.TryGetValue("fallback", out YamlField? fallback) ? fallback.TextOrNone() : step.Fallback,
        };
    }

    private static TaskMetric Metric(YamlField field, TaskKind kind)
    {
        IReadOnlyDictionary<string, YamlField> keys = field.Members(
            "metric", "aggregation", "higher_is_better", "ignore_case", "ignore_punctuation", "ignore_numbers", "regexes_to_ignore");
        YamlField named = keys.TryGetValue("metric", out YamlField? metric) ? metric
            : throw field.Error("has no metric", string.Join(", ", TaskMetrics.Of(kind)));
        string name = named.Text();
        if (!TaskMetrics.Of(kind).Contains(name))
        {
            throw named.Error($"'{name}'", string.Join(", ", TaskMetrics.Of(kind)));
        }

        if (keys.TryGetValue("aggregation", out YamlField? aggregation) && aggregation.Text() != TaskMetrics.Aggregation(name))
        {
            throw aggregation.Error($"'{aggregation.Text()}'", TaskMetrics.Aggregation(name));
        }

        bool Switched(string key)
        {
            if (!keys.TryGetValue(key, out YamlField? field))
            {
                return false;
            }

            return name == TaskMetrics.ExactMatch ? field.Switch() : throw field.Error($"stands beside {name}", $"metric {TaskMetrics.ExactMatch}");
        }

        if (keys.TryGetValue("higher_is_better", out YamlField? higher))
        {
            higher.Switch();
        }

        return new TaskMetric(name)
        {
            IgnoreCase = Switched("ignore_case"),
            IgnorePunctuation = Switched("ignore_punctuation"),
            IgnoreNumbers = Switched("ignore_numbers"),
            IgnoredPatterns = !keys.TryGetValue("regexes_to_ignore", out YamlField? patterns) ? []
                : name == TaskMetrics.ExactMatch ? [.. patterns.Items().Select(Readable)]
                : throw patterns.Error($"stands beside {name}", $"metric {TaskMetrics.ExactMatch}"),
        };
    }

    private static string Readable(YamlField pattern)
    {
        try
        {
            _ = new PythonPattern(pattern.Text());
            return pattern.Text();
        }
        catch (TextException e)
        {
            throw pattern.Error($"cannot be used: {e.Message}", "a pattern of Python's re");
        }
    }
}
