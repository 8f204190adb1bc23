using System.Collections.Generic;
using System.IO;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dsl.Files;
using Dsl.Text.Tokenizers;

namespace Dsl.Text;

/// <summary>A codec without merges as other libraries read one: <c>tokenizer.json</c> and <c>tokenizer_config.json</c>.</summary>
internal static class PlainTokenizerFile
{
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes both into a folder.</summary>
    /// <param name="folder">Of a checkpoint.</param>
    /// <param name="tokens">By id.</param>
    /// <param name="bytes">Tokens are bytes, spelt as byte-level vocabularies spell them; else characters.</param>
    internal static void Write(string folder, IReadOnlyList<string> tokens, bool bytes)
    {
        var vocabulary = new JsonObject();
        for (int id = 0; id < tokens.Count; id++)
        {
            vocabulary[tokens[id]] = id;
        }

        JsonObject ByteLevelStep() => new() { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["trim_offsets"] = true, ["use_regex"] = false };
        var json = new JsonObject
        {
            ["version"] = "1.0",
            ["truncation"] = null,
            ["padding"] = null,
            ["added_tokens"] = new JsonArray(),
            ["normalizer"] = null,
            ["pre_tokenizer"] = bytes ? ByteLevelStep() : null,
            ["post_processor"] = null,
            ["decoder"] = bytes ? ByteLevelStep() : new JsonObject { ["type"] = "Fuse" },

            // Pairs without merges: every character stays a token.
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["dropout"] = null,
                ["unk_token"] = null,
                ["continuing_subword_prefix"] = null,
                ["end_of_word_suffix"] = null,
                ["fuse_unk"] = false,
                ["byte_fallback"] = false,
                ["ignore_merges"] = false,
                ["vocab"] = vocabulary,
                ["merges"] = new JsonArray(),
            },
        };
        var settings = new JsonObject { ["tokenizer_class"] = "PreTrainedTokenizerFast", ["clean_up_tokenization_spaces"] = false };
        AtomicFiles.WriteText(Path.Combine(folder, TokenizerJson.FileName), json.ToJsonString(Readable) + "\n", TextException.Of);
        AtomicFiles.WriteText(Path.Combine(folder, SpecialNames.ConfigFile), settings.ToJsonString(Readable) + "\n", TextException.Of);
    }
}
