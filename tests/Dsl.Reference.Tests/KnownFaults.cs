using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl.Reference.Tests;

/// <summary>Disagreements that are known and not mended yet. Whoever mends one takes it off here: a test says so.</summary>
internal static class KnownFaults
{
    /// <summary>Statements that are passed over wherever they occur: a part of each, and what is at fault.</summary>
    private static readonly (string Form, string Part, string Fault)[] Statements =
    [
        ("gradient by", "Dsl.Runtime.TensorScan`1.Here", "the tensor adjoint of padded rows reads the mask of a pass that is disposed by then"),
    ];

    /// <summary>Odd declarations that disagree, and what is at fault.</summary>
    internal static IReadOnlyDictionary<string, string> Odd { get; } = new Dictionary<string, string>
    {
        ["score, mask and table"] = "Math.Min of two ints in the index of a table is made a float tensor",
        ["length-dependent rotary under a condition"] = "rotated keys are cached although the rule reads the length",
    };

    internal static bool IsKnown(string statement) =>
        Statements.Any(s => statement.StartsWith(s.Form, StringComparison.Ordinal) && statement.Contains(s.Part, StringComparison.Ordinal));
}
