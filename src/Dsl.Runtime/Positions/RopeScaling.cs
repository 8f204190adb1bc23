namespace Dsl.Runtime;

/// <summary>How rotary frequencies are stretched beyond the trained length, as configs publish it.</summary>
public sealed record RopeScaling(string Kind = "default", double Factor = 1, int? OriginalMaxPositions = null, double? LowFrequencyFactor = null,
    double? HighFrequencyFactor = null, double? BetaFast = null, double? BetaSlow = null, double? AttentionFactor = null, double? MScale = null,
    double? MScaleAllDim = null, bool Truncate = true);
