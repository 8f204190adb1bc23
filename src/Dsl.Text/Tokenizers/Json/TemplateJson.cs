using System.Collections.Generic;
using System.Linq;

namespace Dsl.Text.Tokenizers;

/// <summary>The <c>post_processor</c> of a tokenizer.json.</summary>
internal static class TemplateJson
{
    internal static Template Read(JsonField? field, Vocabulary vocabulary) => field is { } json ? Apply(Template.Bare, json, vocabulary) : Template.Bare;

    private static Template Apply(Template so, JsonField json, Vocabulary vocabulary)
    {
        string type = json["type"].Text();
        switch (type)
        {
            case "Sequence":
                return json["processors"].Items().Aggregate(so, (current, item) => Apply(current, item, vocabulary));
            case "ByteLevel":
                return so with { TrimSpaces = json.Flag("trim_offsets", true), PrefixSpace = json.Flag("add_prefix_space", true) };
            case "TemplateProcessing":
                var specials = new Dictionary<string, int[]>();
                foreach ((string name, JsonField entry) in json["special_tokens"].Members())
                {
                    specials[name] = Known(entry, vocabulary);
                }

                return so with { Single = Parts(json["single"], specials, pair: false), Pair = Parts(json["pair"], specials, pair: true) };
            case "BertProcessing":
                (int cls, int sep) = (Token(json["cls"], vocabulary), Token(json["sep"], vocabulary));
                return Framed(so, cls, sep, [TemplatePart.Second(1), TemplatePart.Special(1, sep)]);
            case "RobertaProcessing":
                (cls, sep) = (Token(json["cls"], vocabulary), Token(json["sep"], vocabulary));
                return Framed(so, cls, sep, [TemplatePart.Special(0, sep), TemplatePart.Second(0), TemplatePart.Special(0, sep)]) with
                {
                    TrimSpaces = json.Flag("trim_offsets", true),
                    PrefixSpace = json.Flag("add_prefix_space", true),
                };
            default:
                throw json["type"].Unknown(type, "Sequence", "ByteLevel", "TemplateProcessing", "BertProcessing", "RobertaProcessing");
        }
    }

    private static Template Framed(Template so, int cls, int sep, IReadOnlyList<TemplatePart> second)
    {
        TemplatePart[] first = [TemplatePart.Special(0, cls), TemplatePart.First(0), TemplatePart.Special(0, sep)];
        return so with { Single = first, Pair = [.. first, .. second] };
    }

    private static TemplatePart[] Parts(JsonField list, Dictionary<string, int[]> specials, bool pair)
    {
        TemplatePart[] parts = [.. list.Items().Select(item => Part(item, specials))];
        int first = parts.Count(part => part.Text == 0), second = parts.Count(part => part.Text == 1);
        return first == 1 && second == (pair ? 1 : 0) ? parts
            : throw list.Error($"a template with {first} times A and {second} times B", pair ? "each once" : "A once");
    }

    private static TemplatePart Part(JsonField item, Dictionary<string, int[]> specials)
    {
        if (item.Optional("Sequence") is { } sequence)
        {
            string which = sequence["id"].Text();
            int type = sequence["type_id"].Int();
            return which switch { "A" => TemplatePart.First(type), "B" => TemplatePart.Second(type), _ => throw sequence["id"].Unknown(which, "A", "B") };
        }

        JsonField special = item["SpecialToken"];
        string name = special["id"].Text();
        return specials.TryGetValue(name, out int[]? ids)
            ? TemplatePart.Special(special["type_id"].Int(), ids)
            : throw special["id"].Unknown(name, [.. specials.Keys]);
    }

    private static int[] Known(JsonField entry, Vocabulary vocabulary)
    {
        int[] ids = [.. entry["ids"].Items().Select(id => InVocabulary(id, vocabulary))];
        return ids.Length > 0 ? ids : throw entry["ids"].Error("empty", "at least one id");
    }

    private static int Token(JsonField pair, Vocabulary vocabulary)
    {
        JsonField[] items = [.. pair.Items()];
        return items.Length == 2 ? InVocabulary(items[1], vocabulary) : throw pair.Error($"a list of {items.Length}", "a token and its id");
    }

    private static int InVocabulary(JsonField id, Vocabulary vocabulary) =>
        vocabulary.TokenOf(id.Int()) is not null ? id.Int() : throw id.Error($"{id.Int()}", $"an id below {vocabulary.Count}");
}
