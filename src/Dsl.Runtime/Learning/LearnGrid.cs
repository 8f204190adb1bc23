using System;
using System.Linq;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>
/// How the tokens of a pass fall into mini-batches: a token's place is the number of its row's real tokens before it, modulo the length of a mini-batch.
/// Rows that are not alike are laid out in columns so that equal columns are equal places; what no token fills is learnt from at rate zero.
/// </summary>
internal sealed class LearnGrid : IDisposable
{
    private readonly int every;
    private readonly int[] starts;
    private readonly int[] ends;
    private readonly int first;
    private readonly int last;
    private readonly Tensor? columns;
    private readonly Tensor? back;

    /// <param name="pass">The tokens.</param>
    /// <param name="every">Length of a mini-batch.</param>
    /// <param name="read">Real tokens of each row before this pass.</param>
    internal LearnGrid(Pass pass, int every, int[] read)
    {
        this.every = every;
        starts = [.. read.Select(count => count % every)];
        ends = [.. starts.Select((start, row) => start + pass.Queries.Length(row))];
        int[] filled = [.. Enumerable.Range(0, starts.Length).Where(row => ends[row] > starts[row])];
        if (filled.Length == 0)
        {
            IsEmpty = true;
            return;
        }

        first = filled.Min(row => starts[row]);
        last = filled.Max(row => ends[row]);
        if (!pass.Padded && starts.All(start => start == first))
        {
            return;
        }

        var columnIndex = new long[starts.Length * (last - first)];
        var real = new bool[columnIndex.Length];
        var backIndex = new long[starts.Length * pass.Length];
        for (int row = 0; row < starts.Length; row++)
        {
            int at = (row * (last - first)) + starts[row] - first;
            for (int i = 0; i < pass.Length; i++)
            {
                if (pass.Queries.IsReal(row, i))
                {
                    columnIndex[at] = i;
                    real[at] = true;
                    backIndex[(row * pass.Length) + i] = at - (row * (last - first));
                    at++;
                }
            }
        }

        columns = torch.tensor(columnIndex, [starts.Length, last - first], device: pass.Device).DetachFromDisposeScope();
        back = torch.tensor(backIndex, [starts.Length, pass.Length], device: pass.Device).DetachFromDisposeScope();
        Filled = torch.tensor(real, [starts.Length, last - first], device: pass.Device).DetachFromDisposeScope();
    }

    /// <summary>No row has a real token.</summary>
    internal bool IsEmpty { get; }

    /// <summary>bool [batch, columns]; null where every column holds a token.</summary>
    internal Tensor? Filled { get; }

    /// <summary>Mini-batches that the pass touches.</summary>
    internal int Count => ((last - 1) / every) + 1;

    /// <summary>The columns of a mini-batch, counted from the first column, and the place of its first one.</summary>
    internal (int Start, int Length, int Place) Columns(int batch)
    {
        int from = Math.Max(batch * every, first), to = Math.Min((batch + 1) * every, last);
        return (from - first, to - from, from - (batch * every));
    }

    /// <summary>Whether a row reads the last place of a mini-batch.</summary>
    internal bool Completes(int row, int batch) => ends[row] >= (batch + 1) * every;

    internal int Rows => starts.Length;

    /// <summary>[batch, time, ...] to [batch, columns, ...].</summary>
    internal Tensor Lay(Tensor x) => columns is null ? x.alias() : Pass.Gather(x, columns);

    /// <summary>The way back; padding gets 0.</summary>
    internal Tensor Unlay(Tensor x, Pass pass)
    {
        if (back is null)
        {
            return x.alias();
        }

        Tensor y = Pass.Gather(x, back);
        if (!pass.Padded)
        {
            return y;
        }

        Tensor real = pass.Queries.Real!.reshape([y.shape[0], y.shape[1], .. Enumerable.Repeat(1L, (int)y.dim() - 2)]);
        return torch.where(real, y, torch.zeros_like(y));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        columns?.Dispose();
        back?.Dispose();
        Filled?.Dispose();
    }
}
