using System;
using System.Collections.Generic;
using Dsl.Runtime;
using Spectre.Console;
using static TorchSharp.torch;

namespace Zoo.Cli;

/// <summary>A published size of a declared model.</summary>
/// <param name="Name">What commands call it.</param>
/// <param name="Model">The declared class.</param>
/// <param name="Declaration">Its declaration, as text.</param>
/// <param name="Outline">The model with shapes only: nothing is allocated.</param>
/// <param name="Masks">The attention masks in use, each with its name.</param>
public sealed record ZooPreset(
    string Name, string Model, string Declaration, Func<IModel> Outline, Func<IReadOnlyList<(string Name, MaskRule Rule)>> Masks);

/// <summary>What commands need of the declared models.</summary>
public interface IZoo
{
    /// <summary>All published sizes, family by family.</summary>
    IReadOnlyList<ZooPreset> Presets { get; }

    /// <summary>A model with new weights.</summary>
    /// <param name="config">The text of a config.json.</param>
    /// <param name="file">What messages call it.</param>
    /// <param name="dtype">Of the weights.</param>
    /// <param name="device">Of the weights.</param>
    /// <exception cref="ConfigException">The config says what no declared model does.</exception>
    IModel Create(string config, string file, ScalarType dtype, Device device);

    /// <summary>A model with the weights of a checkpoint's folder.</summary>
    /// <exception cref="ConfigException">The config says what no declared model does.</exception>
    /// <param name="folder">Where it lies.</param>
    /// <param name="dtype">Of the weights.</param>
    /// <param name="device">Of the weights.</param>
    /// <param name="options">What is passed over, and where warnings go.</param>
    /// <exception cref="CheckpointException">The weights don't fit.</exception>
    IModel Load(string folder, ScalarType dtype, Device device, LoadOptions options);

    /// <summary>The model of a checkpoint's folder without its weights.</summary>
    /// <param name="folder">Where it lies.</param>
    /// <param name="options">What is passed over.</param>
    /// <exception cref="ConfigException">The config says what no declared model does.</exception>
    IModel Outline(string folder, LoadOptions options);

    /// <summary>What loading a folder would say, without its weights.</summary>
    /// <param name="folder">Where it lies.</param>
    /// <param name="options">What is passed over.</param>
    /// <param name="architecture">The class that is meant, where the config names none.</param>
    ModelCheck Check(string folder, LoadOptions options, string? architecture);

    /// <summary>Compares models with golden cases and prints the errors; returns the exit code.</summary>
    /// <param name="folders">Cases, or folders of cases.</param>
    /// <param name="assembly">Declares further models; null: none.</param>
    /// <param name="console">Where tables go.</param>
    int Verify(IReadOnlyList<string> folders, string? assembly, IAnsiConsole console);
}
