using System;
using System.Linq;
using Dsl.Runtime;

namespace Dsl.Reference.Interpreting;

/// <summary>Rotary frequencies by the published rules, in float32 as these are computed (transformers, modeling_rope_utils).</summary>
/// <param name="width">Channels that are rotated.</param>
/// <param name="theta">The base.</param>
/// <param name="scaling">How frequencies are stretched; null: not at all.</param>
/// <param name="context">The length trained on, where the scaling gives none.</param>
internal sealed class RotaryRule(int width, double theta, RopeScaling? scaling, int context)
{
    /// <summary>The length beyond which frequencies depend on it; null: on none they do.</summary>
    internal int? ReadsLengthBeyond => scaling?.Kind == RopeScalingKind.Dynamic ? (int)Trained : null;

    private double Trained => scaling!.OriginalLength ?? context;

    /// <summary>[width / 2] frequencies (one more where that is odd) for a sequence of that length, and the factor on sines and cosines.</summary>
    internal (float[] Frequencies, double Magnitude) Frequencies(int length) => scaling?.Kind switch
    {
        null or RopeScalingKind.Default => (Plain(theta), 1),
        RopeScalingKind.Linear => ([.. Plain(theta).Select(f => f / (float)scaling.Factor)], 1),
        RopeScalingKind.Dynamic => (Plain(Stretched(Math.Max(length, Trained))), 1),
        RopeScalingKind.Wavelength => ([.. Plain(theta).Select(ByWavelength)], 1),
        RopeScalingKind.Yarn => ([.. Enumerable.Range(0, (width + 1) / 2).Select(Yarn)], YarnMagnitude()),
        _ => throw new NotSupportedException($"no reference for the rotary scaling {scaling.Kind}"),
    };

    private float[] Plain(double @base) => [.. Enumerable.Range(0, (width + 1) / 2).Select(i => 1f / Period(@base, i))];

    private float Period(double @base, int i) => (float)Math.Pow((float)@base, 2f * i / width);

    /// <summary>"Dynamic NTK": base (factor n / L - (factor - 1)) ^ (width / (width - 2)).</summary>
    private double Stretched(double length) =>
        theta * Math.Pow((scaling!.Factor * length / Trained) - (scaling.Factor - 1), width / (width - 2.0));

    private float ByWavelength(float frequency)
    {
        float wavelength = (float)(2 * Math.PI) / frequency, slow = frequency / (float)scaling!.Factor;
        double low = scaling.LowFrequencyFactor, high = scaling.HighFrequencyFactor;
        float blend = (((float)Trained / wavelength) - (float)low) / (float)(high - low);
        return wavelength < Trained / high ? frequency : wavelength > Trained / low ? slow : ((1 - blend) * slow) + (blend * frequency);
    }

    /// <summary>Peng et al., arXiv 2309.00071: a ramp between two numbers of turns within the trained length.</summary>
    private float Yarn(int i)
    {
        double from = Dimension(scaling!.BetaFast), to = Dimension(scaling.BetaSlow);
        (from, to) = scaling.Truncate ? (Math.Floor(from), Math.Ceiling(to)) : (from, to);
        (from, to) = (Math.Max(from, 0), Math.Min(to, width - 1));
        to += from == to ? 0.001 : 0;
        float ramp = Math.Clamp((i - (float)from) / (float)(to - from), 0f, 1f), keep = 1 - ramp, period = Period(theta, i);
        return ((1f / ((float)scaling.Factor * period)) * (1 - keep)) + ((1f / period) * keep);
    }

    private double Dimension(double turns) => width * Math.Log(Trained / (turns * 2 * Math.PI)) / (2 * Math.Log(theta));

    private double YarnMagnitude()
    {
        double Warmth(double scale) => scaling!.Factor <= 1 ? 1 : (0.1 * scale * Math.Log(scaling.Factor)) + 1;
        return scaling!.AttentionFactor
            ?? (scaling is { Scale: { } one and not 0, ScaleAllDim: { } all and not 0 } ? Warmth(one) / Warmth(all) : Warmth(1));
    }
}
