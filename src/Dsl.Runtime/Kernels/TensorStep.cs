using System;
using System.Linq;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>One step of a kernel over whole tensors, on any device and in any floating type: what the step reads and writes.</summary>
public class TensorStep
{
    private readonly ScanSizes? sizes;
    private readonly Tensor[] operands;
    private readonly double[] settings;
    private readonly Tensor[][] states;
    private int step;
    private bool isUnit;
    private Tensor? position;

    /// <summary>Values and weights of a pointwise function, which broadcast as they are.</summary>
    public static TensorStep Over(double[] settings, params Tensor[] operands) => new(null, operands, [], settings);

    private protected TensorStep(ScanSizes? sizes, Tensor[] operands, Tensor[][] states, double[] settings)
    {
        this.sizes = sizes;
        this.operands = operands;
        this.states = states;
        this.settings = settings;
    }

    /// <summary>An operand at this step, shaped to broadcast over the parallel axes.</summary>
    public Tensor Operand(int index) => At(index);

    /// <summary>The elements of an operand's span at this step.</summary>
    public Tensor[] Span(int index) => At(index).unbind(-1);

    /// <summary>The length of an operand's span.</summary>
    public int Count(int index) => (int)sizes![sizes.Layout.Operands[index].Span];

    /// <summary>The step's position in every row, int64, shaped to broadcast over the parallel axes.</summary>
    public Tensor Position => position!;

    /// <summary>A whole number as a tensor.</summary>
    public Tensor Whole(long value) => torch.full([], Scalars.Of(value), ScalarType.Int64, operands[0].device);

    /// <summary>Whole numbers in the operands' type.</summary>
    public Tensor Real(Tensor whole) => whole.to(operands[0].dtype);

    /// <summary>A state of one value.</summary>
    public Tensor State(int index) => states[index][0];

    /// <summary>A state that is a span, to be read and written.</summary>
    public Tensor[] StateSpan(int index) => states[index];

    /// <summary>A state's value after the step.</summary>
    public void SetState(int index, Tensor value) => states[index] = [value];

    /// <summary>A number of the config.</summary>
    public double Setting(int index) => settings[index];

    /// <summary>
    /// One step of a linear kernel, from each unit state in turn without input and from the zero state with input 1: what it makes of them.
    /// </summary>
    /// <returns>
    /// The states after the step [from, parallel axes, to], where from counts the states and then the input; and the results [from, parallel axes].
    /// </returns>
    internal static (Tensor States, Tensor Results) Units<TKernel>(ScanSizes sizes, Tensor[] operands, double[] settings)
        where TKernel : struct, IScanKernel
    {
        ScanLayout layout = sizes.Layout;
        long[] shape = [.. layout.Parallel.Select(a => sizes[a])];
        int count = layout.States.Sum(sizes.SpanOf);
        Tensor unit = torch.eye(count + 1, count + 1, operands[0].dtype, operands[0].device);
        Tensor[] columns = [.. unit.unbind(1).Select(c => c.reshape([count + 1, .. shape.Select(_ => 1L)]))];
        var states = new Tensor[layout.States.Count][];
        for (int s = 0, at = 0; s < states.Length; s++)
        {
            states[s] = columns[at..(at += sizes.SpanOf(layout.States[s]))];
        }

        Tensor[] given = [.. operands];
        given[layout.Signal] = columns[count];
        TensorStep pass = new(sizes, given, states, settings) { isUnit = true };
        Tensor results = TKernel.Step(pass).expand([count + 1, .. shape]);
        return (torch.stack([.. states.SelectMany(s => s).Select(s => s.expand([count + 1, .. shape]))], -1), results);
    }

    /// <summary>A transfer function over all of its nodes: real and imaginary part, both [parallel axes, nodes].</summary>
    internal static (Tensor Real, Tensor Imaginary) Nodes<TKernel>(ScanSizes sizes, Tensor[] operands, double[] settings)
        where TKernel : struct, ITransferKernel
    {
        long[] shape = [.. sizes.Layout.Axes.Select(a => sizes[a])];
        var (real, imaginary) = TKernel.At(new TensorStep(sizes, operands, [], settings));
        return (real.expand(shape), imaginary.expand(shape));
    }

    /// <summary>Room for a loop's values.</summary>
    public Tensor[] Scratch(int index, int count) => new Tensor[Math.Max(count, 0)];

    /// <summary>A number as a tensor.</summary>
    public Tensor Number(double value) => torch.full([], Scalars.Of(value), operands[0].dtype, operands[0].device);

    /// <summary>An index into an operand's span, or an error.</summary>
    /// <exception cref="IndexOutOfRangeException">It is outside of the span.</exception>
    public int Checked(int index, int operand) =>
        (uint)index < (uint)Count(operand) ? index : throw new IndexOutOfRangeException($"Element {index} of a span of {Count(operand)} does not exist.");

    private protected void MoveTo(int t, Tensor? position) => (step, this.position) = (t, position);

    /// <summary>The states before the first step, one tensor of the parallel axes for each element of a span.</summary>
    internal static Tensor[][] Starts(ScanSizes sizes, Tensor[] operands, Tensor[]? starts)
    {
        ScanLayout layout = sizes.Layout;
        long[] shape = [.. layout.Parallel.Select(a => sizes[a])];
        var (dtype, device) = (operands[0].dtype, operands[0].device);
        var states = new Tensor[layout.States.Count][];
        for (int s = 0; s < states.Length; s++)
        {
            ScanState state = layout.States[s];
            long[] span = state.Span.Length > 0 ? [sizes[state.Span]] : [];
            Tensor start = starts is not null ? starts[s].to(dtype) : torch.full([.. shape, .. span], Scalars.Of(state.Start), dtype, device);
            states[s] = state.Span.Length > 0 ? start.unbind(-1) : [start];
        }

        return states;
    }

    /// <summary>A step: its result, and the states after it, in the parallel axes' shape. Padding gives 0 and leaves the states.</summary>
    internal static (Tensor Result, Tensor[][] States) Next<TKernel>(
        ScanSizes sizes, Tensor[] operands, double[] settings, Tensor[][] states, int t, Tensor? here, Tensor? position)
        where TKernel : struct, IScanKernel
    {
        long[] shape = [.. sizes.Layout.Parallel.Select(a => sizes[a])];
        TensorStep pass = new(sizes, operands, [.. states.Select(s => s.ToArray())], settings) { step = t, position = position };
        Tensor result = TKernel.Step(pass).expand(shape);
        Tensor[][] after = [.. pass.states.Select(s => s.Select(x => x.expand(shape)).ToArray())];
        if (here is not null)
        {
            result = torch.where(here, result, pass.Number(0));
            after = [.. after.Select((state, s) => state.Select((x, n) => torch.where(here, x, states[s][n])).ToArray())];
        }

        return (result, after);
    }

    private Tensor At(int index)
    {
        if (sizes is null || (isUnit && index == sizes.Layout.Signal))
        {
            return operands[index];
        }

        ScanOperand operand = sizes.Layout.Operands[index];
        string[] axes = ScanLayout.Split(operand.Axes);
        Tensor tensor = operands[index];
        int time = Array.IndexOf(axes, "t");
        if (time >= 0)
        {
            tensor = tensor.select(time, step);
            axes = [.. axes.Where(a => a != "t")];
        }

        // Axes in the result's order, those it lacks of size 1, the span last.
        string[] wanted = sizes.Layout.Parallel;
        long[] span = operand.Span.Length > 0 ? [axes.Length] : [];
        tensor = tensor.permute([.. wanted.Where(axes.Contains).Select(a => (long)Array.IndexOf(axes, a)), .. span]);
        return tensor.reshape([.. wanted.Select(a => axes.Contains(a) ? sizes[a] : 1L), .. span.Length > 0 ? [sizes[operand.Span]] : Array.Empty<long>()]);
    }
}
