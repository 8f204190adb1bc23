using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Model;

namespace Dsl.Generators.Parts;

/// <summary><c>Dropout(probability)</c>: in training alone.</summary>
internal sealed class DropoutPart : Part
{
    public override IReadOnlyList<Word> Words { get; } = [new("Dropout")];

    public override void Check(PartSpec part, Elaborator at)
    {
        if (at.Numbers(part) is { } x)
        {
            at.Current = [at.Add(part, new Dropout(at.NumberOf(part[0], part.Place.At(0), "0.0")), [x], "dropped", x.Axes)];
        }
    }
}

internal sealed record Dropout(Setting Probability) : TokenOperation, IForEach
{
    public string? WhyNotForEach(string axis) => null;

    public override string Called => "dropout";

    public override bool IsRandom => true;

    public override WayBack? WayBack => null;

    public override string Describe(Func<Size, string> spell) => "dropout " + Probability.ToCode();

    public override Operation MapSizes(Func<Size, Size> map) => new Dropout(Probability.MapSizes(map));

    public override void Build(Construction at)
    {
    }

    public override void Call(Calling at) => at.Result($"Dropout.Apply({at.In()}, {Probability.ToCode()}, {at.Pass()})");
}
