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
    ];

    /// <summary>Odd declarations that disagree, and what is at fault.</summary>
    internal static IReadOnlyDictionary<string, string> Odd { get; } = new Dictionary<string, string>
    {
    };

    internal static bool IsKnown(string statement) =>
        Statements.Any(s => statement.StartsWith(s.Form, StringComparison.Ordinal) && statement.Contains(s.Part, StringComparison.Ordinal));
}
