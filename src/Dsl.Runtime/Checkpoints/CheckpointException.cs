using System;
using System.Globalization;
using System.IO;
using System.Linq;
using Dsl.Files;

namespace Dsl.Runtime;

/// <summary>A weight file, an index or a folder that cannot be read or written. The message is one line: <c>file: what is wrong, expected what</c>.</summary>
public sealed class CheckpointException : Exception
{
    public CheckpointException(string file, string problem, Exception? inner = null)
        : base($"{NameOf(file)}: {Line(problem)}", inner)
    {
        File = file;
        Problem = Line(problem);
    }

    /// <summary>The file at fault, as it was given.</summary>
    public string File { get; }

    /// <summary>The message without the file's name.</summary>
    public string Problem { get; }

    /// <summary>Makes this exception of what is wrong with a file.</summary>
    internal static FileError Of { get; } = (file, problem, inner) => new CheckpointException(file, problem, inner);

    /// <summary>The last part of the path (the whole path where it has none).</summary>
    internal static string NameOf(string path)
    {
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(path));
        return Line(name.Length > 0 ? name : path);
    }

    /// <summary>Words of a file can hold anything: what a terminal would obey or break the line at is escaped.</summary>
    internal static string Line(string text) => text.Any(IsControl)
        ? string.Concat(text.Select(c => IsControl(c) ? string.Create(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}") : c.ToString()))
        : text;

    // Formats (Cf) hold the marks that turn the direction of text.
    private static bool IsControl(char c) => char.IsControl(c) || c is '\u2028' or '\u2029' || char.GetUnicodeCategory(c) == UnicodeCategory.Format;
}
