using System;
using System.Globalization;

namespace Dsl.Generators;

/// <summary>
/// What the compiler writes is the same wherever it runs: some cultures write a minus that C# does not read (U+2212), others a comma for the point.
/// </summary>
internal static class Invariant
{
    /// <summary>Runs what reads or writes text under the invariant culture.</summary>
    public static T Run<T>(Func<T> what)
    {
#pragma warning disable RS1035 // The rule asks not to follow the culture: this is the one place that makes sure of it.
        var before = CultureInfo.CurrentCulture;
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        try
        {
            return what();
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
#pragma warning restore RS1035
    }
}
