using System;
using System.Buffers;
using System.Collections.Generic;
using System.Linq;
using System.Text;

namespace Dsl.Text.Tokenizers;

/// <summary>A token beside the model's pieces, found in the text before anything else happens to it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Content">How it is spelt.</param>
/// <param name="Special">Left out of decoded text.</param>
/// <param name="SingleWord">Only where no letter, digit or underscore touches it.</param>
/// <param name="StripLeft">White space before it belongs to it.</param>
/// <param name="StripRight">White space after it belongs to it.</param>
/// <param name="Normalized">Looked for in the normalised text rather than in the text as typed.</param>
internal sealed record AddedToken(
    int Id, string Content, bool Special, bool SingleWord = false, bool StripLeft = false, bool StripRight = false, bool Normalized = false);

/// <summary>Finds added tokens: the leftmost, and of those that begin there the longest.</summary>
internal sealed class AddedTokens
{
    // Longer spellings are looked for from the text's end, which takes a pass over it but no time that grows with their length.
    private const int Short = 64;

    private readonly AddedToken[] tokens;
    private readonly PieceAutomaton automaton;
    private readonly bool looksBack;
    private readonly SearchValues<char> firsts;

    /// <param name="spelt">Each with the spelling that is looked for; of equal spellings the first counts.</param>
    internal AddedTokens(IEnumerable<(string Spelling, AddedToken Token)> spelt)
    {
        (string Spelling, AddedToken Token)[] list = [.. spelt.Where(token => token.Spelling.Length > 0).DistinctBy(token => token.Spelling)];
        tokens = Array.ConvertAll(list, entry => entry.Token);
        looksBack = Array.Exists(list, entry => entry.Spelling.Length > Short);
        automaton = new PieceAutomaton(list.Select((entry, i) => (entry.Spelling, i)), looksBack);
        firsts = SearchValues.Create([.. list.Select(entry => entry.Spelling[0]).Distinct()]);
    }

    /// <summary>The text in parts, from left to right: each an added token, or a stretch without one.</summary>
    internal IEnumerable<(AddedToken? Token, int Start, int End)> Split(string text, bool specialsAsText)
    {
        int done = 0, at = Find(text, 0);
        int[]? longest = looksBack && at >= 0 ? automaton.LongestAtEach(text) : null;
        while (at >= 0)
        {
            int found = longest is null ? automaton.LongestAt(text, at) : longest[at];
            if (found == PieceAutomaton.Root)
            {
                at = Find(text, at + 1);
                continue;
            }

            AddedToken token = tokens[automaton.IdOf(found)];
            (int start, int end) = (at, at + automaton.LengthOf(found));
            at = end;
            if ((specialsAsText && token.Special) || (token.SingleWord && !IsAlone(text, start, end)))
            {
                at = Find(text, at);
                continue;
            }

            while (token.StripLeft && start > done && char.IsWhiteSpace(text[start - 1]))
            {
                start--;
            }

            while (token.StripRight && end < text.Length && char.IsWhiteSpace(text[end]))
            {
                end++;
            }

            // White space that the token before took cannot be a token once more.
            if (start < done)
            {
                at = Find(text, at);
                continue;
            }

            if (start > done)
            {
                yield return (null, done, start);
            }

            yield return (token, start, end);
            done = end;
            at = Find(text, Math.Max(at, done));
        }

        if (done < text.Length)
        {
            yield return (null, done, text.Length);
        }
    }

    private int Find(string text, int from)
    {
        int found = from < text.Length ? text.AsSpan(from).IndexOfAny(firsts) : -1;
        return found < 0 ? -1 : from + found;
    }

    private static bool IsAlone(string text, int start, int end) =>
        (start == 0 || !IsWord(LastRune(text, start))) && (end == text.Length || !IsWord(Rune.GetRuneAt(text, end)));

    private static Rune LastRune(string text, int end) => Rune.GetRuneAt(text, end > 1 && char.IsLowSurrogate(text[end - 1]) ? end - 2 : end - 1);

    private static bool IsWord(Rune rune) => Rune.IsLetterOrDigit(rune) || rune.Value == '_';
}
