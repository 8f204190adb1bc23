using System.Collections.Generic;
using System.Linq;

namespace Dsl.Text.Tokenizers;

/// <summary>What stands around a text, or a pair, when a model reads it.</summary>
/// <param name="Single">For one text.</param>
/// <param name="Pair">For two.</param>
/// <param name="TrimSpaces">Offsets leave out the white space that byte-level tokens carry.</param>
/// <param name="PrefixSpace">The first token may carry a space that is not in the text.</param>
internal sealed record Template(
    IReadOnlyList<TemplatePart> Single, IReadOnlyList<TemplatePart> Pair, bool TrimSpaces = false, bool PrefixSpace = false)
{
    /// <summary>The text alone; of a pair the second has type 1.</summary>
    internal static Template Bare { get; } = Around(null, null);

    /// <summary>A token before each text, one after it, or neither.</summary>
    internal static Template Around(int? before, int? after, int secondType = 1)
    {
        TemplatePart[] Of(TemplatePart text)
        {
            TemplatePart[] Token(int? id) => id is { } known ? [TemplatePart.Special(text.Type, known)] : [];
            return [.. Token(before), text, .. Token(after)];
        }

        return new Template(Of(TemplatePart.First(0)), [.. Of(TemplatePart.First(0)), .. Of(TemplatePart.Second(secondType))]);
    }

    /// <summary>How many tokens are added.</summary>
    internal int Added(bool pair) => (pair ? Pair : Single).Sum(part => part.Ids.Count);

    /// <summary>The parts in order; without special tokens where they are not wanted.</summary>
    internal IEnumerable<TemplatePart> Parts(bool pair, bool specials) => (pair ? Pair : Single).Where(part => specials || part.Text is not null);
}

/// <summary>A text (0 or 1), or tokens that are added.</summary>
internal readonly record struct TemplatePart(int? Text, IReadOnlyList<int> Ids, int Type)
{
    internal static TemplatePart First(int type) => new(0, [], type);

    internal static TemplatePart Second(int type) => new(1, [], type);

    internal static TemplatePart Special(int type, params int[] ids) => new(null, ids, type);
}
