using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Model;

namespace Dsl.Generators.Parts;

/// <summary><c>Expand("queries", "q")</c>: a value without a batch, once for each row of what flows.</summary>
internal sealed class ExpandPart : Part
{
    public override IReadOnlyList<Word> Words { get; } = [new("Expand")];

    public override void Check(PartSpec part, Elaborator at)
    {
        if (at.Single(part) is not { } like || part.Text(0) is not { } name || part.Text(1) is not { } axis
            || at.Named(name, part.Place.At(0)) is not { } value)
        {
            return;
        }

        if (value.Axes.Count == 0 || value.Axes.Any(a => a.Size is null))
        {
            at.Report(Problems.AxesWrong, part.Place.At(0), $"'{name}'", at.Shape(value), "a value without batch and time: [n, d] or [d]");
            return;
        }

        if (like.Axes.Count == 0 || like.Axes[0] is not { Name: "b", Size: null } batch)
        {
            at.Report(Problems.AxesWrong, part.Place, "the value", at.Shape(like), "a value with a batch in front: [b, ...]");
            return;
        }

        if (at.OpensAxis(part, axis, part.Place.At(1), isPadded: false))
        {
            at.Current = [at.Add(part, new Expand(axis), [like, value], Names.Camel(name),
                [batch, new Axis(axis, null), .. value.Axes.Skip(value.Axes.Count == 1 ? 0 : 1)])];
        }
    }
}

/// <summary>Reads a value that has the batch, and the one to be repeated.</summary>
internal sealed record Expand(string Axis) : SequenceOperation
{
    public override string Called => "a value for each row";

    protected override string Reason => "";

    public override string Describe(Func<Size, string> spell) => "expand along " + Axis;

    public override Operation MapSizes(Func<Size, Size> map) => this;

    public override void Build(Construction at)
    {
    }

    public override void Call(Calling at) => at.Result($"Sequences.Expand({at.In(1)}, {at.In(0)})");

    public override string? PassOf(Calling at) => null;

    /// <summary>Of what has the batch only the number of rows is read.</summary>
    protected override IEnumerable<string> Across(Node node) => [];
}
