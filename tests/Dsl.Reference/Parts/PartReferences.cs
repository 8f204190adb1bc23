using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Threading;
using Dsl.Generators.Lowering;
using Dsl.Reference.Interpreting;

namespace Dsl.Reference.Parts;

/// <summary>What a core part means, by plain loops.</summary>
internal interface IPartReference
{
    /// <summary>Computes the node's outputs from its inputs.</summary>
    void Compute(Node node, Frame frame);
}

/// <summary>The meaning of one type of node.</summary>
/// <typeparam name="TNode">The node.</typeparam>
internal abstract class PartReference<TNode> : IPartReference
    where TNode : Node
{
    /// <inheritdoc/>
    public void Compute(Node node, Frame frame) => Compute((TNode)node, frame);

    /// <inheritdoc cref="IPartReference.Compute"/>
    protected abstract void Compute(TNode node, Frame frame);
}

/// <summary>The table of all parts: one line each. A test assembly may add its own.</summary>
internal static class PartReferences
{
    private static readonly Dictionary<Type, IPartReference> Known = new()
    {
        [typeof(EmbeddingNode)] = new EmbeddingReference(),
        [typeof(PositionsNode)] = new PositionsReference(),
        [typeof(LinearNode)] = new LinearReference(),
        [typeof(NormNode)] = new NormReference(),
        [typeof(ParameterNode)] = new ParameterReference(),
        [typeof(RearrangeNode)] = new RearrangeReference(),
        [typeof(SplitNode)] = new SplitReference(),
        [typeof(SliceNode)] = new SliceReference(),
        [typeof(ConcatNode)] = new ConcatReference(),
        [typeof(SumNode)] = new SumReference(),
        [typeof(GateNode)] = new GateReference(),
        [typeof(ActivateNode)] = new ActivateReference(),
        [typeof(DropoutNode)] = new DropoutReference(),
        [typeof(PointwiseNode)] = new PointwiseReference(),
        [typeof(RecurrenceNode)] = new RecurrenceReference(),
        [typeof(CausalConvolutionNode)] = new CausalConvolutionReference(),
        [typeof(RotaryNode)] = new RotaryReference(),
        [typeof(AttendNode)] = new AttendReference(),
        [typeof(ShiftNode)] = new ShiftReference(),
        [typeof(PoolNode)] = new PoolReference(),
        [typeof(UseNode)] = new UseReference(),
        [typeof(RepeatNode)] = new RepeatReference(),
        [typeof(LearnNode)] = new LearnReference(),
        [typeof(IfNode)] = new IfReference(),
    };

    /// <summary>Of this flow of control alone, so that tests beside it see nothing of them.</summary>
    private static readonly AsyncLocal<ImmutableDictionary<Type, IPartReference>?> Overrides = new();

    /// <summary>The types of nodes that have a reference.</summary>
    internal static IReadOnlyCollection<Type> Types => Known.Keys;

    /// <exception cref="NotSupportedException">No reference is known for the node's type.</exception>
    internal static IPartReference Of(Node node) => Of(node.GetType());

    /// <inheritdoc cref="Of(Node)"/>
    internal static IPartReference Of(Type node) =>
        Overrides.Value?.GetValueOrDefault(node) ?? Known.GetValueOrDefault(node) ?? throw new NotSupportedException($"no reference for {node.Name}");

    /// <summary>Adds a part, or gives a known one another meaning, for whoever asks from here on, until the result is disposed.</summary>
    internal static IDisposable With<TNode>(IPartReference part)
        where TNode : Node => With(typeof(TNode), part);

    /// <inheritdoc cref="With{TNode}"/>
    internal static IDisposable With(Type node, IPartReference part)
    {
        ImmutableDictionary<Type, IPartReference>? before = Overrides.Value;
        Overrides.Value = (before ?? ImmutableDictionary<Type, IPartReference>.Empty).SetItem(node, part);
        return new Restored(before);
    }

    private sealed class Restored(ImmutableDictionary<Type, IPartReference>? before) : IDisposable
    {
        public void Dispose() => Overrides.Value = before;
    }
}
