using System;
using Dsl;
using Dsl.Runtime;
using TorchSharp;
using static TorchSharp.torch;
using C = Derived.AveragesConfig;

namespace Derived;

/// <summary>A model of one's own: what a token learns of the past is the mean of it.</summary>
public sealed partial record AveragesConfig(
    [Key("vocab_size")] int Vocab, [Key("hidden_size")] int Hidden, [Key("intermediate_size")] int FeedForward, [Key("num_layers")] int Layers,
    [Key("norm_eps")] double Eps = 1e-5);

[Block<C>, Defaults(Eps = nameof(C.Eps))]
[Residual, RmsNorm("norm"), Use<RunningMean>("mean")]
[Residual, RmsNorm("ffn_norm"), FeedForward("ffn.{up,down}", Activation.Silu)]
public sealed partial class AveragesBlock;

[Model<C>("AveragesForCausalLM"), Defaults(Eps = nameof(C.Eps))]
[Embedding("embed", nameof(C.Vocab), nameof(C.Hidden))]
[Repeat<AveragesBlock>("layers", nameof(C.Layers)), RmsNorm("norm"), Output("hidden")]
[Head("head", TiedTo = "embed"), Output("logits")]
public sealed partial class Averages;

/// <summary>An ordinary class as a layer: the mean of a row's tokens so far, through a linear map. Rows are not padded here.</summary>
[Layer<C>]
public sealed class RunningMean : IOwnLayer<RunningMean, C>, ISteppingLayer
{
    private readonly Product map;

    private RunningMean(Product map) => this.map = map;

    public static RunningMean Create(C config, Weights weights, long width) => new(weights.Product("map", width, width, bias: true));

    public Tensor Forward(Tensor x, Pass pass) => Mean(x, null, 0);

    public IStatePart NewState() => new Sum();

    public Tensor Advance(Tensor x, Pass pass, IStatePart state)
    {
        var sum = (Sum)state;
        var result = Mean(x, sum.Value, sum.Count);
        using var added = x.sum(1, keepdim: true);
        sum.Replace(sum.Value is null ? added.alias() : sum.Value + added, sum.Count + x.shape[1]);
        return result;
    }

    private Tensor Mean(Tensor x, Tensor? before, long count)
    {
        using var scope = NewDisposeScope();
        var sums = before is null ? x.cumsum(1) : x.cumsum(1) + before;
        var counts = arange(count + 1, count + 1 + x.shape[1], dtype: x.dtype, device: x.device).unsqueeze(-1);
        return map.Apply(sums / counts).MoveToOuterDisposeScope();
    }

    private sealed class Sum : IStatePart
    {
        public Tensor? Value { get; private set; }

        public long Count { get; private set; }

        public long Bytes => (Value?.NumberOfElements ?? 0) * 4;

        public void Replace(Tensor? value, long count)
        {
            Value?.Dispose();
            (Value, Count) = (value?.DetachFromDisposeScope(), count);
        }

        public void Select(Tensor rows) => Replace(Value?.index_select(0, rows), Count);

        public void CopyFrom(IStatePart other) => Replace(((Sum)other).Value?.clone(), ((Sum)other).Count);

        public void CheckTruncate(Timeline timeline, int slots) => throw new NotSupportedException("A running mean cannot forget its last tokens.");

        public void Truncate(int slots) => throw new NotSupportedException("A running mean cannot forget its last tokens.");

        public void Reset() => Replace(null, 0);

        public void Dispose() => Replace(null, 0);
    }
}
