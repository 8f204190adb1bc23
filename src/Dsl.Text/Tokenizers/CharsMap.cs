using System;
using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Dsl.Text.Tokenizers;

/// <summary>
/// sentencepiece's compiled normalisation: a double-array trie of byte strings (Aoe 1989; its units as in the library Darts) with the texts they become.
/// The longest match counts, as in sentencepiece itself; <see cref="ByGraphemes"/> is how a tokenizer.json means the same table.
/// </summary>
internal sealed class CharsMap : INormalizer
{
    // A search reads as far as the longest entry, at every place of a text.
    private const int LongestEntry = 1000;

    private readonly uint[] units;
    private readonly byte[] texts;
    private readonly string file;

    private CharsMap(uint[] units, byte[] texts, string file) => (this.units, this.texts, this.file) = (units, texts, file);

    /// <exception cref="TextException">The lengths in it do not fit.</exception>
    internal static CharsMap Read(byte[] blob, string file)
    {
        uint size = blob.Length >= 4 ? BinaryPrimitives.ReadUInt32LittleEndian(blob) : uint.MaxValue;
        if (size % 4 != 0 || size > blob.Length - 4)
        {
            throw new TextException(
                $"{file}: the normalisation table says {size} bytes of trie and has {blob.Length}, expected a table as sentencepiece writes it");
        }

        var units = new uint[size / 4];
        for (int i = 0; i < units.Length; i++)
        {
            units[i] = BinaryPrimitives.ReadUInt32LittleEndian(blob.AsSpan(4 + (4 * i)));
        }

        return new CharsMap(units, blob[(int)(4 + size)..], file);
    }

    public AlignedText Apply(AlignedText text)
    {
        var built = new AlignedText.Builder(text);
        for (int at = 0; at < text.Length;)
        {
            (int end, string? mapped) = Longest(text.Text, at);
            if (mapped is null)
            {
                end = at + (char.IsHighSurrogate(text.Text[at]) ? 2 : 1);
                built.Append(text, at, end);
            }
            else
            {
                built.Append(mapped, text.Origin(at, end));
            }

            at = end;
        }

        return built.Build();
    }

    /// <summary>
    /// The table as Hugging Face's tokenizers apply it: a whole grapheme of less than six bytes becomes what the shortest entry at its start becomes, else
    /// each character by itself. Where marks follow a letter that is not what sentencepiece does.
    /// </summary>
    internal INormalizer ByGraphemes => new Graphemes(this);

    private (int End, string? Mapped) Longest(string text, int from) => Match(text, from, text.Length, shortest: false);

    private (int End, string? Mapped) Match(string text, int from, int limit, bool shortest)
    {
        (int End, string? Mapped) best = (from, null);
        if (units.Length == 0)
        {
            return best;
        }

        int found = -1;
        uint node = Offset(units[0]);
        Span<byte> bytes = stackalloc byte[4];
        for (int at = from; at < limit;)
        {
            if (at - from > LongestEntry)
            {
                throw new TextException($"{file}: the normalisation table has an entry of more than {LongestEntry} characters, expected short ones");
            }

            Rune rune = Rune.GetRuneAt(text, at);
            at += rune.Utf16SequenceLength;
            foreach (byte value in bytes[..rune.EncodeToUtf8(bytes)])
            {
                node ^= value;
                if (value == 0 || node >= units.Length || (units[node] & 0x800000FF) != value)
                {
                    return Result(best.End, found);
                }

                uint unit = units[node];
                node ^= Offset(unit);
                if (((unit >> 8) & 1) == 1 && node < units.Length)
                {
                    (best.End, found) = (at, (int)(units[node] & 0x7FFFFFFF));
                    if (shortest)
                    {
                        return Result(best.End, found);
                    }
                }
            }
        }

        return Result(best.End, found);
    }

    private (int End, string? Mapped) Result(int end, int found)
    {
        if (found < 0 || found >= texts.Length)
        {
            return (end, null);
        }

        int length = texts.AsSpan(found).IndexOf((byte)0);
        return (end, Encoding.UTF8.GetString(texts.AsSpan(found, length < 0 ? texts.Length - found : length)));
    }

    private static uint Offset(uint unit) => (unit >> 10) << (int)((unit & (1u << 9)) >> 6);

    private sealed class Graphemes(CharsMap map) : INormalizer
    {
        private const int MostBytes = 5;

        public AlignedText Apply(AlignedText text)
        {
            var built = new AlignedText.Builder(text);
            for (int at = 0; at < text.Length;)
            {
                int end = at + StringInfo.GetNextTextElementLength(text.Text, at);
                if (Encoding.UTF8.GetByteCount(text.Text.AsSpan(at, end - at)) > MostBytes || !Put(built, text, at, end))
                {
                    for (int one = at; one < end; one += char.IsHighSurrogate(text.Text[one]) ? 2 : 1)
                    {
                        int next = one + (char.IsHighSurrogate(text.Text[one]) ? 2 : 1);
                        if (!Put(built, text, one, next))
                        {
                            built.Append(text, one, next);
                        }
                    }
                }

                at = end;
            }

            return built.Build();
        }

        private bool Put(AlignedText.Builder built, AlignedText text, int start, int end)
        {
            if (map.Match(text.Text, start, end, shortest: true).Mapped is not { } mapped)
            {
                return false;
            }

            built.Append(mapped, text.Origin(start, end));
            return true;
        }
    }
}
