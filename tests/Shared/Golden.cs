using System;
using System.IO;
using System.Linq;
using System.Text.Json;
using Xunit;

namespace Dsl.Tests;

/// <summary>One folder of goldens: what the published implementations answer.</summary>
internal sealed partial class Golden(string folder)
{
    internal string Folder { get; } = folder;

    internal JsonElement Case { get; } = Json(Path.Combine(folder, "case.json"));

    internal JsonElement Data => Json(Path.Combine(Folder, "io.json"));

    /// <summary>Folders whose case.json names tensors or data of this kind; the kind is the folder's name up to an underscore or a digit.</summary>
    internal static TheoryData<string> Cases(string kind) =>
    [
        .. Directory.GetDirectories(GoldenFolder.Path).Order(StringComparer.Ordinal).Where(folder =>
            Path.GetFileName(folder).StartsWith(kind, StringComparison.Ordinal) && File.Exists(Path.Combine(folder, "case.json"))),
    ];

    private static JsonElement Json(string path)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(path));
        return document.RootElement.Clone();
    }
}
