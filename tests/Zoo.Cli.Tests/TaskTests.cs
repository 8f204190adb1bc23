using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Dsl.Generation;
using Dsl.Runtime;
using Dsl.Tests;
using Dsl.Text;
using Dsl.Training;
using Dsl.Training.Objectives;
using Dsl.Training.Tasks;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Zoo.Cli.Tests;

public sealed class TaskTests
{
    public static TheoryData<string, string> Pairs
    {
        get
        {
            var pairs = new TheoryData<string, string>();
            foreach (RuleTask task in RuleTask.All)
            {
                foreach (SmallModel model in TaskModels.Of(task))
                {
                    pairs.Add(task.Name, model.Family);
                }
            }

            return pairs;
        }
    }

    /// <summary>Each head of each family is built, learns from two batches, and is far from solving the task after them.</summary>
    [Theory]
    [MemberData(nameof(Pairs))]
    public void EveryHeadTakesAStepAndIsMeasured(string name, string family)
    {
        (IModel model, TaskData data, TrainingOptions options) = Make(name, family, steps: 2);
        using (model)
        using (var trainer = new Trainer(model, data, options))
        {
            double before = trainer.HeldOutLoss();
            trainer.Next();
            trainer.Next();
            Assert.NotEqual(before, trainer.HeldOutLoss());
            Assert.InRange(data.Accuracy(model, 2), 0, 0.9);
            Assert.Equal("2", data.Position);
        }
    }

    [Fact]
    public void ASmallModelSolvesATaskOnQuestionsItHasNotSeen()
    {
        (IModel model, TaskData data, TrainingOptions options) = Make("kind", "bert", steps: 120);
        using (model)
        using (var trainer = new Trainer(model, data, options))
        {
            while (trainer.Step < options.Steps)
            {
                trainer.Next();
            }

            Assert.True(data.Accuracy(model, 8) >= 0.95, $"{data.Accuracy(model, 8):P1}");
        }
    }

    [Fact]
    public void AnswersAreRightByTheRule()
    {
        var draws = new SeededDraws(new SeededRandom(3));
        for (int i = 0; i < 200; i++)
        {
            Question part = RuleTask.All.Single(task => task.Name == "part").Ask(draws);
            string[] text = part.Seconds[0];
            Assert.InRange(part.Answer.Last - part.Answer.First, 0, 2);
            Assert.InRange(part.Answer.Last, 0, text.Length - 1);
            Question sort = RuleTask.All.Single(task => task.Name == "sort").Ask(draws);
            Assert.Equal(sort.First.Order(StringComparer.Ordinal), sort.Written);
            Question roles = RuleTask.All.Single(task => task.Name == "roles").Ask(draws);
            Assert.Equal(roles.First.Length, roles.WordLabels.Length);
            Question next = RuleTask.All.Single(task => task.Name == "next").Ask(draws);
            Assert.Equal(4, next.Seconds.Select(choice => choice[0]).Distinct().Count());
        }
    }

    [Fact]
    public void SpansAndLabelsStandAtTheTokensOfTheirWords()
    {
        var draws = new SeededDraws(new SeededRandom(3));
        RuleTask task = RuleTask.All.Single(task => task.Name == "part");
        ITokenizer tokenizer = TaskModels.Vocabulary(TaskModels.Of(task).First());
        for (int i = 0; i < 50; i++)
        {
            Question question = task.Ask(draws);
            Example example = new TaskExamples(task, tokenizer).Of(question)[0];
            int[] answer = example.Rows["input_ids"][example.Values["start_positions"]..(example.Values["end_positions"] + 1)];
            Assert.Equal(string.Join(' ', question.Seconds[0][question.Answer.First..(question.Answer.Last + 1)]), tokenizer.Decode(answer));
        }
    }

    [Fact]
    public void HeadLossesAreThePublishedOnes()
    {
        using var scope = NewDisposeScope();
        Tensor logits = randn(4, 3), labels = tensor(new long[] { 0, 2, 1, 1 });
        Assert.Equal(nn.functional.cross_entropy(logits, labels).item<float>(), HeadLosses.Sequence(logits, labels).item<float>(), 1e-6f);
        Tensor several = tensor(new long[,] { { 1, 0, 1 }, { 0, 0, 0 }, { 1, 1, 1 }, { 0, 1, 0 } });
        Tensor expected = -(several * logits.sigmoid().log()).Plus(several.neg().Plus(1) * logits.sigmoid().neg().Plus(1).log()).mean();
        Assert.Equal(expected.item<float>(), HeadLosses.Sequence(logits, several).item<float>(), 1e-6f);
        Tensor one = randn(4, 1), numbers = randn(4);
        Assert.Equal((one.squeeze(1) - numbers).Square().mean().item<float>(), HeadLosses.Sequence(one, numbers).item<float>(), 1e-6f);
        Tensor scores = randn(8, 1), choices = tensor(new long[] { 3, 0 });
        Assert.Equal(nn.functional.cross_entropy(scores.reshape(2, 4), choices).item<float>(), HeadLosses.Choice(scores, choices).item<float>(), 1e-6f);

        // An end beyond the row is left out of the mean.
        Tensor start = randn(2, 5), end = randn(2, 5), starts = tensor(new long[] { 1, 4 }), ends = tensor(new long[] { 2, 9 });
        Tensor first = nn.functional.cross_entropy(start, starts), last = nn.functional.cross_entropy(end.narrow(0, 0, 1), ends.narrow(0, 0, 1));
        Tensor both = first.Plus(last) / Scalars.Of(2);
        Assert.Equal(both.item<float>(), HeadLosses.Span(start, end, starts, ends).item<float>(), 1e-6f);
    }

    [Fact]
    public void TheCommandsTrainFillAndClassify()
    {
        using var folder = new ScratchFolder();
        string text = folder["text.txt"];
        File.WriteAllText(text, string.Concat(Enumerable.Range(0, 300)
            .Select(i => $"the {(i % 2 == 0 ? "king" : "queen")} of {(i % 3 == 0 ? "sheba" : "egypt")} came to the city.\n")));
        string[] small = ["--steps", "4", "--batch", "4", "--context", "24", "--evaluation-batches", "2", "--text", text, "--vocabulary", "400"];
        Assert.Contains("unigram entropy", Run(["train", "--objective", "mlm", "--out", folder["mlm"], .. small]));
        Assert.Contains("probability", Run(["fill", folder["mlm"], "the [MASK] of egypt came", "-k", "3"]));
        Assert.Contains("comes from elsewhere", Run(["classify", folder["mlm"], "the king came.", "the queen came."]));
        Assert.Contains("generator", Run(["train", "--objective", "rtd", "--out", folder["rtd"], .. small]));
        Assert.Contains("probability", Run(["fill", folder["rtd"], "the [MASK] of egypt came"]));
        Run(["train", "--objective", "span", "--out", folder["span"], .. small]);
        Run(["generate", folder["span"], "--prompt", "the <extra_id_0> of egypt", "--max-tokens", "5"]);
        Assert.Contains("resuming from step-4", Run(["train", "--objective", "span", "--out", folder["span"], "--resume"]));
        Assert.Contains("held-out answers right", Run(["tasks", "--task", "kind", "--family", "electra", "--steps", "3", "--out", folder["tasks"]]));
        Assert.Contains("animals", Run(["classify", Path.Combine(folder["tasks"], "kind-electra"), "lion oak horse"]));
        Assert.Contains("--objective 'nonsense', expected mlm", Run(["train", "--objective", "nonsense", "--out", folder["no"]], code: 2));
        Assert.Contains("the text has no mask", Run(["fill", folder["mlm"], "nothing missing"], code: 1));
    }

    [Fact]
    public void TheThreeArchitecturesAreDrawnSideBySide()
    {
        using var folder = new ScratchFolder();
        string drawn = Run(["masks", "--out", folder.Path, "--size", "16"]);
        string[] rows = [.. drawn.Split('\n').Where(line => line.Contains("██"))];
        Assert.Equal(16, rows.Length);
        string[] first = rows[0].Split("    ", StringSplitOptions.RemoveEmptyEntries), last = rows[^1].Split("    ", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal([new string('█', 32), new string('█', 16) + new string('·', 16), "██" + new string('·', 30)], first);
        Assert.Equal([new string('█', 32), new string('░', 16) + new string('█', 16), new string('█', 32)], last);
        Assert.True(new FileInfo(folder["architectures.png"]).Length > 1000);
    }

    private static string Run(string[] words, int code = 0)
    {
        var output = new StringWriter();
        int returned = ZooCommands.Run(words, CliContext.Plain(new DeclaredZoo(), output, output));
        Assert.True(returned == code, $"{string.Join(' ', words)}: {returned}\n{output}");
        return output.ToString();
    }

    private static (IModel Model, TaskData Data, TrainingOptions Options) Make(string name, string on, int steps)
    {
        RuleTask task = RuleTask.All.Single(candidate => candidate.Name == name);
        SmallModel small = TaskModels.Of(task).Single(candidate => candidate.Family == on);
        ITokenizer tokenizer = TaskModels.Vocabulary(small);
        TrainingOptions options = TrainingDefaults.Tasks with { Steps = steps, Rate = 2e-3, WarmUp = Math.Min(10, steps / 2), EvaluationBatches = 2 };
        manual_seed(1);
        IModel model = new DeclaredZoo().Create(TaskModels.Config(small, task, tokenizer, options.Context), "config.json", ScalarType.Float32, CPU);
        return (model, new TaskData(task, tokenizer, options.Batch, seed: 1), options);
    }
}
