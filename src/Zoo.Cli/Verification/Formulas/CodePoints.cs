using System.Collections.Generic;
using System.Linq;
using Dsl.Text;

namespace Zoo.Cli.Verification.Formulas;

/// <summary>Places in texts as the published cases have them: they count code points, ours UTF-16 units.</summary>
internal static class CodePoints
{
    /// <summary>Where each part of a text begins and ends.</summary>
    internal static int[][] Of(string text, IReadOnlyList<TextSpan> parts)
    {
        int Before(int units) => text[..units].EnumerateRunes().Count();
        return [.. parts.Select(part => new[] { Before(part.Start), Before(part.End) })];
    }
}
