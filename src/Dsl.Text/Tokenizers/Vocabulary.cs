using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl.Text.Tokenizers;

/// <summary>Tokens and their ids, both ways: pieces of a model and what was added to them.</summary>
internal sealed class Vocabulary
{
    private readonly Dictionary<string, int> ids;
    private readonly string?[] tokens;

    private Vocabulary(Dictionary<string, int> ids, string?[] tokens)
    {
        this.ids = ids;
        this.tokens = tokens;
    }

    /// <summary>Ids run from 0 to this, exclusive.</summary>
    internal int Count => tokens.Length;

    /// <summary>Checks that the ids are 0, 1, 2, ... with no hole and none twice.</summary>
    /// <exception cref="TextException">One sentence that names the token or the id.</exception>
    internal static Vocabulary Of(IReadOnlyCollection<KeyValuePair<string, int>> entries, string file)
    {
        if (entries.Count == 0)
        {
            throw new TextException($"{file}: the vocabulary is empty, expected at least one token");
        }

        var ids = new Dictionary<string, int>(entries.Count, StringComparer.Ordinal);
        var tokens = new string?[entries.Count];
        foreach ((string token, int id) in entries)
        {
            if (id < 0)
            {
                throw new TextException($"{file}: token '{token}' has the id {id}, expected 0 or more");
            }

            if (ids.TryGetValue(token, out int other))
            {
                throw new TextException($"{file}: token '{token}' is listed twice, as {other} and as {id}");
            }

            ids.Add(token, id);
            if (id >= tokens.Length)
            {
                continue;
            }

            if (tokens[id] is { } taken)
            {
                throw new TextException($"{file}: tokens '{taken}' and '{token}' have the same id {id}");
            }

            tokens[id] = token;
        }

        int hole = Array.IndexOf(tokens, null);
        return hole < 0
            ? new Vocabulary(ids, tokens)
            : throw new TextException($"{file}: no token has the id {hole}, expected every id from 0 to {entries.Max(entry => entry.Value)}");
    }

    internal int? IdOf(string token) => ids.TryGetValue(token, out int id) ? id : null;

    internal bool TryGet(ReadOnlySpan<char> token, out int id) => ids.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(token, out id);

    internal string? TokenOf(int id) => (uint)id < (uint)tokens.Length ? tokens[id] : null;
}
