using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace Dsl.Text.Tokenizers;

/// <summary>
/// What the files beside a vocabulary say of added and special tokens, in transformers' order of precedence (tokenization_utils_base, <c>_from_pretrained</c>):
/// where tokenizer_config.json has <c>added_tokens_decoder</c>, it alone counts; else special_tokens_map.json goes before tokenizer_config.json, and
/// added_tokens.json gives ids. A token that is named special and that nothing else lists is added after the last id.
/// </summary>
internal sealed class TokensBeside
{
    internal const string AddedFile = "added_tokens.json";

    private static readonly string[] Purposes = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];
    private static readonly string[] Lists = ["additional_special_tokens", "extra_special_tokens"];

    private readonly Dictionary<string, Said> names = [];
    private readonly List<Said> more = [];
    private readonly List<(int Id, AddedToken Token)> listed = [];

    private TokensBeside(IReadOnlyList<(string Name, byte[] Bytes)> files)
    {
        JsonField? config = Read(files, SpecialNames.ConfigFile);
        TakeNames(config);
        if (config?.Optional("added_tokens_decoder") is { } table)
        {
            listed.AddRange(table.Members().Select(entry => Listed(entry.Name, entry.Value)));
            return;
        }

        TakeNames(Read(files, SpecialNames.MapFile));
        if (Read(files, AddedFile) is { } added)
        {
            HashSet<string> special = [.. names.Values.Concat(more).Select(said => said.Content)];
            listed.AddRange(added.Members().Select(entry =>
            {
                bool isSpecial = special.Contains(entry.Name);
                return (entry.Value.Int(), new AddedToken(entry.Value.Int(), entry.Name, isSpecial, Normalized: !isSpecial));
            }));
        }
    }

    /// <summary>The files' words on tokens.</summary>
    internal static TokensBeside Read(IReadOnlyList<(string Name, byte[] Bytes)> files) => new(files);

    /// <summary>The spelling of the token of a purpose (<c>pad_token</c>, ...); null where no file names one.</summary>
    internal string? NameOf(string purpose) => names.TryGetValue(purpose, out Said? said) && said.Content.Length > 0 ? said.Content : null;

    /// <summary>All added tokens, and the vocabulary with those that it lacked.</summary>
    /// <param name="own">Those that the vocabulary's own file, or its family, has.</param>
    /// <param name="entries">The vocabulary's own tokens.</param>
    /// <param name="isWhole">
    /// The file lists its own added tokens (tokenizer.json): they keep what it says, and an id that it has given away is not given to another.
    /// </param>
    /// <param name="file">What messages call the vocabulary's file.</param>
    /// <exception cref="TextException">An id is negative or absurdly large.</exception>
    internal (IReadOnlyList<AddedToken> Added, IReadOnlyList<KeyValuePair<string, int>> Entries) Join(
        IEnumerable<AddedToken> own, IReadOnlyCollection<KeyValuePair<string, int>> entries, bool isWhole, string file)
    {
        var ids = new Dictionary<string, int>(entries.Count, StringComparer.Ordinal);
        var tokens = new Dictionary<int, string>(entries.Count);
        foreach ((string token, int id) in entries)
        {
            ids[token] = id;
            tokens[id] = token;
        }

        // The first says what a token is; the vocabulary's own file may say so twice.
        var added = new List<AddedToken>();
        var places = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (AddedToken token in own)
        {
            if (places.TryAdd(token.Content, added.Count))
            {
                added.Add(token);
            }

            if (ids.TryAdd(token.Content, token.Id))
            {
                tokens.TryAdd(token.Id, token.Content);
            }
        }

        int next = ids.Count == 0 ? 0 : ids.Values.Max() + 1;
        var rest = new List<KeyValuePair<string, int>>();
        var renamed = new Dictionary<int, string>();
        foreach ((int id, AddedToken token) in listed.Where(entry => entry.Token.Content.Length > 0).OrderBy(entry => entry.Id))
        {
            int given = ids.TryGetValue(token.Content, out int known) ? known : isWhole && tokens.ContainsKey(id) ? next : id;
            if (tokens.TryGetValue(given, out string? other) && other != token.Content)
            {
                // A place that was kept free in the vocabulary gets its name here.
                ids.Remove(other);
                renamed[given] = token.Content;
            }

            Put(token with { Id = given }, replaces: true);
        }

        foreach (Said said in names.Values.Concat(more).Where(said => said.Content.Length > 0))
        {
            int given = ids.TryGetValue(said.Content, out int known) ? known : next;
            bool flags = said.Token is not null && listed.Count == 0 && !isWhole;
            Put((said.Token ?? new AddedToken(0, said.Content, Special: true)) with { Id = given, Special = true }, flags);
        }

        IEnumerable<KeyValuePair<string, int>> kept = renamed.Count == 0 ? entries
            : entries.Select(entry => renamed.TryGetValue(entry.Value, out string? name) ? KeyValuePair.Create(name, entry.Value) : entry);
        IEnumerable<KeyValuePair<string, int>> ownRest = OwnRest();
        return (added, [.. kept, .. ownRest, .. rest]);

        void Put(AddedToken token, bool replaces)
        {
            if (!ids.ContainsKey(token.Content))
            {
                ids.Add(token.Content, token.Id);
                if (tokens.TryAdd(token.Id, token.Content))
                {
                    rest.Add(KeyValuePair.Create(token.Content, token.Id));
                }

                tokens[token.Id] = token.Content;
                next = token.Id < int.MaxValue ? Math.Max(next, token.Id + 1)
                    : throw new TextException($"{file}: token '{token.Content}' has the id {token.Id}, expected a smaller one");
            }

            if (!places.TryGetValue(token.Content, out int place))
            {
                places.Add(token.Content, added.Count);
                added.Add(token);
            }
            else if (replaces)
            {
                added[place] = token;
            }
        }

        IEnumerable<KeyValuePair<string, int>> OwnRest()
        {
            HashSet<string> listedOnes = [.. entries.Select(entry => entry.Key), .. rest.Select(entry => entry.Key)];
            return [.. own.Where(token => listedOnes.Add(token.Content)).Select(token => KeyValuePair.Create(token.Content, token.Id))];
        }
    }

    private void TakeNames(JsonField? file)
    {
        if (file is not { } json)
        {
            return;
        }

        foreach (string purpose in Purposes)
        {
            if (json.Optional(purpose) is { } field && Said.Of(field) is { } said)
            {
                names[purpose] = said;
            }
        }

        foreach (JsonField list in Lists.Select(json.Optional).OfType<JsonField>())
        {
            IEnumerable<JsonField> items = list.IsObject ? list.Members().Select(entry => entry.Value) : list.Items();
            more.AddRange(items.Select(Said.Of).OfType<Said>().Where(said => more.TrueForAll(other => other.Content != said.Content)).ToArray());
        }
    }

    private static (int Id, AddedToken Token) Listed(string key, JsonField entry)
    {
        if (!int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out int id))
        {
            throw entry.Error($"under the key '{key}'", "an id");
        }

        Said said = Said.Of(entry) ?? throw entry.Error("no token", "an object with 'content'");
        return (id, (said.Token ?? new AddedToken(id, said.Content, Special: false, Normalized: true)) with { Id = id });
    }

    private static JsonField? Read(IReadOnlyList<(string Name, byte[] Bytes)> files, string name) =>
        files.Where(file => file.Name == name).Select(file => (JsonField?)JsonField.Read(file.Bytes, file.Name)).FirstOrDefault();

    /// <summary>A token as one of the files has it: a text, or an object with what surrounds it.</summary>
    private sealed record Said(string Content, AddedToken? Token)
    {
        internal static Said? Of(JsonField field)
        {
            if (field.IsText)
            {
                return new Said(field.Text(), null);
            }

            // Anything else (T5's files have lists of numbers here) names no token.
            if (!field.IsObject || field.Optional("content") is null)
            {
                return null;
            }

            string content = field["content"].Text();
            bool special = field.Flag("special", false);
            return new Said(content, new AddedToken(
                0, content, special, field.Flag("single_word", false), field.Flag("lstrip", false), field.Flag("rstrip", false),
                field.Flag("normalized", !special)));
        }
    }
}
