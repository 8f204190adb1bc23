using System.Collections.Generic;
using System.Text.Json.Nodes;
using Dsl.Text;

namespace Zoo.Cli;

/// <summary>Ids of special tokens as a <c>config.json</c> names them.</summary>
internal static class SpecialIds
{
    /// <summary>Those that a vocabulary has.</summary>
    /// <param name="tokenizer">The vocabulary.</param>
    /// <param name="decoderStart">What a decoder begins with; null: there is none.</param>
    /// <param name="language">The language that is written first; null: none.</param>
    internal static IEnumerable<(string Key, JsonNode? Value)> Of(ITokenizer tokenizer, int? decoderStart = null, int? language = null)
    {
        (string Key, int? Id)[] ids =
        [
            ("pad_token_id", tokenizer.Special.Pad), ("bos_token_id", tokenizer.Special.Begin), ("eos_token_id", tokenizer.Special.End),
            ("decoder_start_token_id", decoderStart), ("forced_bos_token_id", language),
        ];
        foreach ((string key, int? id) in ids)
        {
            if (id is { } known)
            {
                yield return (key, known);
            }
        }
    }
}
