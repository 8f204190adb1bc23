using System;
using System.IO;
using Dsl.Files;

namespace Dsl.Runtime;

/// <summary>A weight file, an index or a folder that cannot be read or written. The message is one line: <c>file: what is wrong, expected what</c>.</summary>
public sealed class CheckpointException : Exception
{
    public CheckpointException(string file, string problem, Exception? inner = null)
        : base($"{NameOf(file)}: {problem}", inner)
    {
        File = file;
        Problem = problem;
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
        return name.Length > 0 ? name : path;
    }
}
