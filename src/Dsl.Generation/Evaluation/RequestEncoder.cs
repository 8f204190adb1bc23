using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Text;

namespace Dsl.Generation.Evaluation;

/// <summary>Ids to score after other ids.</summary>
/// <param name="Context">What stands before; at least one id.</param>
/// <param name="Continuation">What is scored; at least one id.</param>
/// <param name="Dropped">How many ids the model's context leaves no room for, from the left of <paramref name="Context"/>.</param>
public sealed record ScoreRequest(int[] Context, int[] Continuation, int Dropped)
{
    /// <summary>What the model has read before it is asked for the first id of the continuation.</summary>
    internal int[] Read => Context[Dropped..];
}

/// <summary>Ids to write on from.</summary>
/// <param name="Context">What the model reads.</param>
/// <param name="Dropped">How many ids were left out before these.</param>
/// <param name="MaxTokens">How many are written at most.</param>
public sealed record WriteRequest(int[] Context, int Dropped, int MaxTokens);

/// <summary>
/// Texts as lm-evaluation-harness gives them to a causal model (0.4.13): which ids are context, which are scored, what is cut where the model's context ends.
/// </summary>
/// <param name="codec">The model's.</param>
/// <param name="length">How many tokens the model sees at once.</param>
public sealed class RequestEncoder(ITextCodec codec, int length)
{
    /// <summary>How many tokens a model sees where its config names no limit, as the harness has it.</summary>
    public const int DefaultLength = 2048;

    private readonly int? prefix = codec is ITokenizer { Special: { } special } ? special.Begin ?? special.End
        : codec.EndTokens.Count > 0 ? codec.EndTokens[0] : null;

    /// <summary>How many tokens the model sees at once.</summary>
    public int Length { get; } = length >= 2 ? length : throw new ArgumentException($"a context of {length} tokens, expected 2 or more");

    /// <summary>The token that stands before a text without context: the vocabulary's beginning, else its end.</summary>
    /// <exception cref="TextException">It has neither.</exception>
    public int Prefix => prefix ?? throw new TextException(
        $"the vocabulary ({codec.Name}) has no token that begins or ends a text, expected one to score a text from its start");

    /// <summary>A continuation after a context. White space at the end of the context moves to the continuation.</summary>
    /// <exception cref="TextException">There is nothing to score, nothing before it, or more than the model's context holds.</exception>
    public ScoreRequest Pair(string context, string continuation)
    {
        if (context.Length == 0)
        {
            int[] alone = codec.Encode(continuation);
            return alone.Length > 0 && alone[0] == prefix ? Request([alone[0]], alone[1..], continuation) : Request([Prefix], alone, continuation);
        }

        string bare = PythonText.StripEnd(context);
        int[] before = codec.Encode(bare), whole = codec.Encode(context + continuation);
        if (before.Length == 0)
        {
            throw new TextException("the context is white space only, expected a text or nothing");
        }

        return Request(before, whole.Length > before.Length ? whole[before.Length..] : [], continuation);
    }

    /// <summary>A text in windows; each scores what none before it did, and a full one sees one id before that.</summary>
    public IReadOnlyList<ScoreRequest> Rolling(string text)
    {
        int[] ids = codec.Encode(text);
        return [.. Windows(ids.Length, Length).Select(window => window.Begin < 0 ? new ScoreRequest([Prefix], ids[..window.End], 0)
            : new ScoreRequest(ids[window.Begin..window.First], ids[window.First..window.End], 0))];
    }

    /// <summary>A context to write on from, cut from the left so that what is written has room.</summary>
    /// <exception cref="TextException">It is empty, or there is no room.</exception>
    public WriteRequest Prompt(string context, int maxTokens)
    {
        if (maxTokens < 1 || maxTokens >= Length)
        {
            throw new TextException($"max_gen_toks {maxTokens}, expected from 1 to less than the model's context of {Length} tokens");
        }

        int[] ids = codec.Encode(context);
        int room = Length - maxTokens;
        return ids.Length == 0 ? throw new TextException("the prompt is empty, expected a text to write on from")
            : new WriteRequest(ids.Length > room ? ids[^room..] : ids, Math.Max(0, ids.Length - room), maxTokens);
    }

    /// <summary>Where windows of a text begin to read (-1: at the prefix token), begin to score, and end.</summary>
    internal static IEnumerable<(int Begin, int First, int End)> Windows(int count, int length)
    {
        for (int first = 0; first < count;)
        {
            int end = first + Math.Min(count - first, length);
            yield return (first == 0 ? -1 : end - length - 1, first, end);
            first = end;
        }
    }

    private ScoreRequest Request(int[] context, int[] continuation, string text)
    {
        if (continuation.Length == 0)
        {
            throw new TextException($"the continuation '{text}' is no token of its own, expected at least one to score");
        }

        return continuation.Length > Length ? throw new TextException($"a continuation has {continuation.Length} tokens, context is {Length}")
            : new ScoreRequest(context, continuation, Math.Max(0, context.Length + continuation.Length - Length - 1));
    }
}
