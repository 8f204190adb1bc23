using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Model;

namespace Dsl.Generators.Parts;

/// <summary><c>Concat("a", "b", ...)</c>: the values side by side along their last axis; with <c>Along</c>, one after the other in time.</summary>
internal sealed class ConcatPart : Part
{
    public override IReadOnlyList<Word> Words { get; } = [new("Concat", false, "Along")];

    public override void Check(PartSpec part, Elaborator at)
    {
        var terms = at.NamedAll(part);
        if (terms.Count < part.Arguments.Count)
        {
            at.Current = [];
            return;
        }

        if (part.Text("Along") is { } along)
        {
            CheckAlong(part, along, terms, at);
            return;
        }

        if (terms.FirstOrDefault(t => t.Last is null) is { } flat)
        {
            at.Report(Problems.AxesWrong, part.Place, "a value", at.Shape(flat), "a value with channels: [b, t, d]");
            return;
        }

        if (terms.Count == 0)
        {
            return;
        }

        for (var i = 1; i < terms.Count; i++)
        {
            // All axes but the last are the first value's.
            var like = new Value(-1, "", terms[0].Axes.Take(terms[0].Axes.Count - 1).Append(terms[i].Axes[terms[i].Axes.Count - 1]).ToList());
            if (!at.Same(terms[i], like, part.Place.At(i), Problems.SizesDiffer, $"'{part.Text(i)}'", $"'{part.Text(0)}'"))
            {
                return;
            }
        }

        var total = terms.Skip(1).Aggregate(terms[0].Last!, (sum, t) => sum + t.Last!);
        at.Current = [at.Add(part, new Concat(), terms, "joined", Elaborator.WithLast(terms[0], total))];
    }

    private static void CheckAlong(PartSpec part, string along, IReadOnlyList<Value> terms, Elaborator at)
    {
        for (var i = 0; i < terms.Count; i++)
        {
            if (terms[i].OrderedAxis is null)
            {
                at.Report(Problems.AxesWrong, part.Place.At(i), $"'{part.Text(i)}'", at.Shape(terms[i]), "a value over time: [b, t, d]");
                return;
            }

            // All but the time axis are the first value's.
            if (i > 0 && !at.Same(terms[i], terms[0], part.Place.At(i), Problems.SizesDiffer, $"'{part.Text(i)}'", $"'{part.Text(0)}'", sameTime: false))
            {
                return;
            }
        }

        if (terms.Count > 0 && at.OpensAxis(part, along, part.PlaceOf("Along"), terms.Any(t => at.IsPadded(t.OrderedAxis!))))
        {
            at.Current = [at.Add(part, new Join(along), terms, "joined", [terms[0].Axes[0], new Axis(along, null), .. terms[0].Axes.Skip(2)],
                terms[0].IsIds)];
        }
    }
}

internal sealed record Concat : TokenOperation, IForEach
{
    public string? WhyNotForEach(string axis) => null;

    public override string Called => "values side by side";

    public override WayBack? WayBack => null;

    public override string Describe(Func<Size, string> spell) => "concat";

    public override Operation MapSizes(Func<Size, Size> map) => this;

    public override void Build(Construction at)
    {
    }

    public override void Call(Calling at) => at.Result($"torch.cat([{string.Join(", ", at.Node.Inputs.Select((_, i) => at.In(i)))}], dim: -1)");
}

/// <summary>Values one after the other: their time axes become a new one.</summary>
internal sealed record Join(string Along) : SequenceOperation
{
    public override string Called => "values one after the other";

    protected override string Reason => "it puts values one after the other in time";

    public override string Describe(Func<Size, string> spell) => "join along " + Along;

    public override Operation MapSizes(Func<Size, Size> map) => this;

    public override void Build(Construction at)
    {
    }

    public override void Call(Calling at) => at.Result($"Sequences.Join([{string.Join(", ", at.Node.Inputs.Select((_, i) => at.In(i)))}], [{Passes(at)}])");

    public override string PassOf(Calling at) => $"Sequences.Joined({Passes(at)})";

    private static string Passes(Calling at) => string.Join(", ", at.Node.Inputs.Select((_, i) => at.Pass(i)));
}
