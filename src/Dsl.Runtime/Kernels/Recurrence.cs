using System;
using System.Linq;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>What one recurrence of a model keeps between calls: constant in size, however many tokens were read.</summary>
public sealed class RecurrentState : IStatePart
{
    private Tensor[] states = [];
    private int slots;

    /// <inheritdoc/>
    public long Bytes => states.Sum(s => s.numel() * s.element_size());

    /// <summary>The states, in the function's order, or null before the first token.</summary>
    public Tensor[]? Values => states.Length == 0 ? null : states;

    /// <inheritdoc/>
    public void Select(Tensor rows)
    {
        if (states.Length > 0)
        {
            using Tensor picks = rows.to(ScalarType.Int64, states[0].device);
            Replace([.. states.Select(s => s.index_select(0, picks))]);
        }
    }

    /// <inheritdoc/>
    public void CopyFrom(IStatePart other)
    {
        var source = (RecurrentState)other;
        Replace([.. source.states.Select(s => s.clone())]);
        slots = source.slots;
    }

    /// <inheritdoc/>
    public void CheckTruncate(Timeline timeline, int slots)
    {
        if (slots != 0 && slots != this.slots)
        {
            throw new InvalidOperationException(
                $"The state cannot be cut to {slots} tokens: a recurrence keeps the sum of the {this.slots} it has read; keep a Clone to return to.");
        }
    }

    /// <inheritdoc/>
    public void Truncate(int slots)
    {
        if (slots == 0)
        {
            Reset();
        }
    }

    /// <inheritdoc/>
    public void Reset()
    {
        Replace([]);
        slots = 0;
    }

    /// <inheritdoc/>
    public void Dispose() => Reset();

    internal void Keep(Tensor[] after, Pass pass)
    {
        Replace([.. after.Select(s => s.detach())]);
        slots = pass.Keys.Count;
    }

    private void Replace(Tensor[] with)
    {
        foreach (Tensor old in states)
        {
            old.Dispose();
        }

        states = [.. with.Select(s => s.DetachFromDisposeScope())];
    }
}

/// <summary>A declared recurrence within a model.</summary>
public static class Recurrence
{
    /// <summary>Runs the recurrence over the tokens of a pass; a padded token leaves the state as it was and gives 0.</summary>
    /// <typeparam name="TKernel">What the generator made of the function.</typeparam>
    /// <param name="pass">Tells which tokens are real.</param>
    /// <param name="state">Where the states come from and go to; null: from the start, and nowhere.</param>
    /// <param name="settings">Numbers of the config, in the kernel's order.</param>
    /// <param name="arguments">The function's values and weights, in its order.</param>
    public static Tensor Run<TKernel>(Pass pass, RecurrentState? state, double[] settings, params Tensor[] arguments)
        where TKernel : struct, IScanKernel
    {
        using var scope = torch.NewDisposeScope();
        Tensor? positions = TKernel.Layout.ReadsPosition ? pass.Positions : null;
        if (state is null)
        {
            return Scan<TKernel>.ResultOf(arguments, settings, pass.Padded ? pass.Queries.Real : null, positions).MoveToOuterDisposeScope();
        }

        var (result, after) = Scan<TKernel>.Run(
            arguments, state.Values, settings, pass.Padded ? pass.Queries.Real : null, positions: positions);
        state.Keep(after, pass);
        return result.MoveToOuterDisposeScope();
    }
}
