using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Model;

namespace Dsl.Generators.Parts;

/// <summary><c>Gate("other")</c>: the value times another one, perhaps after an activation.</summary>
internal sealed class GatePart : Part
{
    public override IReadOnlyList<Word> Words { get; } = [new("Gate")];

    public override void Check(PartSpec part, Elaborator at)
    {
        if (at.Numbers(part) is not { } x || at.Named(part.Text(0) ?? "", part.Place.At(0)) is not { } other)
        {
            return;
        }

        at.Same(x, other, part.Place.At(0), Problems.SizesDiffer, "the value", $"'{part.Text(0)}'");
        at.Current = [at.Add(part, new Gate(part[1].IsNull ? null : at.ActivationOf(part[1], part.Place.At(1))), [x, other], "gated", x.Axes)];
    }
}

/// <summary>The first input times an activation of the second.</summary>
internal sealed record Gate(ActivationSetting? Activation) : TokenOperation, IForEach
{
    public string? WhyNotForEach(string axis) => null;

    public override string Called => "a product";

    public override WayBack? WayBack => (at, input, gradient) => (Activation, input) switch
    {
        (null, _) => $"{gradient} * {at.In(1 - input)}",
        ({ } activation, 0) => $"{gradient} * {at.Activation(activation)}.Apply({at.In(1)})",
        ({ } activation, _) => $"{at.Activation(activation)}.Back({at.In(1)}, {gradient} * {at.In(0)})",
    };

    public override string Describe(Func<Size, string> spell) => "gate " + (Activation?.Spell() ?? "");

    public override Operation MapSizes(Func<Size, Size> map) => this;

    public override void Build(Construction at)
    {
    }

    public override void Call(Calling at) =>
        at.Result(Activation is null ? $"{at.In(0)} * {at.In(1)}" : $"Activations.Gate({at.In(0)}, {at.In(1)}, {at.Activation(Activation)})");
}
