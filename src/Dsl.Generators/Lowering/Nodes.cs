using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Reading;

namespace Dsl.Generators.Lowering;

/// <summary>One core operation. Passes and the emitter see these and nothing else.</summary>
internal abstract class Node
{
    /// <summary>The bracket of the declaration that it comes from.</summary>
    public int Bracket { get; set; }

    public Place Place { get; set; }

    public List<Value> Inputs { get; } = [];

    public List<Value> Outputs { get; } = [];

    public Value Output => Outputs[0];

    /// <summary>Whether it reads the value, inside its conditions too.</summary>
    public bool Reads(Value value) =>
        Inputs.Contains(value)
        || (this is IfNode choice
            && (Graph.Flatten(choice.Then.Concat(choice.Otherwise)).Any(n => n.Inputs.Contains(value))
                || choice.ThenResult == value
                || choice.OtherwiseResult == value));

    /// <summary>What tells it from a node of its kind with the same inputs: for equality of graphs and for merging.</summary>
    public abstract string Describe(System.Func<Size, string> size);
}

/// <summary>An input of the declaration.</summary>
internal sealed class InputNode(string name) : Node
{
    public string Name => name;

    public string? Mask { get; set; }

    public bool Steps { get; set; }

    public bool Optional { get; set; }

    public bool IsIds { get; set; }

    public override string Describe(System.Func<Size, string> size) => $"input {name}";
}

internal sealed class EmbeddingNode(string key, Size rows, Size width, bool shared) : Node
{
    public string Key => key;

    public Size Rows => rows;

    public Size Width => width;

    public bool Shared => shared;

    /// <summary>The id whose row learns nothing.</summary>
    public Setting? Padding { get; set; }

    public override string Describe(System.Func<Size, string> size) => $"embedding '{key}' [{size(rows)}, {size(width)}]{(shared ? " shared" : "")}";
}

/// <summary>Adds a learned row for each position.</summary>
internal sealed class PositionsNode(string key, Size rows, Size width, Setting offset) : Node
{
    public string Key => key;

    public Size Rows => rows;

    public Size Width => width;

    public Setting Offset => offset;

    public override string Describe(System.Func<Size, string> size) => $"positions '{key}' [{size(rows)}, {size(width)}] from {offset.Code}";
}

/// <summary>How a weight or bias is named and stored.</summary>
internal sealed record Storage(string? Weight, string? Bias, string? WeightAxes, string? BiasAxes);

/// <summary>A linear map of the last axis; passes may fold an activation, a residual and the slicing of a packed product into it.</summary>
internal sealed class LinearNode(string key, Size @in, Size @out, Setting bias, Storage storage) : Node
{
    public string Key => key;

    public Size In => @in;

    public Size Out => @out;

    public Setting Bias => bias;

    public Storage Storage => storage;

    /// <summary>Key of the embedding whose storage it shares where <see cref="Tied"/> holds.</summary>
    public string? TiedTo { get; set; }

    public Setting Tied { get; set; } = Setting.False;

    /// <summary>The activation that the product applies to its result.</summary>
    public Setting? Activation { get; set; }

    /// <summary>Dropout between the product and the residual.</summary>
    public Setting? Dropout { get; set; }

    /// <summary>Axes before the channels that have maps of their own, by the names that the stored axes use.</summary>
    public IReadOnlyList<(string Name, Size Size)> Groups { get; init; } = [];

    /// <summary>Whether the weight is trained within the sequence.</summary>
    public bool Fast { get; init; }

    /// <summary>Whether it was declared as the map to the vocabulary.</summary>
    public bool IsHead { get; init; }

    /// <summary>Whether it is a product of one plain matrix, which passes may fold into and pack.</summary>
    public bool IsPlain => Groups.Count == 0 && !Fast;

    /// <summary>Whether the second input is added to the result.</summary>
    public bool Adds => Inputs.Count > 1;

    public override string Describe(System.Func<Size, string> size) =>
        $"linear '{key}' {size(@in)} -> {size(@out)} bias {bias.Code} stored '{storage.WeightAxes ?? "out in"}' '{storage.BiasAxes ?? "out"}' as '"
            + $"{storage.Weight}' '{storage.Bias}'"
        + (Groups.Count == 0 ? "" : $" for each {string.Join(" ", Groups.Select(g => $"{g.Name}={size(g.Size)}"))}") + (Fast ? " fast" : "") + (TiedTo is null
            ? ""
            : $" tied to '{TiedTo}' if {Tied.Code}") + (Activation is null
            ? ""
            : $" then {Activation.Code}");
}

/// <summary>Several linear maps of one input, in one product (made by the packing pass).</summary>
internal sealed class PackedLinearNode(IReadOnlyList<LinearNode> parts) : Node
{
    public IReadOnlyList<LinearNode> Parts => parts;

    public override string Describe(System.Func<Size, string> size) => "packed (" + string.Join("; ", parts.Select(p => p.Describe(size))) + ")";
}

internal sealed class NormNode(bool rootMeanSquare, string? key, Size width, Setting eps, Setting bias, Storage storage) : Node
{
    public bool RootMeanSquare => rootMeanSquare;

    public string? Key => key;

    public Size Width => width;

    public Setting Eps => eps;

    public Setting Bias => bias;

    public Storage Storage => storage;

    /// <summary>
    /// Sizes of the value's last axes that the weight has elements for, by the names that the stored axes use; none: the normalised axis alone.
    /// </summary>
    public IReadOnlyList<(string Name, Size Size)> Spans { get; init; } = [];

    public override string Describe(System.Func<Size, string> size) =>
        $"{(rootMeanSquare ? "rms" : "layer")} norm '{key}' [{size(width)}] eps {eps.Code} bias {bias.Code} stored '{storage.WeightAxes}' as '"
            + $"{storage.Weight}' '{storage.Bias}'"
        + (Spans.Count == 0 ? "" : $" for {string.Join(" ", Spans.Select(g => $"{g.Name}={size(g.Size)}"))}");
}

/// <summary>A bare weight as a value.</summary>
internal sealed class ParameterNode(string key, IReadOnlyList<Size> shape) : Node
{
    public string Key => key;

    public IReadOnlyList<Size> Shape => shape;

    public override string Describe(System.Func<Size, string> size) => $"parameter '{key}' [{string.Join(", ", shape.Select(size))}]";
}

/// <summary>Reshapes and transposes: views where the order of elements allows.</summary>
internal sealed class RearrangeNode(RearrangePattern pattern, IReadOnlyDictionary<string, Size> sizes) : Node
{
    public RearrangePattern Pattern => pattern;

    public IReadOnlyDictionary<string, Size> Sizes => sizes;

    public override string Describe(System.Func<Size, string> size) =>
        $"rearrange {pattern.Text} " + string.Join(" ", sizes.OrderBy(s => s.Key, System.StringComparer.Ordinal).Select(s => $"{s.Key}={size(s.Value)}"));
}

internal sealed class SplitNode(IReadOnlyList<Size> sizes) : Node
{
    public IReadOnlyList<Size> Sizes => sizes;

    public override string Describe(System.Func<Size, string> size) => "split " + string.Join(" ", sizes.Select(size));
}

internal sealed class SliceNode(Size start, Size length) : Node
{
    public Size Start => start;

    public Size Length => length;

    public override string Describe(System.Func<Size, string> size) => $"slice {size(start)} {size(length)}";
}

internal sealed class ConcatNode : Node
{
    public override string Describe(System.Func<Size, string> size) => "concat";
}

/// <summary>The sum of its inputs.</summary>
internal sealed class SumNode : Node
{
    public override string Describe(System.Func<Size, string> size) => "sum";
}

/// <summary>The first input times an activation of the second.</summary>
internal sealed class GateNode(Setting? activation) : Node
{
    public Setting? Activation => activation;

    public override string Describe(System.Func<Size, string> size) => "gate " + (activation?.Code ?? "");
}

internal sealed class ActivateNode(Setting activation) : Node
{
    public Setting Activation => activation;

    public override string Describe(System.Func<Size, string> size) => "activate " + activation.Code;
}

/// <summary>A pointwise scalar function over whole tensors.</summary>
internal sealed class PointwiseNode(FunctionUse function) : Node
{
    public FunctionUse Function => function;

    public override string Describe(System.Func<Size, string> size) => "pointwise " + function.Spec.Owner + "." + function.Spec.Name;
}

/// <summary>A scalar step, run over time by a kernel.</summary>
internal sealed class RecurrenceNode(FunctionUse function) : Node
{
    public FunctionUse Function => function;

    /// <summary>Whether the parallel form may convolve instead of scanning.</summary>
    public bool Convolves { get; set; }

    /// <summary>What gives the kernel with which the parallel form convolves; null where it follows from the step.</summary>
    public TransferUse? Transfer { get; set; }

    public override string Describe(System.Func<Size, string> size) =>
        $"recurrence {function.Spec.Owner}.{function.Spec.Name}{(Convolves ? " or convolution" : "")}"
            + $"{(Transfer is null ? "" : " by " + Transfer.Function.Spec.Name)}";
}

/// <summary>
/// A kernel in the frequency domain: its function, the function that changes its length, the key of that length, the read-out that both change.
/// </summary>
internal sealed record TransferUse(FunctionUse Function, FunctionUse Lengthen, string Nodes, string ReadOut);

/// <summary>A convolution of each channel alone over the tokens before.</summary>
internal sealed class CausalConvolutionNode(string key, Size width, Size kernel, Setting bias, Setting? activation) : Node
{
    public string Key => key;

    public Size Width => width;

    public Size Kernel => kernel;

    public Setting Bias => bias;

    public Setting? Activation => activation;

    public override string Describe(System.Func<Size, string> size) =>
        $"causal convolution '{key}' [{size(width)}, 1, {size(kernel)}] bias {bias.Code} then {activation?.Code}";
}

internal sealed class RotaryNode(
    Setting? width, string pairs, Setting theta, Setting? frequency, Setting? context, FunctionUse? position, Size headWidth) : Node
{
    public Setting? Width => width;

    public string Pairs => pairs;

    public Setting Theta => theta;

    public Setting? Frequency => frequency;

    public Setting? Context => context;

    public FunctionUse? Position => position;

    public Size HeadWidth => headWidth;

    public override string Describe(System.Func<Size, string> size) =>
        $"rotary {width?.Code ?? size(headWidth)} {pairs} theta {theta.Code} frequency {frequency?.Code} context {context?.Code} position "
            + $"{position?.Spec.Name}";
}

/// <summary>Attention over [b, t, h, d].</summary>
internal sealed class AttendNode(string mask, FunctionUse? maskFunction, FunctionUse? score, Setting scale, Setting? dropout, Size heads, Size groups) : Node
{
    public string Mask => mask;

    public FunctionUse? MaskFunction => maskFunction;

    public FunctionUse? Score => score;

    public Setting Scale => scale;

    public Setting? Dropout => dropout;

    public Size Heads => heads;

    public Size Groups => groups;

    /// <summary>Whether no query sees a later key, for certain.</summary>
    public bool IsCausal { get; set; }

    public override string Describe(System.Func<Size, string> size) =>
        $"attend mask {maskFunction?.Spec.Name ?? mask} score {score?.Spec.Name} scale {scale.Code} dropout {dropout?.Code} heads {size(heads)} groups "
            + $"{size(groups)}";
}

internal sealed class DropoutNode(Setting probability) : Node
{
    public Setting Probability => probability;

    public override string Describe(System.Func<Size, string> size) => "dropout " + probability.Code;
}

/// <summary>The value of the token before.</summary>
internal sealed class ShiftNode : Node
{
    public override string Describe(System.Func<Size, string> size) => "shift";
}

internal sealed class PoolNode(string kind) : Node
{
    public string Kind => kind;

    public override string Describe(System.Func<Size, string> size) => "pool " + kind;
}

/// <summary>A block of another declaration, or one of two.</summary>
internal class UseNode(IReadOnlyList<BlockUse> blocks, string key, string? by) : Node
{
    public IReadOnlyList<BlockUse> Blocks => blocks;

    public string Key => key;

    /// <summary>The config member that picks the block.</summary>
    public string? By => by;

    public bool Shared { get; set; }

    public override string Describe(System.Func<Size, string> size) =>
        $"use {string.Join("|", blocks.Select(b => b.TypeName))} '{key}' by {by} "
            + string.Join(" ", blocks[0].Parameters.Select(p => $"{p.Name}={size(p.Size)}"));
}

/// <summary>A block at every layer.</summary>
internal sealed class RepeatNode(IReadOnlyList<BlockUse> blocks, string key, string? by, Size count) : UseNode(blocks, key, by)
{
    public Size Count => count;

    public override string Describe(System.Func<Size, string> size) => $"repeat {size(count)} {base.Describe(size)}";
}

/// <summary>
/// A block, or one of several, whose fast weights are trained within the sequence. Reads what is learnt from, the target, what is read at and, where there is
/// one, the rate.
/// </summary>
internal sealed class LearnNode(IReadOnlyList<BlockUse> blocks, string key, string? by, FunctionUse loss, FunctionUse? rowRate, Size every) : Node
{
    public IReadOnlyList<BlockUse> Blocks => blocks;

    public string Key => key;

    /// <summary>The config member that picks the block.</summary>
    public string? By => by;

    public FunctionUse Loss => loss;

    /// <summary>The rate of a reading token's place.</summary>
    public FunctionUse? RowRate => rowRate;

    /// <summary>Length of a mini-batch.</summary>
    public Size Every => every;

    public override string Describe(System.Func<Size, string> size) =>
        $"learn {string.Join("|", blocks.Select(b => b.TypeName))} '{key}' by {by} every {size(every)} loss {loss.Spec.Owner}.{loss.Spec.Name} row rate "
            + $"{rowRate?.Spec.Name} "
        + string.Join(" ", blocks[0].Parameters.Select(p => $"{p.Name}={size(p.Size)}"));
}

/// <summary>How a block is built here: its graph, the sizes that its constructor takes, the names of its inputs in the order of the node's.</summary>
internal sealed record BlockUse(string TypeName, Graph? Graph, OwnLayerSpec? Own, IReadOnlyList<(string Name, Size Size)> Parameters);

/// <summary>A bracket under a condition, and what stands in its place where the condition fails (nothing: the identity).</summary>
internal sealed class IfNode(Setting condition, List<Node> then, Value thenResult, List<Node> otherwise, Value otherwiseResult) : Node
{
    public Setting Condition => condition;

    public List<Node> Then => then;

    public Value ThenResult { get; set; } = thenResult;

    public List<Node> Otherwise => otherwise;

    public Value OtherwiseResult { get; set; } = otherwiseResult;

    public override string Describe(System.Func<Size, string> size) => "if " + condition.Code;
}

/// <summary>A part of the language that is read and checked and has no lowering yet.</summary>
internal sealed class UncompiledNode(string word, string detail) : Node
{
    public string Word => word;

    public override string Describe(System.Func<Size, string> size) => $"{word} {detail}";
}
