using System;
using System.Collections.Generic;
using Dsl.Text;

namespace Dsl.Training.Objectives;

/// <summary>How strong each noise of <see cref="TextDenoising"/> is, and texts in several languages.</summary>
public sealed record DenoisingOptions() : TextObjectiveOptions("denoise")
{
    /// <summary>Beyond this mean Poisson's table has no lengths: the chance of none falls below the least that is kept.</summary>
    private const double LongestMean = 10;

    /// <summary>The share of words replaced by masks, a span a mask.</summary>
    [Option("infill", "Replace this share of the words by masks, a span a mask.", "x")]
    public double Infill { get; init; } = 0.3;

    /// <summary>Poisson's mean of a span's words.</summary>
    [Option("mean-span", "Tokens (span) or words (denoise) in a span of noise on average.", "x")]
    public double MeanSpan { get; init; } = 3;

    /// <summary>The share of sentences that change places.</summary>
    [Option("permute", "Let this share of the sentences change places.", "x")]
    public double Permute { get; init; } = 1;

    /// <summary>The share of words masked one by one.</summary>
    [Option("mask", "Mask this share of the words one by one.", "x")]
    public double Mask { get; init; }

    /// <summary>The share of words deleted.</summary>
    [Option("delete", "Delete this share of the words.", "x")]
    public double Delete { get; init; }

    /// <summary>How often a row is rotated.</summary>
    [Option("rotate", "Let this share of the rows begin at a random token.", "x")]
    public double Rotate { get; init; }

    /// <summary>The share of masks that become random tokens.</summary>
    [Option("random", "Put random tokens for this share of the masks.", "x")]
    public double Random { get; init; }

    /// <summary>
    /// Texts with the codes of their languages, each as CODE=FILE; a code alone: the one text is in that language; empty: languages are not known.
    /// </summary>
    [Option("language", "A text and its language, en_XX=english.txt; several are mixed.", "code=file")]
    public IReadOnlyList<string> Languages { get; init; } = [];

    /// <summary>How often an example comes from each language: in proportion to its text's size to this power.</summary>
    [Option("alpha", "How often a language is drawn: its text's size to this power; below 1, small texts more often than they are long.", "x")]
    public double Alpha { get; init; } = 0.7;

    /// <inheritdoc/>
    public override double Power => Alpha;

    /// <inheritdoc/>
    public override IObjective Make(ITokenizer tokenizer, int context, string? language = null) => new TextDenoising(
        tokenizer, context, this, language is null ? null
            : tokenizer.IdOf(language) ?? throw new TextException($"the vocabulary has no token {language}, expected one for each language"));

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        foreach ((string name, double share) in new[]
            { ("infill", Infill), ("permute", Permute), ("mask", Mask), ("delete", Delete), ("rotate", Rotate), ("random", Random) })
        {
            TrainingOptions.Require(share is >= 0 and <= 1, name, share, "from 0 to 1");
        }

        TrainingOptions.Require(
            MeanSpan is > 0 and <= LongestMean, "mean-span", MeanSpan, FormattableString.Invariant($"more than 0 and at most {LongestMean}"));
        TrainingOptions.Require(Alpha >= 0 && double.IsFinite(Alpha), "alpha", Alpha, "0 or more");
    }
}
