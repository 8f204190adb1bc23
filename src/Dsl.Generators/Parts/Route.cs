using System;
using System.Collections.Generic;
using Dsl.Generators.Checking;
using Dsl.Generators.Model;

namespace Dsl.Generators.Parts;

/// <summary><c>Route(2)</c>: 1 at the largest elements of the last axis, 0 elsewhere.</summary>
internal sealed class RoutePart : Part
{
    public override IReadOnlyList<Word> Words { get; } = [new("Route")];

    public override void Check(PartSpec part, Elaborator at)
    {
        if (at.Channels(part) is not { Last: { } among } x
            || at.SizeOf(part[0], part.Place.At(0)) is not { } count
            || !at.Reaches(count, among, part.Place.At(0), "how many are chosen", "how many there are"))
        {
            return;
        }

        at.Current = [at.Add(part, new Route(count, among), [x], "chosen", x.Axes)];
    }
}

/// <summary>Chooses so many elements of the last axis.</summary>
/// <param name="Count">How many.</param>
/// <param name="Among">How many there are.</param>
internal sealed record Route(Size Count, Size Among) : TokenOperation
{
    public override string Called => "a choice of the largest";

    public override WayBack? WayBack => null;

    public override string Describe(Func<Size, string> spell) => $"route {spell(Count)} of {spell(Among)}";

    public override Operation MapSizes(Func<Size, Size> map) => new Route(map(Count), map(Among));

    public override void Build(Construction at) => at.AtMost(Count, Among);

    public override void Call(Calling at) => at.Result($"Routing.Choose({at.In()}, {at.Code(Count)})");
}
