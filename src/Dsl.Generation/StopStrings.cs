using System;
using System.Collections.Generic;

namespace Dsl.Generation;

/// <summary>
/// Watches one row's text for strings that end it. Text that may be the beginning of one is held back until that is decided, so that a stop string is found
/// across token borders and no part of it is ever given out.
/// </summary>
public sealed class StopStrings(IReadOnlyList<string> stops)
{
    private string held = "";

    /// <summary>A stop string has been seen; nothing follows.</summary>
    public bool Stopped { get; private set; }

    /// <summary>Takes new text and returns what is safe to show.</summary>
    public string Push(string text)
    {
        if (Stopped || text.Length == 0)
        {
            return "";
        }

        held += text;
        int first = -1;
        foreach (string stop in stops)
        {
            int at = held.IndexOf(stop, StringComparison.Ordinal);
            first = at >= 0 && (first < 0 || at < first) ? at : first;
        }

        if (first >= 0)
        {
            Stopped = true;
            return Release(first, drop: true);
        }

        return Release(held.Length - OpenSuffix(), drop: false);
    }

    /// <summary>What was held back, when no text will follow.</summary>
    public string Flush() => Release(held.Length, drop: true);

    private string Release(int count, bool drop)
    {
        string safe = held[..count];
        held = drop ? "" : held[count..];
        return safe;
    }

    /// <summary>The length of the longest end of the held text that begins a stop string.</summary>
    private int OpenSuffix()
    {
        int longest = 0;
        foreach (string stop in stops)
        {
            for (int n = Math.Min(stop.Length - 1, held.Length); n > longest; n--)
            {
                if (held.AsSpan(held.Length - n).SequenceEqual(stop.AsSpan(0, n)))
                {
                    longest = n;
                }
            }
        }

        return longest;
    }
}
