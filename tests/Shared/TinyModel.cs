using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Tests;

/// <summary>Sizes of <see cref="TinyModel"/>.</summary>
internal sealed record TinyConfig(int Vocabulary, int Width = 16, int Heads = 2, int Layers = 2, double Dropout = 0);

/// <summary>A small causal model over the runtime's parts, so that what is done with models can be tested apart from what the compiler writes.</summary>
internal sealed class TinyModel : GeneratedModel
{
    private readonly TinyConfig config;
    private readonly Embedding embedding;
    private readonly Layer[] layers;
    private readonly Norm norm;
    private readonly Product head;

    internal TinyModel(TinyConfig config, Weights? weights = null)
        : this(config, weights ?? new Weights(), 0)
    {
    }

    private TinyModel(TinyConfig config, Weights weights, int _)
        : base("Tiny", weights)
    {
        this.config = config;
        embedding = weights.Embedding("embed", config.Vocabulary, config.Width);
        layers = Enumerable.Range(0, config.Layers).Select(i => new Layer(weights.At($"layers.{i}"), config)).ToArray();
        norm = weights.RmsNorm("norm", config.Width, 1e-6);
        head = weights.Head("head", config.Width, config.Vocabulary, "embed", tied: true);
    }

    public override IReadOnlyList<string> Inputs => ["input_ids", "attention_mask"];

    public override IReadOnlyList<string> Outputs => ["logits"];

    public override object Config => config;

    public override KeyRules KeyRules { get; } = new();

    protected override IReadOnlyList<string> Fused => [];

    /// <summary>Sizes of the batches that <see cref="Advance"/> has seen.</summary>
    internal List<(long Batch, long Length)> Calls { get; } = [];

    public override IReadOnlyDictionary<string, Tensor> Run(IReadOnlyDictionary<string, Tensor> inputs, params string[] outputs)
    {
        using Pass pass = Pass.Over(inputs["input_ids"], inputs.GetValueOrDefault("attention_mask"), training);
        return new Dictionary<string, Tensor> { ["logits"] = Logits(inputs["input_ids"], pass, null, last: false) };
    }

    public override ModelState NewState(int batch, int capacity = 0) => new State(batch, capacity, config.Layers);

    public override Tensor Advance(Tensor tokens, ModelState state, Tensor? mask = null, bool last = false)
    {
        Calls.Add((tokens.shape[0], tokens.shape[1]));
        using Pass pass = Pass.Next(tokens, mask, state.Timeline);
        return Logits(tokens, pass, (State)state, last);
    }

    protected override IReadOnlyList<(string Path, object? Value)> ConfigValues => [("vocab_size", config.Vocabulary)];

    private Tensor Logits(Tensor ids, Pass pass, State? state, bool last)
    {
        Tensor x = embedding.Apply(ids);
        for (int i = 0; i < layers.Length; i++)
        {
            using Tensor before = x;
            x = layers[i].Apply(before, pass, state?.Caches[i]);
        }

        using (x)
        {
            using Tensor seen = last ? pass.Last(x) : x.alias();
            using Tensor normed = norm.Apply(seen);
            return head.Apply(normed);
        }
    }

    private sealed class State : ModelState
    {
        private readonly int layers;

        internal State(int batch, int capacity, int layers)
            : base(batch, capacity)
        {
            this.layers = layers;
            Caches = Enumerable.Range(0, layers).Select(_ => Own(new KeyValueCache())).ToArray();
        }

        internal KeyValueCache[] Caches { get; }

        protected override ModelState Fresh() => new State(Batch, Timeline.Capacity, layers);
    }

    private sealed class Layer(Weights weights, TinyConfig config)
    {
        private readonly Norm norm = weights.RmsNorm("norm", config.Width, 1e-6);
        private readonly Products qkv = weights.Products(["q", "k", "v"], config.Width, [config.Width, config.Width, config.Width], bias: true);
        private readonly Product output = weights.Product("o", config.Width, config.Width, bias: false);
        private readonly Rotary rotary = weights.Rotary(new RotarySpec(config.Width / config.Heads));

        internal Tensor Apply(Tensor x, Pass pass, KeyValueCache? cache)
        {
            long heads = config.Heads, dim = config.Width / config.Heads;
            using Tensor normed = norm.Apply(x);
            (Tensor qFlat, Tensor kFlat, Tensor vFlat) = qkv.Apply3(normed);
            using (qFlat)
            using (kFlat)
            using (vFlat)
            {
                using Tensor qHeads = qFlat.unflatten(2, heads, dim);
                using Tensor kHeads = kFlat.unflatten(2, heads, dim);
                using Tensor v = vFlat.unflatten(2, heads, dim);
                using Tensor q = rotary.Apply(qHeads, pass);
                using Tensor k = rotary.Apply(kHeads, pass);
                (Tensor keys, Tensor values) = cache is null ? (k.alias(), v.alias()) : cache.Append(k, v, pass);
                using (keys)
                using (values)
                {
                    using Tensor attended = Attention.Attend(q, keys, values, MaskRule.Causal, System.Math.Pow(dim, -0.5), pass, config.Dropout);
                    using Tensor merged = attended.flatten(2, 3);
                    using Tensor projected = output.Apply(merged);
                    using Tensor dropped = Dropout.Apply(projected, config.Dropout, pass);
                    return x.Plus(dropped);
                }
            }
        }
    }
}
