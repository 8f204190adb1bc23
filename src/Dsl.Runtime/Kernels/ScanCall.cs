using System;
using System.Linq;
using System.Numerics;
using Dsl.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>One call of a kernel on the CPU, with its way back.</summary>
internal sealed class ScanCall<TKernel>(ScanSizes sizes, double[] settings, Tensor? real, int[]? positions, bool stateful, bool ends) : FusedFunction
    where TKernel : struct, IScanKernel
{
    private readonly ScanLayout layout = sizes.Layout;
    private readonly bool records = torch.is_grad_enabled();
    private ScalarType dtype;

    protected override Tensor[] Forward(Tensor?[] inputs)
    {
        dtype = inputs.Length > 0 ? inputs[0]!.dtype : ScalarType.Float32;
        bool differentiated = records && Enumerable.Range(0, inputs.Length).Any(Needs);
        return dtype == ScalarType.Float64 ? Forward<double>(inputs, differentiated) : Forward<float>(inputs, differentiated);
    }

    protected override Tensor?[] Backward(Tensor?[] gradients, Tensor?[] saved) =>
        dtype == ScalarType.Float64 ? Backward<double>(gradients, saved) : Backward<float>(gradients, saved);

    // The lanes lie last in new memory; the second order puts the axes back as they are declared, the span last.
    private (long[] Stored, long[] Seen) Orders(string[] axes, string span)
    {
        int lane = layout.Lane.Length > 0 ? Array.IndexOf(axes, layout.Lane) : -1;
        string[] all = span.Length > 0 ? [.. axes, span] : axes;
        int[] places = [.. Enumerable.Range(0, all.Length)];
        int[] stored = lane < 0 ? places : [.. places.Where(i => i != lane), lane];
        return ([.. stored.Select(i => sizes[all[i]])], [.. places.Select(i => (long)Array.IndexOf(stored, i))]);
    }

    private Tensor New(string[] axes, string span)
    {
        var (stored, seen) = Orders(axes, span);
        return torch.empty(stored, dtype, CPU).permute(seen);
    }

    private ScanView ViewOf(Tensor tensor, ScanOperand operand) => ScanView.Of(tensor, ScanLayout.Split(operand.Axes), operand.Span.Length > 0, layout);

    private ScanView ViewOf(Tensor tensor, ScanState state) => ScanView.Of(tensor, layout.Parallel, state.Span.Length > 0, layout);

    private ScanView ViewOf(Tensor result) => ScanView.Of(result, [.. layout.Axes], false, layout);

    private ScanView[] Operands(Tensor?[] inputs) => [.. layout.Operands.Select((o, i) => ViewOf(inputs[i]!, o))];

    private ScanView?[] States(Func<int, Tensor?> tensor) => [.. layout.States.Select((s, i) => tensor(i) is { } found ? ViewOf(found, s) : null)];

    private Tensor[] Forward<T>(Tensor?[] inputs, bool differentiated)
        where T : unmanaged
    {
        var plan = new ScanPlan(sizes, Vector<T>.Count);
        var operands = Operands(inputs);
        var starts = States(i => stateful ? inputs[layout.Operands.Count + i] : null);
        Tensor result = New([.. layout.Axes], "");
        Tensor[] finals = ends ? [.. layout.States.Select(s => New(layout.Parallel, s.Span))] : [];
        var ending = States(i => ends ? finals[i] : null);
        Tensor? checkpoints = null;
        if (differentiated && layout.States.Count > 0)
        {
            checkpoints = torch.empty([plan.Items * plan.Stretches * plan.StateSize * Vector<T>.Count], dtype, CPU);
        }

        ScanView seen = ViewOf(result);
        nint kept = checkpoints is null ? 0 : StableC.Address(checkpoints);
        nint mask = real is null ? 0 : StableC.Address(real);
        plan.Run(worker => new ScanWorker<TKernel, T>(plan, worker, operands, settings, mask, positions, kept).Forward(seen, starts, ending));
        GC.KeepAlive(inputs);
        GC.KeepAlive(operands);
        GC.KeepAlive(starts);
        Save([.. inputs, checkpoints, real]);
        return [result, .. finals];
    }

    private Tensor?[] Backward<T>(Tensor?[] gradients, Tensor?[] saved)
        where T : unmanaged
    {
        int count = layout.Operands.Count;
        int all = count + (stateful ? layout.States.Count : 0);
        var plan = new ScanPlan(sizes, Vector<T>.Count);
        var operands = Operands(saved);
        ScanView? resultBar = gradients[0] is { } g ? ViewOf(g.to(dtype)) : null;
        var finalBars = States(i => ends ? gradients[1 + i]?.to(dtype) : null);
        Tensor?[] startBars = [.. layout.States.Select((s, i) => stateful && Needs(count + i) ? New(layout.Parallel, s.Span) : null)];
        var beginning = States(i => startBars[i]);
        GradientSum?[] sums = [.. layout.Operands.Select((o, i) => Needs(i) ? GradientOf(o, plan) : null)];
        nint kept = saved[all] is { } checkpoints ? StableC.Address(checkpoints) : 0;
        nint mask = saved[all + 1] is { } own ? StableC.Address(own) : 0;
        plan.Run(worker => new ScanWorker<TKernel, T>(plan, worker, operands, settings, mask, positions, kept).Backward(resultBar, finalBars, beginning, sums));
        GC.KeepAlive(saved);
        GC.KeepAlive(operands);
        GC.KeepAlive(gradients);
        GC.KeepAlive(resultBar);
        GC.KeepAlive(finalBars);
        return [.. sums.Select(s => s?.Sum()), .. startBars.Take(all - count)];
    }

    // What several workers add to is one for each of them.
    private GradientSum GradientOf(ScanOperand operand, ScanPlan plan)
    {
        string[] axes = ScanLayout.Split(operand.Axes);
        bool shared = layout.Outer.Except(axes).Any() || (layout.Lane.Length > 0 && !axes.Contains(layout.Lane)) || (plan.ByTime && !axes.Contains("t"));
        var (stored, seen) = Orders(axes, operand.Span);
        Tensor all = torch.zeros([shared ? plan.Workers : 1, .. stored], dtype, CPU);
        return new GradientSum(all, seen, ViewOf(all.select(0, 0).permute(seen), operand));
    }
}

/// <summary>The gradient of an operand: one, or one for each worker, added up in their order.</summary>
/// <param name="all">[workers, axes as stored].</param>
/// <param name="order">The order of the axes as they are declared.</param>
/// <param name="first">The first worker's.</param>
internal sealed class GradientSum(Tensor all, long[] order, ScanView first)
{
    private readonly long copies = all.shape[0];

    public ScanView First { get; } = first;

    /// <summary>From one worker's to the next, in elements.</summary>
    public long Stride { get; } = all.shape[0] > 1 ? all.stride(0) : 0;

    public Tensor Sum() => (copies > 1 ? all.sum(0, type: all.dtype) : all.select(0, 0)).permute(order);
}
