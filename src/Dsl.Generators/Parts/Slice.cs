using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Model;

namespace Dsl.Generators.Parts;

/// <summary><c>Slice(start, length)</c> of the last axis; with <c>Along</c>, of time.</summary>
internal sealed class SlicePart : Part
{
    public override IReadOnlyList<Word> Words { get; } = [new("Slice", false, "Along")];

    public override void Check(PartSpec part, Elaborator at)
    {
        if (part.Text("Along") is { } along)
        {
            CheckAlong(part, along, at);
            return;
        }

        if (at.Channels(part) is not { Last: { } total } x || Start(part, at) is not { } start)
        {
            return;
        }

        if (at.SizeOf(part[1], part.Place.At(1)) is not { } length)
        {
            at.Report(Problems.SizeUnfixed, part.Place, "the length of a slice of the last axis");
            return;
        }

        if (!at.Reaches(start + length, total, part.Place, "the end of the slice", "the axis"))
        {
            return;
        }

        at.Current = [at.Add(part, new Slice(start, length, total), [x], "slice", Elaborator.WithLast(x, length))];
    }

    private static Size? Start(PartSpec part, Elaborator at) => part[0].Text == "0" ? Size.Of(0) : at.SizeOf(part[0], part.Place.At(0));

    private static void CheckAlong(PartSpec part, string along, Elaborator at)
    {
        if (at.Single(part) is not { } x || !at.HasTime(part, x) || Start(part, at) is not { } start)
        {
            return;
        }

        var length = at.SizeOf(part[1], part.Place.At(1));
        if (at.OpensAxis(part, along, part.PlaceOf("Along"), at.IsPadded(x.OrderedAxis!)))
        {
            at.Current = [at.Add(part, new SliceTime(along, start, length), [x], "slice", [x.Axes[0], new Axis(along, null), .. x.Axes.Skip(2)], x.IsIds)];
        }
    }
}

/// <summary>A run of the last axis.</summary>
/// <param name="Start">The first element.</param>
/// <param name="Length">How many.</param>
/// <param name="Total">How many there are.</param>
internal sealed record Slice(Size Start, Size Length, Size Total) : TokenOperation, IForEach
{
    public string? WhyNotForEach(string axis) => null;

    public override string Called => "a slice";

    public override WayBack? WayBack => null;

    public override string Describe(Func<Size, string> spell) => $"slice {spell(Start)} {spell(Length)}";

    public override Operation MapSizes(Func<Size, Size> map) => new Slice(map(Start), map(Length), map(Total));

    public override void Build(Construction at)
    {
        at.NotNegative(Start);
        at.AtMost(Start + Length, Total, "the end of a slice");
    }

    public override void Call(Calling at) => at.Result($"{at.In()}.narrow(-1, {at.Code(Start)}, {at.Code(Length)})");
}

/// <summary>A run of each row's real tokens.</summary>
/// <param name="Axis">The time axis of the result.</param>
/// <param name="Start">The first token.</param>
/// <param name="Length">How many; null: to the end.</param>
internal sealed record SliceTime(string Axis, Size Start, Size? Length) : SequenceOperation
{
    public override string Called => "a run of tokens";

    protected override string Reason => "it cuts a run out of the sequence";

    public override string Describe(Func<Size, string> spell) => $"slice along {Axis} from {spell(Start)} {(Length is null ? "on" : spell(Length))}";

    public override Operation MapSizes(Func<Size, Size> map) => this with { Start = map(Start), Length = Length is null ? null : map(Length) };

    public override void Build(Construction at) => at.NotNegative(Start);

    public override void Call(Calling at) => at.Result($"Sequences.Slice({at.In()}, {at.Pass()}, {Run(at)})");

    public override string PassOf(Calling at) => $"Sequences.Sliced({at.Pass()}, {Run(at)})";

    private string Run(Calling at) => at.Code(Start) + (Length is null ? "" : ", " + at.Code(Length));
}
