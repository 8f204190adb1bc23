using System;
using System.Collections.Generic;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Dsl.Training;

namespace Dsl.Fuzz.Mutants;

/// <summary>Files to begin with that hold as many of their format's words as fit into a page.</summary>
internal static class SmallJson
{
    internal static byte[] UnigramTokenizer => Encoding.UTF8.GetBytes("""
        {"added_tokens": [{"id": 0, "content": "<unk>", "special": true, "lstrip": true, "normalized": true}, {"id": 9, "content": "<s>", "rstrip": true}],
         "normalizer": {"type": "Sequence", "normalizers": [{"type": "NFKC"}, {"type": "Strip"}, {"type": "BertNormalizer"},
            {"type": "Prepend", "prepend": "x"}, {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}, {"type": "Lowercase"}]},
         "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "first"},
            {"type": "Split", "pattern": {"Regex": "(?i:'s|'t)|\\p{N}{1,3}|\\s+(?!\\S)|[a-z]+"}, "behavior": "Isolated"},
            {"type": "Digits", "individual_digits": true}, {"type": "Punctuation", "behavior": "Contiguous"}]},
         "post_processor": {"type": "TemplateProcessing",
            "single": [{"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "e", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {"e": {"id": "e", "ids": [1], "tokens": ["\u2581the"]}}},
         "decoder": {"type": "Sequence", "decoders": [{"type": "Metaspace", "replacement": "\u2581"}, {"type": "Fuse"},
            {"type": "Replace", "pattern": {"String": "the"}, "content": "THE"}, {"type": "Strip", "content": " ", "start": 1, "stop": 1}]},
         "model": {"type": "Unigram", "unk_id": 0, "byte_fallback": false, "vocab": [
            ["<unk>", 0], ["\u2581the", -1.5], ["\u2581in", -2], ["n", -3], ["be", -2.5], ["gin", -3.5], ["\u2581", -4], ["i", -4.5], ["g", -5]]}}
        """);

    internal static byte[] TokenizerConfig => """
        {"tokenizer_class": "BertTokenizer", "do_lower_case": true, "strip_accents": null, "tokenize_chinese_chars": true, "add_bos_token": false,
         "unk_token": "[UNK]", "mask_token": {"content": "[MASK]", "lstrip": true, "special": true}, "additional_special_tokens": ["<x>", {"content": "<y>"}],
         "added_tokens_decoder": {"0": {"content": "[PAD]", "special": true}, "5000": {"content": "<z>", "rstrip": true, "normalized": true}}}
        """u8.ToArray();

    internal static byte[] SpecialTokensMap => """
        {"unk_token": "[UNK]", "mask_token": {"content": "[MASK]", "lstrip": true, "normalized": false, "single_word": true},
         "additional_special_tokens": ["<x>", {"content": "<y>"}], "bos_token": "[CLS]", "eos_token": null}
        """u8.ToArray();

    /// <summary>The other files of a checkpoint in the middle of a run.</summary>
    internal static (string Name, byte[] Bytes)[] BesideTraining =>
        [("model.safetensors", "weights"u8.ToArray()), ("optimizer.safetensors", "moments"u8.ToArray()), ("config.json", "{}"u8.ToArray())];

    /// <summary>The manifest of a checkpoint as the product writes it: whole, with digests of itself and of what lies beside it.</summary>
    internal static byte[] Training
    {
        get
        {
            var json = new JsonSerializerOptions { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };
            string Hash(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
            var state = new TrainingState
            {
                Step = 6,
                Family = "Llama",
                Options = new TrainingOptions { Steps = 100, Batch = 4, Context = 32, Seed = 3 },
                Text = "a.txt",
                TextHash = Hash("a text"u8.ToArray()),
                Objective = "mlm",
                Settings = new Dictionary<string, string> { ["a"] = "b" },
                DataPosition = "12",
                Best = new HeldOutFigure(1.5, 4),
                Files = BesideTraining.ToDictionary(file => file.Name, file => new CheckpointFile(file.Bytes.Length, Hash(file.Bytes))),
                Digest = "",
            };
            return JsonSerializer.SerializeToUtf8Bytes(state with { Digest = Hash(JsonSerializer.SerializeToUtf8Bytes(state, json)) }, json);
        }
    }

    internal static string[] Templates =>
    [
        "{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + (m['content'] | trim) + '<|im_end|>\\n' }}{% endfor %}"
            + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}",
        """
        {%- set ns = namespace(a=[1, 2.5], b={'k': none}, t='x') %}
        {%- macro say(role, text='') %}<{{ role | upper }}>{{ text.strip().split(' ', 1)[0] }}{% endmacro %}
        {%- for m in messages if m.role != 'system' %}
          {%- if loop.first and not loop.last %}{{ say(m.role, m.content) }}{% elif loop.index0 % 2 == 1 %}{% continue %}{% else %}{% break %}{% endif %}
          {%- set ns.t = ns.t ~ m.content | replace('i', 'o', 1) %}
        {%- endfor %}{# a comment #}
        {{ ns.b | tojson(indent=2) }}{{ ns.a }}{{ messages[1:] | map(attribute='role') | join(', ') }}
        {{ ns.t[::-1] * 2 if ns.t is string else range(3) | list }}
        {% set block %}{{ messages | length }}{% endset %}{% with q = block %}{{ q }}{% endwith %}{% raw %}{{ x }}{% endraw %}
        """,
    ];

    /// <summary>The characters of a text in their order, as the codec writes them.</summary>
    internal static byte[] Characters(string text) => JsonSerializer.SerializeToUtf8Bytes(
        new { codec = "characters", characters = string.Concat(text.EnumerateRunes().Distinct().Order().Select(rune => rune.ToString())) });
}
