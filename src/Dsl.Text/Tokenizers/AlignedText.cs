using System;
using System.Collections.Generic;
using System.Text;

namespace Dsl.Text.Tokenizers;

/// <summary>A text on its way from what was typed to what a model looks up: each UTF-16 unit knows which part of the original it came from.</summary>
internal sealed class AlignedText
{
    // Null where the text is a part of the original as it stands; then unit i came from unit shift + i.
    private readonly TextSpan[]? origins;
    private readonly int shift;
    private readonly int most;

    private AlignedText(string text, TextSpan[]? origins, int shift, int most)
    {
        Text = text;
        this.origins = origins;
        this.shift = shift;
        this.most = most;
    }

    internal string Text { get; }

    internal int Length => Text.Length;

    /// <summary>Where the text begins in the original.</summary>
    internal int OriginalStart => origins is null ? shift : Length > 0 ? origins[shift].Start : 0;

    /// <summary>The part [start, end) of an original, as it stands.</summary>
    internal static AlignedText Of(string original, int start, int end) => new(original[start..end], null, start, Most(end - start, 1 << 16));

    /// <summary>An original, as it stands.</summary>
    internal static AlignedText Of(string original) => Of(original, 0, original.Length);

    /// <summary>What a part of this text came from.</summary>
    internal TextSpan Origin(int start, int end)
    {
        if (start >= end)
        {
            return default;
        }

        return origins is null ? new TextSpan(shift + start, shift + end) : new TextSpan(origins[shift + start].Start, origins[shift + end - 1].End);
    }

    internal AlignedText Slice(int start, int end) => start == 0 && end == Length ? this
        : new AlignedText(Text[start..end], origins, shift + start, Math.Min(most, Most(end - start, 1 << 10)));

    /// <summary>Other units, one for each of this text.</summary>
    internal AlignedText Respelt(string text) =>
        text.Length == Length ? new AlignedText(text, origins, shift, most) : throw new ArgumentException("A unit for each unit was expected.", nameof(text));

    // Normalisers of files may make more of a text than was there; none that was ever published makes more than 18 units of one.
    private static int Most(int length, int least) => (int)Math.Min(int.MaxValue, (32L * length) + least);

    /// <summary>Collects a text unit by unit.</summary>
    /// <param name="from">What it is made of, which bounds its length.</param>
    internal sealed class Builder(AlignedText from)
    {
        private readonly StringBuilder text = new();
        private readonly List<TextSpan> origins = [];

        internal int Length => text.Length;

        internal char Last => text[^1];

        internal void Append(ReadOnlySpan<char> units, TextSpan origin)
        {
            Require(units.Length);
            text.Append(units);
            for (int i = 0; i < units.Length; i++)
            {
                origins.Add(origin);
            }
        }

        internal void Append(char unit, TextSpan origin)
        {
            Require(1);
            text.Append(unit);
            origins.Add(origin);
        }

        internal void Append(AlignedText part, int start, int end)
        {
            Require(end - start);
            text.Append(part.Text, start, end - start);
            for (int i = start; i < end; i++)
            {
                origins.Add(part.Origin(i, i + 1));
            }
        }

        internal void RemoveLast()
        {
            text.Length--;
            origins.RemoveAt(origins.Count - 1);
        }

        internal AlignedText Build() => new(text.ToString(), [.. origins], 0, from.most);

        private void Require(int units)
        {
            if (text.Length + (long)units > from.most)
            {
                throw new GrowthException($"the tokenizer makes more than {from.most} characters of a part of the text, expected at most 32 of each");
            }
        }
    }
}

/// <summary>A text that grows without bound on its way, said without the file's name: whoever knows it adds it.</summary>
internal sealed class GrowthException(string message) : Exception(message);
