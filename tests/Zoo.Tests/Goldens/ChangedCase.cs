using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using Dsl.Runtime;
using Dsl.Testing;
using Dsl.Tests;
using TorchSharp;
using static TorchSharp.torch;

namespace Zoo.Tests.Goldens;

/// <summary>A copy of a case under its own name, to be changed; gone after the test.</summary>
internal sealed class ChangedCase : IDisposable
{
    private readonly ScratchFolder scratch = new();

    internal ChangedCase(string folder)
    {
        Folder = scratch[Path.GetFileName(folder)];
        foreach (string file in Directory.GetFiles(folder, "*", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(Folder, Path.GetRelativePath(folder, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.WriteAllBytes(copy, File.ReadAllBytes(file));
        }
    }

    internal string Folder { get; }

    internal string this[string file] => Path.Combine(Folder, file);

    public void Dispose() => scratch.Dispose();

    /// <summary>One number of each chosen tensor becomes another; null drops the tensor.</summary>
    internal void Tensors(Func<string, bool> chosen, bool drop = false)
    {
        using DisposeScope scope = NewDisposeScope();
        Dictionary<string, Tensor> all = GoldenCase.Read(this["io.safetensors"]);
        foreach (string name in all.Keys.Where(chosen).ToArray())
        {
            if (drop)
            {
                all.Remove(name);
                continue;
            }

            Tensor flat = all[name].flatten(), one = flat.narrow(0, flat.numel() / 2, 1);
            double most = flat.to(ScalarType.Float64).abs().max().item<double>();
            one.add_(flat.is_floating_point() ? Scalars.Of(1e-2 * (most == 0 ? 1 : most)) : Scalars.Of(1), Scalars.Of(1));
        }

        SafeTensorsWriter.Write(this["io.safetensors"], [.. all.Select(pair => TensorSource.From(pair.Key, pair.Value))]);
    }

    /// <summary>A JSON file becomes another.</summary>
    internal void Json(string file, Action<JsonNode> change)
    {
        JsonNode root = JsonNode.Parse(File.ReadAllText(this[file]))!;
        change(root);
        File.WriteAllText(this[file], root.ToJsonString());
    }

    /// <summary>The value at a path of names and indices with / between them; null where there is none.</summary>
    internal static JsonNode? At(JsonNode root, string path)
    {
        JsonNode? at = root;
        foreach (string part in path.Split('/'))
        {
            at = at switch
            {
                JsonObject values => values[part],
                JsonArray list when int.TryParse(part, out int index) && index < list.Count => list[index],
                _ => null,
            };
        }

        return at;
    }

    /// <summary>The last number or text in a value becomes another.</summary>
    /// <returns>Whether there is one.</returns>
    internal static bool ChangeLast(JsonNode? value)
    {
        switch (value)
        {
            case JsonObject values:
                return values.Select(pair => pair.Value).Reverse().Any(ChangeLast);
            case JsonArray list:
                return list.Reverse().Any(ChangeLast);
            case JsonValue leaf when leaf.TryGetValue(out string? text):
                leaf.ReplaceWith(text + "x");
                return true;
            case JsonValue leaf when leaf.TryGetValue(out long integer):
                leaf.ReplaceWith(integer + 1);
                return true;
            case JsonValue leaf when leaf.TryGetValue(out double number):
                leaf.ReplaceWith((number * 1.001) + 1e-9);
                return true;
            default:
                return false;
        }
    }
}
