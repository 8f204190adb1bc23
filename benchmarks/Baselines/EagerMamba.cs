using System.Collections.Generic;
using TorchSharp;
using static TorchSharp.torch;

namespace Benchmarks.Baselines;

/// <summary>The sizes of a Mamba that its weights don't show.</summary>
public sealed record EagerMambaSizes(int Layers, int Kernel, int State, int Rank, double Eps);

/// <summary>
/// Mamba as Hugging Face's modeling_mamba.py writes it without kernels of its own (slow_forward): channels before time, the discretised system of all
/// steps made first, [batch, channels, time, state], then a loop over time. Tied head.
/// </summary>
/// <param name="weights">Published keys to tensors; used as they are, neither copied nor disposed.</param>
public sealed class EagerMamba(EagerMambaSizes sizes, IReadOnlyDictionary<string, Tensor> weights) : IEager
{
    public Tensor Logits(Tensor ids, EagerCache? cache = null)
    {
        using var scope = NewDisposeScope();
        var hidden = Eager.Rows(weights["backbone.embeddings.weight"], ids);
        for (int layer = 0; layer < sizes.Layers; layer++)
        {
            using var inner = NewDisposeScope();
            string key = $"backbone.layers.{layer}.";
            hidden = (hidden + Mixer(RmsNorm(hidden, key + "norm"), key + "mixer.", cache)).MoveToOuterDisposeScope();
        }

        return nn.functional.linear(RmsNorm(hidden, "backbone.norm_f"), weights["backbone.embeddings.weight"]).MoveToOuterDisposeScope();
    }

    private Tensor Mixer(Tensor x, string key, EagerCache? cache)
    {
        long time = x.shape[1];
        var projected = nn.functional.linear(x, weights[key + "in_proj.weight"], weights.GetValueOrDefault(key + "in_proj.bias")).transpose(1, 2);
        var parts = projected.chunk(2, 1);
        var hidden = nn.functional.silu(Convolve(parts[0], key, cache));

        var selected = nn.functional.linear(hidden.transpose(1, 2), weights[key + "x_proj.weight"]).split([sizes.Rank, sizes.State, sizes.State], -1);
        var (into, outOf) = (selected[1], selected[2]);
        var step = nn.functional.softplus(nn.functional.linear(selected[0], weights[key + "dt_proj.weight"], weights[key + "dt_proj.bias"])).transpose(1, 2);

        var a = -weights[key + "A_log"].exp();
        var discreteA = (a.unsqueeze(1).unsqueeze(0) * step.unsqueeze(-1)).exp();
        var deltaBu = step.unsqueeze(-1) * into.unsqueeze(1) * hidden.unsqueeze(-1);
        var state = cache?.State(key + "ssm") ?? zeros([x.shape[0], hidden.shape[1], sizes.State], x.dtype);
        var outputs = new List<Tensor>();
        for (long t = 0; t < time; t++)
        {
            state = discreteA.select(2, t) * state + deltaBu.select(2, t);
            outputs.Add(matmul(state, outOf.select(1, t).unsqueeze(-1)).squeeze(-1));
        }

        cache?.Keep(key + "ssm", state);
        var scanned = (stack(outputs, -1) + hidden * weights[key + "D"].unsqueeze(-1)) * nn.functional.silu(parts[1]);
        return nn.functional.linear(scanned.transpose(1, 2), weights[key + "out_proj.weight"], weights.GetValueOrDefault(key + "out_proj.bias"));
    }

    /// <summary>The depth-wise convolution over the tokens before; the cache keeps the last inputs.</summary>
    private Tensor Convolve(Tensor hidden, string key, EagerCache? cache)
    {
        var past = cache?.State(key + "conv") ?? zeros([hidden.shape[0], hidden.shape[1], sizes.Kernel - 1], hidden.dtype);
        var all = cat([past, hidden], -1);
        cache?.Keep(key + "conv", all.narrow(-1, all.shape[2] - (sizes.Kernel - 1), sizes.Kernel - 1));
        return nn.functional.conv1d(all, weights[key + "conv1d.weight"], weights.GetValueOrDefault(key + "conv1d.bias"), groups: hidden.shape[1]);
    }

    private Tensor RmsNorm(Tensor x, string key)
    {
        var wide = x.dtype == float64 ? x : x.to_type(float32);
        return weights[key + ".weight"] * (wide * rsqrt(wide.pow(2).mean([-1L], keepdim: true) + sizes.Eps)).to_type(x.dtype);
    }
}
