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
    private readonly Node root = new();
    private readonly SearchValues<char> firsts;

    /// <param name="tokens">Each with the spelling that is looked for.</param>
    internal AddedTokens(IEnumerable<(string Spelling, AddedToken Token)> tokens)
    {
        foreach ((string spelling, AddedToken token) in tokens.Where(token => token.Spelling.Length > 0))
        {
            Node node = root;
            foreach (char unit in spelling)
            {
                if (!node.Next.TryGetValue(unit, out Node? next))
                {
                    node.Next.Add(unit, next = new Node());
                }

                node = next;
            }

            node.Token ??= token;
        }

        firsts = SearchValues.Create([.. root.Next.Keys]);
    }

    /// <summary>The text in parts, from left to right: each an added token, or a stretch without one.</summary>
    internal IEnumerable<(AddedToken? Token, int Start, int End)> Split(string text, bool specialsAsText)
    {
        int done = 0;
        for (int at = Find(text, 0); at >= 0;)
        {
            (AddedToken? token, int length) = Longest(text, at);
            if (token is null)
            {
                at = Find(text, at + 1);
                continue;
            }

            (int start, int end) = (at, at + length);
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

    private (AddedToken? Token, int Length) Longest(string text, int at)
    {
        (AddedToken? Token, int Length) best = default;
        Node node = root;
        for (int i = at; i < text.Length && node.Next.TryGetValue(text[i], out Node? next); i++)
        {
            node = next;
            if (node.Token is not null)
            {
                best = (node.Token, i + 1 - at);
            }
        }

        return best;
    }

    private static bool IsAlone(string text, int start, int end) =>
        (start == 0 || !IsWord(LastRune(text, start))) && (end == text.Length || !IsWord(Rune.GetRuneAt(text, end)));

    private static Rune LastRune(string text, int end) => Rune.GetRuneAt(text, end > 1 && char.IsLowSurrogate(text[end - 1]) ? end - 2 : end - 1);

    private static bool IsWord(Rune rune) => Rune.IsLetterOrDigit(rune) || rune.Value == '_';

    private sealed class Node
    {
        internal Dictionary<char, Node> Next { get; } = [];

        internal AddedToken? Token { get; set; }
    }
}
