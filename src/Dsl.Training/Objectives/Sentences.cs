using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Text;

namespace Dsl.Training.Objectives;

/// <summary>A run of tokens, and for each whether it goes on with the word before it.</summary>
public readonly record struct Sentence(int[] Ids, bool[] Continues);

/// <summary>Lines of text as tokens, and rows filled with them.</summary>
public static class Sentences
{
    /// <summary>Each line that is not empty, without special tokens.</summary>
    public static IReadOnlyList<Sentence> Of(string text, ITokenizer tokenizer) => [.. Documents(text, tokenizer).SelectMany(document => document)];

    /// <summary>Documents, which empty lines divide; a document of lines without end is cut after <paramref name="longest"/> of them.</summary>
    public static IReadOnlyList<IReadOnlyList<Sentence>> Documents(string text, ITokenizer tokenizer, int longest = 64)
    {
        var documents = new List<IReadOnlyList<Sentence>>();
        var document = new List<Sentence>();
        foreach (ReadOnlySpan<char> line in text.AsSpan().EnumerateLines())
        {
            if (!line.IsWhiteSpace())
            {
                TokenEncoding tokens = tokenizer.Encode(line.ToString(), null, new EncodingOptions(AddSpecials: false, SpecialsAsText: true));
                if (tokens.Count > 0)
                {
                    document.Add(new Sentence(tokens.Ids, [.. tokens.WordIds.Select((word, i) => i > 0 && word == tokens.WordIds[i - 1])]));
                }
            }

            if (document.Count > 0 && (line.IsWhiteSpace() || document.Count == longest))
            {
                documents.Add(document);
                document = [];
            }
        }

        return document.Count > 0 ? [.. documents, document] : documents;
    }

    /// <summary>Rows of whole sentences, as many as fit into so many tokens; a sentence that is longer by itself is cut into rows.</summary>
    public static IEnumerable<Sentence> PackWhole(IEnumerable<Sentence> sentences, int tokens)
    {
        var row = new List<Sentence>();
        int used = 0;
        foreach (Sentence sentence in sentences.SelectMany(sentence => Cut(sentence, tokens)))
        {
            if (used + sentence.Ids.Length > tokens)
            {
                yield return Join(row);
                row.Clear();
                used = 0;
            }

            row.Add(sentence);
            used += sentence.Ids.Length;
        }

        if (row.Count > 0)
        {
            yield return Join(row);
        }
    }

    /// <summary>Rows of exactly so many tokens across sentences; the rest of the last is dropped unless it is all there is.</summary>
    public static IEnumerable<Sentence> PackFull(IEnumerable<Sentence> sentences, int tokens)
    {
        Sentence all = Join(sentences.ToArray());
        return Cut(all, tokens).Where((row, i) => i == 0 || row.Ids.Length == tokens);
    }

    private static IEnumerable<Sentence> Cut(Sentence sentence, int tokens)
    {
        for (int from = 0; from < sentence.Ids.Length; from += tokens)
        {
            int to = Math.Min(from + tokens, sentence.Ids.Length);
            yield return new Sentence(sentence.Ids[from..to], sentence.Continues[from..to]);
        }
    }

    private static Sentence Join(IReadOnlyList<Sentence> parts) =>
        new([.. parts.SelectMany(part => part.Ids)], [.. parts.SelectMany(part => part.Continues)]);
}
