using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Model;

namespace Dsl.Generators.Parts;

/// <summary>A bracket under a condition, and what stands in its place where the condition fails (nothing: the identity).</summary>
/// <param name="Condition">Over the config.</param>
/// <param name="Number">Tells choices of one declaration apart.</param>
/// <param name="Then">What runs where it holds.</param>
/// <param name="Otherwise">What runs where it does not.</param>
internal sealed record Choice(Setting Condition, int Number, Body Then, Body Otherwise) : Operation, IForEach
{
    public string? WhyNotForEach(string axis) => null;

    public override string Called => "a choice";

    public override IEnumerable<(Size Divisor, Size Dividend)> Divisions => [];

    public override bool IsRandom => Bodies.SelectMany(b => b.Nodes).Any(n => n.Operation.IsRandom);

    public override IReadOnlyList<BlockUse> Blocks => [];

    public override void Begin(Calling at, string memory)
    {
    }

    public override IReadOnlyList<Body> Bodies => [Then, Otherwise];

    public override int Id => Number;

    public override FastMap? Fast(Node node) => null;

    public override bool IsHead => false;

    public override WayBack? WayBack => null;

    public override string Describe(Func<Size, string> spell) => "if " + Condition.ToCode();

    public override Operation MapSizes(Func<Size, Size> map) => this with { Condition = Condition.MapSizes(map) };

    public override Operation WithBodies(IReadOnlyList<Body> bodies) => this with { Then = bodies[0], Otherwise = bodies[1] };

    /// <summary>What is inside keeps its own state.</summary>
    public override InTime InTime(Node node, string? stepping) => Model.InTime.PerPosition;

    public override Node InSteps(Node node, string? stepping, Func<Value, Node?> producer) => node;

    public override string? WhyNotStateful(Node node, string? stepping) => null;

    public override void Build(Construction at) => at.Branch(Condition.ToCode());

    public override void Call(Calling at) => at.Branch(Condition.ToCode());

    public override StateField? State(Construction at) => null;

    public override IEnumerable<string> Masks(Construction at) => [];
}
