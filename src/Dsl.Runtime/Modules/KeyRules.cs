using System.Collections.Generic;

namespace Dsl.Runtime;

/// <summary>What a declaration says of the files that hold its weights.</summary>
public sealed record KeyRules
{
    /// <summary>Other published layouts: a name, and renamings of runs of dotted key segments (<c>attention=att</c>).</summary>
    public IReadOnlyList<KeyLayout> Layouts { get; init; } = [];

    /// <summary>Tensors of a file that are no weights: patterns over keys.</summary>
    public IReadOnlyList<string> Ignored { get; init; } = [];

    /// <summary>Other keys, each the key of a part, under which a file may hold the same weight.</summary>
    public IReadOnlyList<(string Key, IReadOnlyList<string> Others)> Same { get; init; } = [];
}
