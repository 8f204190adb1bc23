using System;
using System.Collections.Generic;

namespace Dsl.Training.Objectives;

/// <summary>Which positions are one word, for masking whole words. Special tokens belong to none.</summary>
public static class WordGroups
{
    /// <summary>Each position by itself.</summary>
    public static int[][] Single(int length, Func<int, bool> special) => Group(length, special, (_, _) => false);

    /// <summary>
    /// A position that continues a word joins the group before it, even across a special token (google-research/bert, create_pretraining_data.py, where
    /// pieces beginning with ## continue).
    /// </summary>
    public static int[][] ByContinuation(int length, Func<int, bool> special, Func<int, bool> continues) =>
        Group(length, special, (position, _) => continues(position));

    /// <summary>
    /// A position joins the group before it where no character lies between the two in the text (transformers' whole-word collator): "don't" and a word
    /// with its full stop are one word each.
    /// </summary>
    /// <param name="offsets">Begin and end of each token in the text.</param>
    /// <param name="special">Positions of special tokens.</param>
    public static int[][] ByOffsets(IReadOnlyList<(int Begin, int End)> offsets, Func<int, bool> special) =>
        Group(offsets.Count, special, (position, last) => last == position - 1 && offsets[last].End == offsets[position].Begin);

    private static int[][] Group(int length, Func<int, bool> special, Func<int, int, bool> joins)
    {
        var groups = new List<List<int>>();
        int last = -1;
        for (int i = 0; i < length; i++)
        {
            if (special(i))
            {
                continue;
            }

            if (groups.Count > 0 && joins(i, last))
            {
                groups[^1].Add(i);
            }
            else
            {
                groups.Add([i]);
            }

            last = i;
        }

        return groups.ConvertAll(group => group.ToArray()).ToArray();
    }
}
