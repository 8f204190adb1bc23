using System;
using System.Collections.Generic;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime.Tests.Modules;

/// <summary>What a declaration comes out as, by hand: grouped heads, rotary, a mask, a gated feed-forward, a head that may be tied, and a token
/// shift.</summary>
internal sealed record TinyConfig(int Vocab = 29, int Hidden = 12, int Heads = 4, int KvHeads = 2, int HeadDim = 4, int Inner = 10, int Layers = 2,
    MaskRule? Mask = null,
    bool Tied = true, bool Bias = true, RopeScaling? Scaling = null, bool Shifts = false, double Dropout = 0);

internal sealed class TinyBlock : GeneratedModule
{
    private readonly Norm norm1, norm2;
    private readonly Products qkv, gateUp;
    private readonly Product o, down;
    private readonly Rotary rotary;
    private readonly TinyConfig config;
    private readonly MaskRule mask;

    public TinyBlock(TinyConfig config, Weights weights)
        : base(nameof(TinyBlock), weights)
    {
        this.config = config;
        mask = config.Mask ?? MaskRule.Causal;
        norm1 = weights.RmsNorm("norm1", config.Hidden, 1e-6);
        qkv = weights.Products(["attn.q", "attn.k", "attn.v"], config.Hidden,
            [config.Heads * config.HeadDim, config.KvHeads * config.HeadDim, config.KvHeads * config.HeadDim], config.Bias);
        o = weights.Product("attn.o", config.Heads * config.HeadDim, config.Hidden, config.Bias, stored: "in out");
        norm2 = weights.LayerNorm("norm2", config.Hidden, 1e-5);
        gateUp = weights.Products(["mlp.gate", "mlp.up"], config.Hidden, [config.Inner, config.Inner], false);
        down = weights.Product("mlp.down", config.Inner, config.Hidden, false);
        rotary = weights.Rotary(new RotarySpec(config.HeadDim, Scaling: config.Scaling, MaxPositions: 8));
    }

    public Tensor Run(Tensor x, Pass pass, State? state)
    {
        using Tensor normed = norm1.Apply(x);
        using Tensor shifted = config.Shifts ? PastInputs.Shift(normed, pass, state?.Shift) : normed.alias();
        (Tensor q0, Tensor k0, Tensor v0) = qkv.Apply3(shifted);
        Tensor q = Heads(q0, config.Heads), k = Heads(k0, config.KvHeads), v = Heads(v0, config.KvHeads);
        q = rotary.ApplyOwned(q, pass);
        if (!(state is not null && rotary.ReadsLength))
        {
            k = rotary.ApplyOwned(k, pass);
        }

        if (state is not null)
        {
            (Tensor keys, Tensor values) = state.Cache.Append(k, v, pass);
            k.Dispose();
            v.Dispose();
            (k, v) = (keys, values);
            if (rotary.ReadsLength)
            {
                k = rotary.ApplyKeys(keys, pass);
                keys.Dispose();
            }
        }

        Tensor h;
        using (q)
        using (k)
        using (v)
        {
            using Tensor attended = Attention.Attend(q, k, v, mask, 1 / Math.Sqrt(config.HeadDim), pass);
            using Tensor merged = Axes.Merge(attended);
            h = o.ApplyAdd(merged, x);
        }

        using (h)
        {
            using Tensor again = norm2.Apply(h);
            (Tensor gate, Tensor up) = gateUp.Apply2(again);
            using (gate)
            using (up)
            {
                using Tensor open = Activations.Gate(up, gate, Activation.Silu);
                using Tensor dropped = Dropout.Apply(open, config.Dropout, pass);
                return down.ApplyAdd(dropped, h);
            }
        }
    }

    private Tensor Heads(Tensor x, int heads)
    {
        using (x)
        {
            return Axes.Heads(x, heads, config.HeadDim);
        }
    }

    internal sealed class State
    {
        internal State(ModelState owner, TinyConfig config)
        {
            Cache = owner.Own(new KeyValueCache(config.Mask?.Window));
            Shift = config.Shifts ? owner.Own(new ShiftState()) : null;
        }

        internal KeyValueCache Cache { get; }

        internal ShiftState? Shift { get; }
    }
}

internal sealed class TinyModel : GeneratedModel
{
    private readonly Embedding embedding;
    private readonly TinyBlock[] blocks;
    private readonly Norm norm;
    private readonly Product head;
    private readonly TinyConfig config;

    public TinyModel(TinyConfig config, ScalarType dtype = ScalarType.Float32, Device? device = null)
        : this(config, new Weights(dtype, device))
    {
    }

    public TinyModel(TinyConfig config, Weights weights)
        : base(nameof(TinyModel), weights)
    {
        this.config = config;
        embedding = weights.Embedding("model.embed", config.Vocab, config.Hidden);
        blocks = new TinyBlock[config.Layers];
        for (int layer = 0; layer < config.Layers; layer++)
        {
            blocks[layer] = new TinyBlock(config, weights.At($"model.layers.{layer}"));
        }

        norm = weights.RmsNorm("model.norm", config.Hidden, 1e-6);
        head = weights.Head("head", config.Hidden, config.Vocab, "model.embed", config.Tied);
    }

    public override IReadOnlyList<string> Inputs => ["input_ids"];

    public override IReadOnlyList<string> Outputs => ["logits"];

    public override object Config => config;

    public override KeyRules KeyRules { get; } = new();

    protected override IReadOnlyList<string> Fused { get; } = [];

    protected override IReadOnlyList<(string Path, object? Value)> ConfigValues => throw new NotSupportedException("A model of the tests has no config file.");

    public Tensor Forward(Tensor ids, Tensor? mask = null)
    {
        using Pass pass = Pass.Over(ids, mask, training);
        return Forward(ids, pass, null, false);
    }

    public override ModelState NewState(int batch, int capacity = 0) => new TinyState(this, batch, capacity);

    public override Tensor Advance(Tensor tokens, ModelState state, Tensor? mask = null, bool last = false)
    {
        using Pass pass = Pass.Next(tokens, mask, state.Timeline);
        return Forward(tokens, pass, (TinyState)state, last);
    }

    public override IReadOnlyDictionary<string, Tensor> Run(IReadOnlyDictionary<string, Tensor> inputs, params string[] outputs) =>
        new Dictionary<string, Tensor> { ["logits"] = Forward(inputs["input_ids"]) };

    private Tensor Forward(Tensor ids, Pass pass, TinyState? state, bool last)
    {
        Tensor x = embedding.Apply(ids);
        for (int layer = 0; layer < blocks.Length; layer++)
        {
            Tensor next = blocks[layer].Run(x, pass, state?.Layers[layer]);
            x.Dispose();
            x = next;
        }

        using (x)
        {
            using Tensor kept = last ? pass.Last(x) : x.alias();
            using Tensor normed = norm.Apply(kept);
            return head.Apply(normed);
        }
    }

    internal sealed class TinyState : ModelState
    {
        private readonly TinyModel model;

        internal TinyState(TinyModel model, int batch, int capacity)
            : base(batch, capacity)
        {
            this.model = model;
            Layers = Array.ConvertAll(model.blocks, _ => new TinyBlock.State(this, model.config));
        }

        internal TinyBlock.State[] Layers { get; }

        protected override ModelState Fresh() => new TinyState(model, Batch, Timeline.Capacity);
    }
}
