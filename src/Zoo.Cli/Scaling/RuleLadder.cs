using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Linq;
using Dsl;
using Dsl.Generation.Evaluation;
using Dsl.Runtime;
using Dsl.Text;
using Dsl.Training;
using Dsl.Training.Tasks;
using TorchSharp;
using static TorchSharp.torch;

namespace Zoo.Cli;

/// <summary>A ladder of models on texts made by rule, each evaluated on tasks once it is trained.</summary>
/// <param name="context">Where it is told.</param>
/// <param name="rule">The texts.</param>
/// <param name="folder">Of the runs, tasks and answers.</param>
internal sealed class RuleLadder(CliContext context, SequenceRule rule, string folder)
{
    private const int EvaluationBatch = 32;

    /// <summary>The folder of the task files.</summary>
    internal string Tasks => Path.Combine(folder, "tasks");

    /// <summary>A model of the ladder.</summary>
    /// <param name="family">Its family, one that learns the next token.</param>
    /// <param name="width">Of the model.</param>
    /// <param name="layers">Of the model.</param>
    /// <param name="steps">Of its training.</param>
    /// <param name="rate">The highest rate.</param>
    /// <param name="batch">Texts in a step.</param>
    internal Rung Rung(string family, int width, int layers, int steps, double rate, int batch)
    {
        SmallModel model = SmallModels.TrainedBy(TrainingDefaults.NextToken).FirstOrDefault(known => known.Family == family)
            ?? throw new CommandException($"--family '{family}', expected "
                + string.Join(", ", SmallModels.TrainedBy(TrainingDefaults.NextToken).Select(known => known.Family)), 2);
        var options = new TrainingOptions
        {
            Steps = steps,
            Batch = batch,
            Context = rule.Length,
            Rate = rate,
            LastRate = rate / 20,
            WarmUp = Math.Min(100, steps / 10),
            Decay = 0.01,
            Beta2 = 0.98,
            EvaluateEvery = Math.Max(1, steps / 10),
            EvaluationBatches = 4,
        };
        options.Validate();
        var size = new SmallSize(Data(options).Codec.Vocabulary, rule.Length) { Width = width, Layers = layers };
        return new Rung(FormattableString.Invariant($"{family}-{width}x{layers}-{steps}"), model, size, options);
    }

    /// <summary>Trains the models and evaluates each with each number of shots.</summary>
    /// <returns>For each model the results in the order of tasks and shots.</returns>
    internal IReadOnlyList<(TrainedRung Model, IReadOnlyList<TaskResult> Results)> Run(
        IReadOnlyList<Rung> rungs, IReadOnlyList<string> tasks, IReadOnlyList<int> shots)
    {
        var training = new Ladder(context, folder, rung => Data(rung.Options));
        (long steps, TimeSpan time) = training.Left(rungs);
        context.Output.WriteLine($"{rungs.Count} models on {rule.Name}: {Words.Count(steps)} steps left, about {Words.Duration(time)}, and their evaluations");
        EvaluationTask[] read = [.. tasks.Select(TaskFile.Read)];
        var found = new List<(TrainedRung, IReadOnlyList<TaskResult>)>();
        using var progress = new ProgressLine(context, "steps", Math.Max(1, steps));
        foreach (Rung rung in rungs)
        {
            TrainedRung trained = training.Train(rung, progress);
            using IModel model = context.Zoo.Load(trained.Checkpoint, ScalarType.Float32, CPU, new LoadOptions());
            ITextCodec codec = TextCodecs.Open(trained.Checkpoint);
            var runner = new RequestRunner(model, codec, rule.Length, EvaluationBatch);
            using var journal = new EvaluationJournal(Path.Combine(folder, rung.Name, "answers.jsonl"), $"{rung.Config}{trained.Loss:R}");
            found.Add((trained, [.. from task in read from count in shots
                select new TaskEvaluation(task, codec, rule.Length, count).Run(runner, journal, resamplings: 0, stop: context.Stop)]));
        }

        return found;
    }

    private SequenceData Data(TrainingOptions options) => new(rule, options.Batch, options.Seed);
}
