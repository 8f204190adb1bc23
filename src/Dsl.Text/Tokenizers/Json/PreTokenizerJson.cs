using System;
using System.Linq;
using System.Text;

namespace Dsl.Text.Tokenizers;

/// <summary>The <c>pre_tokenizer</c> of a tokenizer.json.</summary>
internal static class PreTokenizerJson
{
    internal static IPreTokenizer? Read(JsonField? field, string file)
    {
        field?.RequireFewSteps("pretokenizers");
        return field is { } json ? Of(json, file) : null;
    }

    private static IPreTokenizer Of(JsonField json, string file)
    {
        string type = json["type"].Text();
        switch (type)
        {
            case "Sequence":
                return new PreTokenizerSequence([.. json["pretokenizers"].Items().Select(item => Of(item, file))]);
            case "BertPreTokenizer":
                return PatternSplit.Bert;
            case "ByteLevel":
                return new ByteLevelSplit(json.Flag("add_prefix_space", true), json.Flag("use_regex", true));
            case "Metaspace":
                return new MetaspaceSplit(Sign(json), Prefix(json), json.Flag("split", true));
            case "Whitespace":
                return new PatternSplit(TextPattern.Regex(@"\w+|[^\w\s]+", file).Matches, SplitBehavior.Removed, invert: true);
            case "WhitespaceSplit":
                return PatternSplit.Each(Rune.IsWhiteSpace, SplitBehavior.Removed);
            case "Punctuation":
                return PatternSplit.Each(PatternSplit.IsPunctuation, json.Optional("behavior") is { } kind ? Behavior(kind) : SplitBehavior.Isolated);
            case "Digits":
                return PatternSplit.Each(Rune.IsNumber, json.Flag("individual_digits", false) ? SplitBehavior.Isolated : SplitBehavior.Contiguous);
            case "CharDelimiterSplit":
                Rune delimiter = One(json["delimiter"]);
                return PatternSplit.Each(rune => rune == delimiter, SplitBehavior.Removed);
            case "Split":
                return new PatternSplit(PatternJson.Read(json["pattern"], file).Matches, Behavior(json["behavior"]), json.Flag("invert", false));
            default:
                throw json["type"].Unknown(
                    type, "Sequence", "BertPreTokenizer", "ByteLevel", "Metaspace", "Whitespace", "WhitespaceSplit", "Punctuation", "Digits",
                    "CharDelimiterSplit", "Split");
        }
    }

    /// <summary>The sign that stands for a space, U+2581 as a rule.</summary>
    internal static char Sign(JsonField json) => json.Optional("replacement") is not { } field ? '\u2581'
        : One(field) is { IsBmp: true } rune ? (char)rune.Value
        : throw field.Error("a character beyond U+FFFF", "one up to U+FFFF");

    /// <summary>Where the sign is put in front; older files say only whether.</summary>
    internal static MetaspacePrefix Prefix(JsonField json) => json.OptionalText("prepend_scheme") switch
    {
        "always" => MetaspacePrefix.Always,
        "first" => MetaspacePrefix.First,
        "never" => MetaspacePrefix.Never,
        null => json.Flag("add_prefix_space", true) ? MetaspacePrefix.Always : MetaspacePrefix.Never,
        { } other => throw json["prepend_scheme"].Unknown(other, "always", "first", "never"),
    };

    private static SplitBehavior Behavior(JsonField field) => field.Text() switch
    {
        "Removed" => SplitBehavior.Removed,
        "Isolated" => SplitBehavior.Isolated,
        "MergedWithPrevious" => SplitBehavior.MergedWithPrevious,
        "MergedWithNext" => SplitBehavior.MergedWithNext,
        "Contiguous" => SplitBehavior.Contiguous,
        { } other => throw field.Unknown(other, Enum.GetNames<SplitBehavior>()),
    };

    private static Rune One(JsonField field)
    {
        string text = field.Text();
        return text.EnumerateRunes().Count() == 1 ? Rune.GetRuneAt(text, 0) : throw field.Error($"'{text}'", "one character");
    }
}
