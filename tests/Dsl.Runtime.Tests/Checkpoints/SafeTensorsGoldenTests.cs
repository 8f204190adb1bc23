using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Dsl.Runtime.Tests.Checkpoints;

/// <summary>Every published file at hand opens, and its tensors read the same through the library and through bytes.</summary>
[Trait("Category", "Goldens")]
public class SafeTensorsGoldenTests
{
    public static TheoryData<string> Files()
    {
        var data = new TheoryData<string>();
        if (Goldens.Root is not { } root)
        {
            data.Add(""); // a theory without data counts as a failure
            return data;
        }
        foreach (string file in Directory.EnumerateFiles(root, "*.safetensors", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
            data.Add(Path.GetRelativePath(root, file));
        return data;
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void OpensAndReads(string file)
    {
        if (file.Length == 0)
            return;
        using var stored = SafeTensorsFile.Open(Path.Combine(Goldens.Root!, file));
        Assert.NotEmpty(stored.Tensors);
        foreach (var entry in stored.Tensors)
        {
            using var tensor = stored.ReadTensor(entry.Name);
            Assert.Equal(entry.Shape, tensor.shape);
            if (entry.Count > 0)
                Assert.True(stored.Bytes(entry.Name).SequenceEqual(tensor.bytes), entry.Name);
        }
    }
}

internal static class Goldens
{
    /// <summary>The folder of golden cases: DSL_GOLDENS, else tests/goldens above the test's binaries; null where there is none.</summary>
    public static string? Root { get; } = Find();

    private static string? Find()
    {
        if (Environment.GetEnvironmentVariable("DSL_GOLDENS") is { Length: > 0 } named)
            return named;
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (Directory.Exists(Path.Combine(folder.FullName, "tests", "goldens")))
                return Path.Combine(folder.FullName, "tests", "goldens");
        return null;
    }
}
