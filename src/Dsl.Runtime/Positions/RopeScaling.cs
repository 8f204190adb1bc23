using System;
using System.Collections.Generic;

namespace Dsl.Runtime;

/// <summary>Published rules that scale rotary frequencies beyond the trained length.</summary>
public enum RopeScalingKind
{
    /// <summary>Frequencies as trained.</summary>
    Default,

    /// <summary>All frequencies divided by the factor (Chen et al. 2023).</summary>
    Linear,

    /// <summary>The base grows with the length read ("dynamic NTK").</summary>
    Dynamic,

    /// <summary>Frequencies divided by parts, with a ramp between two numbers of rotations, and warmer attention (Peng et al. 2023).</summary>
    Yarn,

    /// <summary>Long wavelengths divided by the factor, short ones kept, interpolation between: published as <c>llama3</c>.</summary>
    Wavelength,
}

/// <summary>How rotary frequencies are scaled, as a config's <c>rope_parameters</c> (or, older, <c>rope_scaling</c>) says.</summary>
/// <param name="Kind">The rule.</param>
/// <param name="Factor">How much longer than trained; 1 where there is none.</param>
public sealed record RopeScaling(RopeScalingKind Kind, double Factor = 1)
{
    private static readonly (string Name, RopeScalingKind Kind)[] Known =
    [
        ("default", RopeScalingKind.Default),
        ("linear", RopeScalingKind.Linear),
        ("dynamic", RopeScalingKind.Dynamic),
        ("yarn", RopeScalingKind.Yarn),
        ("llama3", RopeScalingKind.Wavelength),
    ];

    /// <summary><c>rope_theta</c> where it stands beside the rule; null where it stands at the config's root or nowhere.</summary>
    public double? Theta { get; init; }

    /// <summary>Tokens that the unscaled model was trained on (<c>original_max_position_embeddings</c>); null: the config's own maximum.</summary>
    public int? OriginalLength { get; init; }

    /// <summary>Wavelengths beyond original length / this are divided by the whole factor (<c>low_freq_factor</c>).</summary>
    public double LowFrequencyFactor { get; init; } = 1;

    /// <summary>Wavelengths below original length / this are kept (<c>high_freq_factor</c>).</summary>
    public double HighFrequencyFactor { get; init; } = 4;

    /// <summary>Factor on the cosines and sines (<c>attention_factor</c>); null: computed from the factor and the two scales below.</summary>
    public double? AttentionFactor { get; init; }

    /// <summary>Rotations within the original length from which on a frequency is kept (<c>beta_fast</c>).</summary>
    public double BetaFast { get; init; } = 32;

    /// <summary>Rotations below which a frequency is divided by the whole factor (<c>beta_slow</c>).</summary>
    public double BetaSlow { get; init; } = 1;

    /// <summary><c>mscale</c>; null where missing.</summary>
    public double? Scale { get; init; }

    /// <summary><c>mscale_all_dim</c>; null where missing.</summary>
    public double? ScaleAllDim { get; init; }

    /// <summary>Whether the ramp's ends are rounded to whole dimensions (<c>truncate</c>).</summary>
    public bool Truncate { get; init; } = true;

    /// <summary>Whether frequencies depend on how much has been read, so that keys are cached unrotated.</summary>
    public bool ReadsLength => Kind == RopeScalingKind.Dynamic;

    /// <summary>
    /// Reads the object of a config, in either spelling (<c>rope_type</c>, older <c>type</c>); null for null. Each rule asks for its own keys only:
    /// the others are refused by the config's <see cref="ConfigReader.Finish"/>.
    /// </summary>
    /// <exception cref="ConfigException">The rule is unknown, or lacks a key, or a value cannot be.</exception>
    public static RopeScaling? Read(ConfigReader? reader)
    {
        if (reader is null)
            return null;
        double? theta = reader.OptionalDouble(["rope_theta"]);
        reader.NoEffect("finetuned"); // whether the weights were trained further under the rule
        var kind = reader.Enum(["rope_type", "type"], Known, RopeScalingKind.Default);
        if (kind == RopeScalingKind.Default)
            return new RopeScaling(kind) { Theta = theta };

        var scaling = new RopeScaling(kind, Positive(reader, "factor", reader.Double(["factor"]))) { Theta = theta };
        scaling = kind switch
        {
            RopeScalingKind.Linear => scaling,
            RopeScalingKind.Dynamic => scaling with { OriginalLength = Length(reader, required: false) },
            RopeScalingKind.Wavelength => scaling with
            {
                OriginalLength = Length(reader, required: true),
                LowFrequencyFactor = Positive(reader, "low_freq_factor", reader.Double(["low_freq_factor"])),
                HighFrequencyFactor = Positive(reader, "high_freq_factor", reader.Double(["high_freq_factor"])),
            },
            _ => scaling with
            {
                OriginalLength = Length(reader, required: false),
                AttentionFactor = reader.OptionalDouble(["attention_factor"]) is { } factor ? Positive(reader, "attention_factor", factor) : null,
                BetaFast = Positive(reader, "beta_fast", reader.Double(["beta_fast"], 32)),
                BetaSlow = Positive(reader, "beta_slow", reader.Double(["beta_slow"], 1)),
                Scale = reader.OptionalDouble(["mscale"]),
                ScaleAllDim = reader.OptionalDouble(["mscale_all_dim"]),
                Truncate = reader.Bool(["truncate"], true),
            },
        };
        if (kind == RopeScalingKind.Wavelength && scaling.HighFrequencyFactor <= scaling.LowFrequencyFactor)
            throw reader.Fault("high_freq_factor", FormattableString.Invariant(
                $"is {scaling.HighFrequencyFactor}, expected more than low_freq_factor {scaling.LowFrequencyFactor}"));
        if (kind == RopeScalingKind.Yarn && scaling.BetaFast < scaling.BetaSlow)
            throw reader.Fault("beta_fast", FormattableString.Invariant($"is {scaling.BetaFast}, expected at least beta_slow {scaling.BetaSlow}"));
        return scaling;
    }

    /// <summary>The keys and values of a config for this rule, below <paramref name="path"/>.</summary>
    public IEnumerable<(string Path, object? Value)> Write(string path = "rope_parameters")
    {
        yield return ($"{path}.rope_type", Array.Find(Known, pair => pair.Kind == Kind).Name);
        if (Theta is { } theta)
            yield return ($"{path}.rope_theta", theta);
        if (Kind == RopeScalingKind.Default)
            yield break;
        yield return ($"{path}.factor", Factor);
        if (Kind != RopeScalingKind.Linear && OriginalLength is { } length)
            yield return ($"{path}.original_max_position_embeddings", length);
        if (Kind == RopeScalingKind.Wavelength)
        {
            yield return ($"{path}.low_freq_factor", LowFrequencyFactor);
            yield return ($"{path}.high_freq_factor", HighFrequencyFactor);
        }
        if (Kind != RopeScalingKind.Yarn)
            yield break;
        yield return ($"{path}.beta_fast", BetaFast);
        yield return ($"{path}.beta_slow", BetaSlow);
        yield return ($"{path}.truncate", Truncate);
        if (AttentionFactor is { } attention)
            yield return ($"{path}.attention_factor", attention);
        if (Scale is { } scale)
            yield return ($"{path}.mscale", scale);
        if (ScaleAllDim is { } scaleAllDim)
            yield return ($"{path}.mscale_all_dim", scaleAllDim);
    }

    private static int? Length(ConfigReader reader, bool required)
    {
        string[] path = ["original_max_position_embeddings"];
        int? length = required ? reader.Int(path) : reader.OptionalInt(path);
        return length is null or > 0 ? length : throw reader.Fault(path[0], $"is {length}, expected a positive number");
    }

    private static double Positive(ConfigReader reader, string path, double value) => value > 0 && double.IsFinite(value)
        ? value
        : throw reader.Fault(path, FormattableString.Invariant($"is {value}, expected a positive number"));
}
