using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dsl.Files;
using Dsl.Generation;
using Dsl.Generation.Evaluation;
using Dsl.Runtime;
using Dsl.Text;
using Spectre.Console;
using TorchSharp;
using static TorchSharp.torch;

namespace Zoo.Cli;

/// <summary><c>evaluate</c>: a model on tasks, with as many shots as asked for.</summary>
internal sealed class EvaluateCommand
{
    private static readonly JsonSerializerOptions Readable = new()
    {
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly CliContext context;
    private readonly Argument<string> folder = new("folder") { Description = "the folder of a run, of one of its checkpoints, or of a published checkpoint." };
    private readonly Option<string[]> tasks = new("--task", "-t")
    {
        Description = "A task's YAML file, as lm-evaluation-harness writes them (docs/evaluation.md); several are evaluated one after another.",
        HelpName = "file",
        Required = true,
    };
    private readonly Option<string?> shots = new("--shots")
    {
        Description = "How many shots, one number or several (0,1,4,16); as the task has it without this.",
        HelpName = "n",
    };
    private readonly Option<bool> truncate = new("--truncate")
    {
        Description = "Shots that the model's context does not hold are cut from the left instead of refused.",
    };
    private readonly Option<int?> limit = new("--limit") { Description = "Only the first so many documents of each task.", HelpName = "n" };
    private readonly Option<int> batch = new("--batch")
    {
        Description = "How many contexts are read at a time.",
        HelpName = "n",
        DefaultValueFactory = _ => 16,
    };
    private readonly Option<int> resamplings = new("--resamplings")
    {
        Description = "Of the bootstrap behind perplexity's standard error.",
        HelpName = "n",
        DefaultValueFactory = _ => 100_000,
    };
    private readonly Option<bool> documents = new("--documents") { Description = "Write each document's prompt, scores and answers too." };
    private readonly Option<string?> output = new("--out", "-o") { Description = "Where the figures go (JSON).", HelpName = "file" };
    private readonly Option<bool> overwrite = new("--overwrite") { Description = "Replace the figures that are there." };
    private readonly Option<bool> wide = new("--float64") { Description = "Compute in float64, for figures beyond float32's rounding." };
    private readonly Option<string> device = new("--device") { Description = "cpu, cuda, cuda:1 or mps.", HelpName = "name", DefaultValueFactory = _ => "cpu" };

    private readonly LoadWords loading = new();

    private EvaluateCommand(CliContext context) => this.context = context;

    internal static Command Make(CliContext context)
    {
        var made = new EvaluateCommand(context);
        var command = new Command("evaluate", "Evaluate a model on tasks, with zero, one or more shots; an evaluation that was stopped goes on where it was.")
        {
            made.folder, made.tasks, made.shots, made.truncate, made.limit, made.batch, made.resamplings, made.documents, made.output, made.overwrite,
            made.wide, made.device,
        };
        made.loading.AddTo(command);
        command.SetAction(made.Run);
        return command;
    }

    private int Run(ParseResult words)
    {
        Arguments.Require(words.GetValue(batch) >= 1, "batch", words.GetValue(batch), "1 or more");
        Arguments.Require(words.GetValue(limit) is null or >= 1, "limit", words.GetValue(limit) ?? 1, "1 or more");
        Arguments.Require(words.GetValue(resamplings) >= 0, "resamplings", words.GetValue(resamplings), "0 or more");
        int?[] counts = words.GetValue(shots) is { } typed ? [.. ShotCounts(typed).Select(count => (int?)count)] : [null];
        Device where = Arguments.Device(words.GetValue(device)!);
        string checkpoint = RunReader.Checkpoint(context, words.GetRequiredValue(folder));
        string results = words.GetValue(output)
            ?? Path.Combine(
                "runs", "evaluations", Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(words.GetRequiredValue(folder)))) + ".json");
        if (Path.Exists(results) && !words.GetValue(overwrite))
        {
            throw new CommandException($"{results} exists; --overwrite replaces it");
        }

        GenerationDefaults defaults = GenerationDefaults.Read(checkpoint);
        LoadOptions load = loading.Read(context, words);
        var limits = ContextLimits.Read(context, checkpoint, load);
        int length = limits.Most ?? limits.Trained ?? RequestEncoder.DefaultLength;
        ITextCodec codec = TextCodecs.Open(checkpoint);
        limits.Compare(context, codec);
        TaskEvaluation[] evaluations = [.. from task in words.GetValue(tasks)!.Select(TaskFile.Read).ToArray() from count in counts
            select new TaskEvaluation(task, codec, length, count, words.GetValue(limit), defaults.End.Count > 0 ? defaults.End[0] : null)];
        foreach (TaskEvaluation evaluation in evaluations)
        {
            Tell(evaluation, length, refuse: words.GetValue(shots) is not null && !words.GetValue(truncate));
        }

        ScalarType dtype = words.GetValue(wide) ? ScalarType.Float64 : ScalarType.Float32;
        using IModel model = context.Zoo.Load(checkpoint, dtype, where, load);
        var runner = new RequestRunner(model, codec, length, words.GetValue(batch), defaults.End.Count > 0 ? defaults.End : null);
        string answers = results + ".answers";
        var found = new List<TaskResult>();
        try
        {
            using var journal = new EvaluationJournal(answers, Fingerprint(checkpoint, dtype));
            int open = evaluations.Sum(evaluation => evaluation.Open(journal));
            Announce(evaluations, runner, journal, open);
            using var progress = new ProgressLine(context, "requests", Math.Max(1, open));
            foreach (TaskEvaluation evaluation in evaluations)
            {
                found.Add(evaluation.Run(runner, journal, () => progress.Advance(), words.GetValue(resamplings), context.Stop));
            }
        }
        catch (OperationCanceledException)
        {
            context.Output.WriteLine($"stopped; {answers} keeps what was answered, and the same command goes on from there");
            return ZooCommands.Interrupted;
        }

        AtomicFiles.WriteText(results, Json(words, found).ToJsonString(Readable) + "\n", FileErrors.Plain);
        File.Delete(answers);
        Print(found);
        context.Output.WriteLine($"figures  {results}");
        return 0;
    }

    /// <summary>Numbers of shots with commas between them.</summary>
    internal static IEnumerable<int> ShotCounts(string words) => words.Split(',')
        .Select(word => int.TryParse(word.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out int count) ? count
            : throw new CommandException($"--shots '{words}', expected whole numbers from 0 on with commas between them", 2)).Distinct();


    /// <summary>What tells these weights from others: config, and the files' names, sizes and times.</summary>
    private static string Fingerprint(string checkpoint, ScalarType dtype)
    {
        var said = new StringBuilder($"{dtype}\n{UserFile.ReadText(Path.Combine(checkpoint, "config.json"), UserFile.MostOfText, FileErrors.Plain)}\n");
        foreach (FileInfo file in new DirectoryInfo(checkpoint).GetFiles("*.safetensors").OrderBy(file => file.Name, StringComparer.Ordinal))
        {
            said.Append(CultureInfo.InvariantCulture, $"{file.Name} {file.Length} {file.LastWriteTimeUtc.Ticks}\n");
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(said.ToString())));
    }

    /// <summary>Says where prompts do not fit, or refuses them.</summary>
    private void Tell(TaskEvaluation evaluation, int length, bool refuse)
    {
        (int requests, int most) = evaluation.Dropped;
        if (requests == 0)
        {
            return;
        }

        int all = evaluation.Scores.Count + evaluation.Writes.Count;
        string said = $"{evaluation.Name}: with {evaluation.Shots} shots {requests} of {all} requests are longer than the context of {length} tokens, "
            + $"by up to {most}";
        if (refuse)
        {
            throw new CommandException($"{said}; fewer shots fit, or --truncate cuts them from the left");
        }

        context.Output.WriteLine($"{said}: they are cut from the left");
    }

    private void Announce(TaskEvaluation[] evaluations, RequestRunner runner, EvaluationJournal journal, int open)
    {
        int all = evaluations.Sum(evaluation => evaluation.Scores.Count + evaluation.Writes.Count);
        string known = open < all ? $", {Words.Count(all - open)} of them answered before" : "";
        (long Read, long Written)[] costs = [.. evaluations.Select(evaluation => evaluation.Cost(runner, journal))];
        long read = costs.Sum(cost => cost.Read), written = costs.Sum(cost => cost.Written);
        string time = open == 0 ? "" : $"; about {Words.Duration(runner.Measure().For(read, written))}";
        context.Output.WriteLine($"{Words.Count(all)} requests{known}: {Words.Count(read)} tokens to read, at most {Words.Count(written)} to write{time}");
    }

    private JsonObject Json(ParseResult words, IReadOnlyList<TaskResult> found) => new()
    {
        ["model"] = words.GetRequiredValue(folder),
        ["tasks"] = new JsonArray([.. found.Select(result =>
        {
            var task = new JsonObject { ["task"] = result.Task, ["shots"] = result.Shots, ["documents"] = result.Documents.Count };
            var results = new JsonObject();
            foreach (Figure figure in result.Figures)
            {
                results.Add($"{figure.Metric},{figure.Filter}", figure.Value);
                results.Add($"{figure.Metric}_stderr,{figure.Filter}", figure.Error is { } error ? error : "N/A");
            }

            task.Add("results", results);
            if (words.GetValue(documents))
            {
                task.Add("answers", new JsonArray([.. result.Documents.Select(Answer)]));
            }

            return (JsonNode)task;
        })]),
    };

    private static JsonNode Answer(DocumentResult result)
    {
        var answer = new JsonObject
        {
            ["document"] = result.Asked.Document,
            ["prompt"] = result.Asked.Prompt,
            ["shots"] = new JsonArray([.. result.Asked.Shots.Select(shot => (JsonNode)shot)]),
            ["targets"] = new JsonArray([.. result.Asked.Targets.Select(target => (JsonNode)target!)]),
        };
        if (result.Asked.Choices.Count > 0)
        {
            answer.Add("choices", new JsonArray([.. result.Asked.Choices.Select(choice => (JsonNode)choice!)]));
        }

        if (result.Scores.Count > 0)
        {
            answer.Add("log_likelihoods", new JsonArray([.. result.Scores.Select(score => (JsonNode)score.LogLikelihood)]));
        }

        if (result.Written.Length > 0)
        {
            answer.Add("text", result.Text);
            answer.Add("filtered", new JsonObject([.. result.Filtered.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value))]));
        }

        answer.Add("metrics", new JsonObject([.. result.Metrics.Select(metric =>
            KeyValuePair.Create($"{metric.Key.Metric},{metric.Key.Filter}", (JsonNode?)metric.Value.Value))]));
        return answer;
    }

    private void Print(IReadOnlyList<TaskResult> found)
    {
        var table = new Table().Border(TableBorder.Horizontal).AddColumns("task", "shots", "documents", "filter", "metric", "value", "standard error");
        foreach (TaskResult result in found)
        {
            foreach (Figure figure in result.Figures)
            {
                table.AddRow(
                    Markup.Escape(result.Task), $"{result.Shots}", $"{result.Documents.Count}", Markup.Escape(figure.Filter), figure.Metric,
                    FormattableString.Invariant($"{figure.Value:F4}"), figure.Error is { } error ? FormattableString.Invariant($"{error:F4}") : "N/A");
            }
        }

        context.Console.Write(table);
    }
}
