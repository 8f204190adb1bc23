using System;
using System.Collections.Generic;
using System.Linq;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>A tensor to be filled from a checkpoint.</summary>
/// <param name="Key">Its key in the model.</param>
/// <param name="Shape">The shape that the file must have.</param>
/// <param name="Destination">A tensor of that shape, of any strides (a view into a packed weight), float type and device; filled in place.</param>
public sealed record LoadTarget(string Key, IReadOnlyList<long> Shape, Tensor Destination)
{
    /// <summary>Other keys that name the same weight (ties, alternative names). The file may hold it under one or several; several must be equal.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>Fills the destination where the file does not hold the tensor; null: then that is an error.</summary>
    public Action? WhenMissing { get; init; }
}

/// <summary>How a checkpoint is loaded.</summary>
public sealed record LoadOptions
{
    /// <summary>Layouts that the file may be written in; the one that leaves the fewest tensors missing is taken.</summary>
    public IReadOnlyList<KeyLayout> Layouts { get; init; } = [KeyLayout.Declared];

    /// <summary>Patterns of names in the file that are passed over, with <c>*</c> for any run of characters: <c>*.position_ids</c>.</summary>
    public IReadOnlyList<string> Ignore { get; init; } = [];

    /// <summary>Keys of <c>config.json</c> that are treated as if they were not there, dotted paths: the way round a key that is not known.</summary>
    public IReadOnlyList<string> IgnoreKeys { get; init; } = [];

    /// <summary>A folder as peft writes it: the model is loaded with that adapter in use (<see cref="Adapters.Load"/>). Null: none.</summary>
    public string? Adapter { get; init; }

    /// <summary>Tensors that nothing asks for are reported in <see cref="LoadReport.Unexpected"/> instead of being an error.</summary>
    public bool AllowUnexpected { get; init; }

    /// <summary>Looks for values that are NaN or infinite.</summary>
    public bool CheckFinite { get; init; } = true;

    /// <summary>
    /// Receives each warning, one line that names the file and what in it: tensors that are NaN, that overflow the type they are loaded as, or that were
    /// passed over. By default it goes to standard error; null: nowhere.
    /// </summary>
    public Action<string>? Warn { get; init; } = static line => Console.Error.WriteLine("warning: " + line);

    /// <summary>Names of tensors that other heads of the model's family have: where nothing asks for them, they are passed over.</summary>
    internal Func<IReadOnlySet<string>>? OtherHeads { get; init; }
}

/// <summary>What was loaded.</summary>
/// <param name="Layout">The layout that the file was read in.</param>
/// <param name="Loaded">Tensors filled.</param>
/// <param name="Unexpected">Names in the file that nothing asked for and no pattern passed over.</param>
public sealed record LoadReport(KeyLayout Layout, int Loaded, IReadOnlyList<string> Unexpected)
{
    /// <summary>Names in the file that belong to another head of the model's family.</summary>
    public IReadOnlyList<string> PassedOver { get; init; } = [];

    /// <summary>Under which name the file holds each target, by the target's key; of one that it holds in pieces there is none.</summary>
    public IReadOnlyDictionary<string, string> Names { get; init; } = new Dictionary<string, string>();

    /// <summary>Under which names the file holds the pieces of a target that it does not hold whole, by the target's key.</summary>
    internal ILookup<string, (KeyPiece Piece, string Name)> Pieces { get; init; } = Array.Empty<(KeyPiece, string)>().ToLookup(_ => "");
}
