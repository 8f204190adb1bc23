using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Model;

namespace Dsl.Generators.Parts;

/// <summary><c>Positions("key", rows)</c>: adds a learned row for each position.</summary>
internal sealed class PositionsPart : Part
{
    public override IReadOnlyList<Word> Words { get; } = [new("Positions", HasKey: true, "Offset")];

    public override void Check(PartSpec part, Elaborator at)
    {
        if (at.Channels(part) is not { Last: { } width } x || !at.HasTime(part, x) || at.SizeOf(part[1], part.Place.At(1)) is not { } rows)
        {
            return;
        }

        var key = part.Text(0) ?? "";
        at.Key(part, key);
        at.Current = [at.Add(part, new Positions(key, rows, width, at.NumberOf(part["Offset"], part.PlaceOf("Offset"), "0")), [x], "placed", x.Axes)];
    }
}

internal sealed record Positions(string Key, Size Rows, Size Width, Setting Offset) : TokenOperation
{
    public override string Called => $"table '{Key}'";

    public override WayBack? WayBack => null;

    public override string Describe(Func<Size, string> spell) => $"positions '{Key}' [{spell(Rows)}, {spell(Width)}] from {Offset.ToCode()}";

    public override Operation MapSizes(Func<Size, Size> map) => this with { Rows = map(Rows), Width = map(Width), Offset = Offset.MapSizes(map) };

    public override InTime InTime(Node node, string? stepping) => Model.InTime.PerPosition;

    public override void Build(Construction at) =>
        at.Field("PositionEmbedding", Key, $"weights.Positional({at.Key(Key)}, {at.Code(Rows)}, {at.Code(Width)}"
            + $"{(Offset.ToCode() == "0" ? "" : ", offset: " + Offset.ToCode())})");

    public override void Call(Calling at) => at.Result($"{at.Field().ToCode()}.AddTo({at.In()}, {at.Pass()})");
}
