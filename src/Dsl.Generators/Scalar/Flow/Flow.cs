using System.Collections.Generic;
using System.Linq;

namespace Dsl.Generators.Scalar;

/// <summary>
/// One step of a recurrence (or a pointwise function) as single assignments: helpers inlined, Complex split into pairs, branches turned into
/// selections, what does not change over time moved before the first step.
/// </summary>
internal sealed partial class Flow
{
    public ScalarFunction Function { get; private set; } = null!;

    /// <summary>Axes of the values; the time axis is <c>t</c>.</summary>
    public IReadOnlyList<string> Axes { get; private set; } = [];

    /// <summary>The axis along which vectors lie; <c>-</c> where there is none and each vector holds one value.</summary>
    public string Lane { get; private set; } = "-";

    public List<KernelOperand> Operands { get; } = [];

    public List<KernelState> States { get; } = [];

    /// <summary>C# texts of settings over <c>config</c>, doubles, in the order in which the kernel gets them.</summary>
    public List<string> Settings { get; } = [];

    /// <summary>Before the first step: computes the hoisted values.</summary>
    public FlowWriter Prologue { get; private set; } = new();

    /// <summary>Hoisted scalars and arrays, by index: the value, and its array where it is one.</summary>
    public List<Hoisted> Hoists { get; } = [];

    public FlowWriter Step { get; private set; } = new();

    public FlowNode Result { get; private set; } = null!;

    /// <summary>Of a transfer function: the imaginary part of its result.</summary>
    public FlowNode? Imaginary { get; private set; }

    /// <summary>Where a row's token stands matters to the step.</summary>
    public bool ReadsPosition => Function.Of(ScalarRole.Index).Any(p => p.Name == "position");

    /// <summary>The axis of a transfer function's nodes.</summary>
    public const string Nodes = "nodes";

    /// <summary>By state: the scalar state's new value; null for a span, which is written in place.</summary>
    public List<FlowNode?> Next { get; } = [];

    /// <param name="Value">In the prologue.</param>
    /// <param name="Array">Of a value per turn of a loop.</param>
    public sealed record Hoisted(int Index, string Name, FlowNode Value, FlowArray? Array, LoopItem? Loop);

    /// <exception cref="NotAKernelException">The function has no kernel; the message is a sentence that says why.</exception>
    public static Flow Of(ScalarFunction function)
    {
        var flow = new Flow { Function = function };
        flow.ReadAxes();
        var builder = new Builder(flow, flow.Step);
        builder.Run();
        if (function.Form != ScalarForm.Transfer)
        {
            flow.Hoist();
        }

        return flow;
    }

    public static IEnumerable<Item> All(IEnumerable<Item> items)
    {
        foreach (var item in items)
        {
            yield return item;
            if (item is LoopItem loop)
            {
                foreach (var inner in All(loop.Body))
                {
                    yield return inner;
                }
            }
        }
    }
}
