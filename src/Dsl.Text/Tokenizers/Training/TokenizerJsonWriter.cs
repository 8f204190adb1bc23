using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dsl.Text.Tokenizers;

/// <summary>Writes learned vocabularies as tokenizer.json and opens what it wrote, so that both are one thing.</summary>
internal static class TokenizerJsonWriter
{
    private static readonly JsonSerializerOptions Readable = new()
    {
        WriteIndented = true,
        IndentSize = 1,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    internal static ITokenizer BytePair(IReadOnlyList<string> symbols, IReadOnlyList<(string Left, string Right)> joins, VocabularyLayout layout)
    {
        var byteLevel = new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["trim_offsets"] = true, ["use_regex"] = true };
        var model = new JsonObject
        {
            ["type"] = "BPE",
            ["unk_token"] = null,
            ["fuse_unk"] = false,
            ["byte_fallback"] = false,
            ["ignore_merges"] = false,
            ["vocab"] = Vocab(symbols, layout),
            ["merges"] = new JsonArray([.. joins.Select(join => new JsonArray(join.Left, join.Right))]),
        };
        return Open(layout, normalizer: null, byteLevel, byteLevel.DeepClone(), model);
    }

    internal static ITokenizer WordPiece(IReadOnlyList<string> symbols, VocabularyLayout layout, bool lowercase) => Open(
        layout,
        new JsonObject
        {
            ["type"] = "BertNormalizer",
            ["clean_text"] = true,
            ["handle_chinese_chars"] = true,
            ["strip_accents"] = null,
            ["lowercase"] = lowercase,
        },
        new JsonObject { ["type"] = "BertPreTokenizer" },
        new JsonObject { ["type"] = "WordPiece", ["prefix"] = "##", ["cleanup"] = true },
        new JsonObject
        {
            ["type"] = "WordPiece",
            ["unk_token"] = layout.Purposes["unk_token"],
            ["continuing_subword_prefix"] = "##",
            ["max_input_chars_per_word"] = 100,
            ["vocab"] = Vocab(symbols, layout),
        });

    private static PieceTokenizer Open(VocabularyLayout layout, JsonNode? normalizer, JsonNode preTokenizer, JsonNode decoder, JsonObject model)
    {
        JsonObject ids = model["vocab"]!.AsObject();
        string[] specials = [.. layout.First, .. layout.Last];
        var json = new JsonObject
        {
            ["version"] = "1.0",
            ["truncation"] = null,
            ["padding"] = null,
            ["added_tokens"] = new JsonArray([.. specials.OrderBy(token => ids[token]!.GetValue<int>()).Select(token => new JsonObject
            {
                ["id"] = ids[token]!.GetValue<int>(),
                ["content"] = token,
                ["single_word"] = false,
                ["lstrip"] = token == "<mask>",
                ["rstrip"] = false,
                ["normalized"] = false,
                ["special"] = true,
            })]),
            ["normalizer"] = normalizer,
            ["pre_tokenizer"] = preTokenizer,
            ["post_processor"] = TemplateOf(layout, ids),
            ["decoder"] = decoder,
            ["model"] = model,
        };
        var purposes = new JsonObject();
        foreach ((string purpose, string token) in layout.Purposes)
        {
            purposes[purpose] = token;
        }

        (string, byte[])[] files = [(TokenizerJson.FileName, Bytes(json)), (SpecialNames.ConfigFile, Bytes(purposes))];
        return TokenizerJson.Read(files, TokenizerJson.FileName);
    }

    private static JsonObject Vocab(IReadOnlyList<string> symbols, VocabularyLayout layout)
    {
        var ids = new JsonObject();
        foreach (string token in layout.First.Concat(symbols).Concat(layout.Last))
        {
            ids.Add(token, ids.Count);
        }

        return ids;
    }

    private static JsonNode TemplateOf(VocabularyLayout layout, JsonObject ids)
    {
        var specials = new JsonObject();
        IEnumerable<string> named = $"{layout.Single} {layout.Pair}".Split(' ').Select(part => part[..part.LastIndexOf(':')]).Distinct();
        foreach (string token in named.Where(token => token is not ("A" or "B")))
        {
            specials[token] = new JsonObject { ["id"] = token, ["ids"] = new JsonArray(ids[token]!.GetValue<int>()), ["tokens"] = new JsonArray(token) };
        }

        return new JsonObject
        {
            ["type"] = "TemplateProcessing",
            ["single"] = Parts(layout.Single),
            ["pair"] = Parts(layout.Pair),
            ["special_tokens"] = specials,
        };
    }

    private static JsonArray Parts(string template) => new([.. template.Split(' ').Select(part =>
    {
        int colon = part.LastIndexOf(':');
        string token = part[..colon];
        return new JsonObject
        {
            [token is "A" or "B" ? "Sequence" : "SpecialToken"] = new JsonObject { ["id"] = token, ["type_id"] = part[colon + 1] - '0' },
        };
    })]);

    private static byte[] Bytes(JsonObject json) => Encoding.UTF8.GetBytes(json.ToJsonString(Readable) + "\n");
}
