using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Model;

namespace Dsl.Generators.Parts;

/// <summary><c>Experts&lt;Block&gt;("key", "chosen", "weights")</c>: a block of many experts, each computed for the tokens that chose it.</summary>
internal sealed class ExpertsPart : Part
{
    /// <summary>Where a block of experts has their axis: [b, t, e, d].</summary>
    private const int Place = 2;

    public override IReadOnlyList<Word> Words { get; } = [new("Experts", HasKey: true)];

    public override void Check(PartSpec part, Elaborator at)
    {
        if (at.Channels(part) is not { } x
            || !at.HasTime(part, x)
            || Chooses(part, 1, x, null, at) is not { } chosen
            || Chooses(part, 2, x, chosen, at) is not { } weights)
        {
            at.Current = [];
            return;
        }

        var type = part.Types[0];
        var key = part.Text(0) ?? "";
        at.Key(part, key);
        if (WhyNot(type, at) is { } reason)
        {
            at.Report(Problems.NotExperts, part.Place, Names.Simple(type), reason);
            at.Current = [];
            return;
        }

        // The block sees each token once for each expert; the rows that it is given are those that chose one.
        var seen = new Value(-1, "", [x.Axes[0], x.Axes[1], chosen.Axes[Place], x.Axes[Place]]);
        if (Blocks.Instantiate(part, type, seen, at) is not var (block, result, _, _))
        {
            at.Current = [];
            return;
        }

        at.HandLayer(block.Graph!.ReadsLayer);
        var axes = new[] { x.Axes[0], x.Axes[1], result[result.Count - 1] };
        at.Current = [at.Add(part, new Experts(block, key), [x, chosen, weights], "mixed", axes)];
    }

    /// <summary>A value with an element for each token and expert; null, and reported, where the name is none of one.</summary>
    private static Value? Chooses(PartSpec part, int argument, Value x, Value? like, Elaborator at)
    {
        var (name, place) = (part.Text(argument) ?? "", part.Place.At(argument));
        if (at.Named(name, place) is not { } value)
        {
            return null;
        }

        if (x.Axes.Count != 3 || value.Axes.Count != 3 || value.OrderedAxis != x.OrderedAxis || value.Last is null)
        {
            var (what, wrong) = x.Axes.Count != 3 ? ("the value", x) : ($"'{name}'", value);
            at.Report(Problems.AxesWrong, x.Axes.Count != 3 ? part.Place : place, what, at.Shape(wrong),
                x.Axes.Count != 3 ? "tokens: [b, t, d]" : $"a number for each token and expert: [b, {x.OrderedAxis}, e]");
            return null;
        }

        return like is null || at.Same(value, like, place, Problems.SizesDiffer, $"'{name}'", $"'{part.Text(1)}'") ? value : null;
    }

    /// <summary>Why a declaration is no block of experts, as the rest of a sentence; null where it is one, or where others report it.</summary>
    private static string? WhyNot(string type, Elaborator at)
    {
        if (at.Declaration(type) is not { IsModel: false } declared)
        {
            return at.Declaration(type) is null && at.Closed.Own.Any(o => o.Name == type) ? "experts are a declared block" : null;
        }

        var graph = at.GraphOf(declared);
        if (graph.Result is not { } result || graph.Inputs.Count == 0)
        {
            return null;
        }

        const string Shape = "experts read one value, [Input(\"x\", \"b t e d\")], and give one of these axes";
        var axes = graph.Inputs[0].Output.Axes;
        if (graph.Inputs.Count != 1 || axes.Count != 4 || axes[Place].Size is null || axes[3].Size is null || result.Axes.Count != 4)
        {
            return Shape;
        }

        var axis = axes[Place].Name;
        foreach (var node in graph.AllNodes)
        {
            if (node.Outputs.Any(o => o.Axes.Count <= 3 || o.Axes[Place].Name != axis))
            {
                return $"{node.Operation.Called} has a result without the experts' axis '{axis}' behind time";
            }

            if (node.Operation is not IForEach operation)
            {
                return $"{node.Operation.Called} is computed for all experts at once";
            }

            if (operation.WhyNotForEach(axis) is { } reason)
            {
                return reason;
            }
        }

        return null;
    }
}

/// <summary>Experts, each computed for the tokens that chose it. Reads the tokens, who is chosen, and the weights of the sum.</summary>
/// <param name="Block">All experts.</param>
/// <param name="Key">Their checkpoint key.</param>
internal sealed record Experts(BlockUse Block, string Key) : Operation, IGroupsRows
{
    public override string Called => $"a size of {Names.Simple(Block.TypeName)}";

    public override string Describe(Func<Size, string> spell) => $"experts {Block.TypeName} '{Key}' {Block.Describe(spell)}";

    public override Operation MapSizes(Func<Size, Size> map) => this with { Block = Block.MapSizes(map) };

    public override IEnumerable<(Size Divisor, Size Dividend)> Divisions => [];

    public override InTime InTime(Node node, string? stepping) => Model.InTime.PerToken;

    public override Node InSteps(Node node, string? stepping, Func<Value, Node?> producer) => node;

    public override string? WhyNotStateful(Node node, string? stepping) => null;

    public override bool IsRandom => Block.IsRandom;

    public override IReadOnlyList<BlockUse> Blocks => [Block];

    public override IReadOnlyList<Body> Bodies => [];

    public override Operation WithBodies(IReadOnlyList<Body> bodies) => this;

    public override int Id => 0;

    public override bool IsHead => false;

    public override FastMap? Fast(Node node) => null;

    public override WayBack? WayBack => null;

    public override void Build(Construction at) => at.Field(at.TypeOf(Block), Key.Length == 0 ? Names.Simple(Block.TypeName) : Key,
        BlockText.New(at, Block, BlockText.Scoped(at, Key), at.Layer));

    public override void Call(Calling at) => at.Result(
        $"Routing.Mix({at.In(0)}, {at.In(1)}, {at.In(2)}, {at.Pass()}, {at.Field().ToCode()}.Forward)", "only chosen experts, tokens grouped by expert");

    public override void Begin(Calling at, string memory)
    {
    }

    public override StateField? State(Construction at) => null;

    public override IEnumerable<string> Masks(Construction at) => [];
}
