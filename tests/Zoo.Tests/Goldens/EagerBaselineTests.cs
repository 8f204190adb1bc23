using System.Collections.Generic;
using System.IO;
using System.Linq;
using Benchmarks.Baselines;
using Dsl.Runtime;
using Dsl.Testing;
using Dsl.Tests;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Zoo.Tests.Goldens;

/// <summary>The op-by-op models that the benchmarks compare with are the published ones themselves.</summary>
[Trait("Category", "Goldens")]
public sealed class EagerBaselineTests
{
    /// <summary>GPT-2, LLaMA with plain rotary positions, Mamba and RWKV-4.</summary>
    public static TheoryData<string> Cases =>
        [.. GoldenCase.Find(GoldenFolder.InRepository()).Where(f => HasOneText(f) && Eager(f, []) is not null).Select(f => Path.GetFileName(f)!)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Eager_model_equals_the_published_one(string name)
    {
        using var scope = NewDisposeScope();
        using var golden = GoldenCase.Open(Path.Combine(GoldenFolder.InRepository(), name));
        var weights = GoldenCase.Read(Path.Combine(golden.Folder, "model.safetensors")).ToDictionary(w => w.Key, w => w.Value.requires_grad_(true));
        var eager = Eager(golden.Folder, weights)!;

        var ids = golden.Inputs["input_ids"];
        var logits = eager.Logits(ids);
        var loss = Benchmarks.Baselines.Eager.CausalLoss(logits, golden.Inputs["labels"]);
        loss.backward();
        Assert.InRange(GoldenTolerance.Error(logits, golden.Outputs["logits"]), 0, 1e-5);
        Assert.InRange(GoldenTolerance.Error(loss, golden.Outputs["loss"]), 0, 1e-5);
        double largest = golden.Gradients.Values.Max(g => g.abs().max().item<float>());
        Assert.All(golden.Gradients, g =>
            Assert.InRange(GoldenTolerance.Error(weights[g.Key].grad!, g.Value, floor: GoldenTolerance.GradientFloor * largest), 0, GoldenTolerance.Gradient));

        // The cache: a piece of the text, then token by token.
        using var none = no_grad();
        using var cache = new EagerCache();
        var read = new List<Tensor> { eager.Logits(ids.narrow(1, 0, 4), cache) };
        for (long at = 4; at < ids.shape[1]; at++)
        {
            read.Add(eager.Logits(ids.narrow(1, at, 1), cache));
        }

        Assert.InRange(GoldenTolerance.Error(cat(read, dim: 1), logits), 0, 1e-5);
    }

    /// <summary>A case of one call on one text; steps of training have several, each under its own name.</summary>
    private static bool HasOneText(string folder)
    {
        using var tensors = SafeTensorsFile.Open(Path.Combine(folder, "io.safetensors"));
        return tensors.Tensors.Any(t => t.Name == "in.input_ids");
    }

    private static IEager? Eager(string folder, Dictionary<string, Tensor> weights)
    {
        var config = ConfigReader.Open(folder);
        int Int(string key) => config.Int([key]);
        return GoldenCase.ArchitectureOf(folder) switch
        {
            "GPT2LMHeadModel" => new EagerGpt(new EagerGptSizes(Int("n_layer"), Int("n_head"), config.Double(["layer_norm_epsilon"])), weights),
            "LlamaForCausalLM" when config.String(["rope_parameters.rope_type"]) == "default" => new EagerLlama(
                new EagerLlamaSizes(Int("num_hidden_layers"), Int("num_attention_heads"), Int("num_key_value_heads"), Int("head_dim"),
                    config.Double(["rms_norm_eps"]), config.Double(["rope_parameters.rope_theta"])), weights),
            "MambaForCausalLM" when config.String(["hidden_act"]) == "silu" => new EagerMamba(
                new EagerMambaSizes(Int("num_hidden_layers"), Int("conv_kernel"), Int("state_size"), Int("time_step_rank"),
                    config.Double(["layer_norm_epsilon"])), weights),
            "RwkvForCausalLM" => new EagerRwkv(new EagerRwkvSizes(Int("num_hidden_layers"), config.Double(["layer_norm_epsilon"])), weights),
            _ => null,
        };
    }
}
