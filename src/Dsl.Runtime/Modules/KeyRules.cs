using System;
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

    /// <summary>Folders of other models, in which weights may lie.</summary>
    public IReadOnlyList<OtherFolder> Folders { get; init; } = [];

    /// <summary>The layout of the declaration itself, then the others.</summary>
    internal IReadOnlyList<KeyLayout> AllLayouts => [KeyLayout.Declared, .. Layouts];

    /// <summary>Second names of one weight.</summary>
    internal IEnumerable<string> SecondNames(string key)
    {
        foreach ((string first, IReadOnlyList<string> others) in Same)
        {
            if (key == first || key.StartsWith(first + ".", StringComparison.Ordinal))
            {
                foreach (string other in others)
                {
                    yield return other + key[first.Length..];
                }
            }
        }
    }
}
