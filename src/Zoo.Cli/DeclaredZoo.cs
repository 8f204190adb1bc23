using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using Dsl.Testing;
using Spectre.Console;
using TorchSharp;
using Zoo.Cli.Verification;
using static TorchSharp.torch;

namespace Zoo.Cli;

/// <summary>The models that this assembly declares.</summary>
public sealed class DeclaredZoo : IZoo
{
    /// <inheritdoc/>
    public IReadOnlyList<ZooPreset> Presets { get; } =
        [.. from entry in Models.All from preset in entry.Presets select
            new ZooPreset(preset.Name, entry.Name, entry.Declaration, () => Outline(entry, preset), () => Masks(entry, preset))];

    /// <inheritdoc/>
    public IModel Create(string config, string file, ScalarType dtype, Device device) => Models.Create(ConfigReader.Parse(config, file), dtype, device);

    /// <inheritdoc/>
    public IModel Load(string folder, ScalarType dtype, Device device, LoadOptions options) => Models.Load(folder, dtype, device, options);

    /// <inheritdoc/>
    public IModel Outline(string folder, LoadOptions options) => Models.Registry.Outline(folder, options);

    /// <inheritdoc/>
    public ModelCheck Check(string folder, LoadOptions options, string? architecture) => ModelCheck.Of(Models.Registry, folder, options, architecture);

    /// <inheritdoc/>
    public int Verify(IReadOnlyList<string> folders, string? assembly, IAnsiConsole console) => GoldenTables.Print(
        assembly is null ? ZooGoldens.Verifier : new GoldenVerifier(DeclaredElsewhere.With(assembly, Models.Registry), ZooGoldens.Rules), folders, console);

    private static IModel Outline(ModelEntry entry, ModelPreset preset) => entry.Build(preset.Config(), new Weights(ScalarType.Float32, META));

    /// <summary>Each different mask once, with the layers that have it.</summary>
    private static IReadOnlyList<(string Name, MaskRule Rule)> Masks(ModelEntry entry, ModelPreset preset)
    {
        using IModel model = Outline(entry, preset);
        return [.. model.Masks().GroupBy(place => place.Mask.ToString(), StringComparer.Ordinal)
            .Select(group => ($"{group.Key}, {group.Count()} layers", group.First().Mask))];
    }
}
