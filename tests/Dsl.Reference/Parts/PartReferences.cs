using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Threading;
using Dsl.Generators.Model;
using Dsl.Reference.Interpreting;
using Ops = Dsl.Generators.Parts;

namespace Dsl.Reference.Parts;

/// <summary>What a core part means, by plain loops.</summary>
internal interface IPartReference
{
    /// <summary>Computes the node's outputs from its inputs.</summary>
    void Compute(Node node, Frame frame);
}

/// <summary>The meaning of one type of operation.</summary>
/// <typeparam name="TOperation">The operation.</typeparam>
internal abstract class PartReference<TOperation> : IPartReference
    where TOperation : Operation
{
    /// <inheritdoc/>
    public void Compute(Node node, Frame frame) => Compute(node, (TOperation)node.Operation, frame);

    /// <summary>Computes the node's outputs from its inputs.</summary>
    protected abstract void Compute(Node node, TOperation operation, Frame frame);
}

/// <summary>The table of all parts: one line each. A test assembly may add its own.</summary>
internal static class PartReferences
{
    private static readonly Dictionary<Type, IPartReference> Known = new()
    {
        [typeof(Ops.Embedding)] = new EmbeddingReference(),
        [typeof(Ops.Positions)] = new PositionsReference(),
        [typeof(Ops.Linear)] = new LinearReference(),
        [typeof(Ops.Norm)] = new NormReference(),
        [typeof(Ops.Parameter)] = new ParameterReference(),
        [typeof(Ops.Rearrange)] = new RearrangeReference(),
        [typeof(Ops.Split)] = new SplitReference(),
        [typeof(Ops.Slice)] = new SliceReference(),
        [typeof(Ops.Concat)] = new ConcatReference(),
        [typeof(Ops.Sum)] = new SumReference(),
        [typeof(Ops.Gate)] = new GateReference(),
        [typeof(Ops.Activate)] = new ActivateReference(),
        [typeof(Ops.Dropout)] = new DropoutReference(),
        [typeof(Ops.Sample)] = new SampleReference(),
        [typeof(Ops.Pointwise)] = new PointwiseReference(),
        [typeof(Ops.AxisFunction)] = new AxisFunctionReference(),
        [typeof(Ops.Recurrence)] = new RecurrenceReference(),
        [typeof(Ops.Conv)] = new ConvReference(),
        [typeof(Ops.Convolve)] = new ConvolveReference(),
        [typeof(Ops.Join)] = new JoinReference(),
        [typeof(Ops.SliceTime)] = new SliceTimeReference(),
        [typeof(Ops.Expand)] = new ExpandReference(),
        [typeof(Ops.Splice)] = new SpliceReference(),
        [typeof(Ops.AddRows)] = new AddRowsReference(),
        [typeof(Ops.Rotary)] = new RotaryReference(),
        [typeof(Ops.Attend)] = new AttendReference(),
        [typeof(Ops.Product)] = new ProductReference(),
        [typeof(Ops.Shift)] = new ShiftReference(),
        [typeof(Ops.Pool)] = new PoolReference(),
        [typeof(Ops.Use)] = new UseReference(),
        [typeof(Ops.Repeat)] = new RepeatReference(),
        [typeof(Ops.Route)] = new RouteReference(),
        [typeof(Ops.Softmax)] = new SoftmaxReference(),
        [typeof(Ops.Experts)] = new ExpertsReference(),
        [typeof(Ops.Collect)] = new CollectReference(),
        [typeof(Ops.Collected)] = new CollectedReference(),
        [typeof(Ops.Balance)] = new BalanceReference(),
        [typeof(Ops.Learn)] = new LearnReference(),
        [typeof(Ops.Choice)] = new ChoiceReference(),
    };

    /// <summary>Of this flow of control alone, so that tests beside it see nothing of them.</summary>
    private static readonly AsyncLocal<ImmutableDictionary<Type, IPartReference>?> Overrides = new();

    /// <summary>The types of nodes that have a reference.</summary>
    internal static IReadOnlyCollection<Type> Types => Known.Keys;

    /// <exception cref="NotSupportedException">No reference is known for the node's type.</exception>
    internal static IPartReference Of(Node node) => Of(node.Operation.GetType());

    /// <inheritdoc cref="Of(Node)"/>
    internal static IPartReference Of(Type node) =>
        Overrides.Value?.GetValueOrDefault(node) ?? Known.GetValueOrDefault(node) ?? throw new NotSupportedException($"no reference for {node.Name}");

    /// <summary>Adds a part, or gives a known one another meaning, for whoever asks from here on, until the result is disposed.</summary>
    internal static IDisposable With<TOperation>(IPartReference part)
        where TOperation : Operation => With(typeof(TOperation), part);

    /// <inheritdoc cref="With{TOperation}"/>
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
