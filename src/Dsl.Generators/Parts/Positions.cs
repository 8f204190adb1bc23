using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Model;

namespace Dsl.Generators.Parts;

/// <summary><c>Positions("key", rows)</c>: adds a learned row for each position.</summary>
internal sealed class PositionsPart : Part
{
    public override IReadOnlyList<Word> Words { get; } = [new("Positions", HasKey: true, "Offset", "Table")];

    public override void Check(PartSpec part, Elaborator at)
    {
        if (at.Channels(part) is not { Last: { } width } x || !at.HasTime(part, x))
        {
            return;
        }

        if (part.Text("Table") is { } name)
        {
            OfTable(part, name, x, width, at);
            return;
        }

        if (at.SizeOf(part[1], part.Place.At(1)) is not { } rows)
        {
            at.Report(Problems.SizeUnfixed, part.Place, "the number of rows of the table");
            return;
        }

        var key = part.Text(0) ?? "";
        at.Key(part, key);
        at.Current = [at.Add(part, new Positions(key, rows, width, at.NumberOf(part["Offset"], part.PlaceOf("Offset"), "0")), [x], "placed", x.Axes)];
    }

    private static void OfTable(PartSpec part, string name, Value x, Size width, Elaborator at)
    {
        if (!part[0].IsNull && part.Text(0) is { Length: > 0 })
        {
            at.Report(Problems.PartPlace, part.Place.At(0), "a key", "where the rows are weights of its own: Table names a value");
            return;
        }

        if (at.Named(name, part.PlaceOf("Table")) is not { } table)
        {
            return;
        }

        if (x.Axes.Count != 3 || table.Axes.Count != 2 || table.Axes.Any(a => a.Size is null))
        {
            at.Report(Problems.AxesWrong, part.PlaceOf("Table"), $"'{name}'", at.Shape(table), "a table [rows, d] for a value [b, t, d]");
            return;
        }

        if (at.Fits(table.Last!, width, part.PlaceOf("Table"), Problems.SizesDiffer, $"the width of '{name}'", "that of the value"))
        {
            var offset = at.WholeOf(part["Offset"], part.PlaceOf("Offset"), "0");
            at.Current = [at.Add(part, new AddRows(offset), [x, table], "placed", x.Axes)];
        }
    }
}

/// <summary>Adds rows of a value by position: reads what they are added to, and the table.</summary>
internal sealed record AddRows(Setting Offset) : TokenOperation
{
    public override string Called => "rows by position";

    public override WayBack? WayBack => null;

    public override string Describe(Func<Size, string> spell) => $"rows by position from {Offset.ToCode()}";

    public override Operation MapSizes(Func<Size, Size> map) => new AddRows(Offset.MapSizes(map));

    public override InTime InTime(Node node, string? stepping) => Model.InTime.PerPosition;

    public override void Build(Construction at)
    {
    }

    public override void Call(Calling at) =>
        at.Result($"Slices.AddRows({at.In()}, {at.In(1)}, {at.Pass()}{(Offset.ToCode() == "0" ? "" : ", " + Offset.ToCode())})");
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
