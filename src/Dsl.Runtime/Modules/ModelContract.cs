using System;
using System.Collections.Generic;

namespace Dsl.Runtime;

/// <summary>What is known of a declared model without building it.</summary>
/// <typeparam name="TConfig">Its config record.</typeparam>
public sealed record ModelContract<TConfig>
{
    /// <summary>Names of the inputs as published.</summary>
    public required IReadOnlyList<string> Inputs { get; init; }

    /// <summary>Names of the outputs in the order of the declaration.</summary>
    public required IReadOnlyList<string> Outputs { get; init; }

    /// <summary>What heads read where that is no output of the declaration: it can be asked for by these names too.</summary>
    public IReadOnlyList<string> HeadInputs { get; init; } = [];

    /// <summary>Classes of the published library that it answers to, the one that saved files name first.</summary>
    public IReadOnlyList<string> Architectures { get; init; } = [];

    /// <summary><c>model_type</c> in its files; null where it has none.</summary>
    public string? ModelType { get; init; }

    /// <summary>What <c>config.json</c> says of a record: dotted paths with their values.</summary>
    public required Func<TConfig, IReadOnlyList<(string Path, object? Value)>> Values { get; init; }

    /// <summary>Layouts, ignored tensors and second names of the files it reads.</summary>
    public KeyRules Keys { get; init; } = new();

    /// <summary>Outputs that training adds to its loss, each times a number of the config.</summary>
    public Func<TConfig, IReadOnlyList<(string Output, double Weight)>> Losses { get; init; } = _ => [];

    /// <summary>What the compiler fused, here and in the blocks.</summary>
    public IReadOnlyList<string> Fusions { get; init; } = [];

    /// <summary>Why it has no stateful form, as the rest of a sentence; null where it has one.</summary>
    public string? NotStateful { get; init; }

    /// <summary>Rows of a product are picked by what they hold (tokens by their experts): a row depends on those beside it to rounding.</summary>
    public bool GroupsRows { get; init; }
}
