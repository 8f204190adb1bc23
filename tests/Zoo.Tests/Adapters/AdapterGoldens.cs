using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Dsl.Runtime;
using Dsl.Testing;
using Dsl.Tests;
using TorchSharp;
using Xunit;
using Zoo.Cli.Verification;
using static TorchSharp.torch;

namespace Zoo.Tests.Adapters;

/// <summary>Adapters against peft: a folder over a small model.</summary>
[Trait("Category", "Goldens")]
public sealed class AdapterGoldens
{
    public static TheoryData<string> Models => Golden.Cases("lora_llama");

    [Theory]
    [MemberData(nameof(Models))]
    public void A_folder_of_peft_gives_what_peft_gives(string folder)
    {
        Assert.Contains(folder, ZooGoldens.Verifier.Find(GoldenFolder.Path));
        GoldenReport report = ZooGoldens.Verifier.Verify(folder);
        Assert.True(report.Passed, string.Join(Environment.NewLine, report.Misses));
        foreach (string check in new[] { "out.base_logits", "out.adapter_logits, advance by 1", "out.loss", "out.merged_logits", "weights after unmerging" })
        {
            Assert.Equal(2, report.Rows.Count(row => row.Check == check));
        }

        Assert.Contains(report.Rows, row => row.Check.StartsWith("grad.", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void A_folder_comes_back_as_it_was(string folder)
    {
        using var scratch = new ScratchFolder();
        using IModel model = Base(folder, ScalarType.Float32);
        Adapter adapter = Dsl.Runtime.Adapters.Load(model, Path.Combine(folder, "adapter"));
        adapter.Save(scratch.Path);
        Assert.Equal(
            System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "adapter", "adapter_config.json")))!.ToJsonString(),
            System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(Path.Combine(scratch.Path, "adapter_config.json")))!.ToJsonString());
        Dictionary<string, Tensor> theirs = GoldenCase.Read(Path.Combine(folder, "adapter", "adapter_model.safetensors")),
            ours = GoldenCase.Read(Path.Combine(scratch.Path, "adapter_model.safetensors"));
        Assert.Equal(theirs.Keys.Order(), ours.Keys.Order());
        Assert.All(theirs, pair => Assert.True(pair.Value.equal(ours[pair.Key]).all().item<bool>(), pair.Key));

        // The model's own files know nothing of it.
        ((GeneratedModel)model).Save(Path.Combine(scratch.Path, "base"));
        using SafeTensorsFile saved = SafeTensorsFile.Open(Path.Combine(scratch.Path, "base", "model.safetensors"));
        Assert.DoesNotContain(saved.Tensors, entry => entry.Name.Contains("lora", StringComparison.Ordinal));
    }

    internal static void Equal(Tensor reference, Tensor actual, double close, string what)
    {
        using var scope = NewDisposeScope();
        Assert.Equal(reference.shape, actual.shape);
        double error = (reference.to(ScalarType.Float64) - actual.detach().to(ScalarType.Float64)).abs().max().item<double>();
        double largest = Math.Max(reference.to(ScalarType.Float64).abs().max().item<double>(), 1e-30);
        Assert.True(error <= close * largest, $"{what}: {error / largest}, expected at most {close}");
    }

    private static IModel Base(string folder, ScalarType dtype) => global::Zoo.Models.Registry.Load(Path.Combine(folder, "base"), dtype);
}
