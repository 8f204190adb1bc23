using System;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>Rows of a table by id.</summary>
public sealed class Embedding
{
    private readonly long? padding;

    internal Embedding(Weight weight, long? padding = null)
    {
        Weight = weight;
        this.padding = padding;
    }

    /// <summary>[rows, width].</summary>
    public Weight Weight { get; }

    /// <summary>int64 [...] to [..., width].</summary>
    public Tensor Apply(Tensor ids)
    {
        using Tensor flat = ids.flatten();
        using Tensor rows = TableRows.Pick(Weight, flat, ids);
        if (padding is { } learnsNothing && Grad.Records(rows))
        {
            using Tensor at = flat.eq(Scalars.Of(learnsNothing));
            using Tensor column = at.unsqueeze(1);
            using Tensor still = rows.detach();
            using Tensor chosen = torch.where(column, still, rows);
            return chosen.view([.. ids.shape, Weight.Shape[1]]);
        }

        return rows.view([.. ids.shape, Weight.Shape[1]]);
    }
}

/// <summary>Rows of a table by position.</summary>
public sealed class PositionEmbedding
{
    private readonly long offset;

    internal PositionEmbedding(Weight weight, long offset)
    {
        Weight = weight;
        this.offset = offset;
    }

    /// <summary>[rows, width].</summary>
    public Weight Weight { get; }

    /// <summary>The rows of the pass's new tokens: [time, width] where all rows count alike (a view of the table), else [batch, time, width].</summary>
    /// <exception cref="InvalidOperationException">A position lies beyond the table.</exception>
    public Tensor Apply(Pass pass)
    {
        Places places = pass.Queries;
        if (places.End + offset > Weight.Shape[0])
        {
            throw new InvalidOperationException(
                $"The sequence reaches {places.End} tokens, but the position table '{Weight.Key}' has rows for {Weight.Shape[0] - offset}.");
        }

        if (places.Uniform)
        {
            return Weight.Value.narrow(0, places.Start + offset, places.Count);
        }

        using Tensor shifted = pass.Positions.Plus(offset);
        using Tensor flat = shifted.flatten();
        using Tensor rows = TableRows.Pick(Weight, flat, shifted);
        return rows.view(places.Batch, places.Count, Weight.Shape[1]);
    }
}
