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

/// <summary>Adapters against peft: one map, and a folder over a small model.</summary>
[Trait("Category", "Goldens")]
public sealed class AdapterGoldens
{
    public static TheoryData<string, bool> Maps
    {
        get
        {
            var rows = new TheoryData<string, bool>();
            foreach (string kind in new[] { "lora_linear", "lora_conv1d" })
            {
                foreach (string folder in ((IEnumerable<object[]>)Golden.Cases(kind)).Select(row => (string)row[0]))
                {
                    rows.Add(folder, kind == "lora_conv1d");
                }
            }

            return rows;
        }
    }

    public static TheoryData<string> Models => Golden.Cases("lora_llama");

    [Theory]
    [MemberData(nameof(Maps))]
    public void A_map_with_an_adapter_is_the_published_one(string folder, bool transposed)
    {
        using var scope = NewDisposeScope();
        using var golden = new Golden(folder);
        Dictionary<string, Tensor> io = GoldenCase.Read(Path.Combine(folder, "io.safetensors"));
        Tensor Given(string name) => io[name].to(ScalarType.Float64);
        int rank = (int)io["in.lora_A"].shape[0];
        var config = new MapConfig((int)io["in.lora_A"].shape[1], (int)io["in.lora_B"].shape[0]);
        foreach (string kind in new[] { "", "rslora." })
        {
            var weights = new Weights(ScalarType.Float64);
            using IModel model = transposed ? new TransposedMap(config, weights) : new StraightMap(config, weights);
            Adapter adapter = Dsl.Runtime.Adapters.Add(model, new AdapterOptions
            {
                Targets = ["map"],
                Rank = rank,
                Alpha = golden.Data.GetProperty("alpha").GetDouble(),
                RankStabilised = kind.Length > 0,
            });
            Weight Of(string key) => model.Weights.All.Single(weight => weight.Key == key);
            using (no_grad())
            {
                Of("map.weight").Value.copy_(Given("in.weight"));
                Of("map.bias").Value.copy_(Given("in.bias"));
                adapter.A("map").Value.copy_(Given("in.lora_A"));
                adapter.B("map").Value.copy_(Given("in.lora_B"));
            }

            using Tensor x = Given("in.x").detach().requires_grad_();
            Tensor y = model.Run(new Dictionary<string, Tensor> { ["x"] = x })["y"];
            Equal(Given($"out.{kind}y"), y, 1e-7, "y");
            (y * Given("in.cotangent")).sum().backward();
            Equal(Given($"grad.{kind}lora_A"), adapter.A("map").Value.grad!, 1e-6, "A");
            Equal(Given($"grad.{kind}lora_B"), adapter.B("map").Value.grad!, 1e-6, "B");
            Equal(Given($"grad.{kind}x"), x.grad!, 1e-6, "x");
            Assert.Null(Of("map.weight").Value.grad);

            adapter.Merge();
            Equal(Given($"out.{kind}merged_weight"), Of("map.weight").Value, 1e-7, "merged");
            using (no_grad())
            {
                Equal(Given($"out.{kind}y"), model.Run(new Dictionary<string, Tensor> { ["x"] = x })["y"], 1e-7, "y after merging");
            }

            adapter.Unmerge();
            Assert.True(Of("map.weight").Value.equal(Given("in.weight")).all().item<bool>());
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void A_folder_of_peft_gives_what_peft_gives(string folder)
    {
        Assert.Contains(folder, GoldenVerifier.Find(GoldenFolder.Path));
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
