using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl.Reference.Interpreting;

/// <summary>A string of axes as a declaration writes it: <c>"b t (h d)"</c>. Each stored axis is the names it is made of; <c>1</c> has none.</summary>
internal static class AxisText
{
    internal static IReadOnlyList<string[]> Groups(string text)
    {
        var groups = new List<string[]>();
        for (int at = 0; at < text.Length;)
        {
            if (text[at] == ' ')
            {
                at++;
                continue;
            }

            int end = text.IndexOf(text[at] == '(' ? ')' : ' ', at);
            end = end < 0 ? text.Length : end;
            string word = text[at..end].Trim('(', ' ');
            groups.Add(word == "1" ? [] : word.Split(' ', StringSplitOptions.RemoveEmptyEntries));
            at = end + 1;
        }

        return groups;
    }

    /// <summary>All names in order, axes of size one left out.</summary>
    internal static string[] Names(string text) => [.. Groups(text).SelectMany(g => g)];

    /// <summary>The names and brackets of a recurrence's state: <c>"b d [n]"</c>.</summary>
    internal static (string[] Parallel, string[] Seen) State(string text)
    {
        int open = text.IndexOf('[');
        return open < 0 ? (Names(text), []) : (Names(text[..open]), Names(text[open..].Replace('[', ' ').Replace(']', ' ')));
    }
}
