using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl.Text.Tokenizers;

/// <summary>What special tokens are for: from tokenizer_config.json and special_tokens_map.json, else from the template and the usual names.</summary>
internal static class SpecialNames
{
    internal const string ConfigFile = "tokenizer_config.json";
    internal const string MapFile = "special_tokens_map.json";

    internal static SpecialTokens Of(IReadOnlyList<(string Name, byte[] Bytes)> files, Vocabulary vocabulary, Template template, string? unknown)
    {
        JsonField[] saying = [.. new[] { ConfigFile, MapFile }.SelectMany(name => files.Where(file => file.Name == name))
            .Select(file => JsonField.Read(file.Bytes, file.Name))];
        int? first = Edge(template.Single.FirstOrDefault()), last = Edge(template.Single.LastOrDefault());
        bool framed = first is not null && last is not null;

        // A published file may name tokens that its vocabulary lacks: then there is none of that purpose.
        int? Find(string key, int? derived, params string[] usual) =>
            saying.Select(json => Content(json.Optional(key))).FirstOrDefault(name => name is not null) is { } said
                ? vocabulary.IdOf(said)
                : derived ?? usual.Select(vocabulary.IdOf).FirstOrDefault(id => id is not null);

        return new SpecialTokens(
            Pad: Find("pad_token", null, "[PAD]", "<pad>", "<|pad|>", "<|finetune_right_pad_id|>"),
            Unknown: Find("unk_token", unknown is null ? null : vocabulary.IdOf(unknown), "[UNK]", "<unk>"),
            Class: Find("cls_token", framed ? first : null, "[CLS]"),
            Separator: Find("sep_token", framed ? last : null, "[SEP]"),
            Mask: Find("mask_token", null, "[MASK]", "<mask>"),
            Begin: Find("bos_token", null, "<s>", "<|begin_of_text|>", "<bos>", "<|startoftext|>", "<|endoftext|>"),
            End: Find("eos_token", null, "</s>", "<|end_of_text|>", "<eos>", "<|endoftext|>"))
        {
            Sentinels = [.. Enumerable.Range(0, vocabulary.Count).Select(i => vocabulary.IdOf($"<extra_id_{i}>")).TakeWhile(id => id is not null)
                .Select(id => id!.Value)],
        };
    }

    /// <summary>tokenizer_config.json, where it is there.</summary>
    internal static JsonField? Config(IReadOnlyList<(string Name, byte[] Bytes)> files) =>
        files.Where(file => file.Name == ConfigFile).Select(file => (JsonField?)JsonField.Read(file.Bytes, file.Name)).FirstOrDefault();

    private static int? Edge(TemplatePart part) => part.Ids is { Count: > 0 } ids ? ids[0] : null;

    private static string? Content(JsonField? field) => field is not { } json ? null : json.IsObject ? json.OptionalText("content") : json.Text();
}
