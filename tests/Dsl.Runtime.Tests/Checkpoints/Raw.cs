using System;
using System.Buffers.Binary;
using System.IO;
using System.Linq;
using System.Text;
using Xunit;

namespace Dsl.Runtime.Tests.Checkpoints;

/// <summary>A folder of its own for a test, removed after it.</summary>
public sealed class TemporaryFolder : IDisposable
{
    public TemporaryFolder() => Path = Directory.CreateTempSubdirectory("dsl-").FullName;

    public string Path { get; }

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public string Put(string name, byte[] content)
    {
        string path = File(name);
        System.IO.File.WriteAllBytes(path, content);
        return path;
    }

    /// <summary>Names of all files in the folder, hidden ones too, in order.</summary>
    public string[] Names() => Directory.GetFiles(Path).Select(System.IO.Path.GetFileName).Order(StringComparer.Ordinal).ToArray()!;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

/// <summary>Handmade safetensors bytes.</summary>
internal static class Raw
{
    /// <summary>Length, header text as it is, then so many bytes of data.</summary>
    public static byte[] File(string header, int dataBytes) => File(Encoding.UTF8.GetBytes(header), dataBytes);

    public static byte[] File(byte[] header, int dataBytes) => WithLength((ulong)header.Length, header, dataBytes);

    public static byte[] WithLength(ulong length, byte[] header, int dataBytes)
    {
        byte[] file = new byte[8 + header.Length + dataBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(file, length);
        header.CopyTo(file, 8);
        for (int i = 0; i < dataBytes; i++)
            file[8 + header.Length + i] = (byte)(i % 61);
        return file;
    }

    /// <summary>Opening the bytes fails with this message, the file's name before it.</summary>
    public static void Refused(byte[] file, string message, string name = "m.safetensors")
    {
        using var folder = new TemporaryFolder();
        string path = folder.Put(name, file);
        var refusal = Assert.Throws<CheckpointException>(() => SafeTensorsFile.Open(path).Dispose());
        Assert.Equal($"{name}: {message}", refusal.Message);
        OneLine(refusal.Message);
    }

    public static void OneLine(string message)
    {
        Assert.DoesNotContain('\n', message);
        Assert.Contains("expected", message, StringComparison.Ordinal);
    }
}
