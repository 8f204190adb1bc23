using System;
using System.Globalization;

namespace Dsl.Generators;

/// <summary>
/// What the compiler writes is the same wherever it runs: some cultures write a minus that C# does not read (U+2212), others a comma for the point.
/// </summary>
internal static class Invariant
{
    /// <summary>A whole number as every culture's C# reads it.</summary>
    public static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>Reads digits, with a minus or without.</summary>
    public static bool TryRead(string text, out int number) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);

    /// <inheritdoc cref="TryRead(string, out int)"/>
    public static bool TryRead(string text, out long number) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);

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
