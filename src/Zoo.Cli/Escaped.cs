using System.Globalization;
using System.Linq;

namespace Zoo.Cli;

/// <summary>Words of files on their way to a terminal.</summary>
internal static class Escaped
{
    /// <summary>A line in which nothing is left that a terminal obeys: controls, line breaks and marks of direction are written as <c>\u001b</c>.</summary>
    internal static string Line(string text) => text.Any(Obeyed)
        ? string.Concat(text.Select(c => Obeyed(c) ? string.Create(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}") : c.ToString()))
        : text;

    private static bool Obeyed(char c) => char.IsControl(c) || c is '\u2028' or '\u2029' || char.GetUnicodeCategory(c) == UnicodeCategory.Format;
}
