using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using Dsl.Files;

namespace Dsl.Runtime;

/// <summary>What a model was read from, so that saving it gives back what came: all of <c>config.json</c> and the settings of generation.</summary>
internal sealed class ModelSource
{
    private const string GenerationFile = "generation_config.json";

    private readonly ConfigNode config;

    private ModelSource(ConfigNode config) => this.config = config;

    /// <summary><c>generation_config.json</c>, byte for byte; null where there was none.</summary>
    public byte[]? Generation { get; private init; }

    /// <summary>Under which name the file held each weight, by the weight's key.</summary>
    public IReadOnlyDictionary<string, string> Names { get; init; } = new Dictionary<string, string>();

    /// <summary>Under which names it held the pieces of a weight that it did not hold whole, by the weight's key.</summary>
    public ILookup<string, (KeyPiece Piece, string Name)> Pieces { get; init; } = Array.Empty<(KeyPiece, string)>().ToLookup(_ => "");

    /// <summary>A config alone.</summary>
    public static ModelSource Of(ConfigReader reader) => new(reader.Root);

    /// <summary>A folder, whose config is read already.</summary>
    /// <param name="folder">Where it lies.</param>
    /// <param name="reader">Its config.</param>
    /// <param name="report">The names of its tensors.</param>
    public static ModelSource Of(string folder, ConfigReader reader, LoadReport report)
    {
        string generation = Path.Combine(folder, GenerationFile);
        return new ModelSource(reader.Root)
        {
            Generation = File.Exists(generation) ? ConfigNode.ReadBytes(generation) : null,
            Names = report.Names,
            Pieces = report.Pieces,
        };
    }

    /// <summary>Whether the file names one of these classes, or none at all.</summary>
    public bool IsOf(IReadOnlyList<string> architectures) =>
        !config.Members.TryGetValue("architectures", out ConfigNode? named) || named.Kind != JsonTokenType.StartArray || named.Items.Count == 0
        || architectures.Count == 0 || named.Items.Any(item => architectures.Contains(item.Text, StringComparer.OrdinalIgnoreCase));

    /// <summary>The config's members as they came; where the file names another class than the model's own, the model's is named.</summary>
    public IEnumerable<(string Path, object? Value)> Members(IReadOnlyList<string> architectures) =>
        config.Members.Select(member => (member.Key, member.Key == "architectures" && !IsOf(architectures) ? architectures.Take(1) : (object?)member.Value));
}

/// <summary>The settings of generation that a made model is published with.</summary>
public static class GenerationSettings
{
    private static readonly string[] Keys =
        ["bos_token_id", "decoder_start_token_id", "eos_token_id", "forced_bos_token_id", "forced_eos_token_id", "pad_token_id"];

    /// <summary>Writes <c>generation_config.json</c> beside the <c>config.json</c> of a folder: the ids of special tokens that this one has.</summary>
    /// <exception cref="ConfigException">The config cannot be read.</exception>
    /// <exception cref="CheckpointException">The file could not be written.</exception>
    public static void WriteFor(string folder) =>
        Write(folder, null, ConfigReader.Open(folder).Root.Members.Select(member => (member.Key, (object?)member.Value)));

    /// <summary>Writes <c>generation_config.json</c>: what was read, byte for byte; else the ids of the config, where it has any.</summary>
    /// <exception cref="CheckpointException">It could not be written.</exception>
    internal static void Write(string folder, byte[]? read, IEnumerable<(string Path, object? Value)> config)
    {
        string path = Path.Combine(folder, "generation_config.json");
        if (read is not null)
        {
            AtomicFiles.WriteBytes(path, read, CheckpointException.Of);
            return;
        }

        var ids = config.Where(pair => Keys.Contains(pair.Path) && pair.Value is not (null or ConfigNode { Kind: JsonTokenType.Null })).ToList();
        if (ids.Count > 0)
        {
            ConfigWriter.WriteMembers(path, [("_from_model_config", true), .. ids]);
        }
    }
}
