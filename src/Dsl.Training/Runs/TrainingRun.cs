using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Threading;

namespace Dsl.Training;

/// <summary>Where a run stands, for whoever shows it.</summary>
/// <param name="Result">The step just done.</param>
/// <param name="Steps">Steps of the whole run.</param>
/// <param name="HeldOutLoss">The last one measured; null before the first.</param>
/// <param name="TokensPerSecond">Over the last steps, evaluation left out.</param>
/// <param name="Left">What the rest will take at this speed.</param>
/// <param name="Memory">Resident bytes of the process.</param>
public readonly record struct TrainingProgress(StepResult Result, long Steps, double? HeldOutLoss, double TokensPerSecond, TimeSpan Left, long Memory);

/// <summary>Shows a run while it goes on.</summary>
public interface ITrainingView
{
    /// <summary>Runs the body with the view on the screen.</summary>
    void Show(Action body);

    /// <summary>A step is done.</summary>
    void Stepped(in TrainingProgress progress);

    /// <summary>The held-out loss was measured after a step, and its parts where it has several.</summary>
    void Evaluated(long step, double loss, IReadOnlyList<LossPart> parts);

    /// <summary>Something to know, in one sentence.</summary>
    void Note(string sentence);
}

/// <summary>How a run ended.</summary>
/// <param name="Step">The last step done.</param>
/// <param name="HeldOutLoss">The last one measured; null if none was.</param>
/// <param name="Checkpoint">The folder of the last save.</param>
/// <param name="Interrupted">It was stopped before its last step.</param>
/// <param name="Seconds">What the whole run took, earlier parts included.</param>
/// <param name="TokensPerSecond">Of this part of the run, evaluation and saving included.</param>
/// <param name="HeldOutParts">Parts of the held-out loss, where it has several.</param>
public sealed record TrainingOutcome(
    long Step, double? HeldOutLoss, string Checkpoint, bool Interrupted, double Seconds, double TokensPerSecond, IReadOnlyList<LossPart> HeldOutParts);

/// <summary>Steps, evaluations and saves until the run is over or is stopped; a stop finishes the step and saves.</summary>
/// <param name="trainer">New, or read back from a checkpoint.</param>
/// <param name="folder">Where saves and metrics go.</param>
/// <param name="family">Kept in the checkpoints.</param>
/// <param name="config">The text of config.json.</param>
/// <param name="saveEvery">A save every so many steps, and at the end.</param>
/// <param name="keep">How many saves are kept.</param>
/// <param name="keepBest">How many more are kept for their held-out figure (<see cref="TrainingOptions.Metric"/>), which are then saved when they are
/// measured.</param>
public sealed class TrainingRun(
    Trainer trainer, RunFolder folder, string family, string config, int saveEvery = 100, int keep = 2, int keepBest = 0)
{
    /// <summary>Runs to the end.</summary>
    /// <exception cref="SaveException">The last save failed; an earlier failure is a note, and the next save tries again.</exception>
    /// <exception cref="TrainingException">The numbers are no longer finite.</exception>
    public TrainingOutcome Run(ITrainingView view, CancellationToken stop)
    {
        Directory.CreateDirectory(folder.Path);
        using var metrics = new MetricsFile(folder.Metrics, trainer.Step, held: folder.Replaces, folder.Events);
        TrainingOptions options = trainer.Options;
        double? heldOut = metrics.Rows.FindLast(row => row.HeldOutLoss is not null) is { Step: > 0 } last ? last.HeldOutLoss : null;
        IReadOnlyList<LossPart> parts = [];
        long first = trainer.Step;
        double perStep = 0;
        string checkpoint = "";
        bool interrupted = false;
        Stopwatch clock = Stopwatch.StartNew();
        view.Show(() =>
        {
            while (trainer.Step < options.Steps && !interrupted && !TrainingState.IsExhausted(options, trainer.Step, trainer.Best))
            {
                double before = clock.Elapsed.TotalSeconds;
                StepResult result = trainer.Next();
                double took = clock.Elapsed.TotalSeconds - before;
                perStep = perStep == 0 ? took : 0.9 * perStep + 0.1 * took;
                bool end = trainer.Step == options.Steps;
                bool evaluated = end || trainer.Step % options.EvaluateEvery == 0;
                if (evaluated)
                {
                    (heldOut, parts) = trainer.Evaluate();
                    Tell(() => view.Evaluated(trainer.Step, heldOut.Value, parts));
                }

                double speed = options.TokensPerStep / perStep;
                metrics.Add(new MetricsRow(
                    result.Step, result.Loss, result.Rate, result.GradientNorm, evaluated ? heldOut : null, speed,
                    metrics.Seconds + clock.Elapsed.TotalSeconds)
                { Parts = result.Parts });
                var progress = new TrainingProgress(
                    result, options.Steps, heldOut, speed, TimeSpan.FromSeconds((options.Steps - trainer.Step) * perStep), Environment.WorkingSet);
                Tell(() => view.Stepped(progress));
                end |= TrainingState.IsExhausted(options, trainer.Step, trainer.Best);
                interrupted = !end && stop.IsCancellationRequested;
                bool good = evaluated && keepBest > 0 && folder.IsAmongBest(trainer.Measured!, options.Metric, keepBest);
                if (end || interrupted || good || trainer.Step % saveEvery == 0)
                {
                    metrics.Flush();
                    checkpoint = Save(view, final: end || interrupted) ?? checkpoint;
                    if (!folder.Replaces)
                    {
                        metrics.Release();
                    }
                }
            }
        });
        if (checkpoint.Length == 0)
        {
            // A run that was complete when it was resumed: there is nothing to do and nothing to write.
            checkpoint = folder.Latest().Checkpoint?.Folder ?? "";
        }

        double seconds = clock.Elapsed.TotalSeconds;
        return new TrainingOutcome(
            trainer.Step, heldOut, checkpoint, interrupted, metrics.Seconds + seconds, (trainer.Step - first) * options.TokensPerStep / seconds,
            parts);
    }

    // A terminal that is gone must not keep the run from saving.
    private static void Tell(Action tell)
    {
        try
        {
            tell();
        }
        catch (IOException)
        {
        }
    }

    private string? Save(ITrainingView view, bool final)
    {
        try
        {
            return folder.Save(trainer, family, config, keep, keepBest);
        }
        catch (SaveException e) when (!final)
        {
            Tell(() => view.Note(e.Message));
            return null;
        }
    }
}
