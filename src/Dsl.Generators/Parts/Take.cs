using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Model;

namespace Dsl.Generators.Parts;

/// <summary><c>Take(-2)</c> behind a <c>Repeat</c>: what stands after some of its layers. The others run only where their result is wanted.</summary>
internal sealed class TakePart : Part
{
    public override IReadOnlyList<Word> Words { get; } = [new("Take")];

    public override void Check(PartSpec part, Elaborator at)
    {
        if (at.Single(part) is not { } x)
        {
            return;
        }

        if (at.MakerOf(x) is not { Operation: Repeat { Taken: null } repeat } maker)
        {
            at.Report(Problems.PartPlace, part.Place, "Take",
                "right behind a Repeat (or From its result), once and outside of When: it takes what one of its layers gives");
            return;
        }

        if (repeat.Shared)
        {
            at.Report(Problems.PartPlace, part.Place, "Take", "behind a Repeat whose layers share no weights");
            return;
        }

        if (part[0].IsName && at.MemberOf(part[0], part.Place.At(0)) is { } member && (member.Kind != MemberKind.Integer || member.Nullable))
        {
            at.Report(Problems.MemberKindWrong, part.Place.At(0), member.Name, Names.Simple(member.Type), "an integer: it counts layers");
            return;
        }

        if (!part[0].IsName && part[0].Kind != ConstantKind.Integer)
        {
            at.Report(Problems.MemberKindWrong, part.Place.At(0), part[0].Text, "a constant", "an integer: it counts layers");
            return;
        }

        var layer = at.NumberOf(part[0], part.Place.At(0), "-1");
        if (layer is Setting.Literal && Invariant.TryRead(part[0].Text, out long number) && at.Number(repeat.Count) is { } count
            && (number > count || number < -count - 1))
        {
            at.Report(Problems.SizesDiffer, part.Place.At(0), "the layer that is taken", part[0].Text, "the number of layers", at.Spell(repeat.Count));
            return;
        }

        at.Current = [at.Divide(maker, repeat with { Taken = new Taken(layer, IsRest: false) },
            repeat with { Taken = new Taken(layer, IsRest: true) }, "between")];
    }
}

/// <summary>Which layers of a <c>Repeat</c> an operation runs.</summary>
/// <param name="Layer">How many stand before what is taken; counted from the end where it is negative, -1 being all.</param>
/// <param name="IsRest">Whether it runs the others.</param>
internal sealed record Taken(Setting Layer, bool IsRest)
{
    /// <summary>The first layer and the one after the last, as arguments.</summary>
    public string Range(string count) => IsRest ? $"{Before(count)}, {count}" : $"0, {Before(count)}";

    private string Before(string count) => $"Layers.Before({Layer.ToCode()}, {count})";
}
