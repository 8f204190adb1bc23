using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using Dsl.Runtime;

namespace Dsl.Training;

/// <summary>What <c>training.json</c> of a checkpoint says beside the tensors.</summary>
public sealed record TrainingState
{
    /// <summary>The layout that this version writes and reads.</summary>
    internal const int CurrentFormat = 2;

    /// <summary>The layout of the folder.</summary>
    public int Format { get; init; } = CurrentFormat;

    /// <summary>How many steps were done.</summary>
    public required long Step { get; init; }

    /// <summary>Which family the run began as.</summary>
    public required string Family { get; init; }

    /// <summary>What it trains with.</summary>
    public required TrainingOptions Options { get; init; }

    /// <summary>The text it learns.</summary>
    public required string Text { get; init; }

    /// <summary>SHA-256 of the text.</summary>
    public required string TextHash { get; init; }

    /// <summary>What it was trained to do; null for the next token.</summary>
    public string? Objective { get; init; }

    /// <summary>Options of what it was trained to do, by their words.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>Position in the data, as a text: JSON readers may round 64 bits.</summary>
    public required string DataPosition { get; init; }

    /// <summary>The other files of the folder and their lengths; written last, so a folder whose files agree with it is whole.</summary>
    public required IReadOnlyDictionary<string, long> Files { get; init; }
}

/// <summary>One complete save of a run: weights, config, codec, moments, generators, position.</summary>
public sealed record TrainingCheckpoint(string Folder, TrainingState State)
{
    internal const string WeightsFile = "model.safetensors";
    internal const string ConfigFile = "config.json";
    internal const string StateFile = "optimizer.safetensors";
    internal const string ManifestFile = "training.json";

    /// <summary>Its <c>config.json</c>.</summary>
    public string ConfigPath => Path.Combine(Folder, ConfigFile);

    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>The checkpoint in a folder, or null where it is not whole: files are missing or shorter than they were written.</summary>
    public static TrainingCheckpoint? TryOpen(string folder)
    {
        try
        {
            string manifest = Path.Combine(folder, ManifestFile);
            TrainingState? state = File.Exists(manifest) ? JsonSerializer.Deserialize<TrainingState>(File.ReadAllText(manifest), Json) : null;
            return state is { Format: TrainingState.CurrentFormat } && state.Files.All(
                file => new FileInfo(Path.Combine(folder, file.Key)) is { Exists: true } info && info.Length == file.Value)
                ? new TrainingCheckpoint(folder, state)
                : null;
        }
        catch (Exception e) when (e is JsonException or IOException or NotSupportedException)
        {
            return null;
        }
    }

    /// <summary>Reads everything back into a trainer that was built from the checkpoint's config and options.</summary>
    /// <exception cref="CheckpointException">A file is damaged or belongs to another model.</exception>
    public void ReadInto(Trainer trainer)
    {
        using SafeTensorsFile weights = SafeTensorsFile.Open(Path.Combine(Folder, WeightsFile));
        using SafeTensorsFile state = SafeTensorsFile.Open(Path.Combine(Folder, StateFile));
        trainer.Resume(weights, state, State.Step, State.DataPosition);
    }

    /// <summary>Writes all files of a checkpoint into an empty folder, the manifest last.</summary>
    /// <param name="folder">Exists and is empty.</param>
    /// <param name="trainer">Between two steps.</param>
    /// <param name="family">Kept in the manifest.</param>
    /// <param name="config">The text of config.json.</param>
    /// <param name="written">Called with the name of each file that is complete.</param>
    internal static void Write(string folder, Trainer trainer, string family, string config, Action<string>? written)
    {
        SafeTensorsWriter.Write(Path.Combine(folder, WeightsFile), Sources(trainer.Weights()), new Dictionary<string, string> { ["format"] = "pt" });
        written?.Invoke(WeightsFile);
        (IReadOnlyList<(string, TorchSharp.torch.Tensor)> state, TorchSharp.torch.Tensor generator) = trainer.State();
        using (generator)
        {
            SafeTensorsWriter.Write(Path.Combine(folder, StateFile), Sources(state));
        }

        written?.Invoke(StateFile);
        WriteText(Path.Combine(folder, ConfigFile), config);
        GenerationSettings.WriteFor(folder);
        trainer.Data.Save(folder);
        var manifest = new TrainingState
        {
            Step = trainer.Step,
            Family = family,
            Options = trainer.Options,
            Text = trainer.Data.Name,
            TextHash = trainer.Data.Hash,
            DataPosition = trainer.Data.Position,
            Objective = trainer.Data.Objective,
            Settings = trainer.Data.Settings,
            Files = Directory.GetFiles(folder).Order(StringComparer.Ordinal).ToDictionary(file => Path.GetFileName(file), file => new FileInfo(file).Length),
        };
        WriteText(Path.Combine(folder, ManifestFile), JsonSerializer.Serialize(manifest, Json) + "\n");
        written?.Invoke(ManifestFile);
    }

    private static TensorSource[] Sources(IReadOnlyList<(string Key, TorchSharp.torch.Tensor Value)> tensors) =>
        tensors.Select(tensor => TensorSource.From(tensor.Key, tensor.Value)).ToArray();

    private static void WriteText(string path, string text)
    {
        using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write);
        using (var writer = new StreamWriter(file, leaveOpen: true))
        {
            writer.Write(text);
        }

        file.Flush(flushToDisk: true);
    }
}
