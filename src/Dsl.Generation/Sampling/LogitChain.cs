using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl.Generation;

/// <summary>Processors in the order in which they apply.</summary>
public sealed class LogitChain(IReadOnlyList<ILogitProcessor> processors) : ILogitProcessor
{
    /// <summary>The processors, first to last.</summary>
    public IReadOnlyList<ILogitProcessor> Processors { get; } = processors;

    /// <summary>
    /// The chain that options ask for, in the order of the published libraries: what reads the raw logits first (repetition, presence and frequency, n-grams,
    /// bad words, least lengths, forbidden tokens), then temperature, top-k, top-p, min-p, typical, epsilon, eta, each renormalising what the one before it
    /// left.
    /// </summary>
    public static LogitChain For(SamplingOptions options, IReadOnlyList<int> endTokens)
    {
        var chain = new List<ILogitProcessor>();
        void Add(bool wanted, Func<ILogitProcessor> make)
        {
            if (wanted)
            {
                chain.Add(make());
            }
        }

        Add(options.RepetitionPenalty != 1, () => new RepetitionPenalty(options.RepetitionPenalty));
        Add(options.PresencePenalty != 0 || options.FrequencyPenalty != 0, () => new OccurrencePenalty(options.PresencePenalty, options.FrequencyPenalty));
        Add(options.NoRepeatNgram > 0, () => new NoRepeatNgram(options.NoRepeatNgram));
        Add(options.BadWords.Count > 0, () =>
            new BadWords([.. options.BadWords.Where(run => run is not [var only] || !endTokens.Contains(only))]));
        Add(options.MinLength > 0 && endTokens.Count > 0, () => new MinLength(options.MinLength, endTokens));
        Add(options.MinNewTokens > 0 && endTokens.Count > 0, () => new MinNewTokens(options.MinNewTokens, endTokens));
        Add(options.Forbidden.Count > 0, () => new Forbid(options.Forbidden));
        foreach ((int place, int token) in options.Forced)
        {
            Add(true, () => new ForcedToken(place, token));
        }

        if (!options.Greedy)
        {
            int keep = options.KeepAtLeast;
            Add(options.Temperature != 1, () => new Temperature(options.Temperature));
            Add(options.TopK > 0, () => new TopK(options.TopK, keep));
            Add(options.TopP < 1, () => new TopP(options.TopP, keep));
            Add(options.MinP > 0, () => new MinP(options.MinP, keep));
            Add(options.Typical < 1, () => new Typical(options.Typical, keep));
            Add(options.EpsilonCutoff > 0, () => new EpsilonCutoff(options.EpsilonCutoff, keep));
            Add(options.EtaCutoff > 0, () => new EtaCutoff(options.EtaCutoff, keep));
        }

        return new LogitChain(chain);
    }

    /// <inheritdoc/>
    public void Apply(Span<double> logits, RowHistory row)
    {
        foreach (ILogitProcessor processor in Processors)
        {
            processor.Apply(logits, row);
        }
    }
}

/// <summary>How the next token is chosen. The defaults change nothing: plain sampling from the model's own distribution.</summary>
public sealed record SamplingOptions
{
    /// <summary>Divides the logits; 0 takes the likeliest token every time.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Keeps the k likeliest tokens; 0: all.</summary>
    public int TopK { get; init; }

    /// <summary>Keeps the likeliest tokens up to this mass; 1: all.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Removes what is less likely than this share of the likeliest token; 0: nothing.</summary>
    public double MinP { get; init; }

    /// <summary>Keeps the most typical tokens up to this mass; 1: all.</summary>
    public double Typical { get; init; } = 1;

    /// <summary>Removes what is less likely than this; 0: nothing.</summary>
    public double EpsilonCutoff { get; init; }

    /// <summary>Removes what is less likely than min(this, sqrt(this) exp(-entropy)); 0: nothing.</summary>
    public double EtaCutoff { get; init; }

    /// <summary>Divides the positive and multiplies the negative logits of every token in the row; 1: nothing.</summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>Taken off the logit of every token generated so far.</summary>
    public double PresencePenalty { get; init; }

    /// <summary>Taken off for each time a token has been generated.</summary>
    public double FrequencyPenalty { get; init; }

    /// <summary>No run of so many tokens occurs twice; 0: no limit.</summary>
    public int NoRepeatNgram { get; init; }

    /// <summary>Runs of tokens that are never completed; a run of one end token says nothing.</summary>
    public IReadOnlyList<IReadOnlyList<int>> BadWords { get; init; } = [];

    /// <summary>The end tokens are forbidden until the row, prompt included, has so many tokens.</summary>
    public int MinLength { get; init; }

    /// <summary>The end tokens are forbidden until so many tokens have been generated.</summary>
    public int MinNewTokens { get; init; }

    /// <summary>Tokens that are never chosen.</summary>
    public IReadOnlyList<int> Forbidden { get; init; } = [];

    /// <summary>Tokens that stand whatever the model thinks, by their place among the generated ones, from 0.</summary>
    public IReadOnlyDictionary<int, int> Forced { get; init; } = new Dictionary<int, int>();

    /// <summary>No filter leaves fewer tokens than this.</summary>
    public int KeepAtLeast { get; init; } = 1;

    /// <summary>The same seed, prompt and options give the same text.</summary>
    public ulong Seed { get; init; }

    /// <summary>The likeliest token every time; nothing is drawn.</summary>
    public bool Greedy => Temperature == 0;

    /// <summary>Throws where a value makes no sense.</summary>
    /// <exception cref="ArgumentException">One sentence that names the value and what was expected.</exception>
    public void Validate()
    {
        // Written so that NaN fails each of them.
        Require(Temperature >= 0 && double.IsFinite(Temperature), "temperature", Temperature, "0 or more");
        Require(TopK >= 0, "top-k", TopK, "0 or more");
        Require(TopP is > 0 and <= 1, "top-p", TopP, "more than 0 and at most 1");
        Require(MinP is >= 0 and <= 1, "min-p", MinP, "from 0 to 1");
        Require(Typical is > 0 and <= 1, "typical", Typical, "more than 0 and at most 1");
        Require(EpsilonCutoff is >= 0 and < 1, "epsilon", EpsilonCutoff, "from 0 to less than 1");
        Require(EtaCutoff is >= 0 and < 1, "eta", EtaCutoff, "from 0 to less than 1");
        Require(RepetitionPenalty > 0 && double.IsFinite(RepetitionPenalty), "repetition-penalty", RepetitionPenalty, "more than 0");
        Require(double.IsFinite(PresencePenalty), "presence-penalty", PresencePenalty, "a finite number");
        Require(double.IsFinite(FrequencyPenalty), "frequency-penalty", FrequencyPenalty, "a finite number");
        Require(NoRepeatNgram >= 0, "no-repeat-ngram", NoRepeatNgram, "0 or more");
        Require(MinLength >= 0, "min-length", MinLength, "0 or more");
        Require(MinNewTokens >= 0, "min-tokens", MinNewTokens, "0 or more");
        Require(KeepAtLeast >= 1, "keep-at-least", KeepAtLeast, "1 or more");
    }

    private static void Require(bool holds, string name, double value, string expected)
    {
        if (!holds)
        {
            throw new ArgumentException(FormattableString.Invariant($"--{name} {value}, expected {expected}"));
        }
    }
}
