using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Text;

namespace Dsl.Training.Objectives;

/// <summary>What is learned, with its options: one record an objective, one member an option (<see cref="OptionAttribute"/>).</summary>
/// <param name="Name">What <c>--objective</c> calls it.</param>
public abstract record ObjectiveOptions(string Name)
{
    /// <summary>All objectives as they are without other words.</summary>
    public static IReadOnlyList<ObjectiveOptions> All { get; } =
    [
        new NextTokenOptions(), new MaskedLanguageOptions(), new ReplacedTokenOptions(), new SpanOptions(), new PrefixOptions(), new DenoisingOptions(),
    ];

    /// <summary>An objective by its name; null where none is called so.</summary>
    public static ObjectiveOptions? Find(string name) => All.FirstOrDefault(known => known.Name == name);

    /// <summary>Throws where a value makes no sense.</summary>
    /// <exception cref="ArgumentException">One sentence that names the value and what was expected.</exception>
    public virtual void Validate()
    {
    }
}

/// <summary>The next token of a text that is held in memory (<see cref="NextTokenData"/>).</summary>
public sealed record NextTokenOptions() : ObjectiveOptions("clm")
{
    /// <summary>What the text is cut into: characters, bytes, or the tokens of a folder's vocabulary.</summary>
    [Option("tokens", "characters (one id per character that occurs), bytes, or the folder of a tokenizer.", "kind")]
    public string Tokens { get; init; } = "characters";
}

/// <summary>Objectives over tokens that are learned from the text, which may be longer than memory (<see cref="ObjectiveData"/>).</summary>
public abstract record TextObjectiveOptions(string Name) : ObjectiveOptions(Name)
{
    /// <summary>How many tokens are learned from the text.</summary>
    [Option("vocabulary", "How many tokens are learned from the text.", "n")]
    public int Vocabulary { get; init; } = 1000;

    /// <summary>The same noise in every pass over the text (static masking).</summary>
    [Option("static-noise", "The same noise in every pass over the text.")]
    public bool StaticNoise { get; init; }

    /// <summary>The objective itself.</summary>
    /// <param name="tokenizer">With the special tokens that the objective needs.</param>
    /// <param name="context">Tokens in a row.</param>
    /// <param name="language">The code of the text's language, where the objective knows any.</param>
    /// <exception cref="TextException">The vocabulary lacks a token.</exception>
    public abstract IObjective Make(ITokenizer tokenizer, int context, string? language = null);

    /// <summary>How often each of several texts is drawn: in proportion to its size to this power.</summary>
    public virtual double Power => 1;

    /// <summary>Batches of texts, each with the code of its language where it has one.</summary>
    public ObjectiveData Data(IReadOnlyList<(string? Language, TextSource Source)> texts, ITokenizer tokenizer, TrainingOptions run) => new(
        [.. texts.Select(text => new ObjectiveText(text.Source, Make(tokenizer, run.Context, text.Language)))], Power, tokenizer, run.Batch, run.Seed,
        fresh: !StaticNoise)
    {
        Settings = OptionRows.Write(this),
    };

    /// <inheritdoc/>
    public override void Validate() => TrainingOptions.Require(Vocabulary >= 1, "vocabulary", Vocabulary, "1 or more");
}

/// <summary>Masked tokens (<see cref="MaskedLanguage"/>).</summary>
public sealed record MaskedLanguageOptions() : TextObjectiveOptions("mlm")
{
    /// <summary>What is masked together.</summary>
    [Option("masking", "Mask tokens, whole-words, or runs of words.", "unit")]
    public MaskingUnit Masking { get; init; }

    /// <summary>Pairs of text with a second loss.</summary>
    [Option("pairs", "Pairs of text, and whether they belong together: none, next-sentence or sentence-order.", "task")]
    public PairTask Pairs { get; init; }

    /// <inheritdoc/>
    public override IObjective Make(ITokenizer tokenizer, int context, string? language = null) => new MaskedLanguage(tokenizer, context, Masking, Pairs);
}

/// <summary>Replaced tokens (<see cref="ReplacedTokenDetection"/>).</summary>
public sealed record ReplacedTokenOptions() : TextObjectiveOptions("rtd")
{
    /// <summary>The share of tokens that the generator guesses.</summary>
    [Option("guessed", "The share of tokens that the generator guesses.", "x")]
    public double Guessed { get; init; } = 0.15;

    /// <summary>The weight of the discriminator's loss.</summary>
    [Option("weight", "The weight of the discriminator's loss.", "x")]
    public double Weight { get; init; } = 50;

    /// <inheritdoc/>
    public override IObjective Make(ITokenizer tokenizer, int context, string? language = null) =>
        new ReplacedTokenDetection(tokenizer, context, Guessed, Weight);

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        TrainingOptions.Require(Guessed is > 0 and < 1, "guessed", Guessed, "more than 0 and less than 1");
        TrainingOptions.Require(Weight >= 0 && double.IsFinite(Weight), "weight", Weight, "0 or more");
    }
}

/// <summary>Spans of noise, each written after its sentinel (<see cref="SpanDenoising"/>).</summary>
public sealed record SpanOptions() : TextObjectiveOptions("span")
{
    /// <summary>The share of noise.</summary>
    [Option("density", "The share of tokens that are noise.", "x")]
    public double Density { get; init; } = 0.15;

    /// <summary>Tokens in a span of noise.</summary>
    [Option("mean-span", "Tokens (span) or words (denoise) in a span of noise on average.", "x")]
    public double MeanSpan { get; init; } = 3;

    /// <inheritdoc/>
    public override IObjective Make(ITokenizer tokenizer, int context, string? language = null) => new SpanDenoising(tokenizer, context, Density, MeanSpan);

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        TrainingOptions.Require(Density is > 0 and < 1, "density", Density, "more than 0 and less than 1");
        TrainingOptions.Require(MeanSpan >= 1 && double.IsFinite(MeanSpan), "mean-span", MeanSpan, "1 or more");
    }
}

/// <summary>The rest of a text whose beginning is read (<see cref="PrefixLanguage"/>).</summary>
public sealed record PrefixOptions() : TextObjectiveOptions("prefix")
{
    /// <inheritdoc/>
    public override IObjective Make(ITokenizer tokenizer, int context, string? language = null) => new PrefixLanguage(tokenizer, context);
}
