using System;
using System.Buffers.Text;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using Microsoft.ML.Tokenizers;

namespace Dsl.Text.Tokenizers;

/// <summary>tokenizer.model as LLaMA 3 has it: on each line a byte string in base64 and its rank (tiktoken); 256 special tokens follow the ranks.</summary>
internal static class TiktokenReader
{
    private const int Specials = 256;
    private const string Words =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>Whether the file's first line that is not blank looks like one of these; SentencePiece files are binary.</summary>
    internal static bool Matches(byte[] bytes)
    {
        ReadOnlySpan<byte> line = bytes.AsSpan().TrimStart("\r\n"u8);
        int end = line.IndexOf((byte)'\n');
        line = end < 0 ? line : line[..end];
        int space = line.IndexOf((byte)' ');
        return space > 0 && Base64.IsValid(line[..space]);
    }

    internal static PieceTokenizer Read(IReadOnlyList<(string Name, byte[] Bytes)> files, string file)
    {
        byte[] bytes = files[0].Bytes;
        var entries = new List<KeyValuePair<string, int>>();
        string[] lines = Encoding.UTF8.GetString(bytes).Split('\n');
        var ranks = new StringBuilder();
        for (int i = 0; i < lines.Length; i++)
        {
            // Blank lines say nothing; the library would read one for ever.
            if (lines[i].TrimEnd('\r') is { Length: > 0 } line)
            {
                entries.Add(Entry(line, i + 1, file));
                ranks.Append(line).Append('\n');
            }
        }

        var beside = TokensBeside.Read(files);
        (IReadOnlyList<AddedToken> added, IReadOnlyList<KeyValuePair<string, int>> all) = beside.Join(
            Names().Select((name, i) => new AddedToken(entries.Count + i, name, Special: true)), entries, isWhole: false, file);
        var vocabulary = Vocabulary.Of(all, file);
        for (int value = 0; value < 256; value++)
        {
            string sign = ByteLevel.Spell([(byte)value]);
            if (vocabulary.IdOf(sign) is null)
            {
                throw new TextException($"{file}: no rank for the byte 0x{value:X2}, expected all 256");
            }
        }

        JsonField? config = SpecialNames.Config(files);
        int? Edge(string flag, bool otherwise, string purpose, string usual) =>
            config?.Flag(flag, otherwise) ?? otherwise ? vocabulary.IdOf(beside.NameOf(purpose) ?? usual) : null;
        var template = Template.Around(
            Edge("add_bos_token", true, "bos_token", "<|begin_of_text|>"), Edge("add_eos_token", false, "eos_token", "<|end_of_text|>"), secondType: 0);
        return new PieceTokenizer(new TokenizerParts
        {
            Name = "bpe",
            File = file,
            Vocabulary = vocabulary,
            Added = added,
            PreTokenizer = new PatternSplit(TextPattern.Regex(Words, file).Matches, SplitBehavior.Isolated),
            Model = new LibraryModel(Library(ranks.ToString(), file), new SpelledModel(LongWords(entries, vocabulary))),
            Template = template,
            Decoder = [new ByteLevelStep()],
            Special = SpecialNames.Of(beside, vocabulary, template, null),
            Files = files,
        });
    }

    private static TiktokenTokenizer Library(string ranks, string file)
    {
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(ranks));
        try
        {
            return TiktokenTokenizer.Create(stream, preTokenizer: null, normalizer: null);
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or FormatException)
        {
            throw new TextException($"{file}: not read as ranks of byte strings: {e.Message}");
        }
    }

    private static BytePairModel LongWords(List<KeyValuePair<string, int>> entries, Vocabulary vocabulary)
    {
        var symbols = new Dictionary<string, int>(entries, StringComparer.Ordinal);
        return new BytePairModel(
            vocabulary.IdOf, vocabulary.IdOf, PairJoins.Of(entries.Select(entry => (entry.Key, entry.Value, entry.Value)), symbols), vocabulary.Count,
            new BytePairOptions { WholeWords = true });
    }

    private static KeyValuePair<string, int> Entry(string line, int number, string file)
    {
        string[] sides = line.Split(' ');
        return sides is [{ Length: > 0 } token, var digits] && Base64.IsValid(token)
            && int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int rank)
            ? KeyValuePair.Create(ByteLevel.Spell(Convert.FromBase64String(token)), rank)
            : throw new TextException($"{file}: line {number} is '{(line.Length > 40 ? line[..40] + "..." : line)}', expected a token in base64 and its rank");
    }

    /// <summary>meta-llama/llama3, llama/tokenizer.py.</summary>
    private static IEnumerable<string> Names()
    {
        string[] first =
        [
            "<|begin_of_text|>", "<|end_of_text|>", Reserved(0), Reserved(1), Reserved(2), Reserved(3), "<|start_header_id|>", "<|end_header_id|>", Reserved(4),
            "<|eot_id|>",
        ];
        return [.. first, .. Enumerable.Range(5, Specials - first.Length).Select(Reserved)];

        static string Reserved(int k) => $"<|reserved_special_token_{k}|>";
    }
}

/// <summary>A model of bytes as signs, given text.</summary>
internal sealed class SpelledModel(IPieceModel inner) : IPieceModel
{
    public void Cut(string word, List<Piece> pieces)
    {
        AlignedText spelt = ByteLevel.Spell(AlignedText.Of(word, 0, word.Length));
        int first = pieces.Count;
        inner.Cut(spelt.Text, pieces);
        for (int i = first; i < pieces.Count; i++)
        {
            TextSpan origin = spelt.Origin(pieces[i].Start, pieces[i].End);
            pieces[i] = pieces[i] with { Start = origin.Start, End = origin.End };
        }
    }
}
