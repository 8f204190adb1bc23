using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;

namespace Dsl.Text.Tokenizers;

/// <summary>GPT-2's visible spelling of bytes: printable Latin-1 stands for itself, the rest for U+0100 onwards (openai/gpt-2, encoder.py).</summary>
internal static class ByteLevel
{
    /// <summary>GPT-2's words: contractions, letters, digits, other signs, each with the space before it; white space.</summary>
    internal const string WordPattern = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    private static readonly char[] Signs = MakeSigns();
    private static readonly Dictionary<char, byte> Bytes = Enumerable.Range(0, 256).ToDictionary(value => Signs[value], value => (byte)value);

    /// <summary>The 256 signs in the order of GPT-2's vocabulary: those that stand for themselves first.</summary>
    internal static IEnumerable<string> Alphabet => Signs.Order().Select(sign => sign.ToString());

    /// <summary>The sign of a space.</summary>
    internal static char Space => Signs[' '];

    /// <summary>The text's UTF-8 bytes as signs; all bytes of a character come from that character.</summary>
    internal static AlignedText Spell(AlignedText text)
    {
        if (Ascii.IsValid(text.Text))
        {
            return text.Respelt(string.Create(text.Length, text.Text, static (signs, from) =>
            {
                for (int i = 0; i < signs.Length; i++)
                {
                    signs[i] = Signs[from[i]];
                }
            }));
        }

        var spelt = new AlignedText.Builder(text);
        Span<byte> bytes = stackalloc byte[4];
        int at = 0;
        foreach (Rune rune in text.Text.EnumerateRunes())
        {
            TextSpan origin = text.Origin(at, at + rune.Utf16SequenceLength);
            foreach (byte value in bytes[..rune.EncodeToUtf8(bytes)])
            {
                spelt.Append(Signs[value], origin);
            }

            at += rune.Utf16SequenceLength;
        }

        return spelt.Build();
    }

    /// <summary>Bytes as signs.</summary>
    internal static string Spell(ReadOnlySpan<byte> bytes)
    {
        var signs = new char[bytes.Length];
        for (int i = 0; i < bytes.Length; i++)
        {
            signs[i] = Signs[bytes[i]];
        }

        return new string(signs);
    }

    /// <summary>The bytes that a token spells; a token with other characters, as added ones may have, spells its own UTF-8.</summary>
    internal static byte[] BytesOf(string token)
    {
        var bytes = new byte[token.Length];
        for (int i = 0; i < token.Length; i++)
        {
            if (!Bytes.TryGetValue(token[i], out bytes[i]))
            {
                return Encoding.UTF8.GetBytes(token);
            }
        }

        return bytes;
    }

    private static char[] MakeSigns()
    {
        var signs = new char[256];
        int next = 256;
        for (int value = 0; value < 256; value++)
        {
            bool visible = value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
            signs[value] = visible ? (char)value : (char)next++;
        }

        return signs;
    }
}

/// <summary>Splits into GPT-2's words, or leaves that to others, and spells bytes as signs.</summary>
internal sealed class ByteLevelSplit(bool prefixSpace, bool split) : IPreTokenizer
{
    private static readonly PatternSplit Words = new(TextPattern.Regex(ByteLevel.WordPattern, "").Matches, SplitBehavior.Isolated);

    public IEnumerable<AlignedText> Split(AlignedText text)
    {
        AlignedText whole = prefixSpace && text.Length > 0 && !text.Text.StartsWith(' ') ? PrependNormalizer.Prepend(text, " ") : text;
        return (split ? Words.Split(whole) : [whole]).Select(ByteLevel.Spell);
    }
}
