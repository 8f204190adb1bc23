using System;
using System.Linq;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>Several tensors that go out of scope together.</summary>
public readonly struct TensorParts(Tensor[] parts) : IDisposable
{
    /// <summary>One of them.</summary>
    public Tensor this[int index] => parts[index];

    /// <summary>All of two.</summary>
    public void Deconstruct(out Tensor first, out Tensor second) => (first, second) = (parts[0], parts[1]);

    /// <summary>All of three.</summary>
    public void Deconstruct(out Tensor first, out Tensor second, out Tensor third) => (first, second, third) = (parts[0], parts[1], parts[2]);

    /// <summary>All of four.</summary>
    public void Deconstruct(out Tensor first, out Tensor second, out Tensor third, out Tensor fourth) =>
        (first, second, third, fourth) = (parts[0], parts[1], parts[2], parts[3]);

    /// <summary>All of five.</summary>
    public void Deconstruct(out Tensor first, out Tensor second, out Tensor third, out Tensor fourth, out Tensor fifth) =>
        (first, second, third, fourth, fifth) = (parts[0], parts[1], parts[2], parts[3], parts[4]);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor part in parts)
        {
            part.Dispose();
        }
    }
}

/// <summary>Cutting, reshaping and adding named values.</summary>
public static class Slices
{
    /// <summary>Views of the last axis, one after the other.</summary>
    public static TensorParts Split(Tensor x, params ReadOnlySpan<long> sizes)
    {
        var parts = new Tensor[sizes.Length];
        long start = 0;
        for (int i = 0; i < parts.Length; i++)
        {
            parts[i] = x.narrow(-1, start, sizes[i]);
            start += sizes[i];
        }

        return new TensorParts(parts);
    }

    /// <summary>Several products of one input, to be disposed together.</summary>
    public static TensorParts ApplyParts(this Products products, Tensor x) => new(products.Apply(x));

    /// <summary>x plus a learned row for each position.</summary>
    public static Tensor AddTo(this PositionEmbedding positions, Tensor x, Pass pass)
    {
        using Tensor rows = positions.Apply(pass);
        return x.Plus(rows);
    }

    /// <summary>x plus the row of a table for each position, position p reading row p + <paramref name="offset"/>.</summary>
    /// <param name="x">[b, t, d].</param>
    /// <param name="table">[rows, d].</param>
    /// <param name="pass">Of x.</param>
    /// <param name="offset">The row of position 0.</param>
    /// <exception cref="InvalidOperationException">A position lies beyond the table.</exception>
    public static Tensor AddRows(Tensor x, Tensor table, Pass pass, long offset = 0)
    {
        if (pass.Queries.End + offset > table.shape[0])
        {
            throw new InvalidOperationException(
                $"The sequence reaches {pass.Queries.End} tokens, but the position table has rows for {table.shape[0] - offset}.");
        }

        using Tensor shifted = pass.Positions.Plus(offset);
        using Tensor flat = shifted.flatten();
        using Tensor picked = table.index_select(0, flat);
        using Tensor rows = picked.view([.. pass.Positions.shape, table.shape[1]]);
        return x.Plus(rows);
    }

    /// <summary>x W^T + b, dropped out in training, plus a residual; one product where nothing is dropped.</summary>
    public static Tensor ApplyAdd(this Product product, Tensor x, Tensor residual, double dropout, Pass pass)
    {
        if (!pass.Training || dropout <= 0)
        {
            return product.ApplyAdd(x, residual);
        }

        using Tensor y = product.Apply(x);
        using Tensor dropped = Dropout.Apply(y, dropout, pass);
        return residual.Plus(dropped);
    }

    /// <summary>The sum of several tensors of one shape.</summary>
    public static Tensor Sum(Tensor first, Tensor second, params ReadOnlySpan<Tensor> others)
    {
        Tensor sum = first.Plus(second);
        foreach (Tensor other in others)
        {
            Tensor next = sum.Plus(other);
            sum.Dispose();
            sum = next;
        }

        return sum;
    }

    /// <summary>Each row's last real token of a result that was computed for all of them; disposes it.</summary>
    public static Tensor TakeLast(Tensor owned, Pass pass)
    {
        using (owned)
        {
            return pass.Last(owned);
        }
    }

    /// <summary>Cuts axes into elementary ones, reorders these, and merges neighbours.</summary>
    /// <param name="x">Any tensor.</param>
    /// <param name="elementary">
    /// Sizes of the elementary axes; -1 keeps the size of the tensor's axis at this place, -1 - n that of its axis n (axes known only now: batch, time, ...).
    /// </param>
    /// <param name="order">Which elementary axis stands at each place afterwards.</param>
    /// <param name="groups">How many of them each axis of the result merges.</param>
    public static Tensor Rearrange(Tensor x, long[] elementary, long[] order, int[] groups)
    {
        long[] cut = [.. elementary.Select((size, i) => size < 0 ? x.shape[size == -1 ? i : -size - 1] : size)];
        var shape = new long[groups.Length];
        int at = 0;
        for (int i = 0; i < groups.Length; i++)
        {
            shape[i] = 1;
            for (int j = 0; j < groups[i]; j++)
            {
                shape[i] *= cut[order[at++]];
            }
        }

        using Tensor split = x.reshape(cut);
        using Tensor ordered = split.permute(order);
        return ordered.reshape(shape);
    }
}
