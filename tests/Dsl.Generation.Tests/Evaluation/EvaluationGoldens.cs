using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using Dsl.Generation.Evaluation;
using Dsl.Runtime;
using Dsl.Tests;
using Dsl.Text;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Dsl.Generation.Tests.Evaluation;

/// <summary>Prompts, ids, scores, answers and figures of lm-evaluation-harness.</summary>
[Trait("Category", "Goldens")]
public sealed class EvaluationGoldens
{
    public static TheoryData<string> Cases => Golden.Cases("evaluation");

    [Theory]
    [MemberData(nameof(Cases))]
    public void EachTaskGivesTheHarnesssFiguresInDouble(string folder) => Compare(folder, ScalarType.Float64, 1e-9, batch: 16);

    /// <summary>Float32 decides nothing otherwise; scores differ by what its rounding explains.</summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void EachTaskGivesTheHarnesssFiguresInSingle(string folder) => Compare(folder, ScalarType.Float32, 1e-5, batch: 5);

    [Theory]
    [MemberData(nameof(Cases))]
    public void SinglePairsAreEncodedAndScoredAsTheHarnessDoes(string folder)
    {
        using var golden = new Golden(folder);
        using IModel model = Zoo.Models.Load(folder, ScalarType.Float64, CPU);
        ITextCodec codec = TextCodecs.Open(folder);
        JsonElement edges = golden.Data.GetProperty("edges");
        var encoder = new RequestEncoder(codec, golden.Data.GetProperty("max_length").GetInt32());
        Assert.Equal(golden.Data.GetProperty("prefix_token").GetInt32(), encoder.Prefix);
        JsonElement[] likelihood = [.. edges.GetProperty("likelihood").EnumerateArray()];
        ScoreRequest[] requests = [.. likelihood.Select(edge =>
            encoder.Pair(edge.GetProperty("context").GetString()!, edge.GetProperty("continuation").GetString()!))];
        var scores = new Score[requests.Length];
        new RequestRunner(model, codec, encoder.Length, batch: 4).Score(requests, (i, score) => scores[i] = score);
        for (int i = 0; i < requests.Length; i++)
        {
            Same(likelihood[i], requests[i]);
            Same(likelihood[i], scores[i], 1e-9);
        }

        foreach (JsonElement edge in edges.GetProperty("generate").EnumerateArray())
        {
            JsonElement arguments = edge.GetProperty("arguments");
            WriteRequest request = encoder.Prompt(edge.GetProperty("context").GetString()!, arguments.GetProperty("max_gen_toks").GetInt32());
            Assert.Equal(Ids(edge.GetProperty("context_ids")), request.Context);
            Assert.Equal(edge.GetProperty("dropped").GetInt32(), request.Dropped);
            int[] written = [];
            string[] stops = [.. Strings(arguments.GetProperty("until")),
                codec is ITokenizer tokenizer ? tokenizer.Decode([codec.EndTokens[0]], keepSpecials: true) : ""];
            new RequestRunner(model, codec, encoder.Length).Write([request], stops, (_, ids) => written = ids);
            Assert.Equal(Ids(edge.GetProperty("generated_ids")), written);
            Assert.Equal(edge.GetProperty("generated_text").GetString(), codec.Decode(written));
            Assert.Equal(edge.GetProperty("text").GetString(), TaskEvaluation.Cut(codec.Decode(written), stops));
        }

        foreach (JsonElement edge in edges.GetProperty("errors").EnumerateArray())
        {
            string context = edge.GetProperty("context").GetString()!;
            string said = Assert.Throws<TextException>(() => edge.TryGetProperty("continuation", out JsonElement continuation)
                ? (object)encoder.Pair(context, continuation.GetString()!)
                : encoder.Prompt(context, edge.GetProperty("arguments").TryGetProperty("max_gen_toks", out JsonElement most) ? most.GetInt32() : 256)).Message;
            Assert.Contains(", ", said, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void FunctionsAreTheHarnesss(string folder)
    {
        using var golden = new Golden(folder);
        JsonElement edges = golden.Data.GetProperty("edges");
        int length = golden.Data.GetProperty("max_length").GetInt32();
        foreach (JsonElement row in edges.GetProperty("rolling_windows [tokens, [[input begin, scored begin, scored end]]]").EnumerateArray())
        {
            Assert.Equal(
                row[1].EnumerateArray().Select(window => (window[0].GetInt32(), window[1].GetInt32(), window[2].GetInt32())),
                RequestEncoder.Windows(row[0].GetInt32(), length));
        }

        foreach (JsonElement row in edges.GetProperty("word_count").EnumerateArray())
        {
            Assert.Equal(row[1].GetInt32(), PythonText.SplitCount(row[0].GetString()!));
        }

        foreach (JsonElement row in edges.GetProperty("exact_match").EnumerateArray())
        {
            double score = TaskMetrics.Exact(
                Exact(row.GetProperty("options")), row.GetProperty("prediction").GetString()!, [row.GetProperty("reference").GetString()!]).Value;
            Assert.True(row.GetProperty("score").GetDouble() == score, row.ToString());
        }

        foreach (JsonElement row in edges.GetProperty("filters").EnumerateArray())
        {
            JsonElement filter = row.GetProperty("filter");
            var step = new FilterStep(filter.GetProperty("function").GetString()!);
            step = step with
            {
                Pattern = filter.TryGetProperty("regex_pattern", out JsonElement pattern) ? pattern.GetString()! : "",
                Select = filter.TryGetProperty("group_select", out JsonElement select) ? select.GetInt32() : 0,
                Fallback = filter.TryGetProperty("fallback", out JsonElement fallback) ? fallback.GetString()! : step.Fallback,
            };
            Assert.Equal(row.GetProperty("filtered").GetString(), TaskFilters.Apply(step, row.GetProperty("text").GetString()!));
        }

        foreach (JsonElement row in edges.GetProperty("stop").EnumerateArray())
        {
            Assert.Equal(row.GetProperty("kept").GetString(), TaskEvaluation.Cut(row.GetProperty("text").GetString()!, Strings(row.GetProperty("until"))));
        }

        foreach (JsonElement row in edges.GetProperty("sample").EnumerateArray())
        {
            var random = new PythonRandom(row.GetProperty("seed").GetUInt32());
            foreach (JsonElement indices in row.GetProperty("indices").EnumerateArray())
            {
                Assert.Equal(Ids(indices), random.Sample(row.GetProperty("population").GetInt32(), row.GetProperty("k").GetInt32()));
            }
        }

        foreach (JsonElement row in edges.GetProperty("stderr").EnumerateArray())
        {
            DocumentMetric[] values = [.. row.GetProperty("values").EnumerateArray().Select(value => new DocumentMetric(value.GetDouble()))];
            Figure figure = TaskMetrics.Total("acc", "none", values, 0);
            Assert.Equal(row.GetProperty("mean").GetDouble(), figure.Value, 1e-12);
            Assert.Equal(row.GetProperty("stderr").GetDouble(), figure.Error!.Value, 1e-12);
        }
    }

    private static void Compare(string folder, ScalarType dtype, double tolerance, int batch)
    {
        using var golden = new Golden(folder);
        using IModel model = Zoo.Models.Load(folder, dtype, CPU);
        ITextCodec codec = TextCodecs.Open(folder);
        int length = golden.Data.GetProperty("max_length").GetInt32(), resamplings = golden.Data.GetProperty("bootstrap_iters").GetInt32();
        var runner = new RequestRunner(model, codec, length, batch);
        JsonProperty[] tasks = [.. golden.Data.GetProperty("tasks").EnumerateObject()];
        Assert.NotEmpty(tasks);
        foreach (JsonProperty named in tasks)
        {
            var evaluation = new TaskEvaluation(TaskFile.Read(Path.Combine(folder, named.Name + ".yaml")), codec, length);
            TaskResult result = evaluation.Run(runner, resamplings: resamplings);
            JsonElement[] documents = [.. named.Value.GetProperty("documents").EnumerateArray()];
            Assert.Equal(documents.Length, result.Documents.Count);
            int next = 0;
            for (int i = 0; i < documents.Length; i++)
            {
                Document(documents[i], result.Documents[i], evaluation, ref next, tolerance);
            }

            Figures(named.Value.GetProperty("results"), result.Figures, tolerance);
        }
    }

    private static void Document(JsonElement expected, DocumentResult actual, TaskEvaluation evaluation, ref int next, double tolerance)
    {
        if (expected.TryGetProperty("fewshot", out JsonElement shots))
        {
            Assert.Equal(Ids(shots), actual.Asked.Shots);
        }

        if (expected.TryGetProperty("request", out JsonElement request))
        {
            WriteRequest written = evaluation.Writes[actual.Asked.Document];
            Assert.Equal(request.GetProperty("context").GetString(), actual.Asked.Prompt);
            Assert.Equal(Ids(request.GetProperty("context_ids")), written.Context);
            Assert.Equal(request.GetProperty("dropped").GetInt32(), written.Dropped);
            Assert.Equal(Ids(request.GetProperty("generated_ids")), actual.Written);
            Assert.Equal(request.GetProperty("text").GetString(), actual.Text);
            foreach (JsonProperty filter in expected.GetProperty("filtered").EnumerateObject())
            {
                Assert.Equal(filter.Value.GetString(), actual.Filtered[filter.Name]);
                foreach (JsonProperty metric in expected.GetProperty("metrics").GetProperty(filter.Name).EnumerateObject())
                {
                    Assert.Equal(metric.Value.GetDouble(), actual.Metrics[(filter.Name, metric.Name)].Value);
                }
            }

            return;
        }

        foreach ((string key, IReadOnlyList<Score> scores) in new[]
            { ("requests", actual.Scores), ("windows", actual.Scores), ("unconditional", actual.Unconditional) })
        {
            if (expected.TryGetProperty(key, out JsonElement list))
            {
                Assert.Equal(list.GetArrayLength(), scores.Count);
                foreach ((JsonElement one, Score score) in list.EnumerateArray().Zip(scores))
                {
                    Same(one, evaluation.Scores[next++]);
                    Same(one, score, tolerance);
                    if (key == "requests")
                    {
                        Assert.Equal(one.GetProperty("context").GetString(), actual.Asked.Prompt);
                    }
                }
            }
        }

        foreach (JsonProperty metric in expected.GetProperty("metrics").EnumerateObject())
        {
            DocumentMetric found = actual.Metrics[("none", metric.Name)];
            bool pair = metric.Value.ValueKind == JsonValueKind.Array;
            Near((pair ? metric.Value[0] : metric.Value).GetDouble(), found.Value, tolerance, metric.Name);
            Assert.Equal(pair ? metric.Value[1].GetDouble() : 1, found.Weight);
        }
    }

    private static void Figures(JsonElement expected, IReadOnlyList<Figure> figures, double tolerance)
    {
        Assert.Equal(expected.EnumerateObject().Count(), 2 * figures.Count);
        foreach (Figure figure in figures)
        {
            Near(expected.GetProperty($"{figure.Metric},{figure.Filter}").GetDouble(), figure.Value, tolerance, figure.Metric);
            JsonElement error = expected.GetProperty($"{figure.Metric}_stderr,{figure.Filter}");
            if (error.ValueKind == JsonValueKind.String)
            {
                Assert.Null(figure.Error);
            }
            else
            {
                Near(error.GetDouble(), figure.Error!.Value, tolerance, $"{figure.Metric}_stderr");
            }
        }
    }

    private static void Same(JsonElement expected, ScoreRequest request)
    {
        Assert.Equal(Ids(expected.GetProperty("context_ids")), request.Context);
        Assert.Equal(Ids(expected.GetProperty("continuation_ids")), request.Continuation);
        Assert.Equal(expected.TryGetProperty("dropped", out JsonElement dropped) ? dropped.GetInt32() : 0, request.Dropped);
    }

    private static void Same(JsonElement expected, Score score, double tolerance)
    {
        Near(expected.GetProperty("loglikelihood").GetDouble(), score.LogLikelihood, tolerance, "log-likelihood");
        Assert.Equal(expected.GetProperty("is_greedy").GetBoolean(), score.IsGreedy);
    }

    private static void Near(double expected, double actual, double tolerance, string what) =>
        Assert.True(Math.Abs(expected - actual) <= tolerance * Math.Max(1, Math.Abs(expected)), $"{what}: {actual:R}, expected {expected:R}");

    private static TaskMetric Exact(JsonElement options)
    {
        bool On(string key) => options.TryGetProperty(key, out JsonElement on) && on.GetBoolean();
        return new TaskMetric("exact_match")
        {
            IgnoreCase = On("ignore_case"),
            IgnorePunctuation = On("ignore_punctuation"),
            IgnoreNumbers = On("ignore_numbers"),
            IgnoredPatterns = options.TryGetProperty("regexes_to_ignore", out JsonElement patterns) ? Strings(patterns) : [],
        };
    }

    private static int[] Ids(JsonElement list) => [.. list.EnumerateArray().Select(id => id.GetInt32())];

    private static string[] Strings(JsonElement list) => list.ValueKind == JsonValueKind.String ? [list.GetString()!]
        : [.. list.EnumerateArray().Select(item => item.GetString()!)];
}
