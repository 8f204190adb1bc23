using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using Dsl.Runtime;

namespace Dsl.Training;

/// <summary>A checkpoint could not be written; the message is one sentence that says what is left.</summary>
public sealed class SaveException(string message, Exception inner) : Exception(message, inner);

/// <summary>
/// The folder of one run: a folder <c>step-N</c> per save, <c>metrics.csv</c>, the same for TensorBoard, <c>loss.png</c>. A save is written under another
/// name and renamed when it is complete, so that a <c>step-N</c> is either whole or was damaged later. A run that replaces another one leaves it alone until
/// its own first save is complete; from then on that save is what the folder holds, whatever is interrupted.
/// </summary>
public sealed class RunFolder(string path)
{
    private const string Prefix = "step-";
    private const string Partial = ".partial-";
    private const string Replacing = ".replacing-";
    private const int DiskFullUnix = 28;
    private const int DiskFullWindows = unchecked((int)0x80070070);

    /// <summary>Where it is.</summary>
    public string Path { get; } = path;

    /// <summary>The table of all steps.</summary>
    public string Metrics => System.IO.Path.Combine(Path, "metrics.csv");

    /// <summary>The same for TensorBoard.</summary>
    public string Events => System.IO.Path.Combine(Path, "events.out.tfevents.run");

    /// <summary>The picture of the losses.</summary>
    public string Curve => System.IO.Path.Combine(Path, "loss.png");

    /// <summary>Whether the folder holds anything of a run.</summary>
    public bool HoldsRun => Directory.Exists(Path) && (Steps().Any() || Replacement() is not null || File.Exists(Metrics));

    /// <summary>What the folder holds belongs to another run, and goes when the first save of this one is complete.</summary>
    public bool Replaces { get; set; }

    /// <summary>Is called with the name of each file of a save that is complete; tests make it fail.</summary>
    internal Action<string>? FileWritten { get; set; }

    /// <summary>The newest whole checkpoint, null where there is none, and a sentence for each newer one that is not whole.</summary>
    /// <exception cref="CheckpointException">The newest has a training.json that says what cannot be.</exception>
    public (TrainingCheckpoint? Checkpoint, IReadOnlyList<string> Notes) Latest()
    {
        if (Replacement() is { } replacement)
        {
            return (replacement, []);
        }

        var broken = new List<string>();
        TrainingCheckpoint? found = null;
        foreach ((long _, string folder) in Steps().OrderByDescending(step => step.Number))
        {
            found = TrainingCheckpoint.TryOpen(folder);
            if (found is not null)
            {
                break;
            }

            broken.Add(System.IO.Path.GetFileName(folder));
        }

        foreach ((long number, string _) in Partials().OrderByDescending(step => step.Number))
        {
            if (number > (found?.State.Step ?? -1) && !broken.Contains(Prefix + number.ToString(CultureInfo.InvariantCulture)))
            {
                broken.Add(Prefix + number.ToString(CultureInfo.InvariantCulture));
            }
        }

        string rest = found is null ? "and no other checkpoint is whole" : $"resuming from {System.IO.Path.GetFileName(found.Folder)}";
        return (found, broken.ConvertAll(name => $"{name} is incomplete, {rest}"));
    }

    /// <summary>The whole checkpoints whose held-out figure was measured, the best first.</summary>
    /// <param name="metric">Which figure it is.</param>
    public IReadOnlyList<TrainingCheckpoint> Best(string metric)
    {
        var found = new List<TrainingCheckpoint>();
        foreach ((long _, string folder) in Steps().OrderBy(step => step.Number))
        {
            if (TrainingCheckpoint.TryOpen(folder) is { State.Measured: not null } checkpoint)
            {
                int place = found.FindIndex(other => HeldOutFigure.IsBetter(metric, checkpoint.State.Measured.Value, other.State.Measured!.Value));
                found.Insert(place < 0 ? found.Count : place, checkpoint);
            }
        }

        return found;
    }

    /// <summary>Whether a figure is better than one of the best so far, or there are fewer of those.</summary>
    internal bool IsAmongBest(HeldOutFigure figure, string metric, int count)
    {
        IReadOnlyList<TrainingCheckpoint> best = Replaces ? [] : Best(metric);
        return best.Count < count || HeldOutFigure.IsBetter(metric, figure.Value, best[count - 1].State.Measured!.Value);
    }

    /// <summary>Writes a checkpoint under its final name in one move, then drops the oldest beyond <paramref name="keep"/>.</summary>
    /// <param name="trainer">Between two steps.</param>
    /// <param name="family">Kept in the checkpoint.</param>
    /// <param name="config">The text of config.json.</param>
    /// <param name="keep">How many of the newest stay.</param>
    /// <param name="keepBest">How many more stay for their held-out figure.</param>
    /// <exception cref="SaveException">It could not be written; nothing of it is left, and older ones are as they were.</exception>
    public string Save(Trainer trainer, string family, string config, int keep, int keepBest = 0)
    {
        string name = Prefix + trainer.Step.ToString(CultureInfo.InvariantCulture);
        string target = System.IO.Path.Combine(Path, name);
        string partial = System.IO.Path.Combine(
            Path, "." + name + (Replaces ? Replacing : Partial) + Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        bool complete = false;
        try
        {
            Directory.CreateDirectory(Path);
            if (!Replaces && Replacement() is { } interrupted)
            {
                RemoveSteps();
                string number = interrupted.State.Step.ToString(CultureInfo.InvariantCulture);
                Directory.Move(interrupted.Folder, System.IO.Path.Combine(Path, Prefix + number));
            }

            if (Directory.Exists(partial))
            {
                Directory.Delete(partial, recursive: true);
            }

            Directory.CreateDirectory(partial);
            TrainingCheckpoint.Write(partial, trainer, family, config, FileWritten);
            complete = true;
            if (Replaces)
            {
                // The new save is whole and found under its name of now: nothing is lost where this is interrupted.
                RemoveSteps();
                File.Delete(Metrics);
                File.Delete(Events);
                File.Delete(Curve);
            }

            if (Directory.Exists(target))
            {
                Directory.Delete(target, recursive: true);
            }

            Directory.Move(partial, target);
            Replaces = false;
        }
        catch (Exception e) when (Cause(e) is { } cause)
        {
            if (!complete)
            {
                Discard(partial);
            }

            string kept = Kept() is { } last ? $"step {last.ToString(CultureInfo.InvariantCulture)} kept" : "none was written before";
            throw new SaveException($"{target}: checkpoint not written ({cause}); {kept}", e);
        }

        Prune(trainer.Step, keep, keepBest == 0 ? [] : [.. Best(trainer.Options.Metric).Take(keepBest).Select(found => found.Folder)]);
        return target;
    }

    // Where the newest says what cannot be, the save that failed is still what is told of.
    private long? Kept()
    {
        try
        {
            return Latest().Checkpoint?.State.Step;
        }
        catch (CheckpointException)
        {
            return null;
        }
    }

    private void RemoveSteps()
    {
        foreach ((long _, string folder) in Steps().ToArray())
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>The first save of a run that was replacing another one, where it was stopped between completing it and giving it its name.</summary>
    private TrainingCheckpoint? Replacement() =>
        Hidden(Replacing).Select(step => TrainingCheckpoint.TryOpen(step.Folder)).FirstOrDefault(found => found is not null);

    private static string? Cause(Exception e)
    {
        for (Exception? at = e; at is not null; at = at.InnerException)
        {
            if (at is IOException && at.HResult is DiskFullUnix or DiskFullWindows)
            {
                return "disk full";
            }
        }

        return e switch
        {
            UnauthorizedAccessException => "no permission",
            IOException or CheckpointException => e.Message.Split('\n')[0].TrimEnd('.'),
            _ => null,
        };
    }

    private static void Discard(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The save has failed already, and that is what is reported.
        }
    }

    private void Prune(long newest, int keep, IReadOnlyList<string> best)
    {
        // Numbers beyond the newest belong to a future that was given up when an older checkpoint was resumed.
        foreach ((long number, string folder) in Steps().OrderByDescending(step => step.Number).Where(step => step.Number <= newest).Skip(keep)
            .Where(step => !best.Contains(step.Folder)).ToArray())
        {
            Discard(folder);
        }

        foreach ((long _, string folder) in Partials().Concat(Hidden(Replacing)).ToArray())
        {
            Discard(folder);
        }
    }

    private IEnumerable<(long Number, string Folder)> Steps() => Folders(Prefix, name => name[Prefix.Length..]);

    private IEnumerable<(long Number, string Folder)> Partials() => Hidden(Partial);

    private IEnumerable<(long Number, string Folder)> Hidden(string kind) =>
        Folders("." + Prefix, name => name.IndexOf(kind, StringComparison.Ordinal) is > 0 and int end ? name[(Prefix.Length + 1)..end] : "");

    private IEnumerable<(long Number, string Folder)> Folders(string prefix, Func<string, string> number)
    {
        if (!Directory.Exists(Path))
        {
            yield break;
        }

        foreach (string folder in Directory.EnumerateDirectories(Path, prefix + "*"))
        {
            if (long.TryParse(number(System.IO.Path.GetFileName(folder)), NumberStyles.None, CultureInfo.InvariantCulture, out long step))
            {
                yield return (step, folder);
            }
        }
    }
}
