using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Model;

namespace Dsl.Generators.Parts;

/// <summary><c>Shift</c>: the value of the token before.</summary>
internal sealed class ShiftPart : Part
{
    public override IReadOnlyList<Word> Words { get; } = [new("Shift")];

    public override void Check(PartSpec part, Elaborator at)
    {
        if (at.Single(part) is { } x && at.HasTime(part, x))
        {
            at.Current = [at.Add(part, new Shift(), [x], "previous", x.Axes, x.IsIds)];
        }
    }
}

internal sealed record Shift : MemoryOperation
{
    public override string Called => "a shift";

    public override WayBack? WayBack => null;

    public override string Describe(Func<Size, string> spell) => "shift";

    public override Operation MapSizes(Func<Size, Size> map) => this;

    public override InTime InTime(Node node, string? stepping) => node.Inputs[0].TimeAxis == stepping ? Model.InTime.Shifted : Model.InTime.PerPosition;

    public override void Build(Construction at)
    {
    }

    public override void Call(Calling at) => at.Result($"PastInputs.Shift({at.In()}, {at.Pass()}, {at.State})");

    public override StateField State(Construction at) => new("Previous", "ShiftState", (owner, _) => $"{owner}.Own(new ShiftState())");
}
