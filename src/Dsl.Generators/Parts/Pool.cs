using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Model;

namespace Dsl.Generators.Parts;

/// <summary><c>Pool(Pool.Mean)</c>: one value for the whole sequence.</summary>
internal sealed class PoolPart : Part
{
    public override IReadOnlyList<Word> Words { get; } = [new("Pool")];

    public override void Check(PartSpec part, Elaborator at)
    {
        if (at.Numbers(part) is { } x && at.HasTime(part, x))
        {
            var kind = at.WordOf(part[0], part.Place.At(0), "pooling", "first", "mean", "last");
            at.Current = [at.Add(part, new Pool(kind), [x], "pooled", x.Axes.Where(a => !a.IsTime).ToList())];
        }
    }
}

internal sealed record Pool(string Kind) : Operation
{
    public override string Called => "a pool";

    public override IEnumerable<(Size Divisor, Size Dividend)> Divisions => [];

    public override bool IsRandom => false;

    public override IReadOnlyList<BlockUse> Blocks => [];

    public override void Begin(Calling at, string memory)
    {
    }

    public override IReadOnlyList<Body> Bodies => [];

    public override FastMap? Fast(Node node) => null;

    public override bool IsHead => false;

    public override WayBack? WayBack => null;

    public override string Describe(Func<Size, string> spell) => "pool " + Kind;

    public override Operation MapSizes(Func<Size, Size> map) => this;

    public override Operation WithBodies(IReadOnlyList<Body> bodies) => this;

    public override int Id => 0;

    /// <summary>Of a memory it is computed once.</summary>
    public override InTime InTime(Node node, string? stepping) =>
        node.Inputs[0].TimeAxis == stepping ? Model.InTime.WholeSequence : Model.InTime.PerPosition;

    public override Node InSteps(Node node, string? stepping, Func<Value, Node?> producer) => node;

    public override string? WhyNotStateful(Node node, string? stepping) =>
        InTime(node, stepping) == Model.InTime.WholeSequence ? "it pools over the whole sequence" : null;

    public override void Build(Construction at)
    {
    }

    public override void Call(Calling at) => at.Result($"Pool.{Names.Pascal(Kind)}({at.In()}, {at.Pass()})");

    public override StateField? State(Construction at) => null;

    public override IEnumerable<string> Masks(Construction at) => [];
}
