using System;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>What an adapter adds to one linear map: scale (x A^T) B^T.</summary>
internal sealed class LowRank
{
    private readonly WeightTable table;
    private readonly Multiplier down;
    private readonly Multiplier up;
    private readonly double dropout;

    /// <param name="table">The model's.</param>
    /// <param name="a">[rank, in].</param>
    /// <param name="b">[out, rank].</param>
    /// <param name="scale">Of the product of both.</param>
    /// <param name="dropout">Probability of dropping a number of x, in training.</param>
    internal LowRank(WeightTable table, Weight a, Weight b, double scale, double dropout)
    {
        this.table = table;
        this.dropout = dropout;
        A = a;
        B = b;
        Scale = scale;
        down = new Multiplier(table, a.Key, () => a.Value.alias(), () => null);
        up = new Multiplier(table, b.Key, () => b.Value.alias(), () => null);
    }

    internal Weight A { get; }

    internal Weight B { get; }

    internal double Scale { get; }

    internal long Rank => A.Shape[0];

    /// <summary>y + scale (x A^T) B^T, a tensor of its own.</summary>
    /// <param name="x">[..., in], what the map itself read.</param>
    /// <param name="y">[..., out], what it gave.</param>
    internal Tensor AddTo(Tensor y, Tensor x)
    {
        using Tensor read = table.Training && dropout > 0 ? nn.functional.dropout(x, dropout, true) : x.alias();
        using Tensor low = down.Apply(read, null);
        using Tensor scaled = low.mul(Scalars.Of(Scale));
        return up.ApplyAdd(scaled, y);
    }

    /// <summary>g + scale (g B) A: the gradient of x, given that of the map alone; itself differentiable.</summary>
    internal Tensor AddBack(Tensor back, Tensor gradient)
    {
        using Tensor low = gradient.matmul(B.Value);
        using Tensor scaled = low.mul(Scalars.Of(Scale));
        using Tensor more = scaled.matmul(A.Value);
        return back.Plus(more);
    }

    /// <summary>scale B A, [out, in]: what the map's matrix would have more.</summary>
    internal Tensor Update()
    {
        using Tensor product = B.Value.matmul(A.Value);
        return product.mul(Scalars.Of(Scale));
    }
}
