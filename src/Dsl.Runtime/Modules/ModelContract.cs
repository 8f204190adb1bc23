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

    /// <summary>Writes <c>config.json</c> into a folder.</summary>
    public required Action<string, TConfig> Save { get; init; }

    /// <summary>Layouts, ignored tensors and second names of the files it reads.</summary>
    public KeyRules Keys { get; init; } = new();

    /// <summary>What the compiler fused, here and in the blocks.</summary>
    public IReadOnlyList<string> Fusions { get; init; } = [];

    /// <summary>Why it has no stateful form, as the rest of a sentence; null where it has one.</summary>
    public string? NotStateful { get; init; }
}
