using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using Dsl.Generators.Tests.Snapshots;

namespace Dsl.Generators.Tests.Docs;

/// <summary>
/// A block of C# in a page. What follows <c>csharp</c> says what it is: nothing, code that compiles as it stands; <c>fragment</c>, a part of something;
/// <c>generated:FILE from "TEXT" to "TEXT"</c>, the lines of an approved text from the first that has the one text to the next that has the other;
/// <c>source:FILE from "TEXT" to "TEXT"</c>, the same of a file of the repository. A block <c>text graph:TYPE STAGE</c> is a printed graph of the zoo.
/// </summary>
/// <param name="Page">Relative to the repository.</param>
/// <param name="Line">The fence, counted from 0.</param>
/// <param name="Kind">What follows <c>csharp</c> or <c>text</c>.</param>
/// <param name="Text">The lines within.</param>
internal sealed partial record DocBlock(string Page, int Line, string Kind, string Text)
{
    private const string Fence = "```";

    /// <summary>README.md, and all pages under docs.</summary>
    internal static IReadOnlyList<string> Pages { get; } =
    [
        "README.md",
        .. Directory.GetFiles(Path.Combine(Compiling.Repository, "docs"), "*.md", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Compiling.Repository, file).Replace('\\', '/')).Order(StringComparer.Ordinal),
    ];

    /// <summary>Its file, its first and its last line, where it is cut from an approved text or a source; null else.</summary>
    internal (string File, string From, string To)? Cut
    {
        get
        {
            Match match = Excerpt().Match(Kind);
            string folder = match.Groups[1].Value == "source" ? Compiling.Repository : Approved.Folder;
            return match.Success ? (Path.Combine(folder, match.Groups[2].Value), match.Groups[3].Value, match.Groups[4].Value) : null;
        }
    }

    /// <summary>The declaration and the stage that its graph left, where it shows one; null else.</summary>
    internal (string Type, string Stage)? Graph => Printed().Match(Kind) is { Success: true } match ? (match.Groups[1].Value, match.Groups[2].Value) : null;

    internal static string[] Read(string page) => File.ReadAllText(Path.Combine(Compiling.Repository, page)).ReplaceLineEndings("\n").Split('\n');

    internal static IReadOnlyList<DocBlock> Of(string page)
    {
        string[] lines = Read(page);
        var blocks = new List<DocBlock>();
        for (int at = 0; at < lines.Length; at++)
        {
            if (lines[at].StartsWith(Fence, StringComparison.Ordinal))
            {
                int end = Array.IndexOf(lines, Fence, at + 1);
                string[] opening = lines[at][Fence.Length..].Split(' ', 2, StringSplitOptions.TrimEntries);
                string kind = opening.Length > 1 ? opening[1] : "";
                if (opening[0] == "csharp" || (opening[0] == "text" && Printed().IsMatch(kind)))
                {
                    blocks.Add(new DocBlock(page, at, kind, string.Join('\n', lines[(at + 1)..end])));
                }

                at = end;
            }
        }

        return blocks;
    }

    /// <summary>The page with this block's lines replaced.</summary>
    internal void Write(string text)
    {
        string[] lines = Read(Page);
        int end = Array.IndexOf(lines, Fence, Line + 1);
        File.WriteAllText(Path.Combine(Compiling.Repository, Page), string.Join('\n', [.. lines[..(Line + 1)], .. text.Split('\n'), .. lines[end..]]));
    }

    [GeneratedRegex("""^(generated|source):(\S+) from "([^"]+)" to "([^"]+)"$""")]
    private static partial Regex Excerpt();

    [GeneratedRegex("""^graph:(\S+) (checked|lowered|fused)$""")]
    private static partial Regex Printed();
}
