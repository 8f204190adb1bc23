using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dsl.Tests;
using Dsl.Text.Tokenizers;
using Xunit;

namespace Dsl.Text.Tests;

/// <summary>Families that do more than read a SentencePiece file: ALBERT, mBART, mBART-50, XLM-R; and T5's file as a tokenizer.json.</summary>
public sealed class SentencePieceFamilyTests
{
    private const string Sign = "\u2581";

    /// <summary>Pieces and normalisation of T5's golden, with its strings.</summary>
    private static (SentencePieceFile File, JsonElement Strings) T5
    {
        get
        {
            string folder = Path.Combine(GoldenFolder.InRepository(), "tokenizer_t5");
            var golden = new Golden(folder);
            return (SentencePieceFile.Read(File.ReadAllBytes(Path.Combine(folder, "spiece.model")), "spiece.model"), golden.Data.GetProperty("strings"));
        }
    }

    private static IEnumerable<string> Texts => T5.Strings.EnumerateArray().Select(item => item.GetProperty("text").GetString()!);

    private static (string, float, PieceKind)[] AlbertList =>
    [
        ("<pad>", 0, PieceKind.Control), ("<unk>", 0, PieceKind.Unknown), ("[CLS]", 0, PieceKind.Control), ("[SEP]", 0, PieceKind.Control),
        ("[MASK]", 0, PieceKind.Control), (Sign + "9,", -3, PieceKind.Normal), ("9,", -3, PieceKind.Normal), (Sign + "9", -5, PieceKind.Normal),
        ("1,", -3, PieceKind.Normal), ("12,", -2, PieceKind.Normal), ("12", -5, PieceKind.Normal),
        .. T5.File.Pieces.Where(piece => piece.Kind == PieceKind.Normal && piece.Text is not ("9" or "12" or Sign + "9")),
        ("9", -6, PieceKind.Normal),
    ];

    private static (string, float, PieceKind)[] MBartList =>
    [
        ("<unk>", 0, PieceKind.Unknown), ("<s>", 0, PieceKind.Control), ("</s>", 0, PieceKind.Control),
        .. T5.File.Pieces.Where(piece => piece.Kind == PieceKind.Normal),
    ];

    private static ITokenizer Albert(string? config = null) =>
        Read("spiece.model", SentencePieceBytes.Unigram(AlbertList, T5.File.CharsMap), (SpecialNames.ConfigFile, config));

    private static ITokenizer Fairseq(string config, string name = SpecialNames.ConfigFile) =>
        Read(FairseqPieces.FileName, SentencePieceBytes.Unigram(MBartList, T5.File.CharsMap), (name, config));

    private static ITokenizer Read(string name, byte[] bytes, params (string Name, string? Text)[] beside) =>
        TokenizerFolder.Read(
            [(name, bytes), .. beside.Where(file => file.Text is not null).Select(file => (file.Name, Encoding.UTF8.GetBytes(file.Text!)))], name);

    private static string[] Tokens(ITokenizer tokenizer, string text) => [.. tokenizer.Encode(text, null).Ids.Select(id => tokenizer.TokenOf(id)!)];

    [Fact]
    public void AlbertCleansLowersAndFramesATextAndAPair()
    {
        ITokenizer tokenizer = Albert();
        TokenEncoding encoding = tokenizer.Encode("  The\t ``RIGHTS'' ", "Thé\u0301 place");
        Assert.Equal("[CLS] ▁the ▁\" r i g h t s \" [SEP] ▁the ▁place [SEP]", Spelt(tokenizer, encoding));
        Assert.Equal(encoding.Ids.TakeWhile(id => id != 3).Count() + 1, encoding.TypeIds.Count(type => type == 0));
        SpecialTokens special = tokenizer.Special;
        Assert.Equal((0, 1, 2, 3, 4), (special.Pad, special.Unknown, special.Class, special.Separator, special.Mask));
        Assert.Equal(Tokens(tokenizer, "the [MASK]place"), Tokens(tokenizer, "the[MASK]place"));
    }

    private static string Spelt(ITokenizer tokenizer, TokenEncoding encoding) => string.Join(' ', encoding.Ids.Select(tokenizer.TokenOf));

    [Theory]
    [InlineData("9,9", "▁9 , 9")]
    [InlineData("x9,12,a", "▁ x 9 , 12 , a")]
    [InlineData("9, 1,", "▁9 , ▁ 1 ,")]
    public void AlbertPartsNumbersFromCommas(string text, string expected)
    {
        ITokenizer tokenizer = Albert();
        TokenEncoding encoding = tokenizer.Encode(text, null, new EncodingOptions(AddSpecials: false));
        Assert.Equal(expected, Spelt(tokenizer, encoding));
        string covered = string.Concat(encoding.Offsets.Select((offset, i) => encoding.Ids[i] == tokenizer.IdOf(Sign) ? " " : text[offset.Start..offset.End]));
        Assert.Equal(text, covered.Trim());
    }

    [Theory]
    [InlineData("ΟΔΟΣ ΣΑΣ.", "οδος σας.")]
    [InlineData("Σ ΑΣ'Σ", "σ ασ'ς")]
    public void AlbertLowersASigmaByItsPlaceInTheWord(string text, string expected)
    {
        ITokenizer tokenizer = Read("spiece.model", SentencePieceBytes.Unigram(
        [
            ("<pad>", 0, PieceKind.Control), ("<unk>", 0, PieceKind.Unknown), ("[CLS]", 0, PieceKind.Control), ("[SEP]", 0, PieceKind.Control),
            .. "▁οδςσα.'".Select(letter => (letter.ToString(), -1f, PieceKind.Normal)),
        ]));
        Assert.Equal(expected, tokenizer.Decode(tokenizer.Encode(text)));
    }

    [Fact]
    public void AlbertKeepsCaseAndAccentsWhereItsConfigSaysSo()
    {
        ITokenizer tokenizer = Albert("""{"do_lower_case": false, "keep_accents": true}""");
        Assert.Equal("é the ED", tokenizer.Decode(tokenizer.Encode("é the ED")));
        Assert.Equal("e the ed", Albert().Decode(Albert().Encode("é the ED")));
    }

    /// <summary>The pieces as Hugging Face's converter puts them into a tokenizer.json: an independent way to the same ids.</summary>
    [Fact]
    public void AlbertsTwoFormsAgree()
    {
        ITokenizer own = Albert();
        (string Text, float Score, PieceKind Kind)[] list = AlbertList;
        JsonObject json = SentencePieceBytes.Json(
            list.Select(piece => (piece.Text, piece.Score - (piece.Text is [.., var digit, ','] && char.IsDigit(digit) ? 100.0 : 0))),
            unknown: 1,
            [
                Replace(new JsonObject { ["String"] = "``" }, "\""), Replace(new JsonObject { ["String"] = "''" }, "\""),
                new JsonObject { ["type"] = "NFKD" }, new JsonObject { ["type"] = "StripAccents" }, new JsonObject { ["type"] = "Lowercase" }, Precompiled(),
                Replace(new JsonObject { ["Regex"] = " {2,}" }, " "), new JsonObject { ["type"] = "Strip" },
            ],
            SentencePieceBytes.Metaspace(),
            Enumerable.Range(0, 5).Select(id => (id, list[id].Text)),
            "[MASK]",
            SentencePieceBytes.Template(
                "[CLS]:0 A:0 [SEP]:0", "[CLS]:0 A:0 [SEP]:0 B:1 [SEP]:1", new Dictionary<string, int> { ["[CLS]"] = 2, ["[SEP]"] = 3 }));

        // Python drops marks by their combining class and takes U+0085 for white space; the converted file drops every mark, and has a table for white space.
        Agree(own, json, text => text.Contains('\u20E3') || text.Contains('\u0085'), "In 1969, 9,999 of 12,000; 3.14,15");
    }

    [Theory]
    [InlineData("MBartTokenizer", "A:0 </s>:0 fr_XX:0", "A:0 B:0 </s>:0 fr_XX:0", 25)]
    [InlineData("MBart50TokenizerFast", "fr_XX:0 A:0 </s>:0", "fr_XX:0 A:0 B:0 </s>:0", 52)]
    [InlineData("XLMRobertaTokenizer", "<s>:0 A:0 </s>:0", "<s>:0 A:0 </s>:0 </s>:0 B:0 </s>:0", 0)]
    public void FairseqsIdsAreThoseOfTheConvertedFile(string kind, string single, string pair, int languages)
    {
        ITokenizer own = Fairseq($$"""{"tokenizer_class": "{{kind}}", "src_lang": "fr_XX"}""");
        (string Text, float Score, PieceKind Kind)[] list = MBartList;
        string[] first = ["<s>", "<pad>", "</s>", "<unk>"];
        string[] codes = [.. Enumerable.Range(list.Length + 1, languages).Select(id => own.TokenOf(id)!)];
        (string Text, double Score)[] vocabulary =
        [
            .. first.Select(token => (token, 0.0)), .. list[3..].Select(piece => (piece.Text, (double)piece.Score)), .. codes.Select(code => (code, 0.0)),
            ("<mask>", 0.0),
        ];
        int Id(string token) => Array.FindIndex(vocabulary, piece => piece.Text == token);
        IEnumerable<string> around = $"{single} {pair}".Split(' ').Select(part => part[..^2]).Where(token => token is not ("A" or "B")).Distinct();
        JsonObject json = SentencePieceBytes.Json(
            vocabulary,
            unknown: 3,
            [Precompiled(), new JsonObject { ["type"] = "Strip", ["strip_left"] = true }, Replace(new JsonObject { ["Regex"] = " {2,}" }, " ")],
            SentencePieceBytes.Metaspace(),
            first.Concat(codes).Append("<mask>").Select(token => (Id(token), token)),
            "<mask>",
            SentencePieceBytes.Template(single, pair, around.ToDictionary(token => token, Id)));
        Assert.Equal(list.Length + 2 + languages, own.Vocabulary);
        Assert.Equal((0, 1, 2, 3), (own.IdOf("<s>"), own.IdOf("<pad>"), own.IdOf("</s>"), own.IdOf("<unk>")));
        Assert.Equal(own.Vocabulary - 1, own.Special.Mask);
        Assert.Equal((0, 2, 1, 2), (own.Special.Class, own.Special.Separator, own.Special.Pad, own.Special.End));

        // The converted file's table is applied by graphemes, which separates this letter from the first of its marks.
        Agree(own, json, text => text.Contains("e\u0301\u0302"), "the <mask> of<mask> it");
    }

    [Fact]
    public void MBartsCodesStandInThePublishedOrder()
    {
        ITokenizer tokenizer = Fairseq("""{"tokenizer_class": "MBart50Tokenizer"}""");
        int first = MBartList.Length + 1;
        Assert.Equal(
            ["ar_AR", "en_XX", "zh_CN", "af_ZA", "sl_SI"],
            new[] { 0, 3, 24, 25, 51 }.Select(language => tokenizer.TokenOf(first + language)));
        Assert.True(tokenizer.IsSpecial(first + 51));
        Assert.Equal(["en_XX", "▁the", "</s>"], Tokens(tokenizer, "the"));
    }

    [Fact]
    public void AModelsConfigSaysWhichFamilyAndASavedTokenizerOpensAlone()
    {
        ITokenizer fifty = Fairseq($$"""{"model_type": "mbart", "vocab_size": {{MBartList.Length + 54}}}""", "config.json");
        Assert.Equal(MBartList.Length + 54, fifty.Vocabulary);
        Assert.Equal(MBartList.Length + 27, Fairseq("""{"model_type": "mbart", "vocab_size": 250027}""", "config.json").Vocabulary);
        Assert.Equal(MBartList.Length + 2, Fairseq("""{"model_type": "xlm-roberta"}""", "config.json").Vocabulary);
        using var folder = new ScratchFolder();
        fifty.Save(folder.Path);
        Assert.False(File.Exists(folder["config.json"]));
        ITokenizer again = TextCodecs.OpenTokenizer(folder.Path);
        Assert.Equal(fifty.Encode("the rights", null).Ids, again.Encode("the rights", null).Ids);
    }

    [Theory]
    [InlineData("{}", "no word on whose it is, expected tokenizer_class MBartTokenizer, MBart50Tokenizer or XLMRobertaTokenizer")]
    [InlineData("""{"tokenizer_class": "CamembertTokenizer"}""", "tokenizer_class 'CamembertTokenizer' unknown; known: MBartTokenizer")]
    [InlineData("""{"tokenizer_class": "MBartTokenizer", "src_lang": "tlh"}""", "src_lang 'tlh' unknown; known: ar_AR, ")]
    [InlineData("""{"tokenizer_class": 3}""", "tokenizer_class is")]
    public void WhatDoesNotSayWhoseItIsIsRefused(string config, string sentence) =>
        Assert.Contains(sentence, Assert.Throws<TextException>(() => Fairseq(config)).Message);

    [Fact]
    public void OtherFirstPiecesAreRefused() => Assert.Contains(
        "the first pieces are <unk> </s> a, expected <unk> <s> </s>",
        Assert.Throws<TextException>(() => Read(
            FairseqPieces.FileName,
            SentencePieceBytes.Unigram([("<unk>", 0, PieceKind.Unknown), ("</s>", 0, PieceKind.Control), ("a", -1, PieceKind.Normal)]))).Message);

    /// <summary>The golden's <c>transformers_ids</c>: its T5 tokenizer applies the file's table by graphemes and takes away all white space.</summary>
    [Fact]
    public void T5AsATokenizerJsonHasTheIdsOfTransformers()
    {
        (SentencePieceFile file, JsonElement strings) = T5;
        string[] sentinels = [.. Enumerable.Range(0, 100).Reverse().Select(k => $"<extra_id_{k}>")];
        (string Text, double Score)[] vocabulary =
            [.. file.Pieces.Select(piece => (piece.Text, (double)piece.Score)), .. sentinels.Select(token => (token, 0.0))];
        JsonObject json = SentencePieceBytes.Json(
            vocabulary,
            unknown: 2,
            [Precompiled()],
            new JsonObject
            {
                ["type"] = "Sequence",
                ["pretokenizers"] = new JsonArray(new JsonObject { ["type"] = "WhitespaceSplit" }, SentencePieceBytes.Metaspace()),
            },
            Enumerable.Range(0, 3).Concat(Enumerable.Range(file.Pieces.Count, 100)).Select(id => (id, vocabulary[id].Text)),
            "",
            SentencePieceBytes.Template("A:0 </s>:0", "A:0 </s>:0 B:0 </s>:0", new Dictionary<string, int> { ["</s>"] = 1 }));
        ITokenizer tokenizer = Read("tokenizer.json", Encoding.UTF8.GetBytes(json.ToJsonString()));
        foreach (JsonElement item in strings.EnumerateArray())
        {
            JsonElement ids = item.TryGetProperty("transformers_ids", out JsonElement other) ? other : item.GetProperty("ids");
            Assert.Equal(
                (item.GetProperty("text").GetString()!, string.Join(' ', ids.EnumerateArray())),
                (item.GetProperty("text").GetString()!, string.Join(' ', tokenizer.Encode(item.GetProperty("text").GetString()!, null).Ids)));
        }
    }

    private static JsonObject Replace(JsonObject pattern, string content) => new() { ["type"] = "Replace", ["pattern"] = pattern, ["content"] = content };

    private static JsonObject Precompiled() => new() { ["type"] = "Precompiled", ["precompiled_charsmap"] = Convert.ToBase64String(T5.File.CharsMap) };

    /// <summary>Both forms give one encoding of every golden string, but for those that the two normalise differently on purpose.</summary>
    private static void Agree(ITokenizer own, JsonObject json, Func<string, bool> differs, string more)
    {
        ITokenizer other = Read("tokenizer.json", Encoding.UTF8.GetBytes(json.ToJsonString()));
        var differing = new List<string>();
        foreach (string text in Texts.Append(more).Where(text => !differs(text)))
        {
            (TokenEncoding a, TokenEncoding b) = (own.Encode(text, "the " + text), other.Encode(text, "the " + text));
            if (!own.Encode(text, null).Ids.SequenceEqual(other.Encode(text, null).Ids) || !a.Ids.SequenceEqual(b.Ids))
            {
                differing.Add($"{JsonSerializer.Serialize(text)}: {Spelt(own, own.Encode(text, null))} | {Spelt(other, other.Encode(text, null))}");
            }
            else
            {
                Assert.Equal(a.TypeIds, b.TypeIds);
                Assert.Equal(a.SpecialMask, b.SpecialMask);
            }
        }

        Assert.True(differing.Count == 0, string.Join('\n', differing));
    }
}
