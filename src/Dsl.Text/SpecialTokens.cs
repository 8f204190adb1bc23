using System.Collections.Generic;

namespace Dsl.Text;

/// <summary>Ids of special tokens by what they are for; null where a vocabulary has no such token.</summary>
/// <param name="Pad">Fills rows.</param>
/// <param name="Unknown">Stands for what the vocabulary lacks.</param>
/// <param name="Class">Before a text: [CLS], or RoBERTa's &lt;s&gt;.</param>
/// <param name="Separator">After a text: [SEP], or RoBERTa's &lt;/s&gt;.</param>
/// <param name="Mask">To be guessed.</param>
/// <param name="Begin">Before a text that is written on.</param>
/// <param name="End">After a text that is complete.</param>
public sealed record SpecialTokens(
    int? Pad = null, int? Unknown = null, int? Class = null, int? Separator = null, int? Mask = null, int? Begin = null, int? End = null)
{
    /// <summary>T5's sentinels, &lt;extra_id_0&gt; first; empty where the vocabulary has none.</summary>
    public IReadOnlyList<int> Sentinels { get; init; } = [];
}
