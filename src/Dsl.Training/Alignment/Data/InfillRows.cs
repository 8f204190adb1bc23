using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using Dsl.Text;
using Dsl.Training.Objectives;

namespace Dsl.Training.Alignment.Data;

/// <summary>How texts get gaps. The defaults are Code Llama's (Rozière and others, 2023, section 2.3).</summary>
/// <param name="Rate">The share of texts that get one; the others are learned as they are.</param>
/// <param name="SuffixFirst">The share of those whose suffix stands first.</param>
public sealed record InfillOptions(double Rate = 0.9, double SuffixFirst = 0.5);

/// <summary>Texts as rows with gaps: the borders are two characters of the text, drawn alike. Every token counts, as published.</summary>
public static class InfillRows
{
    /// <summary>A row a text. Those that are longer than the context are dropped: cut, they would hold no middle.</summary>
    /// <param name="lines">Plain texts.</param>
    /// <param name="tokens">Their vocabulary marks gaps.</param>
    /// <param name="options">How many, and in which order.</param>
    /// <param name="most">Tokens of a row at most.</param>
    /// <param name="seed">Decides gaps and orders.</param>
    /// <exception cref="TextException">One sentence: a line is no text, no row is left, or the vocabulary marks no gaps.</exception>
    public static TuningSet Prepare(IReadOnlyList<TuningLine> lines, TuningTokens tokens, InfillOptions options, int most, long seed)
    {
        var draws = new SeededDraws(SeededRandom.For((ulong)seed, [10]));
        TuningRow[] rows = [.. lines.Select(line => Row(line, tokens, options, draws))];
        TuningRow[] kept = [.. rows.Where(row => row.Ids.Length <= most)];
        TuningRow[] dropped = [.. rows.Where(row => row.Ids.Length > most)];
        return kept.Length > 0
            ? new TuningSet(kept, [.. dropped.Select(row => row.Line)], [.. dropped.Select(row => FormattableString.Invariant(
                $"line {row.Line + 1} is left out: with its gap it has {row.Ids.Length} tokens, and the context {most}"))])
            : throw new TextException(FormattableString.Invariant($"no text of {rows.Length} fits the {most} tokens of the context, expected at least one"));
    }

    private static TuningRow Row(TuningLine line, TuningTokens tokens, InfillOptions options, IDraws draws)
    {
        if (line.Whole?.Text is not { } text)
        {
            throw new TextException(FormattableString.Invariant($"line {line.Number + 1}: is no plain text, expected text to put a gap into"));
        }

        bool gap = draws.Uniform() < options.Rate, suffixFirst = draws.Uniform() < options.SuffixFirst;
        int[] ids;
        if (gap)
        {
            int one = Border(text, draws), other = Border(text, draws);
            (int from, int to) = (Math.Min(one, other), Math.Max(one, other));
            ids = Infilling.Training(text[..from], text[from..to], text[to..], tokens.Tokenizer, suffixFirst);
        }
        else
        {
            ids = tokens.Of(tokens.Ended(new Passage(text))).Tokens.Ids;
        }

        return new TuningRow(line.Number, ids, ids, []);
    }

    /// <summary>A place between two characters, never within one.</summary>
    private static int Border(string text, IDraws draws)
    {
        int at = draws.Integer(0, text.Length);
        return at < text.Length && char.IsLowSurrogate(text[at]) ? at - 1 : at;
    }
}
