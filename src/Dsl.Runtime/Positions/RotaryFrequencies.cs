using System;

namespace Dsl.Runtime;

/// <summary>
/// The frequencies of a rotation and the factor on its sines and cosines, in float32 step by step as the published implementations compute them
/// (transformers, modeling_rope_utils).
/// </summary>
internal static class RotaryFrequencies
{
    /// <summary>Frequencies [width/2], rounded up; <paramref name="length"/> is read by the dynamic rule only.</summary>
    internal static (float[] Frequencies, double Magnitude) Of(RotarySpec spec, int length)
    {
        RopeScaling? scaling = spec.Scaling;
        switch (scaling?.Kind ?? RopeScalingKind.Default)
        {
            case RopeScalingKind.Default:
                return (Plain(spec.Theta, spec.Width), 1);
            case RopeScalingKind.Linear:
                return (Array.ConvertAll(Plain(spec.Theta, spec.Width), f => f / (float)scaling!.Factor), 1);
            case RopeScalingKind.Dynamic:
                {
                    double trained = Trained(spec, scaling!), reached = Math.Max(length, trained);
                    double theta = spec.Theta
                        * Math.Pow((scaling!.Factor * reached / trained) - (scaling.Factor - 1), spec.Width / (spec.Width - 2.0));
                    return (Plain(theta, spec.Width), 1);
                }

            case RopeScalingKind.Wavelength:
                return (ByWavelength(spec, scaling!), 1);
            case RopeScalingKind.Yarn:
                return (Yarn(spec, scaling!), YarnMagnitude(scaling!));
            default:
                throw new ArgumentOutOfRangeException(nameof(spec),
                    $"The rotary scaling {scaling!.Kind} is unknown: expected a member of {nameof(RopeScalingKind)}.");
        }
    }

    private static double Trained(RotarySpec spec, RopeScaling scaling)
    {
        int trained = scaling.OriginalLength ?? spec.MaxPositions;
        return trained > 0
            ? trained
            : throw new ArgumentException($"The rotary scaling '{scaling.Kind}' reads the trained length, but neither the scaling nor the rotation gives one.");
    }

    private static float[] Plain(double theta, long width) => Array.ConvertAll(Periods(theta, width), p => 1f / p);

    private static float[] Periods(double theta, long width)
    {
        var periods = new float[(width + 1) / 2];
        for (int i = 0; i < periods.Length; i++)
        {
            periods[i] = (float)Math.Pow((float)theta, 2f * i / width);
        }

        return periods;
    }

    private static float[] ByWavelength(RotarySpec spec, RopeScaling scaling)
    {
        double factor = scaling.Factor, low = scaling.LowFrequencyFactor, high = scaling.HighFrequencyFactor;
        double trained = Trained(spec, scaling), longest = trained / low, shortest = trained / high;
        return Array.ConvertAll(Plain(spec.Theta, spec.Width), frequency =>
        {
            float wavelength = (float)(2 * Math.PI) / frequency;
            if (wavelength < shortest)
            {
                return frequency;
            }

            float slowed = frequency / (float)factor;
            if (wavelength > longest)
            {
                return slowed;
            }

            float smooth = (((float)trained / wavelength) - (float)low) / (float)(high - low);
            return ((1 - smooth) * slowed) + (smooth * frequency);
        });
    }

    /// <summary>Peng et al., arXiv 2309.00071: high frequencies are kept, low ones stretched, with a linear ramp between two numbers of turns.</summary>
    private static float[] Yarn(RotarySpec spec, RopeScaling scaling)
    {
        double trained = Trained(spec, scaling);
        double low = Turns(scaling.BetaFast), high = Turns(scaling.BetaSlow);
        if (scaling.Truncate)
        {
            (low, high) = (Math.Floor(low), Math.Ceiling(high));
        }

        low = Math.Max(low, 0);
        high = Math.Min(high, spec.Width - 1);
        if (low == high)
        {
            high += 0.001;
        }

        float[] periods = Periods(spec.Theta, spec.Width);
        var frequencies = new float[periods.Length];
        for (int i = 0; i < frequencies.Length; i++)
        {
            float kept = 1f / periods[i], stretched = 1f / ((float)scaling.Factor * periods[i]);
            float keep = 1 - Math.Clamp((i - (float)low) / (float)(high - low), 0f, 1f);
            frequencies[i] = (stretched * (1 - keep)) + (kept * keep);
        }

        return frequencies;

        double Turns(double count) => spec.Width * Math.Log(trained / (count * 2 * Math.PI)) / (2 * Math.Log(spec.Theta));
    }

    private static double YarnMagnitude(RopeScaling scaling)
    {
        if (scaling.AttentionFactor is { } given)
        {
            return given;
        }

        return scaling is { Scale: { } one and not 0, ScaleAllDim: { } all and not 0 } ? Of(one) / Of(all) : Of(1);

        double Of(double scale) => scaling.Factor <= 1 ? 1 : (0.1 * scale * Math.Log(scaling.Factor)) + 1;
    }
}
