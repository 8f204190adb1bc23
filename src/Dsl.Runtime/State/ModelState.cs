using System;
using System.Collections.Generic;
using System.Linq;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>All that a model keeps between calls of its stateful form. A state carries no gradient.</summary>
public abstract class ModelState : IDisposable
{
    private readonly List<IStatePart> parts = [];

    /// <summary>An empty state.</summary>
    /// <param name="batch">Rows.</param>
    /// <param name="capacity">Tokens to make room for at first; 0 leaves it to the parts.</param>
    protected ModelState(int batch, int capacity) => Timeline = new Timeline(batch, capacity);

    /// <summary>Where each row stands.</summary>
    public Timeline Timeline { get; }

    /// <summary>Rows.</summary>
    public int Batch => Timeline.Batch;

    /// <summary>Columns read so far, padding included.</summary>
    public long Length => Timeline.Slots;

    /// <summary>Bytes held, room for what is to come included.</summary>
    public long Bytes => Timeline.Bytes + parts.Sum(part => part.Bytes);

    /// <summary>The parts in the order of their declaration.</summary>
    public IReadOnlyList<IStatePart> Parts => parts;

    /// <summary>Registers a part; returns it.</summary>
    public T Own<T>(T part)
        where T : IStatePart
    {
        parts.Add(part);
        return part;
    }

    /// <summary>A state of its own that goes on from the same tokens.</summary>
    public ModelState Clone()
    {
        ModelState clone = Fresh();
        if (clone.parts.Count != parts.Count)
        {
            throw new InvalidOperationException($"{GetType().Name} has {parts.Count} parts, a fresh one has {clone.parts.Count}.");
        }

        clone.Timeline.CopyFrom(Timeline);
        for (int i = 0; i < parts.Count; i++)
        {
            clone.parts[i].CopyFrom(parts[i]);
        }

        return clone;
    }

    /// <summary>Row i becomes what row <paramref name="rows"/>[i] was (beams); the number of rows may change.</summary>
    /// <param name="rows">int64 [new batch].</param>
    public void Select(Tensor rows)
    {
        long[] picks = RowPicks.Of(rows);
        if (picks.Length == 0 || picks.Any(row => row < 0 || row >= Batch))
        {
            throw new ArgumentException($"The rows [{string.Join(", ", picks)}] were asked for, but the state has rows 0 to {Batch - 1}.");
        }

        if (picks.Length == Batch && RowPicks.Changed(picks).Length == 0)
        {
            return;
        }

        using Tensor host = torch.tensor(picks);
        foreach (IStatePart part in parts)
        {
            part.Select(host);
        }

        Timeline.Select(picks);
    }

    /// <summary>Keeps the first <paramref name="length"/> columns, as if the rest had never been read.</summary>
    /// <exception cref="InvalidOperationException">A part has already dropped what it would need; nothing was changed.</exception>
    public void Truncate(long length)
    {
        if (length < 0 || length > Length)
        {
            throw new ArgumentOutOfRangeException(nameof(length), $"The state has read {Length} tokens and cannot be cut to {length}.");
        }

        int slots = (int)length;
        if (slots == Timeline.Slots)
        {
            return;
        }

        foreach (IStatePart part in parts)
        {
            part.CheckTruncate(Timeline, slots);
        }

        foreach (IStatePart part in parts)
        {
            part.Truncate(slots);
        }

        Timeline.Truncate(slots);
    }

    /// <summary>Forgets everything.</summary>
    public void Reset()
    {
        foreach (IStatePart part in parts)
        {
            part.Reset();
        }

        Timeline.Reset();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (IStatePart part in parts)
        {
            part.Dispose();
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>An empty state of the same model and type, with as many rows.</summary>
    protected abstract ModelState Fresh();
}
