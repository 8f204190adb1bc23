using System;
using System.Collections.Generic;
using Dsl.Generators.Checking;
using Dsl.Generators.Model;

namespace Dsl.Generators.Parts;

/// <summary><c>Softmax</c>, <c>Softmax("chosen")</c>: along the last axis, of all elements or of those where another value is not 0.</summary>
internal sealed class SoftmaxPart : Part
{
    public override IReadOnlyList<Word> Words { get; } = [new("Softmax")];

    public override void Check(PartSpec part, Elaborator at)
    {
        if (at.Channels(part) is not { } x)
        {
            return;
        }

        if (part.Text(0) is not { } over)
        {
            at.Current = [at.Add(part, new Softmax(), [x], "probabilities", x.Axes)];
        }
        else if (at.Named(over, part.Place.At(0)) is { } chosen && at.Same(chosen, x, part.Place.At(0), Problems.SizesDiffer, $"'{over}'", "the value"))
        {
            at.Current = [at.Add(part, new Softmax(), [x, chosen], "probabilities", x.Axes)];
        }
    }
}

/// <summary>Reads the value and, where there is one, what says which elements take part.</summary>
internal sealed record Softmax : TokenOperation
{
    public override string Called => "a softmax";

    public override WayBack? WayBack => null;

    public override string Describe(Func<Size, string> spell) => "softmax";

    public override Operation MapSizes(Func<Size, Size> map) => this;

    public override void Build(Construction at)
    {
    }

    public override void Call(Calling at) =>
        at.Result(at.Node.Inputs.Count == 1 ? $"{at.In()}.softmax(-1)" : $"Routing.Softmax({at.In(0)}, {at.In(1)})");
}
