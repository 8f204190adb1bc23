using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Model;

namespace Dsl.Generators.Parts;

/// <summary><c>Splice("rows", "ids", nameof(Where))</c>: rows of a value in the place of tokens whose ids a predicate holds for.</summary>
internal sealed class SplicePart : Part
{
    private const string Expected = "bool (int id) or bool (int id, C c)";

    public override IReadOnlyList<Word> Words { get; } = [new("Splice")];

    public override void Check(PartSpec part, Elaborator at)
    {
        if (at.Channels(part) is not { } x
            || !at.HasTime(part, x)
            || at.Named(part.Text(0) ?? "", part.Place.At(0)) is not { } rows
            || at.Named(part.Text(1) ?? "", part.Place.At(1)) is not { } ids)
        {
            return;
        }

        if (!ids.IsIds || ids.Axes.Count != 2 || ids.OrderedAxis is null || ids.OrderedAxis != x.OrderedAxis)
        {
            at.Report(Problems.AxesWrong, part.Place.At(1), $"'{part.Text(1)}'", at.Shape(ids), $"ids of the tokens: [b, {x.OrderedAxis}]");
            return;
        }

        if (rows.OrderedAxis is null || rows.OrderedAxis == x.OrderedAxis)
        {
            at.Report(Problems.AxesWrong, part.Place.At(0), $"'{part.Text(0)}'", at.Shape(rows), "rows along a time axis of their own: [b, p, d]");
            return;
        }

        if (!at.Same(rows, x, part.Place.At(0), Problems.SizesDiffer, $"'{part.Text(0)}'", "the value", sameTime: false)
            || at.FunctionOf(part[2], part.Place.At(2), FunctionKind.Host) is not { } where)
        {
            return;
        }

        var parameters = where.Spec.Parameters;
        if (where.Spec.Returns != "bool"
            || parameters.Count is < 1 or > 2
            || parameters[0].Type != "int"
            || (parameters.Count == 2 && parameters[1].Type != at.Spec.Config.Name))
        {
            at.Report(Problems.FunctionSignature, part.Place.At(2), where.Spec.Name, Elaborator.Signature(where.Spec), Expected);
            return;
        }

        at.Current = [at.Add(part, new Splice(where, part.Text(0) ?? ""), [x, ids, rows], "spliced", x.Axes)];
    }
}

/// <summary>Reads the tokens, their ids, and the rows.</summary>
internal sealed record Splice(FunctionUse Where, string Name) : MemoryOperation
{
    public override string Called => $"rows of '{Name}'";

    public override WayBack? WayBack => null;

    public override string Describe(Func<Size, string> spell) => $"splice where {Where.Spec.Name}";

    public override Operation MapSizes(Func<Size, Size> map) => this;

    public override InTime InTime(Node node, string? stepping) => node.Inputs[0].TimeAxis == stepping ? Model.InTime.Accumulating : Model.InTime.PerPosition;

    public override void Build(Construction at)
    {
    }

    public override void Call(Calling at) => at.Result(
        $"Splicing.Apply({at.In()}, {at.In(1)}, {at.In(2)}, id => {at.Host(Where)}(id{(Where.Spec.Parameters.Count == 2 ? ", config" : "")}), "
            + $"{Writing.Text(Name)}, {at.Pass()}, {at.Pass(2)}, {at.State})");

    public override StateField State(Construction at) => new("Spliced", "SpliceState", (owner, _) => $"{owner}.Own(new SpliceState())");
}
