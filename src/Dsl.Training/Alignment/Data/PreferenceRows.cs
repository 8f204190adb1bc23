using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Dsl.Text;
using Dsl.Text.Templates;

namespace Dsl.Training.Alignment.Data;

/// <summary>A pair of answers as ids.</summary>
/// <param name="Line">The line it comes from, from 0.</param>
/// <param name="Prompt">What both begin with; empty for a reward model's pairs, whose answers are whole.</param>
/// <param name="Chosen">The better answer.</param>
/// <param name="Rejected">The worse one.</param>
/// <param name="Margin">By how much the better one is better; null: not said.</param>
public sealed record PreferenceRow(int Line, int[] Prompt, int[] Chosen, int[] Rejected, float? Margin);

/// <summary>One pair before it is cut.</summary>
/// <param name="Row">Its ids.</param>
/// <param name="PromptText">The prompt alone; null for a reward model's.</param>
/// <param name="ChosenText">The prompt and the better answer.</param>
/// <param name="RejectedText">The prompt and the worse one.</param>
/// <param name="PromptTokens">Tokens of the prompt alone.</param>
public sealed record PreferenceExample(PreferenceRow Row, string? PromptText, string ChosenText, string RejectedText, int PromptTokens);

/// <summary>Pairs, and what was left out of them.</summary>
/// <param name="Rows">Prepared.</param>
/// <param name="Dropped">Lines that are not in them.</param>
/// <param name="Notes">A sentence for each of those.</param>
public sealed record PreferenceSet(IReadOnlyList<PreferenceRow> Rows, IReadOnlyList<int> Dropped, IReadOnlyList<string> Notes);

/// <summary>Lines as pairs of ids, as TRL's DPOTrainer and RewardTrainer prepare them.</summary>
public static class PreferenceRows
{
    /// <summary>Pairs for a policy. Those whose prompt fills the length are dropped where beginnings are kept; answers are cut in the batch.</summary>
    /// <exception cref="TextException">One sentence: a template refuses a line, or no pair is left.</exception>
    public static PreferenceSet ForPolicy(IReadOnlyList<TuningLine> lines, TuningTokens tokens, int? most = 1024, bool keepEnd = false) =>
        Kept([.. lines.Select(line => PolicyExample(line, tokens).Row)], row => most is null || keepEnd || row.Prompt.Length < most,
            FormattableString.Invariant($"its prompt fills the {most} tokens of the context"));

    /// <summary>Pairs for a reward model. Those with an answer longer than the length are dropped: what is cut cannot be judged.</summary>
    /// <exception cref="TextException">One sentence: a template refuses a line, or no pair is left.</exception>
    public static PreferenceSet ForReward(IReadOnlyList<TuningLine> lines, TuningTokens tokens, int? most = 1024) =>
        Kept([.. lines.Select(line => RewardExample(line, tokens).Row)], row => most is null || (row.Chosen.Length <= most && row.Rejected.Length <= most),
            FormattableString.Invariant($"an answer is longer than the {most} tokens of the context"));

    /// <summary>One pair for a policy: the border is the smaller of the prompt's common beginnings with both.</summary>
    /// <exception cref="TextException">A template refuses the line, or it is no pair.</exception>
    public static PreferenceExample PolicyExample(TuningLine line, TuningTokens tokens) => At(line, () =>
    {
        (Passage prompt, Passage chosen, Passage rejected) = Parts(line);
        TokenText alone = tokens.Of(prompt, prompt: true);
        TokenText better = tokens.Of(prompt.Then(tokens.Ended(chosen))), worse = tokens.Of(prompt.Then(tokens.Ended(rejected)));
        int[] ids = alone.Tokens.Ids, first = better.Tokens.Ids, second = worse.Tokens.Ids;
        int border = Math.Min(TuningRows.Common(ids, first), TuningRows.Common(ids, second));
        var row = new PreferenceRow(line.Number, ids[..border], first[border..], second[border..], line.Margin);
        return new PreferenceExample(row, alone.Text, better.Text, worse.Text, ids.Length);
    });

    /// <summary>One pair for a reward model: whole texts, whose common beginning is not looked for.</summary>
    /// <exception cref="TextException">A template refuses the line, or it is no pair.</exception>
    public static PreferenceExample RewardExample(TuningLine line, TuningTokens tokens) => At(line, () =>
    {
        RequirePair(line);
        TokenText Whole(Passage answer) => tokens.Of(line.Prompt is null ? tokens.Ended(answer) : line.Prompt.Then(tokens.Ended(answer)));
        TokenText better = Whole(line.Chosen!), worse = Whole(line.Rejected!);
        return new PreferenceExample(
            new PreferenceRow(line.Number, [], better.Tokens.Ids, worse.Tokens.Ids, line.Margin), null, better.Text, worse.Text, 0);
    });

    /// <summary>
    /// The prompt that two texts begin with, and what is left of each: up to where they differ, and without a space just before it. Texts that do not differ
    /// leave their last character each; those that differ at once look at the last character of the first (Python's index -1), as TRL has it.
    /// </summary>
    public static (Passage Prompt, Passage Chosen, Passage Rejected) ImplicitPrompt(Passage chosen, Passage rejected)
    {
        if (chosen.Turns is { } first && rejected.Turns is { } second)
        {
            (ChatTurn[] prompt, ChatTurn[] better, ChatTurn[] worse) = Divide([.. first], [.. second], _ => false);
            return (new Passage(prompt), new Passage(better), new Passage(worse));
        }

        (Rune[] begin, Rune[] left, Rune[] right) = Divide(
            [.. chosen.Text!.EnumerateRunes()], [.. rejected.Text!.EnumerateRunes()], rune => rune.Value == ' ');
        return (new Passage(string.Concat(begin)), new Passage(string.Concat(left)), new Passage(string.Concat(right)));
    }

    private static (T[] Prompt, T[] Chosen, T[] Rejected) Divide<T>(T[] chosen, T[] rejected, Func<T, bool> isSpace)
    {
        int shorter = Math.Min(chosen.Length, rejected.Length);
        if (shorter == 0)
        {
            throw new TextException("an answer is empty and there is no prompt, expected something to compare");
        }

        int differ = 0;
        while (differ < shorter && EqualityComparer<T>.Default.Equals(chosen[differ], rejected[differ]))
        {
            differ++;
        }

        int border = differ == shorter ? shorter - 1 : isSpace(chosen[differ > 0 ? differ - 1 : ^1]) ? differ - 1 : differ;
        return border >= 0 ? (chosen[..border], chosen[border..], rejected[border..]) : (chosen[..^1], chosen[^1..], rejected[^1..]);
    }

    private static (Passage Prompt, Passage Chosen, Passage Rejected) Parts(TuningLine line)
    {
        RequirePair(line);
        return line.Prompt is { } prompt ? (prompt, line.Chosen!, line.Rejected!) : ImplicitPrompt(line.Chosen!, line.Rejected!);
    }

    private static void RequirePair(TuningLine line)
    {
        if (line.Chosen is null)
        {
            throw new TextException("is no pair, expected chosen and rejected");
        }
    }

    private static PreferenceExample At(TuningLine line, Func<PreferenceExample> make)
    {
        try
        {
            return make();
        }
        catch (TextException e)
        {
            throw new TextException(FormattableString.Invariant($"line {line.Number + 1}: {e.Message}"));
        }
    }

    private static PreferenceSet Kept(PreferenceRow[] rows, Func<PreferenceRow, bool> fits, string why)
    {
        PreferenceRow[] kept = [.. rows.Where(fits)], dropped = [.. rows.Except(kept)];
        return kept.Length > 0
            ? new PreferenceSet(kept, [.. dropped.Select(row => row.Line)],
                [.. dropped.Select(row => FormattableString.Invariant($"line {row.Line + 1} is left out: {why}"))])
            : throw new TextException($"no pair is left of {rows.Length}, expected at least one: {why}");
    }
}

/// <summary>Pairs side by side: first all better answers, then all worse ones; [2 pairs][longest], padded on the right.</summary>
/// <param name="Ids">Prompt and answer.</param>
/// <param name="Mask">1 for a real token.</param>
/// <param name="Answer">1 for a token of the answer.</param>
/// <param name="Margins">One a pair; null where they are not said.</param>
public sealed record PreferenceBatch(int[][] Ids, int[][] Mask, int[][] Answer, float[]? Margins)
{
    /// <summary>Pairs side by side.</summary>
    /// <param name="rows">At least one.</param>
    /// <param name="pad">Fills ids.</param>
    /// <param name="most">Each side is cut to so many tokens; null: none is.</param>
    /// <param name="keepEnd">At its beginning, not at its end.</param>
    /// <param name="multiple">Lengths are filled up to a multiple of this.</param>
    public static PreferenceBatch Of(IReadOnlyList<PreferenceRow> rows, int pad, int? most = null, bool keepEnd = false, int multiple = 1)
    {
        TuningRow[] sides = [.. rows.Select(row => Side(row, row.Chosen)), .. rows.Select(row => Side(row, row.Rejected))];
        if (most is { } limit)
        {
            sides = [.. sides.Select(side => TuningRows.Cut(side, limit, keepEnd))];
        }

        int longest = TuningBatch.Filled(sides.Max(side => side.Ids.Length), multiple);
        return new PreferenceBatch(
            [.. sides.Select(side => TuningBatch.Fill(side.Ids, longest, pad))],
            [.. sides.Select(side => TuningBatch.Fill(Enumerable.Repeat(1, side.Ids.Length), longest, 0))],
            [.. sides.Select(side => TuningBatch.Fill(side.Labels, longest, 0))],
            rows.All(row => row.Margin is not null) ? [.. rows.Select(row => row.Margin!.Value)] : null);
    }

    // Labels are 1 where a token belongs to the answer here, so that cutting cuts both alike.
    private static TuningRow Side(PreferenceRow row, int[] answer) => new(
        row.Line, [.. row.Prompt, .. answer], [.. Enumerable.Repeat(0, row.Prompt.Length), .. Enumerable.Repeat(1, answer.Length)], []);
}
