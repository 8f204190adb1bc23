using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Model;

namespace Dsl.Generators.Parts;

/// <summary><c>Concat("a", "b", ...)</c>: the values side by side along their last axis.</summary>
internal sealed class ConcatPart : Part
{
    public override IReadOnlyList<Word> Words { get; } = [new("Concat")];

    public override void Check(PartSpec part, Elaborator at)
    {
        var terms = at.NamedAll(part);
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
}

internal sealed record Concat : TokenOperation
{
    public override string Called => "values side by side";

    public override WayBack? WayBack => null;

    public override string Describe(Func<Size, string> spell) => "concat";

    public override Operation MapSizes(Func<Size, Size> map) => this;

    public override void Build(Construction at)
    {
    }

    public override void Call(Calling at) => at.Result($"torch.cat([{string.Join(", ", at.Node.Inputs.Select((_, i) => at.In(i)))}], dim: -1)");
}
