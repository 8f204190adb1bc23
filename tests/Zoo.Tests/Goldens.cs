using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using Dsl.Runtime;
using Xunit;

namespace Zoo.Tests;

/// <summary>One folder of goldens: what the published implementations answer.</summary>
internal sealed class Golden(string folder) : IDisposable
{
    private readonly SafeTensorsFile? tensors = File.Exists(Path.Combine(folder, "io.safetensors"))
        ? SafeTensorsFile.Open(Path.Combine(folder, "io.safetensors")) : null;

    internal string Folder { get; } = folder;

    internal JsonElement Case { get; } = Json(Path.Combine(folder, "case.json"));

    internal JsonElement Data => Json(Path.Combine(Folder, "io.json"));

    internal IEnumerable<string> Names => tensors!.Tensors.Select(entry => entry.Name);

    internal bool Has(string name) => tensors is not null && Names.Contains(name);

    internal long[] Shape(string name) => [.. tensors![name].Shape];

    internal double[] Doubles(string name) => tensors!.Read<double>(name);

    internal long[] Longs(string name) => tensors!.Read<long>(name);

    public void Dispose() => tensors?.Dispose();

    /// <summary>Folders whose case.json names tensors or data of this kind; the kind is the folder's name up to an underscore or a digit.</summary>
    internal static TheoryData<string> Cases(string kind)
    {
        var cases = new TheoryData<string>();
        foreach (string folder in Directory.GetDirectories(Root()).Order(StringComparer.Ordinal))
        {
            if (Path.GetFileName(folder).StartsWith(kind, StringComparison.Ordinal) && File.Exists(Path.Combine(folder, "case.json")))
            {
                cases.Add(folder);
            }
        }

        return cases;
    }

    private static string Root()
    {
        if (Environment.GetEnvironmentVariable("DSL_GOLDENS") is { Length: > 0 } given)
        {
            return given;
        }

        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            string folder = Path.Combine(at.FullName, "tests", "goldens");
            if (Directory.Exists(folder))
            {
                return folder;
            }
        }

        throw new DirectoryNotFoundException("tests/goldens not found above the test's folder; DSL_GOLDENS may name it.");
    }

    private static JsonElement Json(string path)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(path));
        return document.RootElement.Clone();
    }
}

/// <summary>How far numbers are from what they should be.</summary>
internal static class Close
{
    /// <summary>The largest difference over the largest reference value.</summary>
    internal static double Error(IReadOnlyList<double> reference, IReadOnlyList<double> actual)
    {
        Assert.Equal(reference.Count, actual.Count);
        double worst = 0;
        double largest = 0;
        for (int i = 0; i < reference.Count; i++)
        {
            Assert.False(double.IsNaN(actual[i]), $"element {i} is NaN");
            worst = Math.Max(worst, Math.Abs(reference[i] - actual[i]));
            largest = Math.Max(largest, Math.Abs(reference[i]));
        }

        return largest == 0 ? worst : worst / largest;
    }
}
