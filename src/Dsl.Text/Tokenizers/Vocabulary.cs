using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl.Text.Tokenizers;

/// <summary>Tokens and their ids, both ways: pieces of a model and what was added to them.</summary>
internal sealed class Vocabulary
{
    /// <summary>Ids that no published vocabulary comes near; beyond them a file is taken for broken rather than for a table of that size.</summary>
    private const int HighestId = 1 << 24;

    private readonly Dictionary<string, int> ids;
    private readonly Dictionary<int, string> tokens;

    private Vocabulary(Dictionary<string, int> ids, Dictionary<int, string> tokens)
    {
        this.ids = ids;
        this.tokens = tokens;
        Count = tokens.Keys.Max() + 1;
    }

    /// <summary>Ids run from 0 to this, exclusive; some may have no token.</summary>
    internal int Count { get; }

    /// <summary>Reads what a file lists.</summary>
    /// <param name="entries">In the file's order.</param>
    /// <param name="file">What messages call it.</param>
    /// <param name="warnings">
    /// Where a published reader takes a token twice (its last id counts) and ids without tokens, a sentence about them goes here; null: both are errors.
    /// </param>
    /// <exception cref="TextException">One sentence that names the token or the id.</exception>
    internal static Vocabulary Of(IReadOnlyCollection<KeyValuePair<string, int>> entries, string file, List<string>? warnings = null)
    {
        if (entries.Count == 0)
        {
            throw new TextException($"{file}: the vocabulary is empty, expected at least one token");
        }

        var ids = new Dictionary<string, int>(entries.Count, StringComparer.Ordinal);
        string? twice = null;
        foreach ((string token, int id) in entries)
        {
            if (id is < 0 or > HighestId)
            {
                throw new TextException($"{file}: token '{token}' has the id {id}, expected {(id < 0 ? "0 or more" : $"at most {HighestId}")}");
            }

            if (!ids.TryAdd(token, id))
            {
                twice ??= $"{file}: token '{token}' is listed twice, as {ids[token]} and as {id}";
                ids[token] = id;
            }
        }

        var tokens = new Dictionary<int, string>(ids.Count);
        foreach ((string token, int id) in ids)
        {
            if (!tokens.TryAdd(id, token))
            {
                throw new TextException($"{file}: tokens '{tokens[id]}' and '{token}' have the same id {id}");
            }
        }

        var read = new Vocabulary(ids, tokens);
        if (twice is not null && warnings is null)
        {
            throw new TextException(twice);
        }

        int holes = read.Count - tokens.Count;
        int hole = holes == 0 ? -1 : Enumerable.Range(0, read.Count).First(id => !tokens.ContainsKey(id));
        if (holes > 0 && warnings is null)
        {
            throw new TextException($"{file}: no token has the id {hole}, expected every id from 0 to {read.Count - 1}");
        }

        if (twice is not null)
        {
            warnings!.Add($"{twice}; the last counts");
        }
        else if (holes > 0)
        {
            warnings!.Add($"{file}: no token has the id {hole}{(holes > 1 ? $" or {holes - 1} others" : "")} of 0 to {read.Count - 1}");
        }

        return read;
    }

    internal int? IdOf(string token) => ids.TryGetValue(token, out int id) ? id : null;

    internal string? TokenOf(int id) => tokens.GetValueOrDefault(id);
}
