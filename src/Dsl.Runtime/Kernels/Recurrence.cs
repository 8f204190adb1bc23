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

/// <summary>A declared pointwise function within a model.</summary>
public static class Pointwise
{
    /// <summary>The function of every element: one pass over memory on the CPU, whole tensors elsewhere.</summary>
    /// <typeparam name="TKernel">What the generator made of the function.</typeparam>
    /// <param name="settings">Numbers of the config, in the kernel's order.</param>
    /// <param name="arguments">
    /// The function's values, which broadcast against each other, and weights, which are single numbers or lie along the last axis, in the function's order.
    /// </param>
    public static Tensor Run<TKernel>(double[] settings, params Tensor[] arguments)
        where TKernel : struct, IScanKernel => Run<TKernel>(settings, tensors: false, arguments);

    internal static Tensor Run<TKernel>(double[] settings, bool tensors, params Tensor[] arguments)
        where TKernel : struct, IScanKernel
    {
        ScanLayout layout = TKernel.Layout;
        if (arguments.Length != layout.ArgumentCount)
        {
            throw new ArgumentException($"{layout.Name} takes {layout.ArgumentCount} arguments, but got {arguments.Length}.");
        }

        using var scope = torch.NewDisposeScope();
        long[] shape = [];
        bool alongLast = false;
        foreach (ScanOperand operand in layout.Operands)
        {
            if (operand.Axes == "b t d")
            {
                shape = Broadcast(layout, shape, arguments[operand.Argument].shape);
            }

            alongLast |= operand.Axes == "d";
        }

        // Without weights along the last axis the border between rows means nothing: rows as long as vectors like them.
        long count = shape.Aggregate(1L, (product, size) => product * size);
        long width = alongLast ? shape[^1] : count % 256 == 0 ? 256 : shape.Length > 0 ? shape[^1] : 1;
        var flat = new Tensor[arguments.Length];
        foreach (ScanOperand operand in layout.Operands)
        {
            Tensor own = arguments[operand.Argument];
            flat[operand.Argument] = operand.Axes switch
            {
                "b t d" => (own.shape.SequenceEqual(shape) ? own : own.expand(shape)).reshape(1, width == 0 ? 0 : count / width, width),
                "d" => own.reshape(width),
                _ => own.reshape([]),
            };
        }

        bool cpu = !tensors && arguments.All(a => a.device_type == DeviceType.CPU);
        Tensor result = cpu
            ? Scan<TKernel>.Run(flat, null, settings).Result
            : TensorStep.Whole<TKernel>(flat, settings).expand(1, width == 0 ? 0 : count / width, width);
        return result.reshape(shape).MoveToOuterDisposeScope();
    }

    private static long[] Broadcast(ScanLayout layout, long[] left, long[] right)
    {
        long[] result = new long[Math.Max(left.Length, right.Length)];
        for (int i = 1; i <= result.Length; i++)
        {
            long l = i <= left.Length ? left[^i] : 1;
            long r = i <= right.Length ? right[^i] : 1;
            if (l != r && l != 1 && r != 1)
            {
                throw new ArgumentException(
                    $"The values of {layout.Name} have shapes that do not broadcast: [{string.Join(", ", left)}] and [{string.Join(", ", right)}].");
            }

            result[^i] = l == 1 ? r : l;
        }

        return result;
    }
}
