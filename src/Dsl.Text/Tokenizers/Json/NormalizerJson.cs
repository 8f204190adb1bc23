using System;
using System.Linq;

namespace Dsl.Text.Tokenizers;

/// <summary>The <c>normalizer</c> of a tokenizer.json.</summary>
internal static class NormalizerJson
{
    internal static INormalizer? Read(JsonField? field, string file)
    {
        field?.RequireFewSteps("normalizers");
        return field is { } json ? Of(json, file) : null;
    }

    private static INormalizer Of(JsonField json, string file)
    {
        string type = json["type"].Text();
        switch (type)
        {
            case "Sequence":
                return new NormalizerSequence([.. json["normalizers"].Items().Select(item => Of(item, file))]);
            case "BertNormalizer":
                bool lowercase = json.Flag("lowercase", true);
                return BertNormalizer.Make(
                    json.Flag("clean_text", true), json.Flag("handle_chinese_chars", true), json.Flag("strip_accents", lowercase), lowercase);
            case "NFC":
                return new UnicodeFormNormalizer(compatible: false, compose: true);
            case "NFD":
                return new UnicodeFormNormalizer(compatible: false, compose: false);
            case "NFKC":
                return new UnicodeFormNormalizer(compatible: true, compose: true);
            case "NFKD":
                return new UnicodeFormNormalizer(compatible: true, compose: false);
            case "Lowercase":
                return RuneNormalizer.Lowercase;
            case "StripAccents":
                return RuneNormalizer.WithoutMarks;
            case "Strip":
                return new StripNormalizer(json.Flag("strip_left", true), json.Flag("strip_right", true));
            case "Prepend":
                return new PrependNormalizer(json["prepend"].Text());
            case "Replace":
                return new ReplaceNormalizer(PatternJson.Read(json["pattern"], file), json["content"].Text());
            case "Precompiled":
                return CharsMap.Read(Base64(json["precompiled_charsmap"]), file).ByGraphemes;
            default:
                throw json["type"].Unknown(
                    type, "Sequence", "BertNormalizer", "NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Strip", "Prepend", "Replace",
                    "Precompiled");
        }
    }

    private static byte[] Base64(JsonField field)
    {
        try
        {
            return Convert.FromBase64String(field.Text());
        }
        catch (FormatException)
        {
            throw field.Error("no base64", "a table in base64");
        }
    }
}

/// <summary>A pattern in a tokenizer.json: a text or a regular expression.</summary>
internal static class PatternJson
{
    internal static TextPattern Read(JsonField field, string file) =>
        field.IsText ? TextPattern.Plain(field.Text())
        : field.OptionalText("String") is { } plain ? TextPattern.Plain(plain)
        : field.OptionalText("Regex") is { } regex ? TextPattern.Regex(regex, file)
        : throw field.Error("no pattern", "{\"String\": ...} or {\"Regex\": ...}");
}
