using System;
using System.Collections.Generic;
using TorchSharp;
using static TorchSharp.torch;

namespace Benchmarks.Baselines;

/// <summary>The sizes of a LLaMA that its weights don't show.</summary>
public sealed record EagerLlamaSizes(int Layers, int Heads, int KvHeads, int HeadDim, double Eps, double Theta);

/// <summary>
/// LLaMA as Hugging Face's modeling_llama.py writes it (eager attention), one tensor operator after the other: RMSNorm in float32 from its parts,
/// three products for query, key and value, rotate_half, repeat_kv, attention by product, scale, mask, softmax and product.
/// </summary>
/// <param name="weights">Published keys to tensors, <c>lm_head.weight</c> absent where the head is tied; used as they are, neither copied nor disposed.</param>
public sealed class EagerLlama(EagerLlamaSizes sizes, IReadOnlyDictionary<string, Tensor> weights) : IEager
{
    public Tensor Logits(Tensor ids, EagerCache? cache = null)
    {
        using var scope = NewDisposeScope();
        long past = cache?.Length ?? 0;
        var hidden = Eager.Rows(weights["model.embed_tokens.weight"], ids);
        var mask = Eager.CausalMask(ids.shape[1], past, hidden.dtype, ids.device);
        var (cos, sin) = RotaryTables(past, ids.shape[1], hidden.dtype, ids.device);

        for (int layer = 0; layer < sizes.Layers; layer++)
        {
            hidden = Block(hidden, mask, cos, sin, $"model.layers.{layer}.", layer, cache);
        }

        hidden = RmsNorm(hidden, "model.norm");
        return nn.functional.linear(hidden, weights.GetValueOrDefault("lm_head.weight") ?? weights["model.embed_tokens.weight"]).MoveToOuterDisposeScope();
    }

    private Tensor Block(Tensor x, Tensor mask, Tensor cos, Tensor sin, string key, int layer, EagerCache? cache)
    {
        using var scope = NewDisposeScope();

        var normed = RmsNorm(x, key + "input_layernorm");
        var q = Heads(Linear(normed, key + "self_attn.q_proj"), sizes.Heads);
        var k = Heads(Linear(normed, key + "self_attn.k_proj"), sizes.KvHeads);
        var v = Heads(Linear(normed, key + "self_attn.v_proj"), sizes.KvHeads);
        q = q * cos + RotateHalf(q) * sin;
        k = k * cos + RotateHalf(k) * sin;
        if (cache is not null)
        {
            (k, v) = cache.Append(layer, k, v);
        }

        var attended = Eager.Attend(q, RepeatKv(k), RepeatKv(v), mask, Math.Sqrt(sizes.HeadDim));
        var hidden = x + Linear(attended, key + "self_attn.o_proj");

        normed = RmsNorm(hidden, key + "post_attention_layernorm");
        var gated = nn.functional.silu(Linear(normed, key + "mlp.gate_proj")) * Linear(normed, key + "mlp.up_proj");
        return (hidden + Linear(gated, key + "mlp.down_proj")).MoveToOuterDisposeScope();
    }

    private (Tensor Cos, Tensor Sin) RotaryTables(long past, long length, ScalarType dtype, Device device)
    {
        var frequency = pow(sizes.Theta, arange(0, sizes.HeadDim, 2, float32, device) / sizes.HeadDim).reciprocal();
        var angle = arange(past, past + length, float32, device).unsqueeze(1) * frequency.unsqueeze(0);
        angle = cat([angle, angle], dim: 1);
        return (angle.cos().to_type(dtype), angle.sin().to_type(dtype));
    }

    private static Tensor RotateHalf(Tensor x)
    {
        long half = x.shape[^1] / 2;
        return cat([-x.narrow(-1, half, half), x.narrow(-1, 0, half)], dim: -1);
    }

    private Tensor RepeatKv(Tensor x)
    {
        long repeats = sizes.Heads / sizes.KvHeads;
        return repeats == 1
            ? x
            : x.unsqueeze(2).expand(x.shape[0], x.shape[1], repeats, x.shape[2], x.shape[3]).reshape(x.shape[0], -1, x.shape[2], x.shape[3]);
    }

    private Tensor Heads(Tensor x, int heads) => x.view(x.shape[0], x.shape[1], heads, sizes.HeadDim).transpose(1, 2);

    private Tensor Linear(Tensor x, string key) => nn.functional.linear(x, weights[key + ".weight"], weights.GetValueOrDefault(key + ".bias"));

    private Tensor RmsNorm(Tensor x, string key)
    {
        var wide = x.to_type(float32);
        var variance = wide.pow(2).mean([-1L], keepdim: true);
        return weights[key + ".weight"] * (wide * rsqrt(variance + sizes.Eps)).to_type(x.dtype);
    }
}
