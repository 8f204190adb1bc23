using System;
using System.Collections.Generic;
using System.IO;
using System.Text.Json;
using Dsl.Runtime;
using Dsl.Tests;
using Spectre.Console;
using TorchSharp;
using static TorchSharp.torch;

namespace Zoo.Cli.Tests;

/// <summary>A zoo whose every config is a tiny model of the config's vocabulary, so that commands run in no time.</summary>
internal sealed class TestZoo(double dropout = 0.1) : IZoo
{
    internal const string Preset = "tiny-16";

    /// <summary>Folders that were asked to be verified.</summary>
    internal List<string> Verified { get; } = [];

    public IReadOnlyList<ZooPreset> Presets { get; } =
    [
        new(Preset, "Tiny", "[Embedding(\"embed\")]", () => new TinyModel(new TinyConfig(63), new Weights(ScalarType.Float32, META)), () =>
            [("band", MaskRule.Band(4))]),
        new("tiny-none", "Tiny", "[Embedding(\"embed\")]", () => new TinyModel(new TinyConfig(63), new Weights(ScalarType.Float32, META)), () => []),
    ];

    public IModel Create(string config, string file, ScalarType dtype, Device device) =>
        new TinyModel(new TinyConfig(Vocabulary(config), Dropout: dropout), new Weights(dtype, device));

    public IModel Outline(string folder, LoadOptions options) =>
        new TinyModel(new TinyConfig(Vocabulary(File.ReadAllText(Path.Combine(folder, "config.json")))), new Weights(ScalarType.Float32, META));

    public ModelCheck Check(string folder, LoadOptions options, string? architecture) => ModelCheck.Of(Models.Registry, folder, options, architecture);

    public IModel Load(string folder, ScalarType dtype, Device device, LoadOptions options)
    {
        var model = new TinyModel(new TinyConfig(Vocabulary(File.ReadAllText(Path.Combine(folder, "config.json"))), Dropout: dropout),
            new Weights(dtype, device));
        model.LoadWeights(Path.Combine(folder, "model.safetensors"));
        return model;
    }

    public int Verify(IReadOnlyList<string> folders, string? assembly, IAnsiConsole console)
    {
        Verified.AddRange(folders);
        return 1;
    }

    private static int Vocabulary(string config)
    {
        using JsonDocument json = JsonDocument.Parse(config);
        return json.RootElement.GetProperty("vocab_size").GetInt32();
    }
}
