using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Json;
using Dsl.Tests;
using Dsl.Text.Tokenizers;
using Xunit;

namespace Dsl.Text.Tests;

/// <summary>Every string of every case, in every form in which the case's folder holds the vocabulary.</summary>
public sealed class TokenizerGoldens
{
    public static TheoryData<string, string> Cases
    {
        get
        {
            var cases = new TheoryData<string, string>();
            foreach (string folder in Golden.Cases("tokenizer_"))
            {
                foreach (string form in TokenizerFolder.Forms.Where(name => File.Exists(Path.Combine(folder, name))))
                {
                    cases.Add(folder, form);
                }
            }

            return cases;
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void IdsAreTheReferences(string folder, string form)
    {
        (ITokenizer tokenizer, JsonElement data) = Open(folder, form);
        var wrong = new List<string>();
        foreach (JsonElement item in data.GetProperty("strings").EnumerateArray())
        {
            string text = item.GetProperty("text").GetString()!;
            int[] ids = Ints(item.GetProperty("ids"));
            bool withoutText = item.TryGetProperty("tokenizer_json_ids", out JsonElement other) || item.TryGetProperty("transformers_ids", out other);
            if (withoutText && SpellsSpecial(tokenizer, text))
            {
                // sentencepiece itself knows no special tokens in a text.
                Compare(wrong, text, Ints(other), tokenizer.Encode(text, null).Ids);
                Compare(wrong, text + " (as text)", ids, tokenizer.Encode(text, null, new EncodingOptions(SpecialsAsText: true)).Ids);
                continue;
            }

            Compare(wrong, text, ids, tokenizer.Encode(text, null).Ids);
            if (item.TryGetProperty("ids_as_text", out JsonElement plain))
            {
                var asText = new EncodingOptions(AddSpecials: false, SpecialsAsText: true);
                Compare(wrong, text + " (as text)", Ints(plain), tokenizer.Encode(text, null, asText).Ids);
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Theory, MemberData(nameof(Cases))]
    public void TokensOffsetsAndTypesAreTheReferences(string folder, string form)
    {
        (ITokenizer tokenizer, JsonElement data) = Open(folder, form);
        foreach (JsonElement item in data.GetProperty("strings").EnumerateArray())
        {
            string text = item.GetProperty("text").GetString()!;
            TokenEncoding encoding = tokenizer.Encode(text, null);
            if (item.TryGetProperty("offsets", out JsonElement offsets))
            {
                // A special token that swallowed white space is stored with it.
                Assert.Equal(item.GetProperty("tokens").EnumerateArray().Select(token => token.GetString()!.Trim(' ')), encoding.Ids.Select(tokenizer.TokenOf));
                Assert.Equal(
                    offsets.EnumerateArray().Select(pair => (pair[0].GetInt32(), pair[1].GetInt32())),
                    encoding.Offsets.Select(offset => (CodePoints(text, offset.Start), CodePoints(text, offset.End))));
            }

            else if (item.TryGetProperty("tokens", out JsonElement surfaces) && !SpellsSpecial(tokenizer, text))
            {
                // sentencepiece shows what was typed where a piece is unknown.
                int[] ids = Inner(tokenizer, encoding.Ids);
                Assert.Equal(
                    surfaces.EnumerateArray().Select((surface, i) => ids[i] == tokenizer.Special.Unknown ? null : surface.GetString()),
                    ids.Select(id => id == tokenizer.Special.Unknown ? null : tokenizer.TokenOf(id)));
            }

            if (item.TryGetProperty("google_tokens", out JsonElement google) && SpellsSpecial(tokenizer, text))
            {
                // Google's code knows no special tokens in a text; elsewhere it differs in what counts as a character and in the longest word.
                int[] asText = tokenizer.Encode(text, null, new EncodingOptions(AddSpecials: false, SpecialsAsText: true)).Ids;
                Assert.Equal(google.EnumerateArray().Select(token => token.GetString()), asText.Select(tokenizer.TokenOf));
            }

            if (item.TryGetProperty("type_ids", out JsonElement types))
            {
                Assert.Equal(Ints(types), encoding.TypeIds);
            }
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void DecodedTextIsTheReferences(string folder, string form)
    {
        (ITokenizer tokenizer, JsonElement data) = Open(folder, form);
        var wrong = new List<string>();
        foreach (JsonElement item in data.GetProperty("strings").EnumerateArray())
        {
            int[] ids = Ints(item.GetProperty("ids"));

            if (item.TryGetProperty("decoded_skip", out JsonElement skipped))
            {
                Compare(wrong, item.GetProperty("decoded").GetString()!, tokenizer.Decode(ids, keepSpecials: true));
                Compare(wrong, skipped.GetString()!, tokenizer.Decode(ids));
            }
            else
            {
                // These references decode the text alone.
                Compare(wrong, item.GetProperty("decoded").GetString()!, tokenizer.Decode(Inner(tokenizer, ids), keepSpecials: true));
            }
        }

        foreach (JsonElement pair in data.EnumerateObject().Where(member => member.Name.StartsWith("decode_only", StringComparison.Ordinal))
            .SelectMany(member => member.Value.EnumerateArray()))
        {
            Compare(wrong, pair[1].GetString()!, tokenizer.Decode(Ints(pair[0]), keepSpecials: true));
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Theory, MemberData(nameof(Cases))]
    public void PairsAreTheReferences(string folder, string form)
    {
        (ITokenizer tokenizer, JsonElement data) = Open(folder, form);
        foreach (JsonElement pair in data.TryGetProperty("pairs", out JsonElement pairs) ? pairs.EnumerateArray() : default)
        {
            TokenEncoding encoding = tokenizer.Encode(pair.GetProperty("a").GetString()!, pair.GetProperty("b").GetString());
            Assert.Equal(Ints(pair.GetProperty("ids")), encoding.Ids);
            Assert.Equal(pair.TryGetProperty("type_ids", out JsonElement types) ? Ints(types) : new int[encoding.Count], encoding.TypeIds);
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void SpecialTokensAndSizeAreTheReferences(string folder, string form)
    {
        (ITokenizer tokenizer, JsonElement data) = Open(folder, form);
        if (data.TryGetProperty("vocab_size", out JsonElement size) || data.TryGetProperty("vocab_size_with_sentinels", out size))
        {
            Assert.Equal(size.GetInt32(), tokenizer.Vocabulary);
        }

        foreach (JsonProperty special in data.TryGetProperty("special", out JsonElement specials) || data.TryGetProperty("sentinels", out specials)
            ? specials.EnumerateObject() : default)
        {
            Assert.Equal(special.Value.GetInt32(), tokenizer.IdOf(special.Name));
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void SentinelsInATextAreTheReferences(string folder, string form)
    {
        (ITokenizer tokenizer, JsonElement data) = Open(folder, form);
        foreach (JsonElement item in data.TryGetProperty("with_sentinels (transformers)", out JsonElement items) ? items.EnumerateArray() : default)
        {
            int[] ids = Ints(item.GetProperty("ids"));
            Assert.Equal(ids, tokenizer.Encode(item.GetProperty("text").GetString()!, null).Ids);
            Assert.Equal(item.GetProperty("tokens").EnumerateArray().Select(token => token.GetString()), ids.Select(tokenizer.TokenOf));
            Assert.Equal(item.GetProperty("decoded").GetString(), tokenizer.Decode(ids, keepSpecials: true));
            Assert.Equal(item.GetProperty("decoded_skip").GetString(), tokenizer.Decode(ids));
        }
    }

    private static bool SpellsSpecial(ITokenizer tokenizer, string text) =>
        Enumerable.Range(0, tokenizer.Vocabulary).Any(id => tokenizer.IsSpecial(id) && text.Contains(tokenizer.TokenOf(id)!, StringComparison.Ordinal));

    /// <summary>The ids without what the template puts around every text.</summary>
    private static int[] Inner(ITokenizer tokenizer, int[] ids)
    {
        int[] added = tokenizer.Encode("x", null).SpecialMask;
        int left = added.TakeWhile(mask => mask == 1).Count();
        return ids[left..^(added.Sum() - left)];
    }

    private static (ITokenizer Tokenizer, JsonElement Data) Open(string folder, string form)
    {
        var golden = new Golden(folder);
        return (TokenizerFolder.Open(folder, form), golden.Data);
    }

    private static void Compare(List<string> wrong, string text, int[]? expected, int[] actual)
    {
        if (expected is not null && !expected.SequenceEqual(actual))
        {
            wrong.Add($"{JsonSerializer.Serialize(text)}\n  {string.Join(' ', expected)}\n  {string.Join(' ', actual)}");
        }
    }

    private static void Compare(List<string> wrong, string expected, string actual)
    {
        if (expected != actual)
        {
            wrong.Add($"expected {JsonSerializer.Serialize(expected)}, got {JsonSerializer.Serialize(actual)}");
        }
    }

    private static int CodePoints(string text, int units) => text[..units].EnumerateRunes().Count();

    private static int[] Ints(JsonElement list) => [.. list.EnumerateArray().Select(item => item.GetInt32())];
}
