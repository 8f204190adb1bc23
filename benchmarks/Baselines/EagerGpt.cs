using System;
using System.Collections.Generic;
using TorchSharp;
using static TorchSharp.torch;

namespace Benchmarks.Baselines;

/// <summary>The sizes of a GPT-2 that its weights don't show.</summary>
public sealed record EagerGptSizes(int Layers, int Heads, double Eps);

/// <summary>
/// GPT-2 as Hugging Face's modeling_gpt2.py writes it (eager attention), one tensor operator after the other: Conv1D by addmm on stored [in, out]
/// weights, attention by product, scale, mask, softmax and product, gelu_new as its formula, the cache grown by concatenation.
/// </summary>
/// <param name="weights">Published keys to tensors; used as they are, neither copied nor disposed.</param>
public sealed class EagerGpt(EagerGptSizes sizes, IReadOnlyDictionary<string, Tensor> weights) : IEager
{
    public Tensor Logits(Tensor ids, EagerCache? cache = null)
    {
        using var scope = NewDisposeScope();
        long past = cache?.Length ?? 0;
        var position = arange(past, past + ids.shape[1], int64, ids.device).unsqueeze(0);
        var hidden = Eager.Rows(weights["transformer.wte.weight"], ids) + Eager.Rows(weights["transformer.wpe.weight"], position);
        var mask = Eager.CausalMask(ids.shape[1], past, hidden.dtype, ids.device);

        for (int layer = 0; layer < sizes.Layers; layer++)
        {
            hidden = Block(hidden, mask, $"transformer.h.{layer}.", layer, cache);
        }

        hidden = LayerNorm(hidden, "transformer.ln_f");
        return nn.functional.linear(hidden, weights["transformer.wte.weight"]).MoveToOuterDisposeScope();
    }

    private Tensor Block(Tensor x, Tensor mask, string key, int layer, EagerCache? cache)
    {
        using var scope = NewDisposeScope();

        var qkv = Conv1D(LayerNorm(x, key + "ln_1"), key + "attn.c_attn").split(x.shape[2], dim: 2);
        var (q, k, v) = (Heads(qkv[0]), Heads(qkv[1]), Heads(qkv[2]));
        if (cache is not null)
        {
            (k, v) = cache.Append(layer, k, v);
        }

        var attended = Eager.Attend(q, k, v, mask, Math.Pow(q.shape[3], 0.5));
        var hidden = Conv1D(attended, key + "attn.c_proj") + x;

        var inner = Conv1D(LayerNorm(hidden, key + "ln_2"), key + "mlp.c_fc");
        return (hidden + Conv1D(GeluNew(inner), key + "mlp.c_proj")).MoveToOuterDisposeScope();
    }

    private Tensor Heads(Tensor x) => x.view(x.shape[0], x.shape[1], sizes.Heads, -1).transpose(1, 2);

    private Tensor LayerNorm(Tensor x, string key) =>
        nn.functional.layer_norm(x, [x.shape[^1]], weights[key + ".weight"], weights[key + ".bias"], sizes.Eps);

    private Tensor Conv1D(Tensor x, string key)
    {
        var weight = weights[key + ".weight"];
        return addmm(weights[key + ".bias"], x.reshape(-1, x.shape[^1]), weight, 1, 1).view(x.shape[0], x.shape[1], weight.shape[1]);
    }

    private static Tensor GeluNew(Tensor x) => 0.5 * x * (1.0 + tanh(Math.Sqrt(2.0 / Math.PI) * (x + 0.044715 * pow(x, 3.0))));
}
