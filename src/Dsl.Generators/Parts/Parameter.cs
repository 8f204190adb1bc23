using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Model;

namespace Dsl.Generators.Parts;

/// <summary><c>Parameter("key", "h d")</c>: a bare weight as a value.</summary>
internal sealed class ParameterPart : Part
{
    public override IReadOnlyList<Word> Words { get; } = [new("Parameter", HasKey: true)];

    public override void Check(PartSpec part, Elaborator at)
    {
        var key = part.Text(0) ?? "";
        var axes = at.ReadAxisList(part.Text(1) ?? "");
        at.Key(part, key);
        at.Current = [at.Add(part, new Parameter(key, axes.Select(a => a.Size ?? Size.Of(1)).ToEquatable()), [], Names.Camel(key), axes)];
    }
}

internal sealed record Parameter(string Key, EquatableArray<Size> Shape) : TokenOperation
{
    public override string Called => $"weight '{Key}'";

    /// <summary>It has no inputs to pass anything back to.</summary>
    public override WayBack? WayBack => (_, _, gradient) => gradient;

    public override string Describe(Func<Size, string> spell) => $"parameter '{Key}' [{string.Join(", ", Shape.Select(spell))}]";

    public override Operation MapSizes(Func<Size, Size> map) => this with { Shape = Shape.Select(map).ToEquatable() };

    public override void Build(Construction at) =>
        at.Field("Weight", Key, $"weights.Tensor({at.Key(Key)}, {Writing.List(Shape, at.Code)})");

    public override void Call(Calling at) => at.Result($"{at.Field().ToCode()}.Value.alias()");
}
