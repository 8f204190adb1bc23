using System;
using System.Collections.Generic;
using System.Text;

namespace Dsl.Generation;

/// <summary>
/// Watches one row's text for strings that end it. Text that may be the beginning of one is held back until that is decided, so that a stop string is found
/// across token borders and no part of it is ever given out.
/// </summary>
public sealed class StopStrings(IReadOnlyList<string> stops)
{
    private readonly StringBuilder held = new();

    // One for each unit of the held text: whether it is given out.
    private readonly List<bool> shown = [];

    /// <summary>A stop string has been seen; nothing follows.</summary>
    public bool Stopped { get; private set; }

    /// <summary>Takes new text and returns what is safe to show.</summary>
    public string Push(string text) => Push(text, isShown: true);

    /// <summary>
    /// Takes the spelling of a special token, which belongs to no text that is shown: it is watched where a stop string has it whole, and never given out.
    /// </summary>
    public string PushSpecial(string spelling)
    {
        foreach (string stop in stops)
        {
            if (stop.Contains(spelling, StringComparison.Ordinal))
            {
                return Push(spelling, isShown: false);
            }
        }

        return "";
    }

    private string Push(string text, bool isShown)
    {
        if (Stopped || text.Length == 0)
        {
            return "";
        }

        held.Append(text);
        for (int i = 0; i < text.Length; i++)
        {
            shown.Add(isShown);
        }

        string all = held.ToString();
        int first = -1;
        foreach (string stop in stops)
        {
            int at = all.IndexOf(stop, StringComparison.Ordinal);
            first = at >= 0 && (first < 0 || at < first) ? at : first;
        }

        if (first >= 0)
        {
            Stopped = true;
            return Release(first, drop: true);
        }

        return Release(all.Length - OpenSuffix(all), drop: false);
    }

    /// <summary>What was held back, when no text will follow.</summary>
    public string Flush() => Release(held.Length, drop: true);

    private string Release(int count, bool drop)
    {
        var safe = new StringBuilder(count);
        for (int i = 0; i < count; i++)
        {
            if (shown[i])
            {
                safe.Append(held[i]);
            }
        }

        int gone = drop ? held.Length : count;
        held.Remove(0, gone);
        shown.RemoveRange(0, gone);
        return safe.ToString();
    }

    /// <summary>The length of the longest end of the held text that begins a stop string.</summary>
    private int OpenSuffix(string all)
    {
        int longest = 0;
        foreach (string stop in stops)
        {
            for (int n = Math.Min(stop.Length - 1, all.Length); n > longest; n--)
            {
                if (all.AsSpan(all.Length - n).SequenceEqual(stop.AsSpan(0, n)))
                {
                    longest = n;
                }
            }
        }

        return longest;
    }
}
