using System.Collections.Generic;
using System.Linq;
using System.Text;
using System.Text.Json.Nodes;
using Dsl.Text.Tokenizers;
using Xunit;

namespace Dsl.Text.Tests;

/// <summary>Added and special tokens that stand in the files beside a vocabulary, and vocabularies that published readers take with a shrug.</summary>
public sealed class TokensBesideTests
{
    private const string Sign = "\u2581";
    private const string Words = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nsome\ntext\n##s\n<\n>\nmark\n";

    private static string Bytes => new JsonObject(ByteLevel.Alphabet.Select((sign, id) => KeyValuePair.Create(sign, (JsonNode?)id))).ToJsonString();

    private static ITokenizer Read(params (string Name, string Text)[] files) =>
        TokenizerFolder.Read([.. files.Select(file => (file.Name, Encoding.UTF8.GetBytes(file.Text)))], files[0].Name);

    private static ITokenizer BytePairs(params (string Name, string Text)[] beside) =>
        Read([("vocab.json", Bytes), ("merges.txt", "#version: 0.2\n"), .. beside]);

    private static ITokenizer WordPieces(params (string Name, string Text)[] beside) => Read([("vocab.txt", Words), .. beside]);

    private static ITokenizer Pieces(params (string Name, string Text)[] beside) => TokenizerFolder.Read(
        [
            ("tokenizer.model", SentencePieceBytes.Unigram(
            [
                ("<unk>", 0, PieceKind.Unknown), ("<s>", 0, PieceKind.Control), ("</s>", 0, PieceKind.Control), (Sign + "some", -1, PieceKind.Normal),
                (Sign + "text", -2, PieceKind.Normal), (Sign, -4, PieceKind.Normal), ("<free>", -9, PieceKind.UserDefined),
            ])),
            .. beside.Select(file => (file.Name, Encoding.UTF8.GetBytes(file.Text))),
        ],
        "tokenizer.model");

    private static (string, string) Config(string text) => (SpecialNames.ConfigFile, text);

    private static (string, string) Map(string text) => (SpecialNames.MapFile, text);

    private static (string, string) Added(string text) => (TokensBeside.AddedFile, text);

    private static string Cut(ITokenizer tokenizer, string text) => string.Join('|', tokenizer.Encode(text).Select(tokenizer.TokenOf));

    [Fact]
    public void AddedTokensJsonGivesIdsBesideEveryOlderForm()
    {
        foreach ((ITokenizer tokenizer, int id) in new[]
        {
            (BytePairs(Added("""{"<step>": 256}""")), 256), (WordPieces(Added("""{"<step>": 11}""")), 11), (Pieces(Added("""{"<step>": 7}""")), 7),
        })
        {
            Assert.Contains(id, tokenizer.Encode("some<step>text"));
            Assert.Equal(id, tokenizer.IdOf("<step>"));
            Assert.Equal(id + 1, tokenizer.Vocabulary);
            Assert.False(tokenizer.IsSpecial(id));
            Assert.Contains("<step>", tokenizer.Decode(tokenizer.Encode("some<step>text")));
            Assert.Empty(tokenizer.Warnings);
        }
    }

    [Fact]
    public void ANameInTheMapMakesAnAddedTokenSpecial()
    {
        ITokenizer tokenizer = BytePairs(Added("""{"<go>": 256, "<plain>": 257}"""), Map("""{"bos_token": {"content": "<go>", "lstrip": true}}"""));
        Assert.True(tokenizer.IsSpecial(256));
        Assert.False(tokenizer.IsSpecial(257));
        Assert.Equal(256, tokenizer.Special.Begin);
        Assert.Equal("a<plain>", tokenizer.Decode(tokenizer.Encode("a<go><plain>")));
    }

    [Fact]
    public void TheConfigsDecoderGoesBeforeTheOtherFiles()
    {
        const string Decoder = """
            {"added_tokens_decoder": {
              "256": {"content": "<l>", "lstrip": true, "special": true}, "257": {"content": "<r>", "rstrip": true, "special": false, "normalized": false}},
             "eos_token": "<l>"}
            """;
        ITokenizer tokenizer = BytePairs(Config(Decoder), Map("""{"eos_token": "!"}"""), Added("""{"<other>": 300}"""));
        Assert.Equal(256, tokenizer.Special.End);
        Assert.Null(tokenizer.IdOf("<other>"));
        Assert.Equal("a|<l>|\u0120|b|<r>|c", Cut(tokenizer, "a  <l> b<r>  c"));
        Assert.Equal("a b<r>c", tokenizer.Decode(tokenizer.Encode("a  <l> b<r>  c")));
    }

    [Fact]
    public void WithoutThatTheMapGoesBeforeTheConfig()
    {
        (string, string)[] both = [Config("""{"eos_token": "!", "pad_token": "?"}"""), Map("""{"eos_token": "#"}""")];
        SpecialTokens special = BytePairs(both).Special;
        Assert.Equal(('#' - '!', '?' - '!'), (special.End!.Value, special.Pad!.Value));
    }

    [Fact]
    public void WhatIsNamedAndNowhereListedComesLast()
    {
        ITokenizer tokenizer = WordPieces(Config("""{"additional_special_tokens": ["[A]", "[B]"], "bos_token": "[GO]", "eos_token": ""}"""));
        Assert.Equal(("[GO]", "[A]", "[B]"), (tokenizer.TokenOf(11), tokenizer.TokenOf(12), tokenizer.TokenOf(13)));
        Assert.Equal("some|[A]|text", Cut(tokenizer, "some[A]text"));
        Assert.Equal(11, tokenizer.Special.Begin);
        Assert.True(tokenizer.IsSpecial(13));
    }

    [Fact]
    public void AFreePlaceOfTheVocabularyGetsTheNameThatIsGivenToIt()
    {
        ITokenizer tokenizer = Pieces(Config("""{"added_tokens_decoder": {"6": {"content": "<step>", "special": true}}}"""));
        Assert.Equal((6, "<step>", 7), (tokenizer.IdOf("<step>"), tokenizer.TokenOf(6), tokenizer.Vocabulary));
        Assert.Contains(6, tokenizer.Encode("some<step>text"));
        Assert.Null(tokenizer.IdOf("<free>"));
    }

    [Fact]
    public void AFreePlaceOfWordPiecesIsNoPieceAnyMore()
    {
        ITokenizer tokenizer = WordPieces(Added("""{"<step>": 10}"""));
        Assert.Equal((10, "<step>", 11), (tokenizer.IdOf("<step>"), tokenizer.TokenOf(10), tokenizer.Vocabulary));
        Assert.Equal("some|<step>|[UNK]", Cut(tokenizer, "some<step>mark"));
    }

    [Fact]
    public void ATokenizerJsonKeepsItsIds()
    {
        const string Json = """
            {"added_tokens": [{"id": 2, "content": "<x>", "special": false}],
             "model": {"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": []}}
            """;
        const string Decoder =
            """{"added_tokens_decoder": {"2": {"content": "<x>", "special": true}, "1": {"content": "<y>"}}, "pad_token": "<pad>", "mask_token": "b"}""";
        ITokenizer tokenizer = Read((TokenizerJson.FileName, Json), Config(Decoder));
        Assert.Equal((2, 3, 4), (tokenizer.IdOf("<x>"), tokenizer.IdOf("<y>"), tokenizer.Special.Pad));
        Assert.Equal("b", tokenizer.TokenOf(1));
        Assert.True(tokenizer.IsSpecial(2));
        Assert.True(tokenizer.IsSpecial(1));
        Assert.Equal("a|<y>|b", Cut(tokenizer, "a<y>b"));
    }

    [Theory]
    [InlineData(null, null, "<s>|_some")]
    [InlineData(false, null, "_some")]
    [InlineData(true, true, "<s>|_some|</s>")]
    [InlineData(false, true, "_some|</s>")]
    public void BeginAndEndAreAddedAsTheConfigSays(bool? begin, bool? end, string expected)
    {
        var config = new JsonObject();
        if (begin is { } first)
        {
            config["add_bos_token"] = first;
        }

        if (end is { } last)
        {
            config["add_eos_token"] = last;
        }

        ITokenizer tokenizer = Pieces(Config(config.ToJsonString()));
        Assert.Equal(expected, string.Join('|', tokenizer.Encode("some", null).Ids.Select(tokenizer.TokenOf)).Replace(Sign, "_"));
    }

    [Fact]
    public void GptsVocabularyGetsBeginAndEndWhereTheConfigWantsThem()
    {
        ITokenizer tokenizer = BytePairs(Config("""{"add_bos_token": true, "add_eos_token": true, "bos_token": "!", "eos_token": "#"}"""));
        Assert.Equal("!|a|#", string.Join('|', tokenizer.Encode("a", null).Ids.Select(tokenizer.TokenOf)));
        Assert.Equal("a", string.Join('|', BytePairs().Encode("a", null).Ids.Select(BytePairs().TokenOf)));
    }

    [Theory]
    [InlineData("""{"added_tokens_decoder": {"x": {"content": "a"}}}""",
        "tokenizer_config.json: added_tokens_decoder['x'] is under the key 'x', expected an id")]
    [InlineData("""{"added_tokens_decoder": {"7": 3}}""",
        "tokenizer_config.json: added_tokens_decoder['7'] is no token, expected an object with 'content'")]
    [InlineData("""{"added_tokens_decoder": {"2147483647": {"content": "<x>"}}}""", "token '<x>' has the id 2147483647")]
    [InlineData("""{"added_tokens_decoder": {"99999999": {"content": "<x>"}}}""", "token '<x>' has the id 99999999, expected at most 16777216")]
    public void WhatIsNoTokenIsNamed(string config, string message) =>
        Assert.Contains(message, Assert.Throws<TextException>(() => BytePairs(Config(config))).Message);

    [Fact]
    public void ATokenThatIsListedTwiceHasItsLastId()
    {
        ITokenizer tokenizer = Read(("vocab.txt", Words + "some\nend\n"));
        Assert.Equal((11, 12, 13), (tokenizer.IdOf("some"), tokenizer.IdOf("end"), tokenizer.Vocabulary));
        Assert.Null(tokenizer.TokenOf(5));
        Assert.Equal("some end", tokenizer.Decode([11, 5, 12]));
        Assert.Equal("vocab.txt: token 'some' is listed twice, as 5 and as 11; the last counts", Assert.Single(tokenizer.Warnings));
    }

    [Fact]
    public void IdsMayHaveNoTokens()
    {
        ITokenizer tokenizer = Read((TokenizerJson.FileName, """{"model": {"type": "BPE", "vocab": {"a": 0, "b": 2, "ab": 5}, "merges": ["a b"]}}"""));
        Assert.Equal((6, "ab"), (tokenizer.Vocabulary, Cut(tokenizer, "ab")));
        Assert.Equal("a ab", tokenizer.Decode([0, 1, 5, 4]));
        Assert.Equal("tokenizer.json: no token has the id 1 or 2 others of 0 to 5", Assert.Single(tokenizer.Warnings));
    }

    [Fact]
    public void OfAMergeThatIsListedTwiceTheLastCounts()
    {
        const string Vocabulary = """{"a": 0, "b": 1, "c": 2, "ab": 3, "bc": 4}""";
        string json = $$"""{"model": {"type": "BPE", "vocab": {{Vocabulary}}, "merges": ["a b", "b c", "a b"]} }""";
        Assert.Equal("a|bc", Cut(Read((TokenizerJson.FileName, json)), "abc"));
        Assert.Equal("a|bc", Cut(Read(("vocab.json", Vocabulary), ("merges.txt", "a b\nb c\na b\n")), "abc"));
    }

    [Fact]
    public void AddedTokensAreTextAndNotBytes()
    {
        JsonObject json = JsonNode.Parse($$"""
            {"added_tokens": [{"id": 256, "content": "caf\u00E9", "special": false}, {"id": 257, "content": "\u00C5ngstr\u00F6m", "special": true}],
             "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false}, "decoder": {"type": "ByteLevel"},
             "model": {"type": "BPE", "vocab": {{Bytes}}, "merges": []} }
            """)!.AsObject();
        ITokenizer tokenizer = Read((TokenizerJson.FileName, json.ToJsonString()));
        const string Text = "a caf\u00E9 \u00E9 \u00C5ngstr\u00F6m";
        int[] ids = tokenizer.Encode(Text);
        Assert.Contains(256, ids);
        Assert.Equal(Text, tokenizer.Decode(ids, keepSpecials: true));
        Assert.Equal("a caf\u00E9 \u00E9 ", tokenizer.Decode(ids));
    }

    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    public void BlankLinesOfRanksSayNothing(string line)
    {
        string ranks = string.Concat(Enumerable.Range(0, 256).Select(value => $"{System.Convert.ToBase64String([(byte)value])} {value}{line}"));
        ITokenizer tokenizer = Read(("tokenizer.model", ranks.Insert(ranks.IndexOf("CQ==", System.StringComparison.Ordinal), line) + line));
        Assert.Equal((512, "ok"), (tokenizer.Vocabulary, tokenizer.Decode(tokenizer.Encode("ok"))));
    }
}
