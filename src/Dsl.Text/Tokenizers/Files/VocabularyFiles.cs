using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using Microsoft.ML.Tokenizers;

namespace Dsl.Text.Tokenizers;

/// <summary>The older files: vocab.json with merges.txt (GPT-2, RoBERTa, BART) and vocab.txt (BERT).</summary>
internal static class VocabularyFiles
{
    internal const string Merges = "merges.txt";

    /// <summary>Byte-level byte pairs. A vocabulary with &lt;s&gt; and &lt;/s&gt; is RoBERTa's, and its template too.</summary>
    internal static PieceTokenizer ReadBytePairs(IReadOnlyList<(string Name, byte[] Bytes)> files, string file)
    {
        string mergesFile = Path.Combine(Path.GetDirectoryName(file) ?? "", Merges);
        byte[] merges = files.Where(entry => entry.Name == Merges).Select(entry => entry.Bytes).FirstOrDefault()
            ?? throw new TextException($"{mergesFile}: not found, expected it beside {Path.GetFileName(file)}");
        JsonField json = JsonField.Read(files[0].Bytes, file);
        KeyValuePair<string, int>[] entries = [.. json.Members().Select(entry => KeyValuePair.Create(entry.Name, entry.Value.Int()))];
        Vocabulary vocabulary = Vocabulary.Of(entries, file);
        string[] pairs = [.. Lines(merges).Where((line, i) => line.Length > 0 && !(i == 0 && line.StartsWith("#version", StringComparison.Ordinal)))];
        var joins = new Dictionary<(int, int), Join>();
        foreach (string pair in pairs)
        {
            string[] sides = pair.Split(' ');
            if (sides.Length != 2 || vocabulary.IdOf(sides[0]) is not { } left || vocabulary.IdOf(sides[1]) is not { } right
                || vocabulary.IdOf(sides[0] + sides[1]) is not { } joined)
            {
                throw new TextException($"{mergesFile}: merge '{pair}' not in the vocabulary, expected two of its tokens that make a third");
            }

            joins.TryAdd((left, right), new Join(joins.Count, joined));
        }

        bool framed = vocabulary.IdOf("<s>") is not null && vocabulary.IdOf("</s>") is not null;
        Template template = framed ? Roberta(vocabulary.IdOf("<s>")!.Value, vocabulary.IdOf("</s>")!.Value) : Template.Bare;
        string[] specials = framed ? ["<s>", "<pad>", "</s>", "<unk>", "<mask>"] : ["<|endoftext|>"];
        return new PieceTokenizer(new TokenizerParts
        {
            Name = "bpe",
            File = file,
            Vocabulary = vocabulary,
            Added = [.. specials.Where(token => vocabulary.IdOf(token) is not null)
                .Select(token => new AddedToken(vocabulary.IdOf(token)!.Value, token, Special: true, StripLeft: token == "<mask>"))],
            PreTokenizer = new ByteLevelSplit(prefixSpace: false, split: true),
            Model = new LibraryModel(
                BpeTokenizer.Create(new BpeOptions(entries) { Merges = pairs }),
                new BytePairModel(vocabulary.IdOf, vocabulary.IdOf, joins, vocabulary.Count, new BytePairOptions())),
            Template = template,
            Decoder = [new ByteLevelStep()],
            Special = SpecialNames.Of(files, vocabulary, template, null),
            Files = files,
        });
    }

    /// <summary>BERT's WordPiece: a token on each line.</summary>
    internal static PieceTokenizer ReadWordPieces(IReadOnlyList<(string Name, byte[] Bytes)> files, string file)
    {
        JsonField? config = SpecialNames.Config(files);
        string[] tokens = Lines(files[0].Bytes);
        Vocabulary vocabulary = Vocabulary.Of([.. tokens.Select((token, id) => KeyValuePair.Create(token, id))], file);
        int Known(string token) => vocabulary.IdOf(token)
            ?? throw new TextException($"{file}: no token {token}, expected a vocabulary of BERT with [UNK], [CLS] and [SEP]");
        (int unknown, int cls, int sep) = (Known("[UNK]"), Known("[CLS]"), Known("[SEP]"));
        bool lowercase = config?.Flag("do_lower_case", true) ?? true;
        TemplatePart[] first = [TemplatePart.Special(0, cls), TemplatePart.First(0), TemplatePart.Special(0, sep)];
        var template = new Template(first, [.. first, TemplatePart.Second(1), TemplatePart.Special(1, sep)]);
        return new PieceTokenizer(new TokenizerParts
        {
            Name = "wordpiece",
            File = file,
            Vocabulary = vocabulary,
            Added = [.. new[] { "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]" }.Where(token => vocabulary.IdOf(token) is not null)
                .Select(token => new AddedToken(vocabulary.IdOf(token)!.Value, token, Special: true))],
            Normalizer = BertNormalizer.Make(
                clean: true, config?.Flag("tokenize_chinese_chars", true) ?? true, config?.Flag("strip_accents", lowercase) ?? lowercase, lowercase),
            PreTokenizer = PatternSplit.Bert,
            Model = new WordPieceModel(vocabulary, tokens, unknown, "##", maxCharacters: 100),
            Template = template,
            Decoder = [EachPart.WordPiece("##", cleanup: true)],
            Special = SpecialNames.Of(files, vocabulary, template, "[UNK]"),
            Files = files,
        });
    }

    private static Template Roberta(int begin, int end) => new(
        [TemplatePart.Special(0, begin), TemplatePart.First(0), TemplatePart.Special(0, end)],
        [TemplatePart.Special(0, begin), TemplatePart.First(0), TemplatePart.Special(0, end, end), TemplatePart.Second(0), TemplatePart.Special(0, end)],
        TrimSpaces: true);

    private static string[] Lines(byte[] bytes)
    {
        string text = Encoding.UTF8.GetString(bytes);
        string[] lines = Array.ConvertAll(text.Split('\n'), line => line.TrimEnd('\r'));
        return lines[^1].Length == 0 ? lines[..^1] : lines;
    }
}
