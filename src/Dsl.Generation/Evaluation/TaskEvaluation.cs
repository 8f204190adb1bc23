using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using Dsl.Text;

namespace Dsl.Generation.Evaluation;

/// <summary>What a model answered to a document.</summary>
/// <param name="Asked">The document.</param>
/// <param name="Scores">Of its choices, its target or its windows.</param>
/// <param name="Unconditional">Of its choices after the prefix token alone; empty where no metric asks for them.</param>
/// <param name="Written">What was generated, an end token included; empty where nothing is.</param>
/// <param name="Text">The generated text before the first stop.</param>
/// <param name="Filtered">The answer after each pipeline.</param>
/// <param name="Metrics">What the document gives to each metric, by pipeline and metric.</param>
public sealed record DocumentResult(
    AskedDocument Asked, IReadOnlyList<Score> Scores, IReadOnlyList<Score> Unconditional, int[] Written, string Text,
    IReadOnlyDictionary<string, string> Filtered, IReadOnlyDictionary<(string Filter, string Metric), DocumentMetric> Metrics);

/// <summary>How a model did on a task.</summary>
/// <param name="Task">The task's name.</param>
/// <param name="Shots">How many shots stood before each question.</param>
/// <param name="Figures">Metric by metric, pipeline by pipeline.</param>
/// <param name="Documents">Document by document.</param>
public sealed record TaskResult(string Task, int Shots, IReadOnlyList<Figure> Figures, IReadOnlyList<DocumentResult> Documents);

/// <summary>
/// A task with a number of shots, ready to be asked: figures are those of lm-evaluation-harness 0.4.13 (its <c>simple_evaluate</c> with a causal model), to
/// rounding.
/// </summary>
public sealed class TaskEvaluation
{
    private const string NoFilter = "none";

    private readonly EvaluationTask task;
    private readonly ITextCodec codec;
    private readonly IReadOnlyList<string> stops;
    private readonly List<(int First, int Count, int Unconditional)> places = [];
    private readonly List<ScoreRequest> scores = [];
    private readonly List<WriteRequest> writes = [];

    /// <param name="task">The task.</param>
    /// <param name="codec">The model's.</param>
    /// <param name="length">How many tokens the model sees at once.</param>
    /// <param name="shots">How many shots; null: as the task has it.</param>
    /// <param name="documents">Only the first so many documents; null: all.</param>
    /// <param name="end">The token that ends a text; null: the codec's first.</param>
    /// <exception cref="TextException">There are fewer examples than shots, or a document cannot be asked; the message names its line.</exception>
    public TaskEvaluation(EvaluationTask task, ITextCodec codec, int length, int? shots = null, int? documents = null, int? end = null)
    {
        (this.task, this.codec, Shots) = (task, codec, shots ?? task.ShotCount);
        var encoder = new RequestEncoder(codec, length);
        end ??= codec.EndTokens.Count > 0 ? codec.EndTokens[0] : null;
        string[] ends = end is { } id && codec is ITokenizer tokenizer ? [tokenizer.Decode([id], keepSpecials: true)] : [];
        stops = [.. task.Until ?? [task.ShotDelimiter], .. ends];
        Documents = TaskPrompts.Of(task, Shots, documents);
        foreach (AskedDocument asked in Documents)
        {
            try
            {
                Encode(encoder, asked);
            }
            catch (TextException e)
            {
                throw new TextException($"{task.Test.Documents[asked.Document].Place}: {e.Message}");
            }
        }
    }

    /// <summary>The task's name.</summary>
    public string Name => task.Name;

    /// <summary>How many shots stand before each question.</summary>
    public int Shots { get; }

    /// <summary>The documents as they are asked.</summary>
    public IReadOnlyList<AskedDocument> Documents { get; }

    /// <summary>What is scored, document by document.</summary>
    public IReadOnlyList<ScoreRequest> Scores => scores;

    /// <summary>What is written on from, document by document.</summary>
    public IReadOnlyList<WriteRequest> Writes => writes;

    /// <summary>How many requests lose ids because the model's context is too short for them, and how many ids at most.</summary>
    public (int Requests, int Most) Dropped
    {
        get
        {
            int[] dropped = [.. scores.Select(request => request.Dropped).Concat(writes.Select(request => request.Dropped)).Where(count => count > 0)];
            return (dropped.Length, dropped.DefaultIfEmpty(0).Max());
        }
    }

    /// <summary>How many of the requests a journal does not know.</summary>
    public int Open(EvaluationJournal? journal) =>
        scores.Count(request => journal?.Find(request) is null) + writes.Count(request => journal?.Find(request, stops) is null);

    /// <summary>How many ids the model reads for what a journal does not know, shared ones once, and how many it writes at most.</summary>
    public (long Read, long Written) Cost(RequestRunner runner, EvaluationJournal? journal) => (
        runner.Cost([.. scores.Where(request => journal?.Find(request) is null)])
            + runner.Cost([.. writes.Where(request => journal?.Find(request, stops) is null).Select(request => request with { MaxTokens = 0 })]),
        writes.Where(request => journal?.Find(request, stops) is null).Sum(request => (long)request.MaxTokens));

    /// <summary>Asks the model.</summary>
    /// <param name="runner">The model.</param>
    /// <param name="journal">Answers that are known; takes those that come. Null: none.</param>
    /// <param name="progress">Told after each answer.</param>
    /// <param name="resamplings">Of the bootstrap behind perplexity's standard error; the harness has 100,000 unless asked.</param>
    /// <param name="stop">Ends it; the journal keeps what was answered.</param>
    public TaskResult Run(
        RequestRunner runner, EvaluationJournal? journal = null, Action? progress = null, int resamplings = 100_000, CancellationToken stop = default)
    {
        Score?[] scored = [.. scores.Select(request => journal?.Find(request))];
        int[] open = [.. Enumerable.Range(0, scored.Length).Where(i => scored[i] is null)];
        runner.Score([.. open.Select(i => scores[i])], (i, score) =>
        {
            scored[open[i]] = score;
            journal?.Add(scores[open[i]], score);
            progress?.Invoke();
        }, stop);
        int[]?[] written = [.. writes.Select(request => journal?.Find(request, stops))];
        int[] unwritten = [.. Enumerable.Range(0, written.Length).Where(i => written[i] is null)];
        runner.Write([.. unwritten.Select(i => writes[i])], stops, (i, ids) =>
        {
            written[unwritten[i]] = ids;
            journal?.Add(writes[unwritten[i]], stops, ids);
            progress?.Invoke();
        }, stop);
        Score[] all = Array.ConvertAll(scored, score => score!.Value);
        DocumentResult[] results = [.. Documents.Select((asked, i) =>
        {
            (int first, int count, int unconditional) = places[i];
            return task.Kind == TaskKind.Generation ? Written(asked, written[i]!)
                : Scored(asked, all[first..(first + count)], all[(first + count)..(first + count + unconditional)]);
        })];
        string[] filters = task.Kind == TaskKind.Generation ? [.. TaskFilters.Of(task).Select(filter => filter.Name)] : [NoFilter];
        return new TaskResult(task.Name, Shots,
            [.. from filter in filters from metric in task.Metrics select TaskMetrics.Total(
                metric.Name, filter, [.. results.Select(result => result.Metrics[(filter, metric.Name)])], resamplings)],
            results);
    }

    /// <summary>What stands before the first occurrence of each stop, one after another.</summary>
    internal static string Cut(string text, IEnumerable<string> stops) => stops.Where(stop => stop.Length > 0).Aggregate(text, (now, stop) =>
        now.IndexOf(stop, StringComparison.Ordinal) is >= 0 and int at ? now[..at] : now);

    private void Encode(RequestEncoder encoder, AskedDocument asked)
    {
        int first = scores.Count, unconditional = 0;
        switch (task.Kind)
        {
            case TaskKind.MultipleChoice:
                scores.AddRange(asked.Choices.Select(choice => encoder.Pair(asked.Prompt, task.TargetDelimiter + choice)));
                if (TaskMetrics.WantsUnconditional(task))
                {
                    unconditional = asked.Choices.Count;
                    scores.AddRange(asked.Choices.Select(choice => encoder.Pair("", task.TargetDelimiter + choice)));
                }

                break;
            case TaskKind.Likelihood:
                scores.Add(encoder.Pair(asked.Prompt, asked.Targets[0]));
                break;
            case TaskKind.RollingLikelihood:
                scores.AddRange(encoder.Rolling(asked.Targets[0]));
                break;
            default:
                writes.Add(encoder.Prompt(asked.Prompt, task.MaxTokens));
                break;
        }

        places.Add((first, scores.Count - first - unconditional, unconditional));
    }

    private DocumentResult Scored(AskedDocument asked, Score[] own, Score[] unconditional)
    {
        double[] values = Array.ConvertAll(own, score => score.LogLikelihood), alone = Array.ConvertAll(unconditional, score => score.LogLikelihood);
        DocumentMetric Of(string metric) => task.Kind switch
        {
            TaskKind.MultipleChoice => TaskMetrics.Choice(metric, asked.Choices, asked.Gold, values, alone),
            TaskKind.RollingLikelihood => TaskMetrics.Rolling(metric, asked.Targets[0], values.Sum()),
            _ => new DocumentMetric(metric == TaskMetrics.Perplexity ? values[0] : own[0].IsGreedy ? 1 : 0),
        };
        return new DocumentResult(asked, own, unconditional, [], "", new Dictionary<string, string>(),
            task.Metrics.ToDictionary(metric => (NoFilter, metric.Name), metric => Of(metric.Name)));
    }

    private DocumentResult Written(AskedDocument asked, int[] ids)
    {
        string text = Cut(codec.Decode(ids), stops);
        var filtered = TaskFilters.Of(task).ToDictionary(filter => filter.Name, filter => TaskFilters.Apply(filter, text));
        var metrics = new Dictionary<(string Filter, string Metric), DocumentMetric>();
        foreach ((string filter, string answer) in filtered)
        {
            foreach (TaskMetric metric in task.Metrics)
            {
                metrics.Add((filter, metric.Name), TaskMetrics.Exact(metric, answer, asked.Targets));
            }
        }

        return new DocumentResult(asked, [], [], ids, text, filtered, metrics);
    }
}
