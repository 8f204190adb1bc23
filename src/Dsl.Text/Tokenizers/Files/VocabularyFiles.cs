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
        KeyValuePair<string, int>[] own = [.. json.Members().Select(entry => KeyValuePair.Create(entry.Name, entry.Value.Int()))];
        int? OwnId(string token) => own.Where(entry => entry.Key == token).Select(entry => (int?)entry.Value).LastOrDefault();
        bool framed = OwnId("<s>") is not null && OwnId("</s>") is not null;
        string[] specials = framed ? ["<s>", "<pad>", "</s>", "<unk>", "<mask>"] : ["<|endoftext|>"];
        var beside = TokensBeside.Read(files);
        (IReadOnlyList<AddedToken> added, IReadOnlyList<KeyValuePair<string, int>> entries) = beside.Join(
            specials.Where(token => OwnId(token) is not null)
                .Select(token => new AddedToken(OwnId(token)!.Value, token, Special: true, StripLeft: token == "<mask>")),
            own, isWhole: false, file);
        var warnings = new List<string>();
        var vocabulary = Vocabulary.Of(entries, file, warnings);
        (Dictionary<(int, int), Join> joins, string[] pairs) = ReadMerges(merges, vocabulary, mergesFile);
        JsonField? config = SpecialNames.Config(files);
        Template template = framed ? Roberta(vocabulary.IdOf("<s>")!.Value, vocabulary.IdOf("</s>")!.Value)
            : Template.Around(
                config?.Flag("add_bos_token", false) == true ? vocabulary.IdOf(beside.NameOf("bos_token") ?? specials[0]) : null,
                config?.Flag("add_eos_token", false) == true ? vocabulary.IdOf(beside.NameOf("eos_token") ?? specials[0]) : null);
        return new PieceTokenizer(new TokenizerParts
        {
            Name = "bpe",
            File = file,
            Vocabulary = vocabulary,
            Added = added,
            PreTokenizer = new ByteLevelSplit(prefixSpace: config?.Flag("add_prefix_space", false) ?? false, split: true),
            Model = new LibraryModel(
                Library(entries, pairs, file), new BytePairModel(vocabulary.IdOf, vocabulary.IdOf, joins, vocabulary.Count, new BytePairOptions())),
            Template = template,
            Decoder = [new ByteLevelStep()],
            Special = SpecialNames.Of(beside, vocabulary, template, null),
            Warnings = warnings,
            Files = files,
        });
    }

    /// <summary>The joins of a merges.txt, and the pairs as they stand; of a pair that is listed twice the last counts, as in the library.</summary>
    private static (Dictionary<(int, int), Join> Joins, string[] Pairs) ReadMerges(byte[] merges, Vocabulary vocabulary, string file)
    {
        var joins = new Dictionary<(int, int), Join>();
        var pairs = new Dictionary<string, int>(StringComparer.Ordinal);
        string[] lines = Lines(merges);
        for (int i = 0; i < lines.Length; i++)
        {
            string pair = lines[i];
            if (pair.Length == 0 || (i == 0 && pair.StartsWith("#version", StringComparison.Ordinal)))
            {
                continue;
            }

            string[] sides = pair.Split(' ');
            if (sides.Length != 2 || vocabulary.IdOf(sides[0]) is not { } left || vocabulary.IdOf(sides[1]) is not { } right
                || vocabulary.IdOf(sides[0] + sides[1]) is not { } joined)
            {
                throw new TextException($"{file}: line {i + 1}: merge '{pair}' not in the vocabulary, expected two of its tokens that make a third");
            }

            joins[(left, right)] = new Join(i, joined);
            pairs[pair] = i;
        }

        return (joins, [.. pairs.OrderBy(entry => entry.Value).Select(entry => entry.Key)]);
    }

    private static BpeTokenizer Library(IReadOnlyList<KeyValuePair<string, int>> entries, string[] pairs, string file)
    {
        try
        {
            return BpeTokenizer.Create(new BpeOptions(entries.DistinctBy(entry => entry.Key)) { Merges = pairs });
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            throw new TextException($"{file}: not read as byte pairs with the merges of {Merges} beside it: {e.Message}");
        }
    }

    /// <summary>BERT's WordPiece: a token on each line.</summary>
    internal static PieceTokenizer ReadWordPieces(IReadOnlyList<(string Name, byte[] Bytes)> files, string file)
    {
        JsonField? config = SpecialNames.Config(files);
        string[] tokens = Lines(files[0].Bytes);
        KeyValuePair<string, int>[] own = [.. tokens.Select((token, id) => KeyValuePair.Create(token, id))];
        var beside = TokensBeside.Read(files);
        (IReadOnlyList<AddedToken> added, IReadOnlyList<KeyValuePair<string, int>> entries) = beside.Join(
            new[] { "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]" }.Where(tokens.Contains)
                .Select(token => new AddedToken(Array.LastIndexOf(tokens, token), token, Special: true)),
            own, isWhole: false, file);
        var warnings = new List<string>();
        var vocabulary = Vocabulary.Of(entries, file, warnings);
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
            Added = added,
            Normalizer = BertNormalizer.Make(
                clean: true, config?.Flag("tokenize_chinese_chars", true) ?? true, config?.Flag("strip_accents", lowercase) ?? lowercase, lowercase),
            PreTokenizer = PatternSplit.Bert,
            Model = new WordPieceModel(vocabulary, tokens, unknown, "##", maxCharacters: 100),
            Template = template,
            Decoder = [EachPart.WordPiece("##", cleanup: true)],
            Special = SpecialNames.Of(beside, vocabulary, template, "[UNK]"),
            Warnings = warnings,
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
