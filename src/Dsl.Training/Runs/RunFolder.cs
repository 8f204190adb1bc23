using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;

namespace Dsl.Training;

/// <summary>A checkpoint could not be written; the message is one sentence that says what is left.</summary>
public sealed class SaveException(string message, Exception inner) : Exception(message, inner);

/// <summary>
/// The folder of one run: a folder <c>step-N</c> per save, <c>metrics.csv</c>, <c>loss.png</c>. A save is written under another name and renamed when it is
/// complete, so that a <c>step-N</c> is either whole or was damaged later.
/// </summary>
public sealed class RunFolder(string path)
{
    private const string Prefix = "step-";
    private const string Partial = ".partial-";
    private const int DiskFullUnix = 28;
    private const int DiskFullWindows = unchecked((int)0x80070070);

    /// <summary>Where it is.</summary>
    public string Path { get; } = path;

    /// <summary>The table of all steps.</summary>
    public string Metrics => System.IO.Path.Combine(Path, "metrics.csv");

    /// <summary>The picture of the losses.</summary>
    public string Curve => System.IO.Path.Combine(Path, "loss.png");

    /// <summary>Whether the folder holds anything of a run.</summary>
    public bool HoldsRun => Directory.Exists(Path) && (Steps().Any() || File.Exists(Metrics));

    /// <summary>Is called with the name of each file of a save that is complete; tests make it fail.</summary>
    internal Action<string>? FileWritten { get; set; }

    /// <summary>The newest whole checkpoint, null where there is none, and a sentence for each newer one that is not whole.</summary>
    public (TrainingCheckpoint? Checkpoint, IReadOnlyList<string> Notes) Latest()
    {
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

    /// <summary>Writes a checkpoint under its final name in one move, then drops the oldest beyond <paramref name="keep"/>.</summary>
    /// <exception cref="SaveException">It could not be written; nothing of it is left, and older ones are as they were.</exception>
    public string Save(Trainer trainer, string family, string config, int keep)
    {
        string name = Prefix + trainer.Step.ToString(CultureInfo.InvariantCulture);
        string target = System.IO.Path.Combine(Path, name);
        string partial = System.IO.Path.Combine(Path, "." + name + Partial + Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        try
        {
            Directory.CreateDirectory(Path);
            if (Directory.Exists(partial))
            {
                Directory.Delete(partial, recursive: true);
            }

            Directory.CreateDirectory(partial);
            TrainingCheckpoint.Write(partial, trainer, family, config, FileWritten);
            if (Directory.Exists(target))
            {
                Directory.Delete(target, recursive: true);
            }

            Directory.Move(partial, target);
        }
        catch (Exception e) when (Cause(e) is { } cause)
        {
            Discard(partial);
            string kept = Latest().Checkpoint is { } last ? $"step {last.State.Step.ToString(CultureInfo.InvariantCulture)} kept" : "none was written before";
            throw new SaveException($"{target}: checkpoint not written ({cause}); {kept}", e);
        }

        Prune(trainer.Step, keep);
        return target;
    }

    /// <summary>Removes what earlier runs left here; other files stay.</summary>
    public void Clear()
    {
        foreach ((long _, string folder) in Steps().Concat(Partials()).ToArray())
        {
            Directory.Delete(folder, recursive: true);
        }

        File.Delete(Metrics);
        File.Delete(Curve);
    }

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
            IOException or Dsl.Runtime.CheckpointException => e.Message.Split('\n')[0].TrimEnd('.'),
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

    private void Prune(long newest, int keep)
    {
        // Numbers beyond the newest belong to a future that was given up when an older checkpoint was resumed.
        foreach ((long number, string folder) in Steps().OrderByDescending(step => step.Number).Where(step => step.Number <= newest).Skip(keep).ToArray())
        {
            Discard(folder);
        }

        foreach ((long _, string folder) in Partials().ToArray())
        {
            Discard(folder);
        }
    }

    private IEnumerable<(long Number, string Folder)> Steps() => Folders(Prefix, name => name[Prefix.Length..]);

    private IEnumerable<(long Number, string Folder)> Partials() =>
        Folders("." + Prefix, name => name.IndexOf(Partial, StringComparison.Ordinal) is > 0 and int end ? name[(Prefix.Length + 1)..end] : "");

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
