using System;
using Dsl;
using static System.Math;
using static Dsl.ScalarMath;
using C = Recurrences.MixedConfig;

namespace Recurrences;

/// <summary>Four recurrences of the literature, one after the other in every layer.</summary>
public sealed partial record MixedConfig(
    [Key("vocab_size")] int Vocab, [Key("hidden_size")] int Hidden, [Key("num_heads")] int Heads, [Key("num_layers")] int Layers,
    [Key("norm_eps")] double Eps = 1e-5)
{
    public int HeadDim => Hidden / Heads;
}

/// <summary>Retention (Sun et al. 2023, arXiv 2307.08621): a state of [key, value] that every head forgets at a rate of its own.</summary>
[Block<C>, Init("gamma", nameof(Rate))]
[From("x"), Linear("q"), Heads(nameof(C.Heads), nameof(C.HeadDim)), As("q")]
[From("x"), Linear("k"), Heads(nameof(C.Heads), nameof(C.HeadDim)), As("k")]
[From("x"), Linear("v"), Heads(nameof(C.Heads), nameof(C.HeadDim)), As("v")]
[From("q", "k", "v"), Apply(nameof(Retain)), Merge, Linear("o")]
public sealed partial class Retention
{
    [Recurrence("b t h v", State = "b h v [k]")]                   // S = gamma S + k v, y = q S / sqrt(width of k)
    private static double Retain(Span<double> s, [Axes("b t h k")] ReadOnlySpan<double> q, [Axes("b t h k")] ReadOnlySpan<double> k, double v,
        [Parameter("gamma", "h")] double gamma)
    {
        double y = 0;
        for (int i = 0; i < s.Length; i++)
        {
            s[i] = gamma * s[i] + k[i] * v;
            y += q[i] * s[i];
        }

        return y / Sqrt(s.Length);
    }

    private static double Rate(int head) => 1 - Pow(2, -5 - head);
}

/// <summary>Gated linear attention (Yang et al. 2023, arXiv 2312.06635): the gate acts on the rows of the old state.</summary>
[Block<C>]
[From("x"), Linear("q"), Heads(nameof(C.Heads), nameof(C.HeadDim)), As("q")]
[From("x"), Linear("k"), Heads(nameof(C.Heads), nameof(C.HeadDim)), As("k")]
[From("x"), Linear("v"), Heads(nameof(C.Heads), nameof(C.HeadDim)), As("v")]
[From("x"), Linear("g"), Apply(nameof(LogGate)), Heads(nameof(C.Heads), nameof(C.HeadDim)), As("g")]
[From("q", "k", "v", "g"), Apply(nameof(Gla)), Merge, Linear("o")]
public sealed partial class GatedLinearAttention
{
    [Pointwise] private static double LogGate(double x) => -Softplus(-x) / 16;

    [Recurrence("b t h v", State = "b h v [k]")]
    private static double Gla(Span<double> s, [Axes("b t h k")] ReadOnlySpan<double> q, [Axes("b t h k")] ReadOnlySpan<double> k, double v,
        [Axes("b t h k")] ReadOnlySpan<double> logGate)
    {
        double y = 0;
        for (int i = 0; i < s.Length; i++)
        {
            s[i] = Exp(logGate[i]) * s[i] + k[i] * v;
            y += q[i] * s[i];
        }

        return y / Sqrt(s.Length);
    }
}

/// <summary>
/// The delta rule (Schlag et al. 2021, arXiv 2102.11174): reads what the key already holds and writes the difference. The key is brought to length 1.
/// </summary>
[Block<C>]
[From("x"), Linear("q"), Heads(nameof(C.Heads), nameof(C.HeadDim)), As("q")]
[From("x"), Linear("k"), Heads(nameof(C.Heads), nameof(C.HeadDim)), As("k")]
[From("x"), Linear("v"), Heads(nameof(C.Heads), nameof(C.HeadDim)), As("v")]
[From("x"), Linear("beta", nameof(C.Heads)), Activate(Activation.Sigmoid), As("beta")]
[From("q", "k", "v", "beta"), Apply(nameof(Delta)), Merge, Linear("o")]
public sealed partial class DeltaRule
{
    [Recurrence("b t h v", State = "b h v [k]")]
    private static double Delta(Span<double> s, [Axes("b t h k")] ReadOnlySpan<double> q, [Axes("b t h k")] ReadOnlySpan<double> k, double v,
        [Axes("b t h")] double beta)
    {
        double square = 1e-12, read = 0, y = 0;
        for (int i = 0; i < s.Length; i++)
        {
            square += k[i] * k[i];
            read += k[i] * s[i];
        }

        double length = Sqrt(square), change = beta * (v - read / length) / length;
        for (int i = 0; i < s.Length; i++)
        {
            s[i] += k[i] * change;
            y += q[i] * s[i];
        }

        return y / Sqrt(s.Length);
    }
}

/// <summary>HGRN (Qin et al. 2023, arXiv 2311.04823): forget gates with a lower bound that rises from layer to layer.</summary>
[Block<C>]
[From("x"), Linear("f", nameof(C.Hidden)), Apply(nameof(Forget)), As("f")]
[From("x"), Linear("i", nameof(C.Hidden)), Activate(Activation.Silu), As("i")]
[From("x"), Linear("g", nameof(C.Hidden)), Activate(Activation.Sigmoid), As("g")]
[From("i", "f"), Apply(nameof(Hold)), Gate("g"), Linear("o")]
public sealed partial class Hgrn
{
    [Pointwise] private static double Forget(double x, int layer, C c) => (double)layer / c.Layers + (1 - (double)layer / c.Layers) * Sigmoid(x);

    [Recurrence("b t d", State = "b d")]
    private static double Hold(ref double h, double x, double forget)
    {
        h = forget * h + (1 - forget) * x;
        return h;
    }
}

[Block<C>, Defaults(Eps = nameof(C.Eps))]
[Residual, RmsNorm("retention_norm"), Use<Retention>("retention")]
[Residual, RmsNorm("gla_norm"), Use<GatedLinearAttention>("gla")]
[Residual, RmsNorm("delta_norm"), Use<DeltaRule>("delta")]
[Residual, RmsNorm("hgrn_norm"), Use<Hgrn>("hgrn")]
public sealed partial class MixedBlock;

[Model<C>("MixedForCausalLM"), Defaults(Eps = nameof(C.Eps))]
[Embedding("embed", nameof(C.Vocab), nameof(C.Hidden))]
[Repeat<MixedBlock>("layers", nameof(C.Layers)), RmsNorm("norm"), Output("hidden")]
[Head("head", TiedTo = "embed"), Output("logits")]
public sealed partial class Mixed;
