using System;
using System.Collections.Generic;

namespace Dsl.Text.Tokenizers;

/// <summary>Shortens a text, or a pair, to a number of tokens: the longer text first, then both alike.</summary>
internal static class Truncation
{
    /// <exception cref="TextException">The added tokens alone are more than that.</exception>
    internal static void Apply<T>(List<T>[] texts, int most, int added, bool left)
    {
        int room = most - added;
        if (room < 0)
        {
            throw new TextException($"at most {most} tokens, but {added} are added to every text, expected a limit of {added} or more");
        }

        if (texts.Length == 1)
        {
            Shorten(texts[0], room, left);
            return;
        }

        (int shorter, int longer) = texts[0].Count > texts[1].Count ? (1, 0) : (0, 1);
        int few = texts[shorter].Count;
        int many = few > room ? few : Math.Max(few, room - few);
        if (few + many > room)
        {
            (few, many) = (room / 2, (room / 2) + (room % 2));
        }

        Shorten(texts[shorter], few, left);
        Shorten(texts[longer], many, left);
    }

    private static void Shorten<T>(List<T> tokens, int most, bool left)
    {
        int excess = tokens.Count - most;
        if (excess > 0)
        {
            tokens.RemoveRange(left ? 0 : most, excess);
        }
    }
}
