using System;
using Dsl.Files;

namespace Dsl.Runtime;

/// <summary>
/// A configuration that cannot be read, or that says what the model cannot be. The message is one line: <c>file: what is wrong, expected what</c>.
/// </summary>
public sealed class ConfigException : Exception
{
    public ConfigException(string file, string problem, Exception? inner = null)
        : base($"{CheckpointException.NameOf(file)}: {CheckpointException.Line(problem)}", inner)
    {
        File = file;
        Problem = CheckpointException.Line(problem);
    }

    /// <summary>Makes this exception of what is wrong with a file.</summary>
    internal static FileError Of { get; } = (file, problem, inner) => new ConfigException(file, problem, inner);

    /// <summary>The file at fault, as it was given.</summary>
    public string File { get; }

    /// <summary>The message without the file's name.</summary>
    public string Problem { get; }
}
