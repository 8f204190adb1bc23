using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using Dsl.Generation.Evaluation;
using Dsl.Runtime;
using Dsl.Tests;
using Dsl.Text;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Dsl.Generation.Tests.Evaluation;

public sealed class RequestRunnerTests
{
    private static readonly ITextCodec Codec = new ByteCodec();

    [Fact]
    public void EqualBeginningsAreReadOnce()
    {
        using TinyModel model = Model();
        ScoreRequest[] requests = Requests();
        Score[] alone = [.. requests.Select(request => Scores(model, [request], 1)[0])];
        model.Calls.Clear();
        Score[] together = Scores(model, requests, 4);
        for (int i = 0; i < requests.Length; i++)
        {
            Assert.Equal(alone[i].LogLikelihood, together[i].LogLikelihood, 1e-4);
        }

        // The 200 ids before all questions, each question, each choice: once, but for padding.
        long read = model.Calls.Sum(call => call.Batch * call.Length);
        long each = requests.Sum(request => (long)request.Context.Length + request.Continuation.Length);
        Assert.Single(model.Calls, call => call.Length >= 200);
        Assert.InRange(read, 200, 200 + (12 * (24 + (3 * 8))));
        Assert.True(read < each / 8, $"{read} ids read, {each} without sharing");
        Assert.InRange(new RequestRunner(model, Codec, 1024, 4).Cost(requests), read / 2, read);
    }

    [Fact]
    public void EqualRequestsAreScoredOnceAndAlike()
    {
        using TinyModel model = Model();
        ScoreRequest request = Requests()[0];
        Score[] scores = Scores(model, [request, request with { }, request], 2);
        Assert.Equal(scores[0], scores[1]);
        Assert.Equal(scores[0], scores[2]);
        Assert.Equal(request.Continuation.Length, model.Calls[^1].Length);
        Assert.Equal(1, model.Calls[^1].Batch);
    }

    [Fact]
    public void RowsThatEndAtDifferentTimesWriteWhatTheyWriteAlone()
    {
        using TinyModel model = Model();
        WriteRequest[] requests = [.. Enumerable.Range(0, 7).Select(i =>
            new WriteRequest([.. Codec.Encode($"{new string('x', 20)} question {new string('q', i)}:")], 0, 12 - i))];
        var together = new int[requests.Length][];
        string[] stops = ["e", "zz"];
        new RequestRunner(model, Codec, 1024, 3, []).Write(requests, stops, (i, ids) => together[i] = ids);
        for (int i = 0; i < requests.Length; i++)
        {
            int[] alone = [];
            new RequestRunner(model, Codec, 1024, 1, []).Write([requests[i]], stops, (_, ids) => alone = ids);
            Assert.Equal(alone, together[i]);
            Assert.InRange(alone.Length, 1, requests[i].MaxTokens);
        }
    }

    [Fact]
    public void AStoppedEvaluationGoesOnWhereItWas()
    {
        using var scratch = new ScratchFolder();
        using TinyModel model = Model();
        TaskEvaluation evaluation = Evaluation();
        TaskResult whole = evaluation.Run(new RequestRunner(model, Codec, 512, 2));
        int before = 0;
        using var stop = new CancellationTokenSource();
        using (var journal = new EvaluationJournal(scratch["answers.jsonl"], "tiny"))
        {
            void Stop()
            {
                if (++before == 7)
                {
                    stop.Cancel();
                }
            }

            Assert.Throws<OperationCanceledException>(() => evaluation.Run(new RequestRunner(model, Codec, 512, 2), journal, Stop, stop: stop.Token));
        }

        // The end of the file is as a kill leaves it.
        File.AppendAllText(scratch["answers.jsonl"], "{\"key\": \"12");
        using var again = new EvaluationJournal(scratch["answers.jsonl"], "tiny");
        Assert.Equal(before, again.Count);
        Assert.Equal(evaluation.Scores.Count - before, evaluation.Open(again));
        int asked = 0;
        TaskResult resumed = evaluation.Run(new RequestRunner(model, Codec, 512, 2), again, () => asked++);
        Assert.Equal(evaluation.Scores.Count - before, asked);
        Assert.Equal(whole.Figures.Select(figure => figure.Value), resumed.Figures.Select(figure => figure.Value));
        Assert.Equal(0, evaluation.Open(again));
        using var other = new EvaluationJournal(scratch["answers.jsonl"] + "2", "other");
        Assert.Equal(evaluation.Scores.Count, evaluation.Open(other));
    }

    [Fact]
    public void AVocabularyWithoutATokenToBeginWithSaysSo()
    {
        var encoder = new RequestEncoder(Codec, 16);
        Assert.Contains("no token that begins or ends a text", Assert.Throws<TextException>(() => encoder.Pair("", "a")).Message, StringComparison.Ordinal);
        Assert.Contains("17 tokens, context is 16",
            Assert.Throws<TextException>(() => encoder.Pair("x", new string('a', 17))).Message, StringComparison.Ordinal);
    }

    private static TinyModel Model()
    {
        manual_seed(3);
        return new TinyModel(new TinyConfig(Codec.Vocabulary));
    }

    private static ScoreRequest[] Requests()
    {
        var encoder = new RequestEncoder(Codec, 1024);
        string shots = string.Concat(Enumerable.Range(0, 20).Select(i => $"shot {i:D2}: yes\n"));
        return [.. from question in Enumerable.Range(0, 12) from choice in new[] { " yes", " no", " perhaps" }
            select encoder.Pair($"{shots}question {question * 7919 % 1000:D4}:", choice)];
    }

    private static TaskEvaluation Evaluation()
    {
        var task = new EvaluationTask
        {
            Name = "parity",
            Kind = TaskKind.MultipleChoice,
            Test = new TaskLines("test.jsonl", Enumerable.Range(0, 10).Select(i => $"{{\"n\": {i}, \"odd\": {i % 2}}}")),
            Question = "{{n}} is",
            Target = "odd",
            Choices = new ChoiceSource(null, ["even", "odd"]),
            Metrics = [new TaskMetric("acc")],
        };
        return new TaskEvaluation(task, Codec, 512);
    }

    private static Score[] Scores(IModel model, ScoreRequest[] requests, int batch)
    {
        var scores = new Score[requests.Length];
        new RequestRunner(model, Codec, 1024, batch).Score(requests, (i, score) => scores[i] = score);
        return scores;
    }
}
