using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json;
using Dsl.Tests;
using Dsl.Training.Metrics;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Dsl.Training.Tests.Objectives;

[Trait("Category", "Goldens")]
public sealed class MetricGoldens
{
    private const double Tolerance = 1e-9;

    public static TheoryData<string> Cases => Golden.Cases("metrics");

    [Theory]
    [MemberData(nameof(Cases))]
    public void Perplexities(string folder)
    {
        using var golden = new Golden(folder);
        JsonElement data = golden.Data;
        using Tensor logits = tensor(golden.Doubles("in.logits"), golden.Shape("in.logits"));
        using Tensor logarithms = nn.functional.log_softmax(logits, -1);
        double[] all = logarithms.data<double>().ToArray();
        long[] labels = golden.Longs("in.labels");
        int vocabulary = (int)golden.Shape("in.logits")[^1], length = (int)golden.Shape("in.labels")[^1];
        double[] losses = labels.Select((label, i) => label < 0 ? double.NaN : -all[i * vocabulary + label]).ToArray();
        double[] counted = [.. losses.Where(loss => !double.IsNaN(loss))];
        double right = golden.Doubles("out.perplexity")[0];
        Assert.Equal(right, Perplexity.Of(counted), 1e-6 * right);
        Assert.Equal(golden.Doubles("out.perplexity_of_each"),
            losses.Chunk(length).Select(row => Perplexity.Of(row.Where(loss => !double.IsNaN(loss)))), (a, b) => Math.Abs(a - b) <= 1e-6 * a);
        Assert.NotEqual(golden.Doubles("out.wrong_mean_of_perplexities")[0], Perplexity.Of(counted), 1e-6);
        Assert.NotEqual(golden.Doubles("out.wrong_mean_of_means")[0], Perplexity.Of(counted), 1e-6);

        JsonElement bits = data.GetProperty("bits_per_byte");
        Assert.Equal(bits.Number("bits_per_byte"), Perplexity.BitsPerByte(counted, bits.GetProperty("bytes").GetInt64()), 1e-6);
        Assert.Equal(bits.Number("word_perplexity"), Perplexity.PerWord(counted, bits.GetProperty("words").GetInt64()), 1e-4);

        JsonElement windowed = data.GetProperty("windowed");
        IReadOnlyList<ScoredWindow> windows = Perplexity.Windows(
            windowed.GetProperty("tokens").GetInt32(), windowed.GetProperty("window").GetInt32(), windowed.GetProperty("stride").GetInt32());
        Assert.Equal(
            windowed.EnumerateObject().Single(p => p.Name.StartsWith("windows", StringComparison.Ordinal)).Value.EnumerateArray().Select(JsonArrays.Ints),
            windows.Select(w => new[] { w.Begin, w.End, w.FirstScored }));
        double[] each = golden.Doubles("in.window_nll");
        int width = (int)golden.Shape("in.window_nll")[^1];
        double[] scored = windows.SelectMany((w, k) => Enumerable.Range(w.FirstScored, w.End - w.FirstScored).Select(i => each[k * width + i - w.Begin]))
            .ToArray();
        Assert.Equal(windowed.GetProperty("scored").GetInt32(), scored.Length);
        Assert.Equal(windowed.Number("perplexity"), Perplexity.Of(scored), 1e-6);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void ClassesAndNumbers(string folder)
    {
        JsonElement data = new Golden(folder).Data;
        foreach (JsonElement e in data.GetProperty("classification").EnumerateArray())
        {
            int[] labels = e.Ints("labels"), predictions = e.Ints("predictions");
            Near(e.Number("accuracy"), Classification.Accuracy(labels, predictions));
            Near(e.Number("f1"), Classification.F1(labels, predictions));
            Near(e.Number("precision"), Classification.Precision(labels, predictions));
            Near(e.Number("recall"), Classification.Recall(labels, predictions));
            Near(e.Number("matthews"), Classification.Matthews(labels, predictions));
            JsonElement table = e.EnumerateObject().Single(p => p.Name.StartsWith("confusion", StringComparison.Ordinal)).Value;
            Assert.Equal(table.EnumerateArray().SelectMany(JsonArrays.Ints), Classification.Confusion(labels, predictions).Cast<int>());
        }

        JsonElement three = data.GetProperty("three_classes");
        Near(three.Number("accuracy"), Classification.Accuracy(three.Ints("labels"), three.Ints("predictions")));
        Near(three.Number("macro_f1"), Classification.MacroF1(three.Ints("labels"), three.Ints("predictions")));
        Near(three.Number("matthews"), Classification.Matthews(three.Ints("labels"), three.Ints("predictions")));
        foreach (JsonElement e in data.GetProperty("regression").EnumerateArray())
        {
            double[] labels = e.GetProperty("labels").Numbers(), predictions = e.GetProperty("predictions").Numbers();
            Near(e.Number("pearson"), Correlation.Pearson(labels, predictions));
            Near(e.Number("spearman"), Correlation.Spearman(labels, predictions));
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void AnswersAndTexts(string folder)
    {
        JsonElement data = new Golden(folder).Data;
        foreach (JsonElement pair in data.GetProperty("squad_normalise").EnumerateArray())
        {
            Assert.Equal(pair[1].GetString(), AnswerMatch.Normalise(pair[0].GetString()!));
        }

        JsonElement squad = data.GetProperty("squad");
        JsonElement[] questions = [.. squad.GetProperty("questions").EnumerateArray()];
        foreach (JsonElement q in questions)
        {
            Near(q.Number("exact"), AnswerMatch.Exact(q.Text("prediction"), q.GetProperty("golds").Strings()));
            Near(q.Number("f1"), AnswerMatch.F1(q.Text("prediction"), q.GetProperty("golds").Strings()));
        }

        Near(squad.Number("exact"), 100 * questions.Average(q => AnswerMatch.Exact(q.Text("prediction"), q.GetProperty("golds").Strings())));
        Near(squad.Number("f1"), 100 * questions.Average(q => AnswerMatch.F1(q.Text("prediction"), q.GetProperty("golds").Strings())));

        foreach (JsonElement pair in data.GetProperty("bleu_13a").EnumerateArray())
        {
            Assert.Equal(pair[1].GetString(), Bleu.Tokenize13a(pair[0].GetString()!));
        }

        foreach (JsonElement e in data.GetProperty("bleu").EnumerateArray())
        {
            string[] hypotheses = e.GetProperty("hypotheses").Strings();
            string[][] references = e.GetProperty("references").EnumerateArray().Select(JsonArrays.Strings).ToArray();
            BleuScore score = Bleu.Corpus(hypotheses, references);
            Near(e.Number("score"), score.Score);
            Assert.Equal(e.GetProperty("precisions").Numbers(), score.Precisions, (a, b) => Math.Abs(a - b) <= Tolerance);
            Near(e.Number("bp"), score.BrevityPenalty);
            Assert.Equal((e.GetProperty("sys_len").GetInt32(), e.GetProperty("ref_len").GetInt32()), (score.Length, score.ReferenceLength));
            Assert.Equal(e.Ints("counts"), score.Matches);
            Assert.Equal(e.Ints("totals"), score.Totals);
            Near(e.Number("score_without_smoothing"), Bleu.Corpus(hypotheses, references, smooth: false).Score);
            Near(e.Number("score_lowercase"), Bleu.Corpus(hypotheses, references, lowercase: true).Score);
            Assert.Equal(
                e.GetProperty("sentence_scores").Numbers(), hypotheses.Select((h, i) => Bleu.Sentence(h, references.Select(set => set[i]).ToArray()).Score),
                (a, b) => Math.Abs(a - b) <= Tolerance);
        }

        foreach (JsonElement e in data.GetProperty("rouge").EnumerateArray())
        {
            Check(e, e, stem: false);
            Check(e, e.GetProperty("stemmed"), stem: true);
        }
    }

    private static void Check(JsonElement example, JsonElement expected, bool stem)
    {
        string target = example.Text("target"), prediction = example.Text("prediction");
        foreach ((string name, RougeScore score) in new[]
        {
            ("rouge1", Rouge.Grams(target, prediction, 1, stem)), ("rouge2", Rouge.Grams(target, prediction, 2, stem)),
            ("rougeL", Rouge.Longest(target, prediction, stem)), ("rougeLsum", Rouge.LongestBySentence(target, prediction, stem)),
        })
        {
            Assert.Equal(expected.GetProperty(name).Numbers(), [score.Precision, score.Recall, score.F], (a, b) => Math.Abs(a - b) <= Tolerance);
        }
    }

    private static void Near(double expected, double made) => Assert.Equal(expected, made, Tolerance);
}
