using Dsl;

namespace Zoo.Cli.Verification.Formulas;

/// <summary>One linear map, and nothing else: what cases of a single layer are run on.</summary>
/// <param name="In">Width of what comes in.</param>
/// <param name="Out">Width of what goes out.</param>
public sealed record MapConfig([Key("in")] int In = 4, [Key("out")] int Out = 4);

/// <summary>Its weight [out, in].</summary>
[Model<MapConfig>]
[Input("x", "b t i"), Axis("i", nameof(MapConfig.In))]
[From("x"), Linear("map", nameof(MapConfig.Out), Bias = true), Output("y")]
public sealed partial class StraightMap;

/// <summary>Its weight [in, out].</summary>
[Model<MapConfig>]
[Input("x", "b t i"), Axis("i", nameof(MapConfig.In))]
[From("x"), Linear("map", nameof(MapConfig.Out), Bias = true, Stored = "in out"), Output("y")]
public sealed partial class TransposedMap;
