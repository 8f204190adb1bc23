using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using System.Text.Json.Nodes;

namespace Dsl.Text.Tokenizers;

/// <summary>
/// sentencepiece.bpe.model of mBART, mBART-50 and XLM-R. Ids are fairseq's: &lt;s&gt; &lt;pad&gt; &lt;/s&gt; &lt;unk&gt; first where the file has
/// &lt;unk&gt; &lt;s&gt; &lt;/s&gt;, every other piece one further, then the codes of the languages, then &lt;mask&gt;. Which of the families it is stands
/// in tokenizer_config.json (<c>tokenizer_class</c>), else follows from the model's config.json.
/// </summary>
internal static class FairseqPieces
{
    internal const string FileName = "sentencepiece.bpe.model";
    internal const string ModelConfig = "config.json";

    private const string MBart = "MBartTokenizer", MBart50 = "MBart50Tokenizer", XlmRoberta = "XLMRobertaTokenizer";

    /// <summary>The 25 languages of mBART (Liu et al. 2020, arXiv 2001.08210), in the order of their ids.</summary>
    private static readonly string[] Languages =
    [
        "ar_AR", "cs_CZ", "de_DE", "en_XX", "es_XX", "et_EE", "fi_FI", "fr_XX", "gu_IN", "hi_IN", "it_IT", "ja_XX", "kk_KZ", "ko_KR", "lt_LT", "lv_LV", "my_MM",
        "ne_NP", "nl_XX", "ro_RO", "ru_RU", "si_LK", "tr_TR", "vi_VN", "zh_CN",
    ];

    /// <summary>Those that mBART-50 has beside them (Tang et al. 2020, arXiv 2008.00401): 52 in all.</summary>
    private static readonly string[] MoreLanguages =
    [
        "af_ZA", "az_AZ", "bn_IN", "fa_IR", "he_IL", "hr_HR", "id_ID", "ka_GE", "km_KH", "mk_MK", "ml_IN", "mn_MN", "mr_IN", "pl_PL", "ps_AF", "pt_XX", "sv_SE",
        "sw_KE", "ta_IN", "te_IN", "th_TH", "tl_XX", "uk_UA", "ur_PK", "xh_ZA", "gl_ES", "sl_SI",
    ];

    /// <exception cref="TextException">The file's first pieces are others, no file says whose they are, or the source language is unknown.</exception>
    internal static SentencePieceFamily Of(SentencePieceFile model, IReadOnlyList<(string Name, byte[] Bytes)> files, string file)
    {
        if (!model.Pieces.Take(3).Select(piece => piece.Text).SequenceEqual(["<unk>", "<s>", "</s>"]))
        {
            string first = string.Join(' ', model.Pieces.Take(3).Select(piece => piece.Text));
            throw new TextException($"{file}: the first pieces are {first}, expected <unk> <s> </s>");
        }

        string kind = Kind(model, files, file);
        string[] codes = kind switch
        {
            MBart => Languages,
            MBart50 => [.. Languages, .. MoreLanguages],
            _ => [],
        };
        string language = SpecialNames.Config(files)?.OptionalText("src_lang") ?? "en_XX";
        if (codes.Length > 0 && !codes.Contains(language))
        {
            throw new TextException($"{file}: src_lang '{language}' unknown; known: {string.Join(", ", codes)}");
        }

        return new SentencePieceFamily
        {
            Tokens = ["<s>", "<pad>", "</s>", "<unk>", .. model.Pieces.Skip(3).Select(piece => piece.Text), .. codes, "<mask>"],
            Shift = 1,
            Added = ["<s>", "<pad>", "</s>", "<unk>", .. codes, "<mask>"],
            Mask = "<mask>",
            Template = vocabulary =>
            {
                TemplatePart Token(string token) => TemplatePart.Special(0, vocabulary.IdOf(token)!.Value);
                TemplatePart a = TemplatePart.First(0), b = TemplatePart.Second(0);
                return kind switch
                {
                    MBart => new Template([a, Token("</s>"), Token(language)], [a, b, Token("</s>"), Token(language)]),
                    MBart50 => new Template([Token(language), a, Token("</s>")], [Token(language), a, b, Token("</s>")]),
                    _ => new Template(
                        [Token("<s>"), a, Token("</s>")], [Token("<s>"), a, Token("</s>"), Token("</s>"), b, Token("</s>")]),
                };
            },

            // A language code at an edge of the template is neither.
            Special = special => special with { Class = 0, Separator = 2 },
            Files = Saved(files, kind),
        };
    }

    private static string Kind(SentencePieceFile model, IReadOnlyList<(string Name, byte[] Bytes)> files, string file)
    {
        if (SpecialNames.Config(files)?.OptionalText("tokenizer_class") is { } said)
        {
            string kind = said.EndsWith("Fast", StringComparison.Ordinal) ? said[..^4] : said;
            return kind is MBart or MBart50 or XlmRoberta ? kind
                : throw new TextException($"{file}: tokenizer_class '{said}' unknown; known: {MBart}, {MBart50}, {XlmRoberta}");
        }

        foreach ((string name, byte[] bytes) in files.Where(entry => entry.Name == ModelConfig))
        {
            JsonField config = JsonField.Read(bytes, name);
            switch (config.OptionalText("model_type"))
            {
                // One id is between the pieces and the codes, one is the mask's.
                case "mbart":
                    return config.Optional("vocab_size")?.Int() == model.Pieces.Count + Languages.Length + MoreLanguages.Length + 2 ? MBart50 : MBart;
                case "xlm-roberta":
                    return XlmRoberta;
            }
        }

        throw new TextException(
            $"{file}: no word on whose it is, expected tokenizer_class {MBart}, {MBart50} or {XlmRoberta} in {SpecialNames.ConfigFile},"
            + $" or the model's {ModelConfig}");
    }

    /// <summary>What was read, but for the model's config, which is not the tokenizer's to write; what it said stands in tokenizer_config.json then.</summary>
    private static IReadOnlyList<(string Name, byte[] Bytes)> Saved(IReadOnlyList<(string Name, byte[] Bytes)> files, string kind)
    {
        byte[]? config = files.Where(entry => entry.Name == SpecialNames.ConfigFile).Select(entry => entry.Bytes).FirstOrDefault();
        JsonObject said = config is null ? [] : JsonNode.Parse(config)!.AsObject();
        said["tokenizer_class"] ??= kind;
        return [
            .. files.Where(entry => entry.Name is not (ModelConfig or SpecialNames.ConfigFile)),
            (SpecialNames.ConfigFile, Encoding.UTF8.GetBytes(said.ToJsonString())),
        ];
    }
}
