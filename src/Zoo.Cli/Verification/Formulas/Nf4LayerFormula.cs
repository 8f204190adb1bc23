using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Json;
using Dsl.Runtime;
using Dsl.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace Zoo.Cli.Verification.Formulas;

/// <summary>A four-bit layer as a checkpoint stores it (<c>layer.safetensors</c>): read into a model of its shape, run, and written again.</summary>
internal static class Nf4LayerFormula
{
    private const string File = "layer.safetensors", State = ".quant_state.bitsandbytes__nf4";

    internal static void Compare(FormulaRun run) => run.Attempt(File, () =>
    {
        DirectoryInfo scratch = Directory.CreateTempSubdirectory("verify-nf4-");
        Dictionary<string, Tensor> theirs = GoldenCase.Read(Path.Combine(run.Folder, File)), ours = [];
        try
        {
            string layer = theirs.Keys.Single(key => key.EndsWith(".weight", StringComparison.Ordinal))[..^".weight".Length];
            string read = Path.Combine(scratch.FullName, "read"), written = Path.Combine(scratch.FullName, "written");
            Checkpoint.Save(read, [.. theirs.Select(pair => TensorSource.From("map" + pair.Key[layer.Length..], pair.Value))]);
            using StraightMap model = Nf4Formula.Fitting(run);
            model.LoadWeights(read);
            run.Compare("out.y", Nf4Formula.Y(model, run.Given("in.x")), Nf4Formula.Output, $"out.y of {File}");
            model.Save(written);
            ours = GoldenCase.Read(Path.Combine(written, "model.safetensors")).ToDictionary(pair => layer + pair.Key["map".Length..], pair => pair.Value);
            foreach (string key in theirs.Keys.Union(ours.Keys))
            {
                Key(run, key, theirs.GetValueOrDefault(key), ours.GetValueOrDefault(key));
            }

            Described(run, layer, theirs, ours);
        }
        finally
        {
            theirs.Values.Concat(ours.Values).ToList().ForEach(tensor => tensor.Dispose());
            scratch.Delete(recursive: true);
        }
    });

    private static void Key(FormulaRun run, string key, Tensor? theirs, Tensor? ours)
    {
        if (theirs is null || ours is null)
        {
            run.Miss($"{File} {key}", theirs is null ? "is not theirs" : "is not written");
        }
        else if (key.EndsWith(State, StringComparison.Ordinal))
        {
            run.Differ($"{File} {key}", Same(Text(theirs), Text(ours)) ? 0 : 1, $"{Text(ours)}, expected {Text(theirs)}");
        }
        else
        {
            bool same = ours.dtype == theirs.dtype && ours.shape.SequenceEqual(theirs.shape) && ours.bytes.SequenceEqual(theirs.bytes);
            run.Differ($"{File} {key}", same ? 0 : 1, "other bytes, another shape or another type");
        }
    }

    /// <summary>What io.json says of the layer's keys.</summary>
    private static void Described(FormulaRun run, string layer, Dictionary<string, Tensor> theirs, Dictionary<string, Tensor> ours)
    {
        string state = Text(ours[layer + ".weight" + State]);
        GoldenJson expected = run.Data["quant_state_json"];
        run.Differ(expected.Path, Same(expected.Text, state) ? 0 : 1, $"{state}, expected {expected.Text}");
        foreach (GoldenJson key in run.Data["keys"].Members)
        {
            // A type and a shape; that of the state is its length as JSON, whose spaces are free.
            Tensor? own = ours.GetValueOrDefault(key.Name);
            string type = own?.dtype switch { ScalarType.Byte => "uint8", ScalarType.Float32 => "float32", _ => "another type, or none" };
            long[] shape = (key.Name.EndsWith(State, StringComparison.Ordinal) ? theirs : ours).GetValueOrDefault(key.Name)?.shape ?? [];
            run.Differ(key.Path, type == key[0].Text && shape.SequenceEqual(key[1].Items.Select(size => size.Long)) ? 0 : 1,
                $"{type} [{string.Join(", ", shape)}], expected {key.Element}");
        }
    }

    private static bool Same(string one, string other)
    {
        try
        {
            using JsonDocument first = JsonDocument.Parse(one), second = JsonDocument.Parse(other);
            return JsonElement.DeepEquals(first.RootElement, second.RootElement);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static string Text(Tensor bytes) => Encoding.UTF8.GetString(bytes.contiguous().bytes);
}
