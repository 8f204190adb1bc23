using System;
using System.Globalization;
using Microsoft.CodeAnalysis.CSharp;

namespace Dsl.Generators.Scalar;

/// <summary>Numbers and names as C# text, whatever the machine's culture.</summary>
internal static class Literals
{
    /// <summary>The shortest C# text that reads back as this very double.</summary>
    public static string Double(double value)
    {
        if (double.IsNaN(value))
        {
            return "double.NaN";
        }

        if (double.IsInfinity(value))
        {
            return value > 0 ? "double.PositiveInfinity" : "double.NegativeInfinity";
        }

        foreach (var format in new[] { "G15", "G16", "G17" })
        {
            var text = value.ToString(format, CultureInfo.InvariantCulture);
            if (double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture) != value)
            {
                continue;
            }

            if (value == 0 && BitConverter.DoubleToInt64Bits(value) != 0)
            {
                return "-0.0";
            }

            return text.IndexOfAny(['.', 'E']) < 0 ? text + ".0" : text.Replace("E+", "E");
        }

        return value.ToString("R", CultureInfo.InvariantCulture);
    }

    public static string Int(int value) => value.ToString(CultureInfo.InvariantCulture);

    public static string Name(string name) => SyntaxFacts.GetKeywordKind(name) == SyntaxKind.None ? name : "@" + name;
}
