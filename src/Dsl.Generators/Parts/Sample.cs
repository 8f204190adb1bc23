using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Model;

namespace Dsl.Generators.Parts;

/// <summary><c>Sample</c>: an id for each row of logits. The gradient ends here.</summary>
internal sealed class SamplePart : Part
{
    public override IReadOnlyList<Word> Words { get; } = [new("Sample")];

    public override void Check(PartSpec part, Elaborator at)
    {
        if (at.Channels(part) is not { } x)
        {
            return;
        }

        var axes = x.Axes.Take(x.Axes.Count - 1).ToList();
        if (axes.Count is < 1 or > 2 || axes.Any(a => a.Size is not null))
        {
            at.Report(Problems.AxesWrong, part.Place, "the value", at.Shape(x), "logits: [b, t, n] or [b, n]");
            return;
        }

        at.Current = [at.Add(part, new Sample(), [x], "sampled", axes, isIds: true)];
    }
}

internal sealed record Sample : TokenOperation
{
    public override string Called => "a draw";

    public override bool IsRandom => true;

    public override WayBack? WayBack => null;

    public override string Describe(Func<Size, string> spell) => "sample";

    public override Operation MapSizes(Func<Size, Size> map) => this;

    public override void Build(Construction at)
    {
    }

    public override void Call(Calling at) => at.Result($"Samples.Of({at.In()}, {at.Pass()})");
}
