using System;
using System.Linq;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>
/// Keys and values of the tokens read so far, and what a score reads of keys besides, allocated ahead and grown by doubling. With a window it keeps what the
/// band still needs and slides when its room is used up, so that its size does not grow with the length.
/// </summary>
public sealed class KeyValueCache : IStatePart
{
    private const int SmallestRoom = 32;
    private readonly int? window;
    private Tensor[] stores = [];
    private int first;
    private int offset;
    private int count;

    /// <summary>An empty cache.</summary>
    /// <param name="window">How many keys a query reads at most, itself included; null: all.</param>
    public KeyValueCache(int? window = null) => this.window = window;

    /// <summary>How many keys a query reads at most; null: all, and the cache grows with the length.</summary>
    public int? Window => window;

    /// <inheritdoc/>
    public long Bytes => stores.Sum(store => store.numel() * store.element_size());

    /// <summary>Tokens that fit before it has to grow or slide.</summary>
    public long Room => stores.Length == 0 ? 0 : stores[0].shape[2];

    /// <summary>Adds the new tokens' keys and values and returns all that the tokens of this pass may read: the last s places of the pass.</summary>
    /// <param name="k">[b, n, kv, d].</param>
    /// <param name="v">[b, n, kv, e].</param>
    /// <param name="pass">Whose tokens these are.</param>
    /// <returns>[b, s, kv, d] and [b, s, kv, e]: views, valid until the next call; the caller disposes them.</returns>
    public (Tensor Keys, Tensor Values) Append(Tensor k, Tensor v, Pass pass) => Append([k, v], pass) is [var keys, var values] ? (keys, values) : default;

    /// <summary>Adds what is kept of the new tokens (keys, values, what scores read of keys) and returns all that the tokens of this pass may read.</summary>
    /// <param name="tokens">[b, n, heads, width] each; as many at every call.</param>
    /// <param name="pass">Whose tokens these are.</param>
    /// <returns>[b, s, heads, width] each: views, valid until the next call; the caller disposes them.</returns>
    public Tensor[] Append(Tensor[] tokens, Pass pass)
    {
        using IDisposable off = torch.no_grad();
        int n = checked((int)tokens[0].shape[1]), end = pass.Keys.Count - n;
        if (first + count != end)
        {
            throw new InvalidOperationException(
                $"The cache holds keys up to token {first + count}, but the call goes on from token {end}: state and call don't belong together.");
        }

        if (window is { } band)
        {
            int needed = Math.Max(first, pass.FirstNeeded(band));
            offset += needed - first;
            count -= needed - first;
            first = needed;
        }

        Reserve(tokens, n, pass.Capacity);
        for (int i = 0; i < stores.Length; i++)
        {
            Write(stores[i], tokens[i], offset + count, n);
        }

        count += n;
        return Array.ConvertAll(stores, Read);
    }

    /// <summary>Rows change places: only those that do are copied, and of them only the tokens that are kept.</summary>
    public void Select(Tensor rows)
    {
        if (stores is [var keys, ..])
        {
            using IDisposable off = torch.no_grad();
            long[] picks = RowPicks.Of(rows);
            long[]? moved = picks.Length == keys.shape[0] ? RowPicks.Changed(picks) : null;
            using Tensor from = torch.tensor(moved is null ? picks : Array.ConvertAll(moved, row => picks[row]), device: keys.device);
            using Tensor? to = moved is null ? null : torch.tensor(moved, device: keys.device);
            stores = Array.ConvertAll(stores, store => Selected(store, from, to));
        }
    }

    /// <inheritdoc/>
    public void CopyFrom(IStatePart other)
    {
        var source = (KeyValueCache)other;
        Array.ForEach(stores, store => store.Dispose());
        stores = Array.ConvertAll(source.stores, store => store.clone().DetachFromDisposeScope());
        (first, offset, count) = (source.first, source.offset, source.count);
    }

    /// <inheritdoc/>
    public void CheckTruncate(Timeline timeline, int slots)
    {
        if (window is not { } band)
        {
            return;
        }

        int needed = timeline.FirstNeeded(band, timeline.Slots - slots);
        if (first > needed)
        {
            throw new InvalidOperationException(
                $"The state cannot be cut to {slots} tokens: a band of {band} keys would need token {needed} again "
                + $"and has already dropped all before token {first}.");
        }
    }

    /// <inheritdoc/>
    public void Truncate(int slots)
    {
        count = Math.Max(0, slots - first);
        if (count == 0)
        {
            first = slots;
            offset = 0;
        }
    }

    /// <inheritdoc/>
    public void Reset() => first = offset = count = 0;

    /// <inheritdoc/>
    public void Dispose()
    {
        Array.ForEach(stores, store => store.Dispose());
        stores = [];
        Reset();
    }

    /// <summary>The old rows <paramref name="from"/> in the places <paramref name="to"/>, or as all rows of a store of their own.</summary>
    private Tensor Selected(Tensor store, Tensor from, Tensor? to)
    {
        using Tensor used = store.narrow(2, offset, count), taken = used.index_select(0, from);
        if (to is not null)
        {
            used.index_copy_(0, to, taken);
            return store;
        }

        Tensor other = torch.empty(
            [from.shape[0], store.shape[1], store.shape[2], store.shape[3]], dtype: store.dtype, device: store.device).DetachFromDisposeScope();
        using Tensor place = other.narrow(2, offset, count);
        place.copy_(taken);
        store.Dispose();
        return other;
    }

    /// <summary>Stored [b, kv, room, d]: each head's keys lie one after the other.</summary>
    private static void Write(Tensor store, Tensor tokens, int at, int n)
    {
        using Tensor place = store.narrow(2, at, n);
        using Tensor heads = tokens.transpose(1, 2);
        place.copy_(heads);
    }

    private Tensor Read(Tensor store)
    {
        using Tensor part = store.narrow(2, offset, count);
        return part.transpose(1, 2);
    }

    private void Reserve(Tensor[] tokens, int n, int capacity)
    {
        int room = (int)Room;
        bool begun = stores.Length > 0;
        if (begun && offset + count + n <= room)
        {
            return;
        }

        int wanted = count + n;
        if (begun && wanted <= room && (window is null || 2 * offset >= room || offset >= count))
        {
            Array.ForEach(stores, Slide);
            offset = 0;
            return;
        }

        int size = Math.Max(Math.Max(SmallestRoom, room), window is { } band ? Math.Min(capacity, 2 * band) : capacity);
        while (size < (window is null ? wanted : 2 * wanted))
        {
            size = checked(size * 2);
        }

        stores = [.. tokens.Select((like, i) => Grown(begun ? stores[i] : null, like, size))];
        offset = 0;
    }

    private void Slide(Tensor store)
    {
        using Tensor from = store.narrow(2, offset, count);
        using Tensor to = store.narrow(2, 0, count);
        if (offset >= count)
        {
            to.copy_(from);
        }
        else
        {
            using Tensor copy = from.clone();
            to.copy_(copy);
        }
    }

    private Tensor Grown(Tensor? old, Tensor like, int size)
    {
        Tensor store = torch.empty([like.shape[0], like.shape[2], size, like.shape[3]], dtype: like.dtype, device: like.device).DetachFromDisposeScope();
        if (old is not null)
        {
            using Tensor from = old.narrow(2, offset, count);
            using Tensor to = store.narrow(2, 0, count);
            to.copy_(from);
            old.Dispose();
        }

        return store;
    }
}
