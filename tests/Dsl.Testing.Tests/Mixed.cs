using System;
using Dsl;
using C = Dsl.Testing.Tests.MixedConfig;

namespace Dsl.Testing.Tests;

/// <summary>No key of it is one that published configs agree on.</summary>
public sealed partial record MixedConfig(
    [Key("symbols")] int Symbols = 23, [Key("breadth")] int Hidden = 16, [Key("depth")] int Layers = 2, [Key("heads")] int Heads = 2,
    [Key("reach")] int Reach = 3, [Key("places")] int Places = 64)
{
    public int HeadDim => Hidden / Heads;
    public int FeedForward => 4 * Hidden;

    [Preset("small")] public static MixedConfig Small => new();
}

/// <summary>A recurrence whose result at a token has that token in it.</summary>
[Block<C>]
[Linear("in", nameof(C.Hidden)), Apply(nameof(Mean)), Linear("out", nameof(C.Hidden))]
public sealed partial class Averaged
{
    [Recurrence("b t d", State = "b d")]
    private static double Mean(ref double h, double x, [Parameter("rate", "d")] double rate)
    {
        double keep = ScalarMath.Sigmoid(rate);
        h = keep * h + (1 - keep) * x;
        return h;
    }
}

/// <summary>Attention over a band: what is local.</summary>
[Block<C>]
[Residual, RmsNorm("norm"), Attention("attend.{q,k,v,o}", Mask = nameof(Local))]
[Residual, RmsNorm("before"), FeedForward("{up,down}", Activation.Gelu)]
public sealed partial class LocalBlock
{
    [Mask] private static bool Local(int query, int key, C c) => key <= query && query - key < c.Reach;
}

/// <summary>Attention over a band, then a shift and a short convolution: they look back a little, and no further.</summary>
[Block<C>]
[Residual, RmsNorm("norm"), Attention("attend.{q,k,v,o}", Mask = nameof(Local))]
[Residual, Shift, Linear("shifted", nameof(C.Hidden))]
[Residual, RmsNorm("before"), Conv("conv", 3)]
public sealed partial class ShiftedBlock
{
    [Mask] private static bool Local(int query, int key, C c) => key <= query && query - key < c.Reach;
}

/// <summary>Attention over a band, then a recurrence, which carries everything on.</summary>
[Block<C>]
[Residual, RmsNorm("norm"), Attention("attend.{q,k,v,o}", Mask = nameof(Local))]
[Residual, RmsNorm("before"), Use<Averaged>("mean")]
public sealed partial class RecurrentBlock
{
    [Mask] private static bool Local(int query, int key, C c) => key <= query && query - key < c.Reach;
}

/// <summary>Two attentions side by side, of different reach.</summary>
[Block<C>]
[RmsNorm("norm"), As("n")]
[From("n"), Attention("near.{q,k,v,o}", Mask = nameof(Local)), As("a")]
[From("n"), Attention("far.{q,k,v,o}", Mask = nameof(Further)), As("b")]
[Sum("x", "a", "b")]
public sealed partial class ParallelBlock
{
    [Mask] private static bool Local(int query, int key, C c) => key <= query && query - key < c.Reach;

    [Mask] private static bool Further(int query, int key, C c) => key <= query && query - key < c.Reach + 2;
}

/// <summary>Attention of all before, a recurrence above it: what the recurrence keeps agrees to rounding, not to the bit.</summary>
[Model<C>("MixedForCausalLM")]
[Embedding("tokens.table", nameof(C.Symbols), nameof(C.Hidden)), Positions("places", nameof(C.Places))]
[Residual, RmsNorm("first"), Attention("attend.{q,k,v,o}", Mask = Mask.Causal)]
[Repeat<RecurrentBlock>("blocks", nameof(C.Layers)), RmsNorm("end"), Output("hidden")]
[Head("say", TiedTo = "tokens.table"), Output("logits")]
public sealed partial class Mixed;

[Model<C>("ShiftedForCausalLM")]
[Embedding("tokens.table", nameof(C.Symbols), nameof(C.Hidden))]
[Repeat<ShiftedBlock>("blocks", nameof(C.Layers)), RmsNorm("end"), Output("hidden")]
[Head("say", nameof(C.Symbols)), Output("logits")]
public sealed partial class Shifted;

[Model<C>("ParallelForCausalLM")]
[Embedding("tokens.table", nameof(C.Symbols), nameof(C.Hidden))]
[Repeat<ParallelBlock>("blocks", nameof(C.Layers)), RmsNorm("end"), Output("hidden")]
[Head("say", nameof(C.Symbols)), Output("logits")]
public sealed partial class Parallel;

[Model<C>("LocalForCausalLM"), Input("symbols", "b t", Mask = "attention_mask")]
[Embedding("tokens.table", nameof(C.Symbols), nameof(C.Hidden))]
[Repeat<LocalBlock>("blocks", nameof(C.Layers)), RmsNorm("end"), Output("hidden")]
[Head("say", nameof(C.Symbols)), Output("logits")]
public sealed partial class Local;
