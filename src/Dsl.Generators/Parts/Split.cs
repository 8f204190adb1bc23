using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Model;

namespace Dsl.Generators.Parts;

/// <summary><c>Split("q", "k", "v")</c> in equal parts, or with the size after each name that has one.</summary>
internal sealed class SplitPart : Part
{
    public override IReadOnlyList<Word> Words { get; } = [new("Split")];

    public override void Check(PartSpec part, Elaborator at)
    {
        if (at.Channels(part) is not { Last: { } total } x)
        {
            at.Lose(part.Arguments.Select(a => a.Text));
            return;
        }

        var pieces = new List<(string Name, Size? Size, int Argument)>();
        for (var i = 0; i < part.Arguments.Count; i++)
        {
            var argument = part[i];
            if (pieces.Count > 0 && pieces[pieces.Count - 1].Size is null && argument.Kind is ConstantKind.Integer or ConstantKind.Reference)
            {
                pieces[pieces.Count - 1] = (pieces[pieces.Count - 1].Name, at.SizeOf(argument, part.Place.At(i)), i);
            }
            else
            {
                pieces.Add((argument.Text, null, i));
            }
        }

        if (pieces.Count == 0)
        {
            return;
        }

        var equal = pieces.All(p => p.Size is null) ? at.Fresh() : null;
        var lengths = pieces.Select(p => p.Size ?? equal ?? at.Fresh()).ToList();
        var sum = equal is not null ? Size.Of(pieces.Count) * equal : lengths.Skip(1).Aggregate(lengths[0], (a, b) => a + b);
        if (at.Unify(sum, total, "the parts of the split and the axis") == Verdict.Refuted)
        {
            at.Report(Problems.SplitSizes, part.Place, at.Spell(sum), at.Spell(total));
        }

        var values = at.AddAll(
            part, new Split(lengths.ToEquatable()), [x], pieces.Select((p, i) => (Names.Camel(p.Name), Elaborator.WithLast(x, lengths[i]), false)).ToList());
        foreach (var (piece, value) in pieces.Zip(values, (p, v) => (p, v)))
        {
            at.Name(piece.Name, value, part.Place.At(piece.Argument));
        }

        at.Current = [values[0]];
    }
}

internal sealed record Split(EquatableArray<Size> Lengths) : TokenOperation, IForEach
{
    public string? WhyNotForEach(string axis) => null;

    public override string Called => "a part of the split";

    public override WayBack? WayBack => null;

    public override string Describe(Func<Size, string> spell) => "split " + string.Join(" ", Lengths.Select(spell));

    public override Operation MapSizes(Func<Size, Size> map) => new Split(Lengths.Select(map).ToEquatable());

    public override void Build(Construction at)
    {
    }

    public override void Call(Calling at) => at.Results("parts", $"Slices.Split({at.In()}, {Writing.List(Lengths, at.Code)})", "views");
}
