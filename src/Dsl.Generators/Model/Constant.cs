using System.Globalization;

namespace Dsl.Generators.Model;

internal enum ConstantKind
{
    Null,
    Text,
    Integer,
    Number,
    Truth,

    /// <summary>A <c>nameof</c>: the text is the member's name, the owner the type that the syntax names.</summary>
    Reference,
}

/// <summary>One argument's value. Numbers are kept as invariant text, so that a spec survives a trip through metadata to the last bit.</summary>
internal sealed record Constant(ConstantKind Kind, string Text, string Owner = "")
{
    public static readonly Constant Null = new(ConstantKind.Null, "");

    public static Constant OfText(string text) => new(ConstantKind.Text, text);

    public static Constant Of(object? value) => value switch
    {
        null => Null,
        string text => OfText(text),
        bool truth => new(ConstantKind.Truth, truth ? "true" : "false"),
        double number => new(ConstantKind.Number, Number(number)),

        // The number as it was written: 0.1f means 0.1, whatever float makes of it.
        float number => new(ConstantKind.Number, Number(double.Parse(number.ToString("R", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture))),
        int or long or short or byte or sbyte or ushort or uint or ulong =>
            new(ConstantKind.Integer, System.Convert.ToString(value, CultureInfo.InvariantCulture)),
        _ => OfText(System.Convert.ToString(value, CultureInfo.InvariantCulture) ?? ""),
    };

    public bool IsNull => Kind == ConstantKind.Null;

    /// <summary>Text or a name: what may name a config member, a value or a function.</summary>
    public bool IsName => Kind is ConstantKind.Text or ConstantKind.Reference;

    public static string Number(double value) =>
        double.IsNaN(value) ? "NaN"
        : double.IsPositiveInfinity(value) ? "Infinity"
        : double.IsNegativeInfinity(value) ? "-Infinity"
        : value == 0 && 1 / value < 0 ? "-0.0"
        : value.ToString("R", CultureInfo.InvariantCulture);

    /// <summary>The same value as C# source.</summary>
    public string ToSource() => Kind switch
    {
        ConstantKind.Null => "null",
        ConstantKind.Truth or ConstantKind.Integer => Text,
        ConstantKind.Number => Text switch
        {
            "NaN" => "double.NaN",
            "Infinity" => "double.PositiveInfinity",
            "-Infinity" => "double.NegativeInfinity",
            _ => Text.IndexOfAny(['.', 'E', 'e']) >= 0 ? Text : Text + ".0",
        },
        ConstantKind.Reference => $"nameof({(Owner.Length == 0 ? "" : Owner + ".")}{Text})",
        _ => Microsoft.CodeAnalysis.CSharp.SymbolDisplay.FormatLiteral(Text, quote: true),
    };
}
