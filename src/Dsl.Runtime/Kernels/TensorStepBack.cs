using System;
using System.Linq;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>The way back through one step of a kernel over whole tensors: what the derived adjoint reads and adds to.</summary>
public sealed class TensorStepBack : TensorStep
{
    private readonly Tensor[][] bars;
    private readonly TensorGradient[] gradients;
    private Tensor[][] before = [];

    internal TensorStepBack(ScanSizes sizes, Tensor[] operands, double[] settings, Tensor[][] bars, bool[] wanted)
        : base(sizes, operands, [], settings)
    {
        this.bars = bars;
        gradients = [.. sizes.Layout.Operands.Select((operand, i) => new TensorGradient(sizes, operand, wanted[i]))];
    }

    /// <summary>The gradient of the step's result.</summary>
    public Tensor ResultBar { get; private set; } = null!;

    /// <summary>The gradient of an operand.</summary>
    public TensorGradient Gradient(int index) => gradients[index];

    /// <summary>A state of one value as it was before the step.</summary>
    public Tensor Before(int index) => before[index][0];

    /// <summary>A state that is a span as it was before the step.</summary>
    public Tensor[] BeforeSpan(int index) => before[index];

    /// <summary>A copy of a state before the step, to be written to.</summary>
    public Tensor[] Restored(int index) => [.. before[index]];

    /// <summary>The adjoint of a state of one value.</summary>
    public Tensor StateBar(int index) => bars[index][0];

    /// <summary>The adjoint of a state that is a span, to be read and written.</summary>
    public Tensor[] StateBarSpan(int index) => bars[index];

    /// <summary>The adjoint of a state before the step.</summary>
    public void SetStateBar(int index, Tensor value) => bars[index] = [value];

    /// <summary>Room for a loop's values, all zero.</summary>
    public new Tensor[] Scratch(int index, int count)
    {
        Tensor zero = Number(0);
        return [.. Enumerable.Repeat(zero, Math.Max(count, 0))];
    }

    /// <summary>Goes back through a step: what padding leaves as it was, its adjoint leaves, too.</summary>
    /// <param name="t">The step.</param>
    /// <param name="states">The states before it.</param>
    /// <param name="resultBar">Its result's gradient.</param>
    /// <param name="here">Bool, broadcasts over the parallel axes: false is padding.</param>
    /// <param name="position">Its position in every row.</param>
    internal void Run<TKernel>(int t, Tensor[][] states, Tensor resultBar, Tensor? here, Tensor? position)
        where TKernel : struct, IScanKernel
    {
        MoveTo(t, position);
        before = states;
        ResultBar = here is null ? resultBar : torch.where(here, resultBar, Number(0));
        Tensor[][]? after = here is null ? null : [.. bars.Select(bar => bar.ToArray())];
        foreach (TensorGradient gradient in gradients)
        {
            gradient.Begin(t, here);
        }

        TKernel.StepBack(this);
        for (int s = 0; s < bars.Length && here is not null; s++)
        {
            for (int n = 0; n < bars[s].Length; n++)
            {
                bars[s][n] = torch.where(here, bars[s][n], after![s][n]);
            }
        }

        foreach (TensorGradient gradient in gradients)
        {
            gradient.End();
        }
    }

    internal Tensor? Total(int operand) => gradients[operand].Total(Number(0));
}

/// <summary>The gradient of one operand, gathered step by step; nothing where nobody asks for it.</summary>
public sealed class TensorGradient
{
    private readonly ScanSizes sizes;
    private readonly bool wanted;
    private readonly string[] axes;
    private readonly string[] parallel;
    private readonly string span;
    private readonly Tensor?[] elements;
    private readonly Tensor?[] steps;
    private int t;
    private Tensor? here;

    internal TensorGradient(ScanSizes sizes, ScanOperand operand, bool wanted)
    {
        this.sizes = sizes;
        this.wanted = wanted;
        axes = ScanLayout.Split(operand.Axes);
        parallel = sizes.Layout.Parallel;
        span = operand.Span;
        elements = new Tensor?[span.Length > 0 ? sizes[span] : 1];
        steps = new Tensor?[axes.Contains("t") ? sizes.Time : 1];
    }

    /// <summary>Adds to the gradient.</summary>
    public void Add(Tensor value) => Add(0, value);

    /// <summary>Adds to the gradient of an element of the span.</summary>
    public void Add(int n, Tensor value)
    {
        if (wanted)
        {
            elements[n] = elements[n] is { } sum ? sum.Plus(value) : value;
        }
    }

    internal void Begin(int step, Tensor? real)
    {
        t = axes.Contains("t") ? step : 0;
        here = real;
    }

    internal void End()
    {
        if (!elements.Any(e => e is not null))
        {
            return;
        }

        // Over the axes that the operand lacks, all lanes add up.
        Tensor zero = torch.zeros_like(elements.First(e => e is not null)!);
        Tensor[] own = [.. elements.Select(e => Reduce(e ?? zero))];
        Tensor all = span.Length > 0 ? torch.stack(own, -1) : own[0];
        steps[t] = steps[t] is { } sum ? sum.Plus(all) : all;
        Array.Clear(elements);
    }

    internal Tensor? Total(Tensor zero)
    {
        if (!wanted)
        {
            return null;
        }

        string[] present = [.. parallel.Where(axes.Contains)];
        long[] spanned = span.Length > 0 ? [sizes[span]] : [];
        Tensor nothing = zero.expand([.. present.Select(a => sizes[a]), .. spanned]);
        Tensor all = axes.Contains("t")
            ? (steps.Length == 0 ? torch.zeros([0, .. nothing.shape], zero.dtype, zero.device) : torch.stack([.. steps.Select(s => s ?? nothing)], 0))
            : steps[0] ?? nothing;
        string[] order = axes.Contains("t") ? ["t", .. present] : present;
        long[] last = span.Length > 0 ? [order.Length] : [];
        return all.permute([.. axes.Select(a => (long)Array.IndexOf(order, a)), .. last]).clone();
    }

    private Tensor Reduce(Tensor value)
    {
        Tensor full = value.expand([.. parallel.Select(a => sizes[a])]);
        Tensor masked = here is null ? full : torch.where(here, full, torch.zeros_like(full));
        long[] missing = [.. Enumerable.Range(0, parallel.Length).Where(i => !axes.Contains(parallel[i])).Select(i => (long)i)];
        return missing.Length == 0 ? masked : masked.sum(missing);
    }
}
