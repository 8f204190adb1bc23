using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Text;
using Dsl.Training.Objectives;

namespace Dsl.Training.Alignment.Data;

/// <summary>How rows that are shorter than the context share one.</summary>
public enum Packing
{
    /// <summary>Each row by itself.</summary>
    None,

    /// <summary>Best fit, longest first; the part of a row beyond the length is lost. Nothing attends across sequences.</summary>
    BestFit,

    /// <summary>Best fit, where a longer row becomes several sequences.</summary>
    BestFitSplit,

    /// <summary>All ids one after the other, cut every so many: sequences cross rows, and attention and loss cross their borders.</summary>
    Wrapped,
}

/// <summary>How lines become rows. The defaults are TRL's.</summary>
public sealed record TuningOptions
{
    /// <summary>At most so many tokens in a row; null: no limit.</summary>
    public int? MaxLength { get; init; } = 1024;

    /// <summary>A longer row loses its beginning, not its end.</summary>
    public bool KeepEnd { get; init; }

    /// <summary>Only what the assistant writes counts; the template must mark it.</summary>
    public bool AssistantOnly { get; init; }

    /// <summary>Only the answer to a prompt counts; null: where there is a prompt.</summary>
    public bool? AnswerOnly { get; init; }

    /// <summary>How rows share a context.</summary>
    public Packing Packing { get; init; }

    /// <summary>The rows of a batch stand one after the other in one, without padding.</summary>
    public bool PaddingFree { get; init; }
}

/// <summary>A row to learn.</summary>
/// <param name="Line">The line it comes from, from 0; -1 where it holds several.</param>
/// <param name="Ids">Token ids.</param>
/// <param name="Labels">The id where a token counts, else -100; unshifted.</param>
/// <param name="Lengths">Lengths of the sequences in it; empty where it is one, or where their borders are lost.</param>
public sealed record TuningRow(int Line, int[] Ids, int[] Labels, int[] Lengths)
{
    /// <summary>The sequences in it, each by itself: what does not attend across borders.</summary>
    public IEnumerable<TuningRow> Sequences()
    {
        int at = 0;
        foreach (int length in Lengths.Length == 0 ? [Ids.Length] : Lengths)
        {
            yield return new TuningRow(Line, Ids[at..(at + length)], Labels[at..(at + length)], []);
            at += length;
        }
    }
}

/// <summary>One line before it is cut.</summary>
/// <param name="Row">Its ids and labels.</param>
/// <param name="Text">The whole of it.</param>
/// <param name="PromptText">The prompt alone; null where there is none.</param>
/// <param name="PromptIds">The prompt's ids, tokenised alone.</param>
/// <param name="Answers">Parts of the text that the assistant writes, in UTF-16 units.</param>
/// <param name="AssistantMask">Which tokens those are; null where it was not asked for.</param>
/// <param name="AnswerMask">Which tokens stand after the prompt; null where there is none.</param>
public sealed record TuningExample(
    TuningRow Row, string Text, string? PromptText, int[]? PromptIds, IReadOnlyList<TextSpan> Answers, bool[]? AssistantMask, bool[]? AnswerMask);

/// <summary>Rows, and what was left out of them.</summary>
/// <param name="Rows">Prepared, cut or packed.</param>
/// <param name="Dropped">Lines that are not in them.</param>
/// <param name="Notes">A sentence for each of those.</param>
public sealed record TuningSet(IReadOnlyList<TuningRow> Rows, IReadOnlyList<int> Dropped, IReadOnlyList<string> Notes);

/// <summary>Lines as rows of ids with labels, as TRL's SFTTrainer prepares them.</summary>
public static class TuningRows
{
    /// <summary>All lines, cut or packed. Rows that cutting leaves without a label are dropped; packed ones never are.</summary>
    /// <exception cref="TextException">
    /// One sentence: the options contradict one another, a template refuses a line, or only what the assistant writes counts and a line has none of it.
    /// </exception>
    public static TuningSet Prepare(IReadOnlyList<TuningLine> lines, TuningTokens tokens, TuningOptions options)
    {
        Require(lines, tokens, options);
        TuningExample[] examples = [.. lines.Select(line => Example(line, tokens, options))];
        if (options.Packing != Packing.None)
        {
            return new TuningSet(Packed.Of([.. examples.Select(example => example.Row)], options.MaxLength!.Value, options.Packing), [], []);
        }

        if (options.MaxLength is not { } most)
        {
            return new TuningSet([.. examples.Select(example => example.Row)], [], []);
        }

        TuningRow[] cut = [.. examples.Select(example => Cut(example.Row, most, options.KeepEnd))];
        TuningRow[] kept = [.. cut.Where(row => row.Labels.Any(label => label != MaskedTokens.Ignored))];
        int[] dropped = [.. cut.Except(kept).Select(row => row.Line)];
        string[] notes = [.. cut.Except(kept).Select(row => FormattableString.Invariant(
            $"line {row.Line + 1} is left out: no token that counts is among the {most} of the context"))];
        return kept.Length > 0 ? new TuningSet(kept, dropped, notes)
            : throw new TextException(FormattableString.Invariant($"no line has a token that counts among the {most} of the context, expected at least one"));
    }

    /// <summary>One line before it is cut.</summary>
    /// <exception cref="TextException">As of <see cref="Prepare"/>.</exception>
    public static TuningExample Example(TuningLine line, TuningTokens tokens, TuningOptions options)
    {
        string place = FormattableString.Invariant($"line {line.Number + 1}");
        try
        {
            Passage? answer = line.Answer is null ? null : tokens.Ended(line.Answer);
            TokenText whole = tokens.Of(answer is null ? tokens.Ended(line.Whole ?? throw new TextException("is a pair, expected a text or an answer"))
                : line.Prompt!.Then(answer));
            TokenText? prompt = answer is null ? null : tokens.Of(line.Prompt!, prompt: true);
            int[] ids = whole.Tokens.Ids;
            bool[]? after = prompt is null ? null : After(ids, Common(prompt.Tokens.Ids, ids));
            bool[]? assistant = options.AssistantOnly ? whole.Mask() : null;
            if (assistant?.Contains(true) == false)
            {
                throw new TextException("no token is the assistant's, expected at least one to learn");
            }

            bool[]? counts = options.AnswerOnly ?? after is not null ? after : null;
            int[] labels = [.. ids.Select((id, i) => assistant?[i] != false && counts?[i] != false ? id : MaskedTokens.Ignored)];
            return new TuningExample(
                new TuningRow(line.Number, ids, labels, []), whole.Text, prompt?.Text, prompt?.Tokens.Ids, whole.Answers, assistant, after);
        }
        catch (TextException e)
        {
            throw new TextException($"{place}: {e.Message}");
        }
    }

    /// <summary>How many ids two rows begin with in common.</summary>
    internal static int Common(int[] a, int[] b) => a.AsSpan().CommonPrefixLength(b);

    internal static TuningRow Cut(TuningRow row, int most, bool keepEnd) =>
        row.Ids.Length <= most ? row
        : keepEnd ? row with { Ids = row.Ids[^most..], Labels = row.Labels[^most..] }
        : row with { Ids = row.Ids[..most], Labels = row.Labels[..most] };

    private static bool[] After(int[] ids, int border) => [.. ids.Select((_, i) => i >= border)];

    private static void Require(IReadOnlyList<TuningLine> lines, TuningTokens tokens, TuningOptions options)
    {
        if (lines.Count == 0)
        {
            throw new TextException("there are no lines, expected at least one");
        }

        if (options.MaxLength < 1)
        {
            throw new TextException(FormattableString.Invariant($"a length of {options.MaxLength}, expected 1 or more"));
        }

        if (options.AssistantOnly && lines.FirstOrDefault(line => !line.IsChat || line.FromValue) is { } plain)
        {
            throw new TextException(FormattableString.Invariant(
                $"line {plain.Number + 1}: only the assistant's tokens are to count, expected messages with role and content"));
        }

        if (options.AssistantOnly && !tokens.MarksAnswers)
        {
            throw new TextException("only the assistant's tokens are to count, expected a template that marks them by {% generation %}");
        }

        if (options.Packing != Packing.None && options.MaxLength is null)
        {
            throw new TextException("rows are to be packed, expected the length to which");
        }

        if (options.PaddingFree && options.Packing == Packing.None && options.MaxLength is not null)
        {
            throw new TextException("rows without padding that are not packed are not cut, expected no length");
        }
    }
}
