using System.Collections.Generic;
using System.Linq;

namespace Dsl.Text.Tokenizers;

/// <summary>The <c>decoder</c> of a tokenizer.json.</summary>
internal static class DecoderJson
{
    internal static IReadOnlyList<IDecodeStep> Read(JsonField? field, string file)
    {
        if (field is not { } json)
        {
            return [new SpacedStep()];
        }

        json.RequireFewSteps("decoders");
        var steps = new List<IDecodeStep>();
        bool fused = false;
        Add(json, file, steps, ref fused);
        return steps;
    }

    private static void Add(JsonField json, string file, List<IDecodeStep> steps, ref bool fused)
    {
        string type = json["type"].Text();
        switch (type)
        {
            case "Sequence":
                foreach (JsonField item in json["decoders"].Items())
                {
                    Add(item, file, steps, ref fused);
                }

                break;
            case "ByteLevel":
                steps.Add(new ByteLevelStep());
                fused = true;
                break;
            case "WordPiece":
                steps.Add(EachPart.WordPiece(json.OptionalText("prefix") ?? "##", json.Flag("cleanup", true)));
                break;
            case "Metaspace":
                steps.Add(EachPart.Metaspace(PreTokenizerJson.Sign(json), PreTokenizerJson.Prefix(json) != MetaspacePrefix.Never));
                break;
            case "BPEDecoder":
                steps.Add(new WordEndStep(json.OptionalText("suffix") is { Length: > 0 } suffix ? suffix : "</w>"));
                break;
            case "ByteFallback":
                steps.Add(new ByteFallbackStep());
                break;
            case "Fuse":
                // From here on what is pushed are fragments of one text.
                fused = true;
                break;
            case "Replace":
                JsonField pattern = json["pattern"];
                string? plain = pattern.IsText ? pattern.Text() : pattern.OptionalText("String");
                steps.Add(!fused ? EachPart.Replace(PatternJson.Read(pattern, file), json["content"].Text(), file)
                    : plain is { Length: > 0 } ? new FusedReplace(plain, json["content"].Text(), file)
                    : throw pattern.Error("a regular expression after Fuse", "a text, since the end of a stream is not known"));
                break;
            case "Strip":
                string content = json["content"].Text();
                if (content.Length != 1)
                {
                    throw json["content"].Error($"'{content}'", "one character");
                }

                (int start, int stop) = (json["start"].Int(), json["stop"].Int());
                steps.Add(fused ? new FusedStrip(content[0], start, stop) : EachPart.Strip(content[0], start, stop));
                break;
            default:
                throw json["type"].Unknown(
                    type, "Sequence", "ByteLevel", "WordPiece", "Metaspace", "BPEDecoder", "ByteFallback", "Fuse", "Replace", "Strip");
        }
    }
}
