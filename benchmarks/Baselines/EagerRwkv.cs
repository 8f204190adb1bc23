using System.Collections.Generic;
using TorchSharp;
using static TorchSharp.torch;

namespace Benchmarks.Baselines;

/// <summary>The sizes of an RWKV-4 that its weights don't show.</summary>
public sealed record EagerRwkvSizes(int Layers, double Eps);

/// <summary>
/// RWKV-4 as Hugging Face's modeling_rwkv.py writes it without kernels of its own: shifted inputs mixed three times, and a loop over time in
/// rwkv_linear_attention_cpu.
/// </summary>
/// <param name="weights">Published keys to tensors; used as they are, neither copied nor disposed.</param>
public sealed class EagerRwkv(EagerRwkvSizes sizes, IReadOnlyDictionary<string, Tensor> weights) : IEager
{
    public Tensor Logits(Tensor ids, EagerCache? cache = null)
    {
        using var scope = NewDisposeScope();
        var hidden = LayerNorm(Eager.Rows(weights["rwkv.embeddings.weight"], ids), "rwkv.blocks.0.pre_ln");
        for (int layer = 0; layer < sizes.Layers; layer++)
        {
            using var inner = NewDisposeScope();
            string key = $"rwkv.blocks.{layer}.";
            hidden = hidden + Attention(LayerNorm(hidden, key + "ln1"), key + "attention.", cache);
            hidden = (hidden + FeedForward(LayerNorm(hidden, key + "ln2"), key + "feed_forward.", cache)).MoveToOuterDisposeScope();
        }

        return Linear(LayerNorm(hidden, "rwkv.ln_out"), "head").MoveToOuterDisposeScope();
    }

    private Tensor Attention(Tensor x, string key, EagerCache? cache)
    {
        var shifted = Shift(x, key, cache);
        var (k, v) = (Linear(Mix(x, shifted, key + "time_mix_key"), key + "key"), Linear(Mix(x, shifted, key + "time_mix_value"), key + "value"));
        var r = Linear(Mix(x, shifted, key + "time_mix_receptance"), key + "receptance").sigmoid();
        var first = weights[key + "time_first"];
        var w = -weights[key + "time_decay"].exp();
        var numerator = cache?.State(key + "aa") ?? zeros_like(k.select(1, 0));
        var denominator = cache?.State(key + "bb") ?? zeros_like(numerator);
        var largest = cache?.State(key + "pp") ?? full_like(numerator, -1e38);
        var outputs = new List<Tensor>();
        for (long t = 0; t < k.shape[1]; t++)
        {
            var (now, value) = (k.select(1, t), v.select(1, t));
            var most = maximum(largest, now + first);
            var (e1, e2) = ((largest - most).exp(), (now + first - most).exp());
            outputs.Add((e1 * numerator + e2 * value) / (e1 * denominator + e2));
            most = maximum(largest + w, now);
            (e1, e2) = ((largest + w - most).exp(), (now - most).exp());
            numerator = e1 * numerator + e2 * value;
            denominator = e1 * denominator + e2;
            largest = most;
        }

        cache?.Keep(key + "aa", numerator);
        cache?.Keep(key + "bb", denominator);
        cache?.Keep(key + "pp", largest);
        return Linear(r * stack(outputs, 1), key + "output");
    }

    private Tensor FeedForward(Tensor x, string key, EagerCache? cache)
    {
        var shifted = Shift(x, key, cache);
        var k = nn.functional.relu(Linear(Mix(x, shifted, key + "time_mix_key"), key + "key")).square();
        return Linear(Mix(x, shifted, key + "time_mix_receptance"), key + "receptance").sigmoid() * Linear(k, key + "value");
    }

    private static Tensor Shift(Tensor x, string key, EagerCache? cache)
    {
        var before = cache?.State(key + "x") ?? zeros_like(x.narrow(1, 0, 1));
        var shifted = cat([before, x.narrow(1, 0, x.shape[1] - 1)], 1);
        cache?.Keep(key + "x", x.narrow(1, x.shape[1] - 1, 1));
        return shifted;
    }

    private Tensor Mix(Tensor x, Tensor shifted, string key) => x * weights[key] + shifted * (1 - weights[key]);

    private Tensor Linear(Tensor x, string key) => nn.functional.linear(x, weights[key + ".weight"]);

    private Tensor LayerNorm(Tensor x, string key) => nn.functional.layer_norm(x, [x.shape[^1]], weights[key + ".weight"], weights[key + ".bias"], sizes.Eps);
}
