using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>
/// One call of a kernel step by step over whole tensors, on any device, with the derived adjoint as its way back. Kept are the operands and the states at
/// checkpoints, one every root of T steps; nothing of size time x channels x state.
/// </summary>
internal sealed class TensorScan<TKernel>(ScanSizes sizes, double[] settings, Tensor? real, Tensor? positions, bool stateful, bool differentiated)
    : FusedFunction
    where TKernel : struct, IScanKernel
{
    private readonly ScanLayout layout = sizes.Layout;
    private readonly int stretch = Math.Max(1, (int)Math.Sqrt(sizes.Time));

    protected override Tensor[] Forward(Tensor?[] inputs)
    {
        Tensor[] operands = [.. inputs.Take(layout.Operands.Count).Select(o => o!)];
        Tensor[]? starts = stateful ? [.. inputs.Skip(operands.Length).Select(s => s!)] : null;
        var kept = new List<Tensor>();
        Tensor[][] states = TensorStep.Starts(sizes, operands, starts);
        var results = new Tensor[sizes.Time];
        for (int t = 0; t < results.Length; t++)
        {
            if (differentiated && t % stretch == 0)
            {
                kept.AddRange(states.Select(Stack));
            }

            (results[t], states) = TensorStep.Next<TKernel>(sizes, operands, settings, states, t, Here(real, t), PositionOf(positions, t));
        }

        Save([.. inputs, .. kept, real, positions]);
        long[] shape = [.. layout.Axes.Select(a => sizes[a])];
        Tensor all = results.Length > 0 ? torch.stack(results, layout.Axes.ToList().IndexOf("t")) : torch.zeros(shape, operands[0].dtype, operands[0].device);
        return [all, .. states.Select((state, s) => layout.States[s].Span.Length > 0 ? Stack(state) : state[0].clone())];
    }

    protected override Tensor?[] Backward(Tensor?[] gradients, Tensor?[] saved)
    {
        int count = layout.Operands.Count, all = count + (stateful ? layout.States.Count : 0);
        Tensor[] operands = [.. saved.Take(count).Select(o => o!)];
        Tensor? mask = saved[^2], places = saved[^1];
        long[] shape = [.. layout.Parallel.Select(a => sizes[a])];
        Tensor zero = torch.zeros([], operands[0].dtype, operands[0].device);
        Tensor nothing = zero.expand(shape);
        Tensor[][] bars = [.. layout.States.Select((s, i) => gradients[1 + i] is { } bar ? Parts(bar, s) : [.. Enumerable.Repeat(nothing, sizes.SpanOf(s))])];
        var back = new TensorStepBack(sizes, operands, settings, bars, [.. Enumerable.Range(0, count).Select(Needs)]);
        int time = layout.Axes.ToList().IndexOf("t");
        for (int chunk = ((sizes.Time + stretch - 1) / stretch) - 1; chunk >= 0; chunk--)
        {
            int from = chunk * stretch, to = Math.Min(sizes.Time, from + stretch);
            var before = new List<Tensor[][]> { layout.States.Select((s, i) => Parts(saved[all + (chunk * layout.States.Count) + i]!, s)).ToArray() };
            for (int t = from; t < to - 1; t++)
            {
                before.Add(TensorStep.Next<TKernel>(sizes, operands, settings, before[^1], t, Here(mask, t), PositionOf(places, t)).States);
            }

            for (int t = to - 1; t >= from; t--)
            {
                back.Run<TKernel>(t, before[t - from], gradients[0] is { } g ? g.select(time, t) : nothing, Here(mask, t), PositionOf(places, t));
            }
        }

        return
        [
            .. Enumerable.Range(0, count).Select(back.Total),
            .. stateful ? layout.States.Select((s, i) => Needs(count + i) ? Whole(back, s, i, shape) : null) : [],
        ];
    }

    private static Tensor Stack(Tensor[] state) => torch.stack(state, -1);          // one value, too

    private static Tensor Whole(TensorStepBack back, ScanState state, int index, long[] shape) =>
        state.Span.Length > 0 ? Stack([.. back.StateBarSpan(index).Select(b => b.expand(shape))]) : back.StateBar(index).expand(shape).clone();

    // A checkpoint of one value has an axis of 1 at its end, a gradient has none.
    private Tensor[] Parts(Tensor tensor, ScanState state) => state.Span.Length > 0 || tensor.dim() == layout.Axes.Count ? tensor.unbind(-1) : [tensor];

    private Tensor? Here(Tensor? real, int t) =>
        real?.select(1, t).to(ScalarType.Bool).reshape([sizes[layout.Axes[0]], .. layout.Axes.Skip(2).Select(_ => 1L)]);

    // Rows are the first axis; where there is none but time and one other, all have one position.
    private Tensor? PositionOf(Tensor? positions, int t) => positions?.select(1, t).reshape([-1, .. layout.Axes.Skip(2).Select(_ => 1L)]);
}
