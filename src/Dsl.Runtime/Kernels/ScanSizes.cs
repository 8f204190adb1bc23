using System;
using System.Collections.Generic;
using System.Linq;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>Sizes of the axes of one call.</summary>
internal sealed class ScanSizes
{
    private readonly Dictionary<string, long> sizes = [];

    public ScanSizes(ScanLayout layout, Tensor[] operands, Tensor[]? states, Tensor? real)
    {
        Layout = layout;
        for (int i = 0; i < operands.Length; i++)
        {
            ScanOperand operand = layout.Operands[i];
            Add(operand.Name, [.. ScanLayout.Split(operand.Axes), .. operand.Span.Length > 0 ? [operand.Span] : Array.Empty<string>()], operands[i]);
        }

        for (int i = 0; states is not null && i < states.Length; i++)
        {
            ScanState state = layout.States[i];
            Add(state.Name, [.. layout.Parallel, .. state.Span.Length > 0 ? [state.Span] : Array.Empty<string>()], states[i]);
        }

        if (real is not null)
        {
            Add("the padding mask", [layout.Axes[0], "t"], real);
        }

        foreach (string axis in layout.Axes.Concat(layout.States.Select(s => s.Span)).Where(a => a.Length > 0 && !sizes.ContainsKey(a)))
        {
            throw new ArgumentException($"Nothing that {layout.Name} was given says how long the axis '{axis}' is.");
        }
    }

    public ScanLayout Layout { get; }

    public int Time => (int)sizes["t"];

    public int Lanes => Layout.Lane.Length > 0 ? (int)sizes[Layout.Lane] : 1;

    public long Outer => Layout.Outer.Aggregate(1L, (product, axis) => product * sizes[axis]);

    public long this[string axis] => sizes[axis];

    public int SpanOf(ScanState state) => state.Span.Length > 0 ? (int)sizes[state.Span] : 1;

    private void Add(string name, string[] axes, Tensor tensor)
    {
        if (tensor.dim() != axes.Length)
        {
            throw new ArgumentException(
                $"{name} of {Layout.Name} has the shape [{string.Join(", ", tensor.shape)}], but should have the axes '{string.Join(" ", axes)}'.");
        }

        for (int i = 0; i < axes.Length; i++)
        {
            if (!sizes.TryAdd(axes[i], tensor.shape[i]) && sizes[axes[i]] != tensor.shape[i])
            {
                throw new ArgumentException($"{name} of {Layout.Name} is {tensor.shape[i]} along '{axes[i]}', where another argument is {sizes[axes[i]]}.");
            }
        }
    }
}
