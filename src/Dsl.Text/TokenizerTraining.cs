using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Dsl.Text.Tokenizers;

namespace Dsl.Text;

/// <summary>Learns a vocabulary from a text. The same text, size and options give the same vocabulary, byte for byte.</summary>
public static class TokenizerTraining
{
    private const int MostCharacters = 1000;

    /// <summary>A vocabulary of the kind that a layout has.</summary>
    /// <param name="text">What to learn from.</param>
    /// <param name="vocabulary">How many ids at most.</param>
    /// <param name="layout">Special tokens, and which kind of pieces.</param>
    /// <exception cref="TextException">The text is empty, or the vocabulary too small.</exception>
    public static ITokenizer Learn(string text, int vocabulary, VocabularyLayout layout) =>
        layout.WordPiece ? WordPiece(text, vocabulary, layout) : BytePair(text, vocabulary, layout);

    /// <summary>A byte-level byte-pair encoding, as GPT-2's: any text has ids and comes back from them.</summary>
    /// <param name="text">What to learn from.</param>
    /// <param name="vocabulary">How many ids, special tokens and the 256 bytes among them; fewer where the text does not give so many.</param>
    /// <param name="layout">Special tokens; GPT-2's if not said.</param>
    /// <param name="minFrequency">Pairs that are rarer are not joined.</param>
    /// <exception cref="TextException">The text is empty, or the vocabulary too small for bytes and special tokens.</exception>
    public static ITokenizer BytePair(string text, int vocabulary, VocabularyLayout? layout = null, int minFrequency = 2)
    {
        layout ??= VocabularyLayout.Gpt;
        int special = layout.First.Count + layout.Last.Count;
        Require(text, vocabulary, special + 256);
        var trainer = new PairTrainer(static (left, right) => left + right);
        foreach (string sign in ByteLevel.Alphabet)
        {
            trainer.Symbol(sign);
        }

        foreach ((string word, long count) in Words(text, new ByteLevelSplit(prefixSpace: false, split: true)))
        {
            trainer.Add([.. word.Select(sign => trainer.Symbol(sign.ToString()))], count);
        }

        IReadOnlyList<(string Left, string Right)> joins = trainer.Learn(vocabulary - special, minFrequency);
        return TokenizerJsonWriter.BytePair(trainer.Symbols, joins, layout);
    }

    /// <summary>A WordPiece vocabulary, as BERT's uncased one: cleaned, lower case, no accents; pieces that go on in a word begin with ##.</summary>
    /// <param name="text">What to learn from.</param>
    /// <param name="vocabulary">How many ids, special tokens and single characters among them; fewer where the text does not give so many.</param>
    /// <param name="layout">Special tokens; BERT's if not said. It must have an unknown token.</param>
    /// <param name="minFrequency">Pairs that are rarer are not joined.</param>
    /// <param name="lowercase">Fold case and drop accents.</param>
    /// <exception cref="TextException">The text is empty, or the vocabulary too small for its characters and special tokens.</exception>
    public static ITokenizer WordPiece(string text, int vocabulary, VocabularyLayout? layout = null, int minFrequency = 2, bool lowercase = true)
    {
        layout ??= VocabularyLayout.Bert;
        if (!layout.Purposes.ContainsKey("unk_token"))
        {
            throw new TextException($"WordPiece with special tokens of '{layout.Name}', which has no unknown token; expected {VocabularyLayout.Bert.Name}");
        }

        Require(text, vocabulary, 1);
        INormalizer normalizer = BertNormalizer.Make(clean: true, spaceIdeographs: true, stripAccents: lowercase, lowercase);
        (string Word, long Count)[] words = [.. Words(normalizer.Apply(AlignedText.Of(text, 0, text.Length)).Text, PatternSplit.Bert)];
        var trainer = new PairTrainer(static (left, right) => left + (right.StartsWith("##", StringComparison.Ordinal) ? right[2..] : right));
        HashSet<Rune> alphabet = Alphabet(words);
        foreach (Rune rune in alphabet.Order())
        {
            trainer.Symbol(rune.ToString());
        }

        foreach ((string word, long count) in words)
        {
            // A word with a character that the vocabulary leaves out will be unknown: nothing is learned from it.
            if (word.EnumerateRunes().All(alphabet.Contains))
            {
                trainer.Add([.. word.EnumerateRunes().Select((rune, i) => trainer.Symbol(i == 0 ? rune.ToString() : "##" + rune))], count);
            }
        }

        int special = layout.First.Count + layout.Last.Count;
        Require(text, vocabulary, special + trainer.Symbols.Count);
        trainer.Learn(vocabulary - special, minFrequency);
        return TokenizerJsonWriter.WordPiece(trainer.Symbols, layout, lowercase);
    }

    private static HashSet<Rune> Alphabet((string Word, long Count)[] words)
    {
        var counts = new Dictionary<Rune, long>();
        foreach ((string word, long count) in words)
        {
            foreach (Rune rune in word.EnumerateRunes())
            {
                counts[rune] = counts.GetValueOrDefault(rune) + count;
            }
        }

        return [.. counts.OrderByDescending(entry => entry.Value).ThenBy(entry => entry.Key).Take(MostCharacters).Select(entry => entry.Key)];
    }

    /// <summary>Each word of the text with its count, in the order of their spelling.</summary>
    private static IEnumerable<(string Word, long Count)> Words(string text, IPreTokenizer split)
    {
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (AlignedText word in split.Split(AlignedText.Of(text, 0, text.Length)))
        {
            counts[word.Text] = counts.GetValueOrDefault(word.Text) + 1;
        }

        return counts.OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => (entry.Key, entry.Value));
    }

    private static void Require(string text, int vocabulary, int least)
    {
        CharacterCodec.RequireWhole(text);
        if (text.Length == 0)
        {
            throw new TextException("the text is empty, expected something to learn from");
        }

        if (vocabulary < least)
        {
            throw new TextException($"a vocabulary of {vocabulary}, expected at least {least} for single characters and special tokens");
        }
    }
}
