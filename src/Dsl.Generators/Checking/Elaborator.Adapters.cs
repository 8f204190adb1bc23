using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Model;

namespace Dsl.Generators.Checking;

/// <summary>What <c>Adapt</c> says of a model's linear maps.</summary>
internal sealed partial class Elaborator
{
    private readonly List<string> maps = [];

    /// <summary>A linear map of one plain matrix.</summary>
    public void Map(string key) => maps.Add(key);

    /// <summary>The maps of a block at this key; null where they are not known.</summary>
    public void NestMaps(string prefix, IReadOnlyList<string>? mapsOfBlock) => maps.AddRange((mapsOfBlock ?? ["*"]).Select(k => KeyText.Below(prefix, k)));

    private AdapterSetting? CheckAdapter()
    {
        if (spec.HeaderParts("Adapt").FirstOrDefault() is not { } part)
        {
            return null;
        }

        if (!spec.IsModel)
        {
            Report(Problems.PartPlace, part.Place, "Adapt", "at the model, whose keys of maps in its blocks are whole ones");
            return null;
        }

        for (var i = 0; i < part.Arguments.Count; i++)
        {
            if (part.Text(i) is { } target && !KeyText.MayEnd(target, maps))
            {
                Report(Problems.KeyUnknown, part.Place.At(i), target, Suggest(target, maps.Select(KeyText.LastSegment).Distinct()));
            }
        }

        if (part.Arguments.Count == 0)
        {
            Report(Problems.KeyUnknown, part.Place, "", "none");
        }

        return new AdapterSetting(
            Enumerable.Range(0, part.Arguments.Count).Select(part.Text).OfType<string>().ToEquatable(),
            PositiveOf(part["Rank"], part.PlaceOf("Rank"), "8"),
            NumberOf(part["Alpha"], part.PlaceOf("Alpha"), "8.0"),
            TruthOf(part["RankStabilised"], part.PlaceOf("RankStabilised"), Setting.False),
            NumberOf(part["Dropout"], part.PlaceOf("Dropout"), "0.0"));
    }

    private Setting PositiveOf(Constant constant, Place place, string fallback)
    {
        if (constant is { Kind: ConstantKind.Integer, Text: "0" })
        {
            Report(Problems.SizeNotPositive, place, constant.Text);
        }

        return WholeOf(constant, place, fallback);
    }
}
