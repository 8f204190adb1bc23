using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Model;

namespace Dsl.Generators.Parts;

/// <summary><c>Embedding("key", rows, width)</c> of ids.</summary>
internal sealed class EmbeddingPart : Part
{
    public override IReadOnlyList<Word> Words { get; } = [new("Embedding", HasKey: true, "Shared", "Padding")];

    public override void Check(PartSpec part, Elaborator at)
    {
        if (at.Single(part) is not { } ids)
        {
            return;
        }

        var key = part.Text(0) ?? "";
        var shared = part["Shared"].Text == "true";
        if (!ids.IsIds)
        {
            at.Report(Problems.AxesWrong, part.Place, "the value", at.Shape(ids), "ids [b, t]: an embedding looks rows up");
            return;
        }

        (Size Rows, Size Width) table;
        if (shared && part[1].IsNull && at.Embeddings.TryGetValue(key, out var before))
        {
            table = before;
        }
        else
        {
            table = (at.SizeOf(part[1], part.Place.At(1)) ?? at.Fresh(), at.SizeOf(part[2], part.Place.At(2)) ?? at.Fresh());
        }

        at.Key(part, key, shared);
        at.Embeddings[key] = table;
        at.Current = [at.Add(part, new Embedding(key, table.Rows, table.Width, shared, PaddingOf(part, at)), [ids], "embedded",
            [.. ids.Axes, new Axis("d", table.Width)])];
    }

    private static Setting? PaddingOf(PartSpec part, Elaborator at)
    {
        var id = part["Padding"];
        return id.IsNull ? null
            : !id.IsName ? new Setting.Literal(id)
            : at.MemberOf(id, part.PlaceOf("Padding")) is { Kind: MemberKind.Integer } member ? at.SettingOf(member)
            : null;
    }
}

/// <param name="Key">Its checkpoint key.</param>
/// <param name="Rows">How many ids there are.</param>
/// <param name="Width">The width of a row.</param>
/// <param name="Shared">Whether the table is another place's.</param>
/// <param name="Padding">The id whose row learns nothing.</param>
internal sealed record Embedding(string Key, Size Rows, Size Width, bool Shared, Setting? Padding) : TokenOperation
{
    public override string Called => $"table '{Key}'";

    public override WayBack? WayBack => null;

    public override string Describe(Func<Size, string> spell) =>
        $"embedding '{Key}' [{spell(Rows)}, {spell(Width)}]{(Shared ? " shared" : "")}{(Padding is null ? "" : " padding " + Padding.ToCode())}";

    public override Operation MapSizes(Func<Size, Size> map) => this with { Rows = map(Rows), Width = map(Width), Padding = Padding?.MapSizes(map) };

    public override void Build(Construction at) =>
        at.Field("Embedding", Key, $"weights.Embedding({at.Key(Key)}, {at.Code(Rows)}, {at.Code(Width)}{(Shared ? ", shared: true" : "")}"
            + $"{(Padding is null ? "" : ", padding: " + Padding.ToCode())})");

    public override void Call(Calling at) => at.Result($"{at.Field().ToCode()}.Apply({at.In()})");
}
