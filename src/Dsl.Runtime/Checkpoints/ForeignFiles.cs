using System;
using System.Globalization;
using System.IO;
using Dsl.Files;

namespace Dsl.Runtime;

/// <summary>Names what a file is that was given as safetensors and is something else.</summary>
internal static class ForeignFiles
{
    /// <summary>What is wrong and what to do; null where nothing known is recognised.</summary>
    /// <param name="head">The first bytes of the file.</param>
    /// <param name="length">Of the whole file, in bytes.</param>
    /// <param name="content">What the file should be: "the weights".</param>
    /// <param name="expected">In which form: "a safetensors file".</param>
    public static string? Name(ReadOnlySpan<byte> head, long length, string content = "the weights", string expected = "a safetensors file") =>
        ForeignFile.Of(head) switch
        {
            // Before 1.6, PyTorch's format was a pickle that stood alone (protocol 2 to 5).
            ForeignKind.Zip => Pickle(expected),
            ForeignKind.Pickle when head[1] >= 2 => Pickle(expected),
            ForeignKind.Pointer => string.Create(
                CultureInfo.InvariantCulture, $"a Git LFS pointer ({length} bytes), not {content}; run git lfs pull, expected {expected}"),
            ForeignKind.Gguf => $"a GGUF file, expected {expected}",
            ForeignKind.Hdf5 => $"an HDF5 file (TensorFlow weights), expected {expected}",
            ForeignKind.Page => string.Create(
                CultureInfo.InvariantCulture, $"an HTML page ({length} bytes), not {content}; download the file itself, expected {expected}"),
            _ => null,
        };

    /// <summary>Whether a file is a Git LFS pointer: a text of a few lines that stands for a file that was not fetched.</summary>
    public static bool IsPointer(string path)
    {
        var info = new FileInfo(path);
        if (!info.Exists || info.Length > 1024)
            return false;
        try
        {
            return ForeignFile.Of(UserFile.ReadBytes(path, 1024, CheckpointException.Of)) == ForeignKind.Pointer;
        }
        catch (CheckpointException)
        {
            return false;
        }
    }

    private static string Pickle(string expected) => $"a PyTorch pickle; convert it to safetensors first, expected {expected}";
}
