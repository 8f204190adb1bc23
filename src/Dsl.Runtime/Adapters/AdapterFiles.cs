using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>The matrices of an adapter in a folder, under peft's names: <c>base_model.model.KEY.lora_A.weight</c>, without the adapter's own name.</summary>
internal static class AdapterFiles
{
    private const string FileName = "adapter_model.safetensors";
    private const string Prefix = "base_model.model.";

    /// <summary>Fills an adapter from a folder.</summary>
    /// <exception cref="CheckpointException">Tensors are missing, unexpected, of another shape or not finite; all are named.</exception>
    internal static void Fill(Adapter adapter, IModel model, string folder)
    {
        string path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
        {
            throw new CheckpointException(folder, File.Exists(Path.Combine(folder, "adapter_model.bin"))
                ? $"holds adapter_model.bin, a pickle, expected {FileName}" : $"holds no weights, expected {FileName}");
        }

        using SafeTensorsFile file = SafeTensorsFile.Open(path);
        IReadOnlyList<KeyLayout> layouts = model is GeneratedModel generated ? generated.KeyRules.AllLayouts : [KeyLayout.Declared];
        KeyLayout layout = layouts.MinBy(candidate => adapter.Targets.Count(key => Present(file, candidate, key) is null))!;
        Dictionary<string, string> names = adapter.Targets.ToDictionary(key => key, key => Present(file, layout, key) ?? NamesOf(layout, key)[0]);
        var wanted = adapter.Parts
            .SelectMany<(string Key, Product, LowRank Matrices), (string Name, Weight Weight)>(part =>
                [(names[part.Key] + ".lora_A.weight", part.Matrices.A), (names[part.Key] + ".lora_B.weight", part.Matrices.B)])
            .ToList();
        var problems = new List<string>();
        List("missing", wanted.Where(pair => !file.Contains(pair.Name)).Select(pair => SafeTensorsHeader.Quote(pair.Name)));
        HashSet<string> known = [.. wanted.Select(pair => pair.Name)];
        List("unexpected", file.Tensors.Where(entry => !known.Contains(entry.Name)).Select(entry => SafeTensorsHeader.Quote(entry.Name)));
        List("of another shape", wanted.Where(pair => file.Find(pair.Name) is { } entry && !entry.Shape.SequenceEqual(pair.Weight.Shape)).Select(pair =>
            $"{SafeTensorsHeader.Quote(pair.Name)} {TensorEntry.Text([.. file[pair.Name].Shape])}, expected {TensorEntry.Text([.. pair.Weight.Shape])}"));
        if (problems.Count > 0)
        {
            throw new CheckpointException(path, string.Join("; ", problems) + ": an adapter of another base, or of other options than its config says");
        }

        using IDisposable off = no_grad();
        List("not finite", wanted.Where(pair => !file.Read(pair.Name, pair.Weight.Value, checkFinite: true))
            .Select(pair => SafeTensorsHeader.Quote(pair.Name)));
        if (problems.Count > 0)
        {
            throw new CheckpointException(path, string.Join("; ", problems) + ", expected numbers");
        }

        adapter.Names = names;
        model.Weights.Changed();

        void List(string what, IEnumerable<string> which)
        {
            string[] all = [.. which];
            if (all.Length > 0)
            {
                problems.Add($"{all.Length} {what}: {KeyFit.Listed(all)}");
            }
        }
    }

    /// <summary>Writes both files.</summary>
    internal static void Write(Adapter adapter, string folder)
    {
        Directory.CreateDirectory(folder);
        ConfigWriter.WriteMembers(Path.Combine(folder, AdapterConfig.FileName), AdapterConfig.Members(adapter));
        SafeTensorsWriter.Write(
            Path.Combine(folder, FileName),
            [
                .. adapter.Parts.Select(part => (Name: adapter.Names.GetValueOrDefault(part.Key) ?? Prefix + part.Key, part.Matrices)).SelectMany(part => new[]
                {
                    TensorSource.From(part.Name + ".lora_A.weight", part.Matrices.A.Value),
                    TensorSource.From(part.Name + ".lora_B.weight", part.Matrices.B.Value),
                }),
            ],
            new Dictionary<string, string> { ["format"] = "pt" });
    }

    private static string? Present(SafeTensorsFile file, KeyLayout layout, string key) =>
        NamesOf(layout, key).FirstOrDefault(name => file.Contains(name + ".lora_A.weight"));

    /// <summary>What a file in a layout may call a map.</summary>
    private static IReadOnlyList<string> NamesOf(KeyLayout layout, string key) =>
    [
        .. layout.NamesOf(key + ".weight").Where(name => name.EndsWith(".weight", StringComparison.Ordinal))
            .Select(name => Prefix + name[..^".weight".Length]),
    ];
}
