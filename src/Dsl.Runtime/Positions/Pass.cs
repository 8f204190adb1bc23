using System;
using System.Collections.Generic;
using System.Linq;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>
/// What is known of one time axis in one call: which positions the new tokens have (queries), which positions everything readable has (keys), what is
/// padding; and
/// what the layers of the call share.
/// </summary>
public sealed class Pass : IDisposable
{
    private readonly Timeline timeline;
    private readonly Temporaries? temporaries;
    private Made made = new();
    private bool isWhole;
    private bool isOver;

    private Pass(Timeline timeline, int length, bool[]? mask, Device device, bool training, Tensor? tokens = null)
    {
        this.timeline = timeline;
        Device = device;
        Training = training;
        (Queries, Keys) = timeline.Advance(length, mask, device);
        temporaries = tokens is null ? null : Temporaries.Begin(tokens);
    }

    /// <summary>Rows.</summary>
    public int Batch => Queries.Batch;

    /// <summary>New tokens in each row, padding included.</summary>
    public int Length => Queries.Count;

    /// <summary>Some of the new tokens are padding.</summary>
    public bool Padded => Queries.Padded;

    /// <summary>Dropout drops.</summary>
    public bool Training { get; }

    /// <summary>Where the tensors of this call live.</summary>
    public Device Device { get; }

    /// <summary>The new tokens.</summary>
    public Places Queries { get; }

    /// <summary>Everything read so far, the new tokens included.</summary>
    public Places Keys { get; }

    /// <summary>Positions of the new tokens: int64 [t] where rows are uniform, else [b, t]; at least 0.</summary>
    public Tensor Positions => Queries.Positions;

    /// <summary>bool [b, s] over all keys, true for a real one; null where nothing is padded.</summary>
    public Tensor? KeyPadding => Keys.Real;

    /// <summary>The parallel form: the whole sequence at once.</summary>
    /// <param name="tokens">[b, t, ...]; only sizes and device are read.</param>
    /// <param name="mask">[b, t], 1 for a real token; null when all are.</param>
    /// <param name="training">Dropout drops.</param>
    public static Pass Over(Tensor tokens, Tensor? mask = null, bool training = false) =>
        new(new Timeline(Rows(tokens)), Columns(tokens), Host(tokens, mask), tokens.device, training, tokens) { isWhole = true };

    /// <summary>The parallel form over an axis that no tensor of ids stands for.</summary>
    public static Pass Over(int batch, int length, Device device, bool training = false) =>
        new(new Timeline(batch), length, null, device, training) { isWhole = true };

    /// <summary>The stateful form: the tokens come after what the timeline has read, and are counted on it at once.</summary>
    public static Pass Next(Tensor tokens, Tensor? mask, Timeline timeline, bool training = false)
    {
        if (Rows(tokens) != timeline.Batch)
        {
            throw new ArgumentException($"The state has {timeline.Batch} rows, the tokens have {Rows(tokens)}.");
        }

        return new Pass(timeline, Columns(tokens), Host(tokens, mask), tokens.device, training, tokens);
    }

    /// <summary>
    /// Keeps what flows in a layer for <see cref="Collected"/>, where all tokens are read at once; the caller owns the result, the same tensor.
    /// </summary>
    public Tensor Collect(string name, Tensor value)
    {
        if (isWhole)
        {
            CollectionOf(name).Add(value);
        }

        return value.alias();
    }

    /// <summary>What the layers so far have collected, in their order.</summary>
    /// <param name="name">The name.</param>
    /// <param name="size">Channels.</param>
    /// <param name="like">Says dtype and device where no layer has collected any.</param>
    /// <returns>[b, t, layers, size]; the caller owns it.</returns>
    public Tensor Collected(string name, long size, Tensor like) => CollectionOf(name) is { Values.Count: > 0 } found
        ? torch.stack(found.Values, 2)
        : torch.zeros([Batch, Length, 0, size], dtype: like.dtype, device: like.device);

    /// <summary>What all layers of one call share, made by whoever asks first and disposed with the pass.</summary>
    public T Memo<T>(object key, Func<T> make)
        where T : class
    {
        if (!made.Memo.TryGetValue(key, out object? known))
        {
            known = make();
            if (known is Tensor tensor)
            {
                tensor.DetachFromDisposeScope();
            }

            made.Memo.Add(key, known);
        }

        return (T)known;
    }

    /// <summary>The last <paramref name="count"/> keys: what a cache that drops old ones still holds. Owned by the pass.</summary>
    public Places LastKeys(int count) => count == Keys.Count ? Keys : Memo((nameof(LastKeys), count), () => Keys.Last(count));

    /// <summary>[b, t, ...] to [b, 1, ...]: each row's last real token (its last column, if all of its new tokens are padding).</summary>
    public Tensor Last(Tensor x)
    {
        if (!Padded)
        {
            return x.narrow(1, x.shape[1] - 1, 1);
        }

        if (made.Last is null)
        {
            var index = new long[Batch];
            for (int row = 0; row < Batch; row++)
            {
                int at = Length - 1;
                while (at > 0 && !Queries.IsReal(row, at))
                {
                    at--;
                }

                index[row] = Queries.IsReal(row, at) ? at : Length - 1;
            }

            made.Last = torch.tensor(index, [Batch, 1], device: Device).DetachFromDisposeScope();
        }

        return Gather(x, made.Last);
    }

    /// <summary>Row by row, real tokens to the front and padding behind them, both in order; the caller owns the result.</summary>
    public Tensor Compact(Tensor x)
    {
        if (!Padded)
        {
            return x.alias();
        }

        return Gather(x, made.Order ??= Order(inverse: false));
    }

    /// <summary>Undoes <see cref="Compact"/>.</summary>
    public Tensor Expand(Tensor x)
    {
        if (!Padded)
        {
            return x.alias();
        }

        return Gather(x, made.Back ??= Order(inverse: true));
    }

    /// <summary>Which expert each token is for, where that is what the axis is made of; else null.</summary>
    internal ExpertRows? ByExpert { get; private init; }

    /// <summary>A fresh axis of one row: tokens as they are given to experts.</summary>
    internal Pass Of(ExpertRows rows) => new(new Timeline(1), rows.Count, null, Device, Training) { ByExpert = rows };

    /// <summary>A fresh axis of the same rows whose real tokens come first: what has been made of this one's tokens.</summary>
    /// <param name="length">Tokens of each row, padding included.</param>
    /// <param name="real">How many of a row's tokens are real.</param>
    internal Pass Of(int length, Func<int, int> real)
    {
        var mask = new bool[Batch * length];
        for (int i = 0; i < mask.Length; i++)
        {
            mask[i] = i % length < real(i / length);
        }

        return new Pass(new Timeline(Batch), length, mask, Device, Training);
    }

    /// <summary>The same with other numbers of tokens.</summary>
    /// <param name="length">From so many tokens to so many.</param>
    /// <param name="what">What is done to the axis, for the message.</param>
    internal Pass Map(Func<int, int> length, string what)
    {
        int after = length(Length);
        return after >= 1 ? Of(after, row => length(Queries.Length(row)))
            : throw new ArgumentException($"Nothing is left of {Length} tokens to {what}, expected more.");
    }

    /// <summary>[b, t, ...]: each row's real tokens in front, zeros behind them.</summary>
    internal Tensor CompactOrZero(Tensor x)
    {
        using Tensor compact = Compact(x);
        using Pass packed = Of(Length, Queries.Length);
        using Tensor real = packed.Queries.Real!.view([Batch, Length, .. Enumerable.Repeat(1L, (int)x.dim() - 2)]);
        using Tensor zero = torch.zeros_like(compact);
        return torch.where(real, compact, zero);
    }

    /// <summary>int64 [b, t] of the new tokens, 1 for a real one; the caller owns it.</summary>
    public Tensor RealTokens()
    {
        if (Queries.Real is { } real)
        {
            return real.to(ScalarType.Int64);
        }

        return torch.ones([Batch, Length], dtype: ScalarType.Int64, device: Device);
    }

    /// <summary>The first slot that a band of that many keys needs for the tokens of this pass.</summary>
    internal int FirstNeeded(int window) => timeline.FirstNeeded(window, Length);

    internal int Capacity => timeline.Capacity;

    /// <inheritdoc/>
    public void Dispose()
    {
        made.Dispose();
        Queries.Dispose();
        Keys.Dispose();
        if (!isOver)
        {
            temporaries?.Dispose();
        }

        isOver = true;
    }

    /// <summary>
    /// The same axis, of which nothing has been made yet, until the result is disposed; also where the call is over. A layer that is run again makes what it
    /// shared with others by itself, on a graph of its own.
    /// </summary>
    internal IDisposable Anew() => new Rerun(this);

    /// <summary>What layers have collected so far, by name.</summary>
    internal IEnumerable<Collection> Collections => made.Memo.Values.OfType<Collection>().OrderBy(each => each.Name, StringComparer.Ordinal);

    /// <summary>x[row, index[row, i], ...] for an int64 index [b, n].</summary>
    internal static Tensor Gather(Tensor x, Tensor index)
    {
        long[] shape = x.shape;
        var view = new long[shape.Length];
        Array.Fill(view, 1);
        view[0] = index.shape[0];
        view[1] = index.shape[1];
        shape[1] = index.shape[1];
        using Tensor spread = index.view(view);
        using Tensor full = spread.expand(shape);
        return x.gather(1, full);
    }

    private static int Rows(Tensor tokens) => checked((int)tokens.shape[0]);

    private static int Columns(Tensor tokens) => tokens.dim() < 2 || tokens.shape[1] < 1
        ? throw new ArgumentException($"Tokens must be [batch, time] with at least one token, not [{string.Join(", ", tokens.shape)}].")
        : checked((int)tokens.shape[1]);

    private static bool[]? Host(Tensor tokens, Tensor? mask)
    {
        if (mask is null)
        {
            return null;
        }

        if (mask.dim() != 2 || mask.shape[0] != tokens.shape[0] || mask.shape[1] != tokens.shape[1])
        {
            throw new ArgumentException(
                $"The mask is [{string.Join(", ", mask.shape)}], the tokens are [{string.Join(", ", tokens.shape)}]: both must have the same batch and time.");
        }

        using Tensor set = mask.dtype == ScalarType.Bool ? mask.alias() : mask.ne(Scalars.Of(0));
        using Tensor host = set.cpu();
        using Tensor flat = host.contiguous();
        return flat.data<bool>().ToArray();
    }

    private Tensor Order(bool inverse)
    {
        var index = new long[Batch * Length];
        for (int row = 0; row < Batch; row++)
        {
            int next = row * Length;
            for (int pick = 0; pick < 2; pick++)
            {
                for (int i = 0; i < Length; i++)
                {
                    if (Queries.IsReal(row, i) == (pick == 0))
                    {
                        if (inverse)
                        {
                            index[(row * Length) + i] = next - (row * Length);
                        }
                        else
                        {
                            index[next] = i;
                        }

                        next++;
                    }
                }
            }
        }

        return torch.tensor(index, [Batch, Length], device: Device).DetachFromDisposeScope();
    }

    private Collection CollectionOf(string name) => Memo((nameof(Collect), name), () => new Collection(name));

    /// <summary>What layers have collected by one name.</summary>
    internal sealed class Collection(string name) : IDisposable
    {
        internal string Name { get; } = name;

        internal List<Tensor> Values { get; } = [];

        internal void Add(Tensor value) => Values.Add(value.alias().DetachFromDisposeScope());

        public void Dispose() => Values.ForEach(value => value.Dispose());
    }

    /// <summary>What was made of the axis on the way.</summary>
    private sealed class Made : IDisposable
    {
        internal Dictionary<object, object> Memo { get; } = [];

        internal Tensor? Order { get; set; }

        internal Tensor? Back { get; set; }

        internal Tensor? Last { get; set; }

        public void Dispose()
        {
            foreach (object value in Memo.Values)
            {
                (value as IDisposable)?.Dispose();
            }

            Memo.Clear();
            Order?.Dispose();
            Back?.Dispose();
            Last?.Dispose();
            (Order, Back, Last) = (null, null, null);
        }
    }

    private sealed class Rerun : IDisposable
    {
        private readonly Pass pass;
        private readonly Made before;

        internal Rerun(Pass pass)
        {
            (this.pass, before) = (pass, pass.made);
            pass.made = new Made();
        }

        public void Dispose()
        {
            pass.made.Dispose();
            pass.made = before;
            if (pass.isOver)
            {
                pass.Queries.Dispose();
                pass.Keys.Dispose();
            }
        }
    }
}
