using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Model;

namespace Dsl.Generators.Parts;

/// <summary><c>Sum("a", "b", ...)</c>; a residual is one too.</summary>
internal sealed class SumPart : Part
{
    public override IReadOnlyList<Word> Words { get; } = [new("Sum")];

    public override void Check(PartSpec part, Elaborator at)
    {
        var terms = at.NamedAll(part);
        if (terms.Count == 0 || !at.AreNumbers(terms[0], part.Place.At(0), $"'{part.Text(0)}'"))
        {
            return;
        }

        for (var i = 1; i < terms.Count; i++)
        {
            at.Same(terms[i], terms[0], part.Place.At(i), Problems.SizesDiffer, $"'{part.Text(i)}'", $"'{part.Text(0)}'");
        }

        at.Current = terms.Count == 1 ? terms : [at.Add(part, new Sum(), terms, "sum", terms[0].Axes)];
    }
}

/// <summary>The sum of its inputs.</summary>
internal sealed record Sum : TokenOperation, IForEach
{
    public string? WhyNotForEach(string axis) => null;

    public override string Called => "a sum";

    public override WayBack? WayBack => (_, _, gradient) => gradient;

    public override string Describe(Func<Size, string> spell) => "sum";

    public override Operation MapSizes(Func<Size, Size> map) => this;

    public override void Build(Construction at)
    {
    }

    public override void Call(Calling at)
    {
        // x.Plus(y), or Slices.Sum(x, y, [z]).
        var terms = at.Node.Inputs.Select((_, i) => at.In(i)).ToList();
        at.Result(terms.Count == 2 ? $"{terms[0]}.Plus({terms[1]})" : $"Slices.Sum({terms[0]}, {terms[1]}, [{string.Join(", ", terms.Skip(2))}])");
    }
}
