using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using Dsl;
using Dsl.Files;
using Dsl.Runtime;
using Dsl.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Zoo.Cli;

/// <summary>One model of a ladder: what it is and how it is trained.</summary>
/// <param name="Name">Of its folder.</param>
/// <param name="Model">The family.</param>
/// <param name="Size">Width and layers.</param>
/// <param name="Options">How it is trained.</param>
internal sealed record Rung(string Name, SmallModel Model, SmallSize Size, TrainingOptions Options)
{
    /// <summary>The text of its config.json.</summary>
    internal string Config { get; } = Model.ConfigText(Size);
}

/// <summary>A trained one.</summary>
/// <param name="Rung">What it is.</param>
/// <param name="Parameters">All of them.</param>
/// <param name="Loss">Held out, nats a token.</param>
/// <param name="Seconds">What it took.</param>
/// <param name="Checkpoint">The folder of its weights.</param>
/// <param name="Metrics">Of its steps.</param>
internal sealed record TrainedRung(Rung Rung, long Parameters, double Loss, double Seconds, string Checkpoint, IReadOnlyList<MetricsRow> Metrics)
{
    /// <summary>Tokens that it was trained on.</summary>
    internal double Tokens => (double)Rung.Options.Steps * Rung.Options.Batch * Rung.Options.Context;
}

/// <summary>
/// Trains models of several sizes one after another, each in a folder of its own below the root: what is complete stays, what was stopped goes on bit for bit.
/// </summary>
/// <param name="context">Where it is told.</param>
/// <param name="root">The folder of all.</param>
/// <param name="data">What a rung learns, from its beginning.</param>
internal sealed class Ladder(CliContext context, string root, Func<Rung, ITrainingData> data)
{
    private const int SaveEvery = 200;

    /// <summary>How many steps are left, and how long they will take: each size is timed over two steps.</summary>
    internal (long Steps, TimeSpan Time) Left(IReadOnlyList<Rung> rungs)
    {
        double seconds = 0;
        long steps = 0;
        foreach (IGrouping<string, Rung> size in rungs.GroupBy(rung => rung.Config))
        {
            Rung[] open = [.. size.Where(rung => Remaining(rung) > 0)];
            if (open.Length == 0)
            {
                continue;
            }

            using IModel model = Create(open[0]);
            using var trainer = new Trainer(model, data(open[0]), open[0].Options);
            trainer.Next();
            Stopwatch clock = Stopwatch.StartNew();
            trainer.Next();
            trainer.Next();
            double step = clock.Elapsed.TotalSeconds / 2;

            // An evaluation reads without the way back: a third of a step for each of its batches.
            seconds += open.Sum(rung => (Remaining(rung) + (rung.Options.EvaluationBatches / 3.0 * Remaining(rung) / rung.Options.EvaluateEvery)) * step);
            steps += open.Sum(Remaining);
        }

        return (steps, TimeSpan.FromSeconds(seconds));
    }

    /// <summary>Trains a rung, or takes it as it is where it is complete.</summary>
    /// <exception cref="OperationCanceledException">It was stopped; its checkpoint is complete.</exception>
    internal TrainedRung Train(Rung rung, ProgressLine progress)
    {
        var folder = new RunFolder(Folder(rung));
        TrainingCheckpoint? checkpoint = Checkpoint(rung);
        using IModel model = Create(rung);
        using var trainer = new Trainer(model, data(rung), rung.Options);
        checkpoint?.ReadInto(trainer);
        var training = new TrainingRun(trainer, folder, rung.Model.Family, rung.Config, SaveEvery, keep: 1);
        TrainingOutcome outcome = training.Run(new CountingView(progress), context.Stop);
        if (outcome.Interrupted)
        {
            throw new OperationCanceledException();
        }

        return new TrainedRung(rung, model.Weights.Count, outcome.HeldOutLoss!.Value, outcome.Seconds, outcome.Checkpoint, MetricsFile.Read(folder.Metrics));
    }

    private string Folder(Rung rung) => Path.Combine(root, rung.Name);

    private long Remaining(Rung rung) => rung.Options.Steps - (Checkpoint(rung)?.State.Step ?? 0);

    /// <summary>What was trained so far, refused where it was another model or trained otherwise.</summary>
    private TrainingCheckpoint? Checkpoint(Rung rung)
    {
        TrainingCheckpoint? found = new RunFolder(Folder(rung)).Latest().Checkpoint;
        if (found is null)
        {
            return null;
        }

        string? difference = OptionRows.Difference(found.State.Options, rung.Options)
            ?? (UserFile.ReadText(found.ConfigPath, UserFile.MostOfText, FileErrors.Plain) != rung.Config ? "another size" : null)
            ?? (data(rung).Hash != found.State.TextHash ? "another text" : null);
        return difference is null ? found
            : throw new CommandException($"{Folder(rung)} was trained with {difference}; another --out begins anew");
    }

    private IModel Create(Rung rung)
    {
        manual_seed(rung.Options.Seed);
        return context.Zoo.Create(rung.Config, "config.json", ScalarType.Float32, CPU);
    }

    /// <summary>Counts steps.</summary>
    private sealed class CountingView(ProgressLine progress) : ITrainingView
    {
        public void Show(Action body) => body();

        public void Stepped(in TrainingProgress stepped) => progress.Advance();

        public void Evaluated(long step, double loss, IReadOnlyList<LossPart> parts)
        {
            // The end of the run tells it.
        }

        public void Note(string sentence)
        {
            // A save that failed is tried again; the last one tells.
        }
    }
}
