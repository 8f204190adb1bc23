using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl.Text.Tokenizers;

/// <summary>What special tokens are for: from the files beside the vocabulary, else from the template and the usual names.</summary>
internal static class SpecialNames
{
    internal const string ConfigFile = "tokenizer_config.json";
    internal const string MapFile = "special_tokens_map.json";

    internal static SpecialTokens Of(TokensBeside beside, Vocabulary vocabulary, Template template, string? unknown)
    {
        int? first = Edge(template.Single.FirstOrDefault()), last = Edge(template.Single.LastOrDefault());
        bool framed = first is not null && last is not null;

        int? Find(string key, int? derived, params string[] usual) => beside.NameOf(key) is { } said
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
}
