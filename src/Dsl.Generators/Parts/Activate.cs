using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Model;

namespace Dsl.Generators.Parts;

/// <summary><c>Activate(Activation.Silu)</c>, or the activation that a config member names.</summary>
internal sealed class ActivatePart : Part
{
    public override IReadOnlyList<Word> Words { get; } = [new("Activate")];

    public override void Check(PartSpec part, Elaborator at)
    {
        if (at.Numbers(part) is { } x && at.ActivationOf(part[0], part.Place.At(0)) is { } activation)
        {
            at.Current = [at.Add(part, new Activate(activation), [x], "activated", x.Axes)];
        }
    }
}

internal sealed record Activate(ActivationSetting Activation) : TokenOperation, IForEach
{
    public string? WhyNotForEach(string axis) => null;

    public override string Called => "an activation";

    public override WayBack? WayBack => (at, _, gradient) => $"{at.Activation(Activation)}.Back({at.In()}, {gradient})";

    public override string Describe(Func<Size, string> spell) => "activate " + Activation.Spell();

    public override Operation MapSizes(Func<Size, Size> map) => this;

    public override void Build(Construction at)
    {
    }

    public override void Call(Calling at) => at.Result($"{at.Activation(Activation)}.Apply({at.In()})");
}
