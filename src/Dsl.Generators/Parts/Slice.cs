using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Model;

namespace Dsl.Generators.Parts;

/// <summary><c>Slice(start, length)</c> of the last axis.</summary>
internal sealed class SlicePart : Part
{
    public override IReadOnlyList<Word> Words { get; } = [new("Slice")];

    public override void Check(PartSpec part, Elaborator at)
    {
        if (at.Channels(part) is not { Last: { } total } x
            || (part[0].Text == "0" ? Size.Of(0) : at.SizeOf(part[0], part.Place.At(0))) is not { } start
            || at.SizeOf(part[1], part.Place.At(1)) is not { } length)
        {
            return;
        }

        if (!at.Reaches(start + length, total, part.Place, "the end of the slice", "the axis"))
        {
            return;
        }

        at.Current = [at.Add(part, new Slice(start, length), [x], "slice", Elaborator.WithLast(x, length))];
    }
}

internal sealed record Slice(Size Start, Size Length) : TokenOperation
{
    public override string Called => "a slice";

    public override WayBack? WayBack => null;

    public override string Describe(Func<Size, string> spell) => $"slice {spell(Start)} {spell(Length)}";

    public override Operation MapSizes(Func<Size, Size> map) => new Slice(map(Start), map(Length));

    public override void Build(Construction at)
    {
    }

    public override void Call(Calling at) => at.Result($"{at.In()}.narrow(-1, {at.Code(Start)}, {at.Code(Length)})");
}
