using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Dsl.Files;
using Dsl.Runtime;

namespace Dsl.Training;

/// <summary>What <c>training.json</c> of a checkpoint says beside the tensors.</summary>
public sealed record TrainingState
{
    /// <summary>The layout that this version writes and reads.</summary>
    internal const int CurrentFormat = 3;

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

    /// <summary>The best held-out figure up to here; null where none was measured.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public HeldOutFigure? Best { get; init; }

    /// <summary>The held-out figure of these weights; null where it was not measured after this step.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public HeldOutFigure? Measured { get; init; }

    /// <summary>The run is over: its last step is done, or its figure has not become better for as long as it was to wait.</summary>
    [JsonIgnore]
    public bool Ended => Step == Options.Steps || IsExhausted(Options, Step, Best);

    internal static bool IsExhausted(TrainingOptions options, long step, HeldOutFigure? best) =>
        options.Patience > 0 && best is not null && step - best.Step >= (long)options.Patience * options.EvaluateEvery;

    /// <summary>The other files of the folder; written last, so a folder whose files agree with it is whole.</summary>
    public required IReadOnlyDictionary<string, CheckpointFile> Files { get; init; }

    /// <summary>SHA-256 of this state itself, without this member, in hexadecimal.</summary>
    public required string Digest { get; init; }
}

/// <summary>A file of a checkpoint as it was written.</summary>
/// <param name="Bytes">Its length.</param>
/// <param name="Sha256">Of its bytes, in hexadecimal.</param>
public sealed record CheckpointFile(long Bytes, string Sha256);

/// <summary>One complete save of a run: weights, config, codec, moments, generators, position.</summary>
public sealed record TrainingCheckpoint(string Folder, TrainingState State)
{
    internal const string WeightsFile = "model.safetensors";

    /// <summary>What is trained over a base, in place of the weights; the adapter in peft's layout stands beside it.</summary>
    internal const string TrainedFile = "trained.safetensors";
    internal const string ConfigFile = "config.json";
    internal const string StateFile = "optimizer.safetensors";
    internal const string ManifestFile = "training.json";

    /// <summary>Its <c>config.json</c>.</summary>
    public string ConfigPath => Path.Combine(Folder, ConfigFile);

    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    /// <summary>The checkpoint in a folder, or null where it is not whole: files are missing or have another length than they were written with.</summary>
    /// <exception cref="CheckpointException">Its training.json is whole and says what cannot be; the message names the key.</exception>
    public static TrainingCheckpoint? TryOpen(string folder)
    {
        string manifest = Path.Combine(folder, ManifestFile);
        if (!File.Exists(manifest))
        {
            return null;
        }

        TrainingState? state = Read(manifest);
        return state is not null && state.Files.All(
            file => new FileInfo(Path.Combine(folder, file.Key)) is { Exists: true } info && info.Length == file.Value.Bytes)
            ? new TrainingCheckpoint(folder, state)
            : null;
    }

    /// <summary>Holds every file against the digest that it was written with.</summary>
    /// <exception cref="CheckpointException">One is not the file that was written.</exception>
    public void Verify()
    {
        string step = Path.GetFileName(Folder);
        string manifest = Path.Combine(Folder, ManifestFile);

        // Of the text as it stands: options that this version has and the one that wrote it had not are no part of it.
        string written = UserFile.ReadText(manifest, UserFile.MostOfText, Error).TrimEnd('\n').Replace(State.Digest, "", StringComparison.Ordinal);
        if (HashOf(Encoding.UTF8.GetBytes(written)) != State.Digest)
        {
            throw new CheckpointException(
                manifest, $"is not the file that {step} was saved with (its digest differs), expected it unchanged");
        }

        foreach ((string name, CheckpointFile file) in State.Files)
        {
            string path = Path.Combine(Folder, name);
            if (HashOf(path) != file.Sha256)
            {
                throw new CheckpointException(path, $"is not the file that {step} was saved with (its digest differs), expected it unchanged; "
                    + $"without the folder {step} the run goes on from the checkpoint before it");
            }
        }
    }

    /// <summary>Reads everything back into a trainer that was built from the checkpoint's config and options.</summary>
    /// <exception cref="CheckpointException">A file is damaged or belongs to another model.</exception>
    public void ReadInto(Trainer trainer)
    {
        using SafeTensorsFile weights = SafeTensorsFile.Open(Path.Combine(Folder, trainer.OverBase ? TrainedFile : WeightsFile));
        using SafeTensorsFile state = SafeTensorsFile.Open(Path.Combine(Folder, StateFile));
        trainer.Resume(weights, state, State.Step, State.DataPosition);
        trainer.Best = State.Best;
    }

    /// <summary>Writes all files of a checkpoint into an empty folder, the manifest last.</summary>
    /// <param name="folder">Exists and is empty.</param>
    /// <param name="trainer">Between two steps.</param>
    /// <param name="family">Kept in the manifest.</param>
    /// <param name="config">The text of config.json.</param>
    /// <param name="written">Called with the name of each file that is complete.</param>
    internal static void Write(string folder, Trainer trainer, string family, string config, Action<string>? written)
    {
        string weights = trainer.OverBase ? TrainedFile : WeightsFile;
        SafeTensorsWriter.Write(Path.Combine(folder, weights), Sources(trainer.Weights()), new Dictionary<string, string> { ["format"] = "pt" });
        written?.Invoke(weights);
        if (trainer.OverBase && Adapters.Current(trainer.Model) is { } adapter)
        {
            adapter.Save(folder);
        }

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
            Best = trainer.Best,
            Measured = trainer.Measured?.Step == trainer.Step ? trainer.Measured : null,
            Objective = trainer.Data.Objective,
            Settings = trainer.Data.Settings,
            Files = Directory.GetFiles(folder).Order(StringComparer.Ordinal).ToDictionary(
                file => Path.GetFileName(file), file => new CheckpointFile(new FileInfo(file).Length, HashOf(file))),
            Digest = "",
        };
        manifest = manifest with { Digest = HashOf(JsonSerializer.SerializeToUtf8Bytes(manifest, Json)) };
        WriteText(Path.Combine(folder, ManifestFile), JsonSerializer.Serialize(manifest, Json) + "\n");
        written?.Invoke(ManifestFile);
    }

    private static TensorSource[] Sources(IReadOnlyList<(string Key, TorchSharp.torch.Tensor Value)> tensors) =>
        tensors.Select(tensor => TensorSource.From(tensor.Key, tensor.Value)).ToArray();

    private static void WriteText(string path, string text) => AtomicFiles.WriteText(path, text, Error);

    private static string HashOf(string path)
    {
        using FileStream file = UserFile.OpenStream(path, Error);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }

    private static string HashOf(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    /// <summary>The state in a manifest; null where the file is cut short or of another format.</summary>
    /// <exception cref="CheckpointException">It is whole and says what cannot be.</exception>
    private static TrainingState? Read(string manifest)
    {
        byte[] bytes = UserFile.ReadBytes(manifest, UserFile.MostOfText, Error);
        try
        {
            using JsonDocument whole = JsonDocument.Parse(bytes);
            if (whole.RootElement.ValueKind != JsonValueKind.Object)
            {
                throw Error(manifest, $"is {whole.RootElement.ValueKind.ToString().ToLowerInvariant()}, expected an object", null);
            }

            if (whole.RootElement.TryGetProperty("format", out JsonElement format)
                && !(format.ValueKind == JsonValueKind.Number && format.TryGetInt32(out int number) && number == TrainingState.CurrentFormat))
            {
                throw Error(manifest, $"format is {Shown(format)}, expected {TrainingState.CurrentFormat}", null);
            }
        }
        catch (JsonException)
        {
            return null;
        }

        try
        {
            TrainingState state = JsonSerializer.Deserialize<TrainingState>(bytes, Json)!;
            Check(manifest, state);
            return state;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or NotSupportedException)
        {
            string place = (e as JsonException)?.Path is { Length: > 2 } path ? path[2..] + ": " : "";
            throw Error(manifest, place + Line(e.Message) + ", expected what train wrote", e);
        }
    }

    private static void Check(string manifest, TrainingState state)
    {
        void Require(bool holds, string key, string expected)
        {
            if (!holds)
            {
                throw Error(manifest, $"{key}, expected {expected}", null);
            }
        }

        try
        {
            state.Options.Validate();
        }
        catch (ArgumentException e)
        {
            throw Error(manifest, "options: " + Line(e.Message), e);
        }

        Require(state.Step >= 0 && state.Step <= state.Options.Steps, FormattableString.Invariant($"step is {state.Step}"),
            FormattableString.Invariant($"0 to the {state.Options.Steps} steps of the run"));
        Require(IsHash(state.TextHash), "text_hash is no SHA-256", "64 hexadecimal digits");
        Require(IsHash(state.Digest), "digest is no SHA-256", "64 hexadecimal digits");
        foreach ((string word, string? value) in state.Settings)
        {
            Require(value is not null, $"settings.{Line(word)} is null", "a text");
        }

        foreach (string needed in new[] { state.Files.ContainsKey(TrainedFile) ? TrainedFile : WeightsFile, StateFile, ConfigFile })
        {
            Require(state.Files.ContainsKey(needed), $"files has no {needed}", "every file of the folder");
        }

        foreach ((string name, CheckpointFile? file) in state.Files)
        {
            Require(name.Length > 0 && Path.GetFileName(name) == name && name is not ("." or ".."), $"files: '{Line(name)}' leaves the folder", "a file in it");
            Require(file is { Bytes: >= 0 } && IsHash(file.Sha256), $"files.{name} has no length or no SHA-256", "both");
        }
    }

    private static bool IsHash(string? text) => text is { Length: 64 } && text.All(char.IsAsciiHexDigitLower);

    private static string Shown(JsonElement value) => value.ValueKind == JsonValueKind.Number
        ? value.GetRawText() : value.ValueKind.ToString().ToLowerInvariant();

    private static string Line(string text)
    {
        string line = string.Concat(text.Split(" Path: ")[0].Select(unit => char.IsControl(unit) ? ' ' : unit)).TrimEnd('.', ' ');
        return line.Length <= 200 ? line : line[..200] + "...";
    }

    private static CheckpointException Error(string file, string problem, Exception? inner) => new(file, problem, inner);
}
