using System;
using System.Collections.Generic;
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
}

/// <summary>How a checkpoint is loaded.</summary>
public sealed record LoadOptions
{
    /// <summary>Layouts that the file may be written in; the one that leaves the fewest tensors missing is taken.</summary>
    public IReadOnlyList<KeyLayout> Layouts { get; init; } = [KeyLayout.Declared];

    /// <summary>Patterns of names in the file that are passed over, with <c>*</c> for any run of characters: <c>*.position_ids</c>.</summary>
    public IReadOnlyList<string> Ignore { get; init; } = [];

    /// <summary>Tensors that nothing asks for are reported in <see cref="LoadReport.Unexpected"/> instead of being an error.</summary>
    public bool AllowUnexpected { get; init; }

    /// <summary>Looks for values that are NaN or infinite.</summary>
    public bool CheckFinite { get; init; } = true;

    /// <summary>Receives each warning, one line with the file and the tensor's name.</summary>
    public Action<string>? Warn { get; init; }
}

/// <summary>What was loaded.</summary>
/// <param name="Layout">The layout that the file was read in.</param>
/// <param name="Loaded">Tensors filled.</param>
/// <param name="Unexpected">Names in the file that nothing asked for and no pattern passed over.</param>
public sealed record LoadReport(KeyLayout Layout, int Loaded, IReadOnlyList<string> Unexpected);
