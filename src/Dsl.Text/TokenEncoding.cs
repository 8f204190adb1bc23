using System.Linq;

namespace Dsl.Text;

/// <summary>Part of a text in UTF-16 units: <c>text[Start..End]</c>.</summary>
public readonly record struct TextSpan(int Start, int End);

/// <summary>A text, or a pair of texts, as tokens. All arrays have one element for each token.</summary>
/// <param name="Ids">Token ids.</param>
/// <param name="Offsets">The part of its own text that each token stands for; empty for special tokens that were added. A token that is one byte of a
/// character stands for the whole character.</param>
/// <param name="TypeIds">0 for the first text, 1 for the second where the vocabulary's template says so.</param>
/// <param name="SpecialMask">1 for tokens that were added around the text, and for padding.</param>
/// <param name="AttentionMask">0 for padding.</param>
/// <param name="WordIds">The number of the token's word in its text, from 0; tokens of one word stand side by side. -1 for added tokens.</param>
/// <param name="TextIds">0 for the first text, 1 for the second, -1 for added tokens.</param>
public sealed record TokenEncoding(int[] Ids, TextSpan[] Offsets, int[] TypeIds, int[] SpecialMask, int[] AttentionMask, int[] WordIds, int[] TextIds)
{
    /// <summary>Number of tokens.</summary>
    public int Count => Ids.Length;

    /// <summary>The same with padding on the right, or on the left, up to <paramref name="length"/>; unchanged where it is that long already.</summary>
    public TokenEncoding PadTo(int length, int pad, int type = 0, bool left = false)
    {
        int missing = length - Count;
        if (missing <= 0)
        {
            return this;
        }

        T[] Fill<T>(T[] values, T value)
        {
            T[] filler = Enumerable.Repeat(value, missing).ToArray();
            return left ? [.. filler, .. values] : [.. values, .. filler];
        }

        return new TokenEncoding(
            Fill(Ids, pad), Fill(Offsets, default), Fill(TypeIds, type), Fill(SpecialMask, 1), Fill(AttentionMask, 0), Fill(WordIds, -1), Fill(TextIds, -1));
    }
}
