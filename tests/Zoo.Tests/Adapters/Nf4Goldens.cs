using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using Dsl.Runtime;
using Dsl.Testing;
using Dsl.Tests;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Zoo.Tests.Adapters;

/// <summary>NF4 against bitsandbytes, bit for bit.</summary>
[Trait("Category", "Goldens")]
public sealed class Nf4Goldens
{
    public static TheoryData<string> Cases => Golden.Cases("nf4");

    [Theory]
    [MemberData(nameof(Cases))]
    public void Every_byte_is_the_published_one(string folder)
    {
        using var scope = NewDisposeScope();
        Dictionary<string, Tensor> io = GoldenCase.Read(Path.Combine(folder, "io.safetensors"));
        Assert.Equal(Floats(io["out.code"]), Nf4.Code.ToArray());
        Assert.Equal(Floats(io["out.midpoints"]), Nf4.Midpoints.ToArray());
        Assert.Equal(Floats(io["out.dynamic_map"]), Nf4.DynamicMap.ToArray());

        Nf4Matrix plain = Nf4Matrix.Of(io["in.weight"], nested: false), nested = Nf4Matrix.Of(io["in.weight"]);
        Assert.Equal(Bytes(io["out.packed"]), Bytes(plain.Packed));
        Assert.Equal(Bytes(io["out.packed"]), Bytes(nested.Packed));
        Assert.Equal(io["out.packed"].shape, nested.Packed.shape);
        Assert.Equal(Bytes(io["out.indices"]), Bytes(nested.Packed).SelectMany(both => new[] { (byte)(both >> 4), (byte)(both & 15) }));
        Assert.Equal(Floats(io["out.absmax"]), plain.Magnitudes.ToArray());
        Assert.Equal(Floats(io["out.dequantised"]), Floats(plain.Dequantise()));
        Assert.Equal(Bytes(io["out.absmax_q8"]), nested.QuantisedMagnitudes.ToArray());
        Assert.Equal(io["out.offset"].item<float>(), nested.Offset);
        Assert.Equal(Floats(io["out.nested_absmax"]), nested.NestedMagnitudes.ToArray());
        Assert.Equal(Floats(io["out.dequantised_double"]), Floats(nested.Dequantise()));
        var restored = new float[io["out.absmax_restored"].numel()];
        Nf4.RestoreMagnitudes(nested.QuantisedMagnitudes.Span, nested.NestedMagnitudes.Span, nested.Offset, nested.Map.Span, restored);
        Assert.Equal(Floats(io["out.absmax_restored"]), restored);

        // Some rows at a time, which begin within blocks.
        for (long rows = 1; rows <= nested.Rows; rows += 3)
        {
            Tensor parts = cat([.. Enumerable.Range(0, (int)((nested.Rows + rows - 1) / rows)).Select(i =>
                nested.Dequantise(i * rows, Math.Min(rows, nested.Rows - (i * rows))))]);
            Assert.Equal(Floats(io["out.dequantised_double"]), Floats(parts));
        }

        Nf4Matrix brief = Nf4Matrix.Of(io["in.short"].reshape(1, -1), nested: false);
        Assert.Equal(Bytes(io["out.short_packed"]), Bytes(brief.Packed));
        Assert.Equal(Floats(io["out.short_absmax"]), brief.Magnitudes.ToArray());
        Assert.Equal(Floats(io["out.short_dequantised"]), Floats(brief.Dequantise()));

        float[] many = Floats(io["in.absmax_long"]), outer = new float[io["out.absmax_long_nested_absmax"].numel()];
        float offset = io["in.absmax_long"].mean().item<float>();
        Assert.Equal(io["out.absmax_long_offset"].item<float>(), offset);
        var quantised = new byte[many.Length];
        Nf4.QuantiseMagnitudes(many, offset, quantised, outer);
        Assert.Equal(Bytes(io["out.absmax_long_q8"]), quantised);
        Assert.Equal(Floats(io["out.absmax_long_nested_absmax"]), outer);
        Nf4.RestoreMagnitudes(quantised, outer, offset, Nf4.DynamicMap, many);
        Assert.Equal(Floats(io["out.absmax_long_restored"]), many);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_map_over_it_with_an_adapter_is_the_published_one(string folder)
    {
        using var scope = NewDisposeScope();
        using var golden = new Golden(folder);
        Dictionary<string, Tensor> io = GoldenCase.Read(Path.Combine(folder, "io.safetensors"));
        long rank = io["in.lora_A"].shape[0];
        using IModel model = new StraightMap(new MapConfig((int)io["in.weight"].shape[1], (int)io["in.weight"].shape[0]));
        using (no_grad())
        {
            model.Weights.All.Single(weight => weight.Key == "map.weight").Value.copy_(io["in.weight"]);
            model.Weights.All.Single(weight => weight.Key == "map.bias").Value.copy_(io["in.bias"]);
        }

        QuantisationReport report = Quantisation.ToNf4(model, ["map"]);
        Assert.Equal(["map.weight"], report.Keys);
        Tensor Y(Tensor x) => model.Run(new Dictionary<string, Tensor> { ["x"] = x.unsqueeze(0) })["y"].squeeze(0);
        AdapterGoldens.Equal(io["out.y"], Y(io["in.x"]), 1e-6, "y");
        Adapter adapter = Dsl.Runtime.Adapters.Add(model, new AdapterOptions
        {
            Targets = ["map"],
            Rank = (int)rank,
            Alpha = golden.Data.GetProperty("lora_scale").GetDouble() * rank,
        });
        using (no_grad())
        {
            adapter.A("map").Value.copy_(io["in.lora_A"]);
            adapter.B("map").Value.copy_(io["in.lora_B"]);
        }

        Tensor input = io["in.x"].detach().requires_grad_(), y = Y(input);
        AdapterGoldens.Equal(io["out.qlora_y"], y, 1e-6, "y with the adapter");
        (y * io["in.cotangent"]).sum().backward();
        AdapterGoldens.Equal(io["grad.x"], input.grad!, 1e-5, "x");
        AdapterGoldens.Equal(io["grad.lora_A"], adapter.A("map").Value.grad!, 1e-5, "A");
        AdapterGoldens.Equal(io["grad.lora_B"], adapter.B("map").Value.grad!, 1e-5, "B");
        Assert.Contains("is in NF4", Assert.Throws<InvalidOperationException>(() => adapter.Merge()).Message, StringComparison.Ordinal);
    }

    /// <summary>The layer as a checkpoint stores it: read into a model of its shape, and written again.</summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void A_layer_of_a_checkpoint_comes_back_as_it_was(string folder)
    {
        using var scope = NewDisposeScope();
        using var scratch = new ScratchFolder();
        Dictionary<string, Tensor> theirs = GoldenCase.Read(Path.Combine(folder, "layer.safetensors"));
        Dictionary<string, Tensor> io = GoldenCase.Read(Path.Combine(folder, "io.safetensors"));
        string prefix = theirs.Keys.Single(key => key.EndsWith(".bias", StringComparison.Ordinal))[..^".bias".Length];
        Checkpoint.Save(scratch["model"], [.. theirs.Select(pair => TensorSource.From("map" + pair.Key[prefix.Length..], pair.Value))]);
        using var model = new StraightMap(new MapConfig((int)io["in.weight"].shape[1], (int)io["in.weight"].shape[0]));
        model.LoadWeights(scratch["model"]);
        AdapterGoldens.Equal(io["out.y"], model.Run(new Dictionary<string, Tensor> { ["x"] = io["in.x"].unsqueeze(0) })["y"].squeeze(0), 1e-6, "y");
        model.Save(scratch["again"]);
        Dictionary<string, Tensor> ours = GoldenCase.Read(scratch["again/model.safetensors"]);
        Assert.Equal(theirs.Keys.Select(key => "map" + key[prefix.Length..]).Order(), ours.Keys.Order());
        foreach ((string key, Tensor reference) in theirs)
        {
            Tensor own = ours["map" + key[prefix.Length..]];
            if (key.EndsWith("bitsandbytes__nf4", StringComparison.Ordinal))
            {
                Assert.True(JsonElement.DeepEquals(State(reference), State(own)), $"{State(own)}, expected {State(reference)}");
            }
            else
            {
                Assert.Equal(reference.shape, own.shape);
                Assert.Equal(Bytes(reference), Bytes(own));
            }
        }

        Assert.Contains("\"bnb_4bit_quant_type\": \"nf4\"", File.ReadAllText(scratch["again/config.json"]), StringComparison.Ordinal);
    }

    private static JsonElement State(Tensor bytes)
    {
        using JsonDocument json = JsonDocument.Parse(Bytes(bytes));
        return json.RootElement.Clone();
    }

    private static float[] Floats(Tensor tensor) => tensor.contiguous().data<float>().ToArray();

    private static byte[] Bytes(Tensor tensor) => tensor.contiguous().bytes.ToArray();
}
