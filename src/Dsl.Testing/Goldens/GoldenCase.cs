using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using Dsl.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Testing;

/// <summary>
/// A folder that says what a published implementation answers: <c>config.json</c> and <c>model.safetensors</c> as published (or in a folder <c>base</c> beside
/// a folder <c>adapter</c>), <c>io.safetensors</c> with <c>in.*</c>, <c>out.*</c> and <c>grad.*</c>, and <c>case.json</c> that says how it was made.
/// </summary>
public sealed class GoldenCase : IDisposable
{
    private readonly ConfigReader config;

    private GoldenCase(string folder)
    {
        Folder = folder;
        Name = NameOf(folder);
        AdapterFolder = GoldenAdapter.IsCase(folder) ? Path.Combine(folder, "adapter") : null;
        ModelFolder = ModelFolderOf(folder);
        config = ConfigReader.Open(ModelFolder);
        Architecture = config.Architectures.FirstOrDefault()
            ?? (AdapterFolder is not null ? "" : throw new FormatException($"{Name}: config.json names no architecture."));

        GoldenJson described = GoldenJson.Read(folder, "case.json");
        What = Text("what") ?? "";
        Tied = described.Find("tied") is { } tied ? TiedIn(tied.Element) : [];
        Float32Inside = described.Find("float32_inside") is { } inside && inside.Element.ValueKind != JsonValueKind.False;
        Loss = Text("loss") ?? Architecture;
        Description = described;
        string? Text(string key) => described.Find(key) is { Element.ValueKind: JsonValueKind.String } text ? text.Text : null;

        var tensors = Read(Path.Combine(folder, "io.safetensors"));
        Inputs = Prefixed(tensors, "in.");
        Outputs = Prefixed(tensors, "out.");
        Gradients = Prefixed(tensors, "grad.");
    }

    /// <summary>Where it lies.</summary>
    public string Folder { get; }

    /// <summary>Where its model lies: the folder itself, or <c>base</c> in it.</summary>
    public string ModelFolder { get; }

    /// <summary>Where an adapter lies that the case is of; null where it is of the model alone.</summary>
    public string? AdapterFolder { get; }

    /// <summary>The folder's name.</summary>
    public string Name { get; }

    /// <summary>What the case is, in a line.</summary>
    public string What { get; }

    /// <summary>The published class: the first of config.json's <c>architectures</c>; empty where there are none beside an adapter.</summary>
    public string Architecture { get; }

    /// <summary>Keys that share another key's weight, and which.</summary>
    public IReadOnlyDictionary<string, string> Tied { get; }

    /// <summary>
    /// The reference computes something in float32 whatever the weights' dtype, so that its answers in float64 carry that rounding: <c>float32_inside</c>
    /// in case.json, true or what it is.
    /// </summary>
    public bool Float32Inside { get; }

    /// <summary>The class whose loss <c>out.loss</c> is: <c>loss</c> in case.json, else <see cref="Architecture"/>. See <see cref="GoldenLoss"/>.</summary>
    public string Loss { get; }

    /// <summary>All of case.json.</summary>
    public GoldenJson Description { get; }

    /// <summary>By name without <c>in.</c>.</summary>
    public IReadOnlyDictionary<string, Tensor> Inputs { get; }

    /// <summary>By name without <c>out.</c>.</summary>
    public IReadOnlyDictionary<string, Tensor> Outputs { get; }

    /// <summary>Gradients of <c>out.loss</c> by weight key.</summary>
    public IReadOnlyDictionary<string, Tensor> Gradients { get; }

    /// <summary>Opens a case.</summary>
    /// <exception cref="FormatException">Its config names no architecture, or its case.json is no object of what it must hold.</exception>
    /// <exception cref="ConfigException">Its config.json cannot be read.</exception>
    /// <exception cref="CheckpointException">Its io.safetensors cannot be read.</exception>
    /// <exception cref="IOException">Its case.json cannot be read.</exception>
    public static GoldenCase Open(string folder) => new(folder);

    /// <summary>Where the model of a case lies.</summary>
    internal static string ModelFolderOf(string folder) => GoldenAdapter.IsCase(folder) ? Path.Combine(folder, "base") : folder;

    /// <summary>A folder's name, however its path is written.</summary>
    internal static string NameOf(string folder) => Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));

    /// <summary>The model cases of a folder: itself, or its direct subfolders, in order of name. A model case has a config, weights and tensors.</summary>
    public static IReadOnlyList<string> Find(string path)
    {
        if (IsCase(path))
        {
            return [path];
        }

        return Directory.Exists(path) ? [.. Directory.GetDirectories(path).Where(IsCase).Order(StringComparer.Ordinal)] : [];
    }

    /// <summary>The architecture that a folder's config.json names; null when it has none.</summary>
    /// <exception cref="ConfigException">It cannot be read.</exception>
    public static string? ArchitectureOf(string folder) => ConfigReader.Open(folder).Architectures.FirstOrDefault();

    /// <summary>An integer at the top of config.json; null when absent or null.</summary>
    public long? ConfigInt(string key) => config.OptionalLong([key]);

    /// <summary>A text at the top of config.json; null when absent or null.</summary>
    public string? ConfigText(string key) => config.OptionalString([key]);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in Inputs.Values.Concat(Outputs.Values).Concat(Gradients.Values))
        {
            tensor.Dispose();
        }
    }

    /// <summary>All tensors of a safetensors file by name, in the dtypes it stores; the caller's to dispose.</summary>
    /// <exception cref="CheckpointException">It cannot be read.</exception>
    public static Dictionary<string, Tensor> Read(string path)
    {
        using var file = SafeTensorsFile.Open(path);
        return file.Tensors.ToDictionary(t => t.Name, t => file.ReadTensor(t.Name).DetachFromDisposeScope());
    }

    private Dictionary<string, string> TiedIn(JsonElement tied) =>
        tied.ValueKind == JsonValueKind.Object && tied.EnumerateObject().All(pair => pair.Value.ValueKind == JsonValueKind.String)
            && tied.EnumerateObject().Select(pair => pair.Name).Distinct().Count() == tied.EnumerateObject().Count()
            ? tied.EnumerateObject().ToDictionary(pair => pair.Name, pair => pair.Value.GetString()!)
            : throw new FormatException($"{Name}: tied in case.json is {SafeKind(tied)}, expected an object of keys, each once and with another key");

    private static string SafeKind(JsonElement value) => value.ValueKind == JsonValueKind.Object ? "an object of something else" : "no object";

    internal static bool IsCase(string folder) =>
        new[] { "case.json", "config.json", "model.safetensors", "io.safetensors" }.All(file => File.Exists(Path.Combine(folder, file)));

    private static Dictionary<string, Tensor> Prefixed(Dictionary<string, Tensor> tensors, string prefix) =>
        tensors.Where(t => t.Key.StartsWith(prefix, StringComparison.Ordinal)).ToDictionary(t => t.Key[prefix.Length..], t => t.Value);
}
