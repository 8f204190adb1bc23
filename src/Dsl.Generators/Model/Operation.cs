using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl.Generators.Model;

/// <summary>How what an operation gives for a token depends on the other tokens.</summary>
internal enum InTime
{
    /// <summary>On the token alone.</summary>
    PerToken,

    /// <summary>On the token and on where it stands, or on what is not along this axis.</summary>
    PerPosition,

    /// <summary>On a fixed number of tokens before.</summary>
    Shifted,

    /// <summary>On all tokens before.</summary>
    Accumulating,

    /// <summary>On tokens after it too.</summary>
    WholeSequence,
}

/// <summary>
/// What a core part does to values: all that the compiler ever asks of a part stands in the record that its file in <c>Parts</c> derives from this. Equal
/// records on equal inputs compute the same.
/// </summary>
internal abstract record Operation
{
    /// <summary>In words, where a diagnostic has to name it: <c>linear map 'lm_head'</c>.</summary>
    public abstract string Called { get; }

    /// <summary>All of it as a line of text, for printed graphs.</summary>
    public abstract string Describe(Func<Size, string> spell);

    /// <summary>The same with other sizes.</summary>
    public abstract Operation MapSizes(Func<Size, Size> map);

    /// <summary>Sizes of which one must divide another, beyond what unification says.</summary>
    public abstract IEnumerable<(Size Divisor, Size Dividend)> Divisions { get; }

    /// <summary>Its behaviour along the axis that steps. What is shifted or accumulates keeps a state.</summary>
    public abstract InTime InTime(Node node, string? stepping);

    /// <summary>The node as the stateful form has it; <paramref name="producer"/> says what makes a value.</summary>
    public abstract Node InSteps(Node node, string? stepping, Func<Value, Node?> producer);

    /// <summary>Why a declaration with it has no stateful form, as the rest of a sentence; null where it has one.</summary>
    public abstract string? WhyNotStateful(Node node, string? stepping);

    /// <summary>Whether two runs on equal inputs may differ: such operations are never merged.</summary>
    public abstract bool IsRandom { get; }

    /// <summary>Declared blocks inside it.</summary>
    public abstract IReadOnlyList<BlockUse> Blocks { get; }

    /// <summary>Nodes inside it, which run or not.</summary>
    public abstract IReadOnlyList<Body> Bodies { get; }

    public abstract Operation WithBodies(IReadOnlyList<Body> bodies);

    /// <summary>What tells it from other operations with bodies in its declaration, in every form.</summary>
    public abstract int Id { get; }

    /// <summary>Writes what the constructor builds.</summary>
    public abstract void Build(Construction at);

    /// <summary>Writes the call in a form.</summary>
    public abstract void Call(Calling at);

    /// <summary>Writes how its blocks keep, once, what they need of values that later calls do not give them.</summary>
    /// <param name="at">The call.</param>
    /// <param name="memory">Those values, and the passes along their time axes, as arguments.</param>
    public abstract void Begin(Calling at, string memory);

    /// <summary>What the stateful form keeps for it; null where it keeps nothing.</summary>
    public abstract StateField? State(Construction at);

    /// <summary>Elements of the list of masks in use, of it and of what is inside it.</summary>
    public abstract IEnumerable<string> Masks(Construction at);

    /// <summary>Whether it is the map to the vocabulary as it was declared: a loss can have what it reads instead of what it gives.</summary>
    public abstract bool IsHead { get; }

    /// <summary>What makes its weight one that is trained within the sequence; null where it is none.</summary>
    public abstract FastMap? Fast(Node node);

    /// <summary>The way back through it, for what is trained within the sequence; null where the compiler has none.</summary>
    public abstract WayBack? WayBack { get; }

    /// <summary>Sizes that it reads.</summary>
    public IReadOnlyList<Size> Sizes
    {
        get
        {
            var all = new List<Size>();
            MapSizes(size =>
            {
                all.Add(size);
                return size;
            });
            return all;
        }
    }
}

/// <summary>Writes what an operation passes back to one of its inputs, given the name of its output's gradient.</summary>
internal delegate string WayBack(Calling at, int input, string gradient);

/// <summary>A weight that is trained within the sequence.</summary>
/// <param name="WhyNot">Why that cannot be here, as the rest of a sentence; null where it can.</param>
internal sealed record FastMap(string? WhyNot);

/// <summary>An operation with nothing inside it: no block, no body, no mask, no size that must divide another; the same node in every form.</summary>
internal abstract record LeafOperation : Operation
{
    public sealed override IEnumerable<(Size Divisor, Size Dividend)> Divisions => [];

    public sealed override Node InSteps(Node node, string? stepping, Func<Value, Node?> producer) => node;

    public sealed override IReadOnlyList<BlockUse> Blocks => [];

    public sealed override void Begin(Calling at, string memory)
    {
    }

    public sealed override IReadOnlyList<Body> Bodies => [];

    public sealed override Operation WithBodies(IReadOnlyList<Body> bodies) => this;

    public sealed override int Id => 0;

    public sealed override IEnumerable<string> Masks(Construction at) => [];
}

/// <summary>An operation that looks at one token at a time, draws nothing and has nothing inside it.</summary>
internal abstract record TokenOperation : LeafOperation
{
    public override InTime InTime(Node node, string? stepping) => Model.InTime.PerToken;

    public sealed override string? WhyNotStateful(Node node, string? stepping) => null;

    public override bool IsRandom => false;

    public override FastMap? Fast(Node node) => null;

    public override bool IsHead => false;

    public sealed override StateField? State(Construction at) => null;
}

/// <summary>An operation that keeps something of the tokens before, draws nothing and has nothing inside it.</summary>
internal abstract record MemoryOperation : LeafOperation
{
    public sealed override string? WhyNotStateful(Node node, string? stepping) => null;

    public sealed override bool IsRandom => false;

    public sealed override FastMap? Fast(Node node) => null;

    public sealed override bool IsHead => false;
}

/// <summary>How a block is built here: its graph, the sizes that its constructor takes; or a layer that the user wrote.</summary>
internal sealed record BlockUse(string TypeName, Graph? Graph, OwnLayerSpec? Own, EquatableArray<BlockSize> Parameters)
{
    /// <summary>Of a layer that the user wrote: its own names of the time axes of what it reads, empty where there is none.</summary>
    public EquatableArray<string> OwnPasses { get; init; }

    /// <summary>The config member that it is built with; empty: the whole config.</summary>
    public string Config { get; init; } = "";

    /// <summary>The block's own names of the time axes of what it reads, null where there is none.</summary>
    public IEnumerable<string?> Passes => Graph?.Inputs.Select(i => i.Output.PassAxis) ?? OwnPasses.Select(p => p.Length == 0 ? null : p);

    public bool HasState => Graph?.HasState ?? Own!.Steps;

    public bool GivesIds => Graph?.Result?.IsIds == true;

    public bool IsRandom => Graph?.AllNodes.Any(n => n.Operation.IsRandom) ?? true;

    public BlockUse MapSizes(Func<Size, Size> map) => this with { Parameters = Parameters.Select(p => p with { Size = map(p.Size) }).ToEquatable() };

    public string Describe(Func<Size, string> spell) =>
        (Config.Length == 0 ? "" : $"config {Config} ") + string.Join(" ", Parameters.Select(p => $"{p.Name}={spell(p.Size)}"));
}

internal sealed record BlockSize(string Name, Size Size);

/// <summary>An axis by the name that a stored weight uses.</summary>
internal sealed record NamedSize(string Name, Size Size)
{
    public static EquatableArray<NamedSize> Map(EquatableArray<NamedSize> sizes, Func<Size, Size> map) =>
        sizes.Select(s => s with { Size = map(s.Size) }).ToEquatable();
}

/// <summary>How a weight or bias is named and stored.</summary>
internal sealed record Storage(string? Weight, string? Bias, string? WeightAxes, string? BiasAxes)
{
    public static readonly Storage Plain = new(null, null, null, null);
}
