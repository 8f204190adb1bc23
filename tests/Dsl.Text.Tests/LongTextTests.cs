using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using System.Text.Json.Nodes;
using Dsl.Text.Tokenizers;
using Xunit;

namespace Dsl.Text.Tests;

/// <summary>Texts and vocabularies that made tokenizers hang or grow; each search equals the plain loops on small ones.</summary>
public sealed class LongTextTests
{
    private const int Many = 60_000;

    private static readonly string Letters = new('a', Many);

    private static ITokenizer Read(JsonObject json) =>
        TokenizerFolder.Read([(TokenizerJson.FileName, Encoding.UTF8.GetBytes(json.ToJsonString()))], TokenizerJson.FileName);

    private static JsonObject Model(string type, JsonNode vocabulary, params (string Key, JsonNode Value)[] more)
    {
        var model = new JsonObject { ["type"] = type, ["vocab"] = vocabulary };
        foreach ((string key, JsonNode value) in more)
        {
            model[key] = value;
        }

        return new JsonObject { ["model"] = model };
    }

    private static JsonObject Ids(IEnumerable<string> tokens) => new(tokens.Select((token, id) => KeyValuePair.Create(token, (JsonNode?)id)));

    private static JsonArray Scored(IEnumerable<(string Piece, double Score)> pieces) =>
        new([.. pieces.Select(piece => new JsonArray(piece.Piece, piece.Score))]);

    private static JsonArray AddedList(IEnumerable<(string Content, int Id)> tokens) =>
        new([.. tokens.Select(token => new JsonObject { ["id"] = token.Id, ["content"] = token.Content })]);

    // A piece as long as the text, which every place of the text begins and none but the first completes: a search from each place would read 1.8e9 characters.
    [Fact]
    public void UnigramsReadEqualLettersOnce()
    {
        ITokenizer tokenizer = Read(Model("Unigram", Scored([("<unk>", 0), ("a", -1), (Letters + "b", -2)]), ("unk_id", 0)));
        Assert.Equal(Enumerable.Repeat(1, Many), tokenizer.Encode(Letters));
        Assert.Equal([2], tokenizer.Encode(Letters + "b"));
    }

    [Fact]
    public void WordPiecesReadEqualLettersOnce()
    {
        ITokenizer tokenizer = Read(Model(
            "WordPiece", Ids(["[UNK]", "a", "##a", "##" + Letters + "b"]), ("unk_token", "[UNK]"), ("max_input_chars_per_word", 1_000_000)));
        Assert.Equal([1, .. Enumerable.Repeat(2, Many - 1)], tokenizer.Encode(Letters));
        Assert.Equal([1, 3], tokenizer.Encode("a" + Letters + "b"));
    }

    [Fact]
    public void AddedTokensReadEqualLettersOnce()
    {
        JsonObject json = Model("BPE", Ids(["a", "b"]), ("merges", new JsonArray()));
        json["added_tokens"] = AddedList([(Letters + "b", 2)]);
        ITokenizer tokenizer = Read(json);
        Assert.Equal(Many, tokenizer.Encode(Letters).Length);
        Assert.Equal([0, 2, 0], tokenizer.Encode("a" + Letters + "ba"));
    }

    [Fact]
    public void FinalSigmasAreFoundInAPass()
    {
        ITokenizer tokenizer = TokenizerFolder.Read(
            [("spiece.model", SentencePieceBytes.Unigram(
            [
                ("<pad>", 0, PieceKind.Control), ("<unk>", 0, PieceKind.Unknown), ("[CLS]", 0, PieceKind.Control), ("[SEP]", 0, PieceKind.Control),
                ("\u03C3", -1, PieceKind.Normal), ("\u03C2", -1, PieceKind.Normal), ("\u2581", -1, PieceKind.Normal),
            ]))],
            "spiece.model");
        Assert.Equal([6, .. Enumerable.Repeat(4, Many - 1), 5], tokenizer.Encode(new string('\u03A3', Many)));
    }

    public static TheoryData<string> Growing => new()
    {
        string.Join(',', Enumerable.Repeat("""{"type": "Replace", "pattern": {"String": "a"}, "content": "aaaaaaaa"}""", 20)),
        string.Join(',', Enumerable.Repeat("""{"type": "Replace", "pattern": {"Regex": "a"}, "content": "aaaaaaaa"}""", 20)),
        $$"""{"type": "Prepend", "prepend": "{{new string('a', 200_000)}}"}""",
        string.Join(',', Enumerable.Repeat($$"""{"type": "Prepend", "prepend": "{{new string('b', 2_000)}}"}""", 80)),
        $$"""{"type": "Precompiled", "precompiled_charsmap": "{{Convert.ToBase64String(MapOf('a', new string('a', 200_000)))}}"}""",
    };

    /// <summary>sentencepiece's table with one entry: a double array whose root leads from one byte to a leaf.</summary>
    private static byte[] MapOf(char from, string to)
    {
        // Unit 0 has the offset 1; unit 1 ^ from has the label, a value, and an offset to its leaf.
        var units = new uint[256];
        int node = 1 ^ from;
        units[0] = 1u << 10;
        units[node] = (uint)from | (1u << 8) | (1u << 10);
        units[node ^ 1] = 0x80000000;
        return [.. BitConverter.GetBytes(4 * units.Length), .. units.SelectMany(BitConverter.GetBytes), .. Encoding.UTF8.GetBytes(to), 0];
    }

    [Theory, MemberData(nameof(Growing))]
    public void GrowthIsAnErrorThatNamesTheFile(string steps)
    {
        JsonObject json = Model("BPE", Ids(["a", "b"]), ("merges", new JsonArray()));
        json["normalizer"] = JsonNode.Parse($$"""{"type": "Sequence", "normalizers": [{{steps}}]}""");
        ITokenizer tokenizer = Read(json);
        Assert.StartsWith(
            "tokenizer.json: the tokenizer makes more than 65568 characters of a part of the text, expected at most 32 of each",
            Assert.Throws<TextException>(() => tokenizer.Encode("a")).Message);
        Assert.Throws<TextException>(() => tokenizer.Encode("a", "a"));
    }

    /// <summary>Twelve decoders in a row would make 10^12 letters of one.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("""{"type": "Fuse"},""")]
    public void GrowthOfWhatIsDecodedIsAnErrorThatNamesTheFile(string before)
    {
        JsonObject json = Model("BPE", Ids(["a", "b"]), ("merges", new JsonArray()));
        string steps = string.Join(',', Enumerable.Repeat("""{"type": "Replace", "pattern": {"String": "a"}, "content": "aaaaaaaaaa"}""", 12));
        json["decoder"] = JsonNode.Parse($$"""{"type": "Sequence", "decoders": [{{before}}{{steps}}]}""");
        ITokenizer tokenizer = Read(json);
        Assert.StartsWith("tokenizer.json: the decoder makes more than ", Assert.Throws<TextException>(() => tokenizer.Decode([0])).Message);
        Assert.Equal("b", tokenizer.Decode([1]));
    }

    [Theory]
    [InlineData("normalizer", "normalizers", """{"type": "NFC"}""")]
    [InlineData("pre_tokenizer", "pretokenizers", """{"type": "BertPreTokenizer"}""")]
    [InlineData("decoder", "decoders", """{"type": "Fuse"}""")]
    public void ASequenceHasAtMostAHundredSteps(string part, string list, string step)
    {
        JsonObject json = Model("BPE", Ids(["a", "b"]), ("merges", new JsonArray()));
        string inner = $$"""{"type": "Sequence", "{{list}}": [{{string.Join(',', Enumerable.Repeat(step, 50))}}]}""";
        json[part] = JsonNode.Parse($$"""{"type": "Sequence", "{{list}}": [{{inner}},{{inner}}]}""");
        Assert.Contains($"{part} is a sequence of more than 100 steps", Assert.Throws<TextException>(() => Read(json)).Message);
    }

    [Fact]
    public void SpellingBytesAgainAndAgainIsBounded()
    {
        JsonObject json = Model("BPE", Ids(["a", "b"]), ("merges", new JsonArray()));
        string steps = string.Join(',', Enumerable.Repeat("""{"type": "ByteLevel", "add_prefix_space": true, "use_regex": false}""", 60));
        json["pre_tokenizer"] = JsonNode.Parse($$"""{"type": "Sequence", "pretokenizers": [{{steps}}]}""");
        Assert.Contains("the tokenizer makes more than", Assert.Throws<TextException>(() => Read(json).Encode("\u00E9")).Message);
    }

    /// <summary>The limit is the text's and not a match's: each word alone stays below it.</summary>
    [Fact]
    public void APatternThatIsSlowOnEachWordIsStopped()
    {
        JsonObject json = Model("BPE", Ids(["a", "b"]), ("merges", new JsonArray()));
        json["pre_tokenizer"] = JsonNode.Parse("""
            {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"},
              {"type": "Split", "pattern": {"Regex": "(?=(a+)+$)b|a"}, "behavior": "Isolated"}]}
            """);
        ITokenizer tokenizer = Read(json);
        string text = string.Join(' ', Enumerable.Repeat(new string('a', 20) + "b", 3000));
        Assert.Contains("does not come to an end on this text", Assert.Throws<TextException>(() => tokenizer.Encode(text)).Message);
    }

    [Theory]
    [InlineData("(a+)+$")]
    [InlineData("(a|aa)+b")]
    [InlineData("a*a*a*a*a*a*c")]
    public void APatternThatNeedNotGoBackDoesNot(string pattern)
    {
        JsonObject json = Model("BPE", Ids(["a", "b"]), ("merges", new JsonArray()));
        json["pre_tokenizer"] = new JsonObject
        {
            ["type"] = "Split",
            ["pattern"] = new JsonObject { ["Regex"] = pattern },
            ["behavior"] = "Isolated",
        };
        Assert.Equal(61, Read(json).Encode(new string('a', 60) + "d" + "b").Length);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void EachSearchEqualsThePlainLoops(int seed)
    {
        var random = new Random(seed);
        string[] letters = ["a", "b", "\uD83D\uDE00"];
        string Word(int most) => string.Concat(Enumerable.Range(0, random.Next(1, most)).Select(_ => letters[random.Next(3)]));
        for (int round = 0; round < 200; round++)
        {
            string[] words = [.. Enumerable.Range(0, random.Next(1, 12)).Select(_ => Word(6)).Distinct()];
            string text = Word(40);

            var scored = words.Select(word => (word, -random.Next(1, 9) * 0.5)).Prepend(("<unk>", 0.0)).ToArray();
            Assert.Equal(Likeliest(text, scored), Read(Model("Unigram", Scored(scored), ("unk_id", 0))).Encode(text));

            string[] pieces = ["[UNK]", .. words, .. words.Where(_ => random.Next(3) > 0).Select(word => "##" + word)];
            Assert.Equal(Greedy(text, pieces), Read(Model("WordPiece", Ids(pieces), ("unk_token", "[UNK]"))).Encode(text));

            JsonObject json = Model("BPE", Ids(["a", "b", "\uD83D\uDE00"]), ("merges", new JsonArray()));
            string far = new('c', 100);
            (string, int)[] more = round % 2 == 0 ? [(far, 99)] : [];
            json["added_tokens"] = AddedList([.. words.Where(word => word.Length > 2).Select((word, i) => (word, i + 3)), .. more]);
            Assert.Equal(Leftmost(text, json["added_tokens"]!.AsArray()), Read(json).Encode(text));
        }
    }

    private static int[] Likeliest(string text, (string Piece, double Score)[] pieces)
    {
        double unknown = pieces.Min(piece => piece.Score) - 10;
        var best = new (double Score, int[] Ids)[text.Length + 1];
        best[0] = (0, []);
        for (int end = 1; end <= text.Length; end++)
        {
            best[end] = (double.NegativeInfinity, []);
            for (int start = 0; start < end; start++)
            {
                int id = Array.FindIndex(pieces, 1, piece => piece.Piece == text[start..end]);
                bool single = text[start..end].EnumerateRunes().Count() == 1 && !char.IsLowSurrogate(text[start])
                    && !char.IsHighSurrogate(text[end - 1]);
                if ((id < 0 && !single) || double.IsNegativeInfinity(best[start].Score))
                {
                    continue;
                }

                double sum = best[start].Score + (id < 0 ? unknown : pieces[id].Score);
                int[] before = best[start].Ids;
                int[] ids = id < 0 && before is [.., 0] ? before : [.. before, Math.Max(id, 0)];
                best[end] = sum > best[end].Score ? (sum, ids) : best[end];
            }
        }

        return best[^1].Ids;
    }

    private static int[] Greedy(string text, string[] pieces)
    {
        var ids = new List<int>();
        for (int start = 0; start < text.Length;)
        {
            int end = text.Length;
            int id = -1;
            for (; end > start && (id = Array.IndexOf(pieces, (start > 0 ? "##" : "") + text[start..end])) < 0; end--)
            {
            }

            if (id < 0)
            {
                return [0];
            }

            ids.Add(id);
            start = end;
        }

        return [.. ids];
    }

    private static int[] Leftmost(string text, JsonArray added)
    {
        var ids = new List<int>();
        for (int at = 0; at < text.Length;)
        {
            JsonNode? token = added.Where(entry => text.AsSpan(at).StartsWith(entry!["content"]!.GetValue<string>()))
                .MaxBy(entry => entry!["content"]!.GetValue<string>().Length);
            ids.Add(token?["id"]!.GetValue<int>() ?? (text[at] == 'a' ? 0 : text[at] == 'b' ? 1 : 2));
            at += token?["content"]!.GetValue<string>().Length ?? (char.IsHighSurrogate(text[at]) ? 2 : 1);
        }

        return [.. ids];
    }
}
