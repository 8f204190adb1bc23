using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl.Text.Tokenizers;

/// <summary>tokenizer.json, the format of Hugging Face's tokenizers library.</summary>
internal static class TokenizerJson
{
    internal const string FileName = "tokenizer.json";

    /// <param name="files">tokenizer.json, and what says which tokens are special where it is there.</param>
    /// <param name="file">What messages call tokenizer.json.</param>
    /// <exception cref="TextException">One sentence: the file, the place, what was expected.</exception>
    internal static PieceTokenizer Read(IReadOnlyList<(string Name, byte[] Bytes)> files, string file)
    {
        JsonField json = JsonField.Read(files.First(entry => entry.Name == FileName).Bytes, file);
        var model = new ModelJson(json["model"], file);
        AddedToken[] added = [.. (json.Optional("added_tokens")?.Items() ?? []).Select(Added)];
        foreach (AddedToken token in added)
        {
            if (model.IdOf(token.Content) is { } id && id != token.Id)
            {
                throw new TextException($"{file}: added token '{token.Content}' has the id {token.Id}, the vocabulary has it as {id}");
            }
        }

        var beside = TokensBeside.Read(files);
        var warnings = new List<string>();
        (IReadOnlyList<AddedToken> all, IReadOnlyList<KeyValuePair<string, int>> entries) = beside.Join(added, model.Entries, isWhole: true, file);
        var vocabulary = Vocabulary.Of(entries, file, warnings);
        Template template = TemplateJson.Read(json.Optional("post_processor"), vocabulary);
        IPreTokenizer? preTokenizer = PreTokenizerJson.Read(json.Optional("pre_tokenizer"), file);
        return new PieceTokenizer(new TokenizerParts
        {
            Name = model.Type.ToLowerInvariant(),
            File = file,
            Vocabulary = vocabulary,
            Added = all,
            Normalizer = NormalizerJson.Read(json.Optional("normalizer"), file),
            PreTokenizer = preTokenizer,
            Model = model.Make(vocabulary),
            Template = template,
            Decoder = DecoderJson.Read(json.Optional("decoder"), file),
            Special = SpecialNames.Of(beside, vocabulary, template, model.UnknownToken),
            WordSign = preTokenizer is null ? '\u2581' : null,
            Files = files,
            Warnings = warnings,
        });
    }

    private static AddedToken Added(JsonField json) => new(
        json["id"].Int(), json["content"].Text(), json.Flag("special", false), json.Flag("single_word", false), json.Flag("lstrip", false),
        json.Flag("rstrip", false), json.Flag("normalized", false));
}
