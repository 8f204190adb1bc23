using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Generation;

/// <summary>What is done when a row has filled the model's context.</summary>
public enum ContextEnd
{
    /// <summary>The row ends with <see cref="FinishReason.Context"/>.</summary>
    Stop,

    /// <summary>The row is read again from its last half context and goes on.</summary>
    Slide,
}

/// <summary>Why a row ended.</summary>
public enum FinishReason
{
    /// <summary>It has not.</summary>
    None,

    /// <summary>The model wrote an end token.</summary>
    EndToken,

    /// <summary>The text reached a stop string.</summary>
    StopString,

    /// <summary>As many tokens as were asked for.</summary>
    MaxTokens,

    /// <summary>The context is full.</summary>
    Context,
}

/// <summary>How far a text goes, beside how its tokens are chosen.</summary>
public sealed record GenerationOptions
{
    /// <summary>How the next token is chosen.</summary>
    public SamplingOptions Sampling { get; init; } = new();

    /// <summary>A row ends after so many tokens.</summary>
    public int MaxTokens { get; init; } = 256;

    /// <summary>A row ends after any of these; null: those of the codec.</summary>
    public IReadOnlyList<int>? EndTokens { get; init; }

    /// <summary>A row ends before any of these.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>
    /// What the encoder of a pair reads, a row for each prompt; the prompts are then the first tokens of its decoder. Null for a model without encoder.
    /// </summary>
    public Sources? Sources { get; init; }

    /// <summary>
    /// What else a state reads before the first token, or what was made of it (the rows of pictures): tensors by the names of inputs or outputs, a row for each
    /// prompt. A window that slides would lose the places of what was read: such rows end where the context does.
    /// </summary>
    public IReadOnlyDictionary<string, Tensor>? Memory { get; init; }

    /// <summary>How many tokens the model can hold in view; 0: any number.</summary>
    public int Context { get; init; }

    /// <summary>What is done when they are full.</summary>
    public ContextEnd AtContextEnd { get; init; }

    /// <summary>A long prompt is read in pieces of so many tokens, so that cancelling takes effect between them.</summary>
    public int PrefillChunk { get; init; } = 512;

    /// <summary>A state that has read what is read before the first token.</summary>
    /// <param name="model">The model.</param>
    /// <param name="rows">Which prompts, in the order of the state's rows.</param>
    /// <param name="capacity">Tokens to make room for.</param>
    public ModelState Begin(IModel model, IReadOnlyList<int> rows, int capacity)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(rows);
        if (Sources is not null || Memory is null)
        {
            return Sources?.Begin(model, rows, capacity) ?? model.NewState(rows.Count, capacity);
        }

        using DisposeScope scope = NewDisposeScope();
        Tensor picks = tensor(rows.Select(row => (long)row).ToArray(), dtype: ScalarType.Int64, device: model.Weights.Device);
        return model.Begin(Memory.ToDictionary(pair => pair.Key, pair => pair.Value.index_select(0, picks)), capacity);
    }

    /// <summary>Throws where a value makes no sense.</summary>
    /// <exception cref="ArgumentException">One sentence that names the value and what was expected.</exception>
    public void Validate()
    {
        Sampling.Validate();
        Require(MaxTokens >= 1, "max-tokens", MaxTokens, "1 or more");
        Require(Sampling.MinNewTokens <= MaxTokens, "min-tokens", Sampling.MinNewTokens, FormattableString.Invariant($"at most --max-tokens {MaxTokens}"));
        Require(Context is 0 or >= 2, "context", Context, "2 or more, or 0 for no limit");
        Require(PrefillChunk >= 1, "prefill-chunk", PrefillChunk, "1 or more");
        foreach (string stop in Stop)
        {
            if (stop.Length == 0)
            {
                throw new ArgumentException("--stop is empty, expected at least one character");
            }
        }
    }

    private static void Require(bool holds, string name, int value, string expected)
    {
        if (!holds)
        {
            throw new ArgumentException(FormattableString.Invariant($"--{name} {value}, expected {expected}"));
        }
    }
}

/// <summary>One token of one row, as it comes.</summary>
/// <param name="Row">Which prompt it continues.</param>
/// <param name="Token">The id that was chosen.</param>
/// <param name="Text">The text that is certain with it: empty while a character or a possible stop string is open.</param>
/// <param name="Finish">Why the row ends here, or <see cref="FinishReason.None"/>.</param>
public readonly record struct GeneratedToken(int Row, int Token, string Text, FinishReason Finish);

/// <summary>A finished row.</summary>
/// <param name="Tokens">The ids that were chosen, an end token included.</param>
/// <param name="Text">Their text up to the end token or the stop string, both left out.</param>
/// <param name="Finish">Why the row ended.</param>
public sealed record Completion(IReadOnlyList<int> Tokens, string Text, FinishReason Finish);
