using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Json.Nodes;
using Dsl.Tests;
using Dsl.Text.Tokenizers;
using Xunit;

namespace Dsl.Text.Tests;

/// <summary>Files that are no tokenizers: one clear sentence, in bounded time, whatever they hold.</summary>
public sealed class BadTokenizerTests
{
    private static string With(string member) => $"{{{member}, " + Small.TrimStart()[1..];

    private const string Small = """
        {"model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]}}
        """;

    private static string Pointer =>
        $"version https://git-lfs.github.com/spec/v1\noid sha256:{new string('1', 64)}\nsize 1234567\n";

    public static TheoryData<string, string, string> Sentences => new()
    {
        { "tokenizer.json", "", "not JSON (line 1), expected an object: " },
        { "tokenizer.json", "[1]", "a list or a value, expected an object" },
        { "tokenizer.json", "{}", "model is missing, expected a value" },
        { "tokenizer.json", """{"model": {"type": "Neural", "vocab": {}}}""", "model.type 'Neural' unknown; known: BPE, WordPiece, Unigram, WordLevel" },
        { "tokenizer.json", Small.Replace("\"a b\"", "\"a c\""), "merge 'a c' not in the vocabulary, expected 'a', 'c' and 'ac' there" },
        { "tokenizer.json", Small.Replace("\"a b\"", "\"ab a\""), "merge 'ab a' not in the vocabulary, expected 'ab', 'a' and 'aba' there" },
        { "tokenizer.json", Small.Replace("\"a b\"", "\"ab\""), "model.merges[0] is no pair, expected two tokens" },
        { "tokenizer.json", Small.Replace("\"ab\": 2", "\"ab\": 20000000"), "token 'ab' has the id 20000000, expected at most 16777216" },
        { "tokenizer.json", Small.Replace("\"ab\": 2", "\"ab\": 1"), "tokens 'b' and 'ab' have the same id 1" },
        { "tokenizer.json", Small.Replace("\"ab\": 2", "\"ab\": -2"), "token 'ab' has the id -2, expected 0 or more" },
        { "tokenizer.json", Small.Replace("\"ab\": 2", "\"ab\": 2.5"), "model.vocab['ab'] is the number 2.5, expected a whole number" },
        { "tokenizer.json", Small.Replace("\"ab\": 2", "\"\\ud800\": 2"), "expected whole characters" },
        { "tokenizer.json", Small.Replace("\"BPE\"", "\"BPE\", \"dropout\": 0.1"), "model.dropout is 0.1, expected none" },
        { "tokenizer.json", Small.Replace("\"BPE\"", "\"BPE\", \"unk_token\": \"<unk>\""), "model.unk_token '<unk>' is not in the vocabulary" },
        { "tokenizer.json", Small.Replace("\"BPE\"", "\"BPE\", \"byte_fallback\": true"), "no token <0x00> is there, expected all 256" },
        { "tokenizer.json", With(""" "added_tokens": [{"id": 7, "content": "a", "special": true}]"""),
            "added token 'a' has the id 7, the vocabulary has it as 0" },
        { "tokenizer.json", With(""" "normalizer": {"type": "NFX"}"""), "normalizer.type 'NFX' unknown; known: Sequence, " },
        { "tokenizer.json", With(""" "pre_tokenizer": {"type": "Split", "pattern": {"Regex": "(a"}, "behavior": "Isolated"}"""),
            "the pattern '(a' cannot be read" },
        { "tokenizer.json", With(""" "decoder": {"type": "CTC"}"""), "decoder.type 'CTC' unknown; known: " },
        { "tokenizer.json", With(""" "post_processor": {"type": "BertProcessing", "cls": ["a", 0], "sep": ["x", 9]}"""), "expected an id below 3" },
        { "tokenizer.json", new string('[', 10_000), "not JSON" },
        { "tokenizer.model", "\u0001\u0002garbage", "not a SentencePiece model" },
        { "tokenizer.model", "IQ== 0\nIQ== 1\n", "token '!' is listed twice, as 0 and as 1" },
        { "tokenizer.model", "IQ== 0\nIg== x\n", "line 2 is 'Ig== x', expected a token in base64 and its rank" },
        { "tokenizer.model", "IQ== 0\n", "no rank for the byte 0x00, expected all 256" },
        { "vocab.json", """{"a": 0}""", "merges.txt: not found, expected it beside vocab.json" },
        { "vocab.txt", "[UNK]\n[CLS]\na\n", "no token [SEP], expected a vocabulary of BERT with [UNK], [CLS] and [SEP]" },
        { "tokenizer.json", Pointer, "a Git LFS pointer (132 bytes), not the file itself; run git lfs pull, expected a tokenizer's file" },
        { "tokenizer.model", Pointer, "a Git LFS pointer (132 bytes), not the file itself; run git lfs pull, expected a tokenizer's file" },
        { "vocab.txt", Pointer, "a Git LFS pointer (132 bytes), not the file itself; run git lfs pull, expected a tokenizer's file" },
        { "spiece.model", "\n<!DOCTYPE html><html>404</html>", "an HTML page (32 bytes), not the file itself; download that" },
        { "vocab.json", "<html>", "an HTML page (6 bytes), not the file itself; download that" },
        { "tokenizer.model", "PK\u0003\u0004x", "a zip archive; unpack it" },
        { "tokenizer.json", "\0\0\0\0", "4 zero bytes: an incomplete download" },
        { "tokenizer.model", "\nIQ== 0\n\nIg== x\n", "line 4 is 'Ig== x', expected a token in base64 and its rank" },
        { "vocab.txt", "", "the vocabulary is empty, expected at least one token" },
    };

    [Theory, MemberData(nameof(Sentences))]
    public void EachIsOneSentenceThatNamesTheFile(string name, string content, string sentence)
    {
        using var folder = new ScratchFolder();
        File.WriteAllText(folder[name], content);
        var e = Assert.Throws<TextException>(() => TextCodecs.OpenTokenizer(folder.Path));
        Assert.Contains(sentence, e.Message);
        Assert.StartsWith(folder.Path, e.Message);
        Assert.DoesNotContain('\n', e.Message);
    }

    [Fact]
    public void MergesOfUnknownPiecesAreNamed()
    {
        using var folder = new ScratchFolder();
        File.WriteAllText(folder["vocab.json"], """{"a": 0, "b": 1, "ab": 2}""");
        File.WriteAllText(folder["merges.txt"], "#version: 0.2\na b\nb a\n");
        Assert.Equal(
            $"{folder["merges.txt"]}: line 3: merge 'b a' not in the vocabulary, expected two of its tokens that make a third",
            Assert.Throws<TextException>(() => TextCodecs.OpenTokenizer(folder.Path)).Message);
    }

    [Theory]
    [InlineData("tokenizer.json", 2)]
    [InlineData("tokenizer.model", 3)]
    [InlineData("vocab.txt", 4)]
    [InlineData("vocab.json", 5)]
    public void APickleIsNamed(string name, byte protocol)
    {
        using var folder = new ScratchFolder();
        File.WriteAllBytes(folder[name], [0x80, protocol, (byte)'c', (byte)'x', (byte)'\n']);
        File.WriteAllText(folder["merges.txt"], "");
        Assert.Equal(
            $"{folder[name]}: a Python pickle (protocol {protocol}); save the tokenizer with save_pretrained, expected a tokenizer's file",
            Assert.Throws<TextException>(() => TextCodecs.OpenTokenizer(folder.Path)).Message);
    }

    [Fact]
    public void APointerBesideAVocabularyIsNamed()
    {
        using var folder = new ScratchFolder();
        File.WriteAllText(folder["vocab.json"], """{"a": 0}""");
        File.WriteAllText(folder["merges.txt"], Pointer);
        Assert.StartsWith(
            $"{folder["merges.txt"]}: a Git LFS pointer (132 bytes)", Assert.Throws<TextException>(() => TextCodecs.OpenTokenizer(folder.Path)).Message);
    }

    [Fact]
    public void APatternWithoutEndIsStopped()
    {
        using var folder = new ScratchFolder();
        File.WriteAllText(
            folder["tokenizer.json"], With(""" "pre_tokenizer": {"type": "Split", "pattern": {"Regex": "(?=(a+)+$)a"}, "behavior": "Isolated"}"""));
        ITokenizer tokenizer = TextCodecs.OpenTokenizer(folder.Path);
        var clock = Stopwatch.StartNew();
        Assert.Contains("does not come to an end", Assert.Throws<TextException>(() => tokenizer.Encode(new string('a', 60) + "b")).Message);
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 60);
    }

    [Fact]
    public void HalfASurrogatePairIsNoText()
    {
        ITokenizer tokenizer = TokenizerTraining.BytePair("some text", 260);
        const string Said = "half a surrogate pair (U+D800) at 1, expected whole characters";
        Assert.Equal(Said, Assert.Throws<TextException>(() => tokenizer.Encode("a\ud800b")).Message);
        Assert.Equal(Said, Assert.Throws<TextException>(() => tokenizer.Encode("x", "a\ud800b")).Message);
    }

    [Fact]
    public void ALimitBelowTheTemplateIsNamed()
    {
        ITokenizer tokenizer = TokenizerTraining.WordPiece("some text", 60);
        Assert.Equal(
            "at most 1 tokens, but 2 are added to every text, expected a limit of 2 or more",
            Assert.Throws<TextException>(() => tokenizer.Encode("some", null, new EncodingOptions(MaxLength: 1))).Message);
    }

    public static TheoryData<string> Kinds => ["bpe", "wordpiece", "unigram", "llama", "t5", "albert", "mbart", "tiktoken", "vocab.json", "vocab.txt"];

    [Theory, MemberData(nameof(Kinds))]
    public void TenThousandMutantsLoadOrSayWhy(string kind)
    {
        using var folder = new ScratchFolder();
        (string name, byte[] valid) = Valid(kind, folder);
        byte[]? merges = File.Exists(folder["merges.txt"]) ? File.ReadAllBytes(folder["merges.txt"]) : null;
        var random = new Random(kind.Length * 7919);
        var clock = Stopwatch.StartNew();
        int loaded = 0;
        for (int i = 0; i < 10_000; i++)
        {
            byte[] mutant = name.EndsWith(".json", StringComparison.Ordinal) && random.Next(4) > 0 ? MutateJson(valid, random) : MutateBytes(valid, random);
            List<(string Name, byte[] Bytes)> files = [(name, mutant)];
            if (kind == "mbart")
            {
                files.Add((SpecialNames.ConfigFile, """{"tokenizer_class": "MBartTokenizer"}"""u8.ToArray()));
            }

            if (merges is not null)
            {
                files.Add(("merges.txt", random.Next(2) == 0 ? merges : MutateBytes(merges, random)));
            }

            try
            {
                ITokenizer tokenizer = TokenizerFolder.Read(files, name);
                loaded++;
                int[] ids = tokenizer.Encode("In the beginning é😀\n");
                tokenizer.Decode(ids, keepSpecials: true);
            }
            catch (TextException e)
            {
                Assert.DoesNotContain('\n', e.Message);
                Assert.InRange(e.Message.Length, 10, 2000);
            }
        }

        Assert.True(clock.Elapsed < TimeSpan.FromMinutes(5), $"{clock.Elapsed}");
        Assert.InRange(loaded, 1, 9_999);
    }

    private static (string Name, byte[] Bytes) Valid(string kind, ScratchFolder folder)
    {
        const string Text = "In the beginning God created the heaven and the earth. And the earth was without form, and void;"
            + " and darkness was upon the face of the deep.";
        switch (kind)
        {
            case "bpe":
                TokenizerTraining.BytePair(Text, 270).Save(folder.Path);
                return ("tokenizer.json", File.ReadAllBytes(folder["tokenizer.json"]));
            case "wordpiece":
                TokenizerTraining.WordPiece(Text, 70).Save(folder.Path);
                return ("tokenizer.json", File.ReadAllBytes(folder["tokenizer.json"]));
            case "unigram":
                return ("tokenizer.json", Encoding.UTF8.GetBytes("""
                    {"added_tokens": [{"id": 0, "content": "<unk>", "special": true, "lstrip": true, "normalized": true}],
                     "normalizer": {"type": "Sequence", "normalizers": [{"type": "NFKC"}, {"type": "Strip"},
                        {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}, {"type": "Lowercase"}]},
                     "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first"},
                        {"type": "Digits", "individual_digits": true}, {"type": "Punctuation", "behavior": "Contiguous"}]},
                     "post_processor": {"type": "TemplateProcessing", 
                        "single": [{"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "e", "type_id": 0}}],
                        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
                        "special_tokens": {"e": {"id": "e", "ids": [1], "tokens": ["▁the"]}}},
                     "decoder": {"type": "Sequence", "decoders": [{"type": "Metaspace", "replacement": "▁"}, {"type": "Fuse"},
                        {"type": "Strip", "content": " ", "start": 1, "stop": 1}]},
                     "model": {"type": "Unigram", "unk_id": 0, "vocab": [
                        ["<unk>", 0], ["▁the", -1.5], ["▁in", -2], ["n", -3], ["be", -2.5], ["gin", -3.5], ["▁", -4], ["i", -4.5], ["g", -5]]}}
                    """));
            case "tiktoken":
                return ("tokenizer.model", GoldenFile("tokenizer_llama3", "tokenizer.model"));
            case "llama":
                return ("tokenizer.model", GoldenFile("tokenizer_llama", "tokenizer.model"));
            case "t5":
                return ("spiece.model", GoldenFile("tokenizer_t5", "spiece.model"));
            case "albert":
                return ("spiece.model", SentencePieceBytes.Unigram(
                [
                    ("<pad>", 0, PieceKind.Control), ("<unk>", 0, PieceKind.Unknown), ("[CLS]", 0, PieceKind.Control), ("[SEP]", 0, PieceKind.Control),
                    ("[MASK]", 0, PieceKind.Control), ("(", 0, PieceKind.UserDefined), ("\u2581in", -1, PieceKind.Normal), ("\u25819,", -2, PieceKind.Normal),
                    ("e", -3, PieceKind.Normal), ("\u2581", -4, PieceKind.Normal),
                ]));
            case "mbart":
                return (FairseqPieces.FileName, SentencePieceBytes.Unigram(
                [
                    ("<unk>", 0, PieceKind.Unknown), ("<s>", 0, PieceKind.Control), ("</s>", 0, PieceKind.Control), ("\u2581in", -1, PieceKind.Normal),
                    ("\u2581", -2, PieceKind.Normal), ("e", -3, PieceKind.Normal),
                ]));
            case "vocab.json":
                File.WriteAllBytes(folder["merges.txt"], GoldenFile("tokenizer_gpt2", "merges.txt"));
                return ("vocab.json", GoldenFile("tokenizer_gpt2", "vocab.json"));
            default:
                return ("vocab.txt", GoldenFile("tokenizer_bert", "vocab.txt"));
        }
    }

    private static byte[] GoldenFile(string name, string file) => File.ReadAllBytes(Path.Combine(GoldenFolder.InRepository(), name, file));

    private static byte[] MutateBytes(byte[] valid, Random random)
    {
        List<byte> bytes = [.. valid];
        for (int times = random.Next(1, 4); times > 0 && bytes.Count > 8; times--)
        {
            int at = random.Next(2) == 0 ? random.Next(Math.Min(64, bytes.Count)) : random.Next(bytes.Count);
            switch (random.Next(6))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 2:
                    bytes.RemoveRange(at, Math.Min(random.Next(1, 9), bytes.Count - at));
                    break;
                case 3:
                    bytes.InsertRange(at, valid.AsSpan(random.Next(valid.Length - 8), 8).ToArray());
                    break;
                case 4:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                default:
                    bytes.InsertRange(at, [0xFF, 0xFF, 0xFF, 0xFF, 0x0F]);
                    break;
            }
        }

        return [.. bytes];
    }

    private static byte[] MutateJson(byte[] valid, Random random)
    {
        JsonNode root = JsonNode.Parse(valid)!;
        JsonNode node = root;
        while ((random.Next(5) > 0 || node == root) && Children(node) is { Length: > 0 } children)
        {
            // Vocabularies are large: half of the time anything else.
            (string Key, JsonNode? Child) picked = children[children.Length > 20 && random.Next(2) == 0 ? random.Next(3) : random.Next(children.Length)];
            if (picked.Child is null)
            {
                break;
            }

            node = picked.Child;
        }

        JsonNode? other = random.Next(9) switch
        {
            0 => null,
            1 => JsonValue.Create(-1),
            2 => JsonValue.Create(1e300),
            3 => JsonValue.Create(random.Next(1000)),
            4 => JsonValue.Create(""),
            5 => JsonValue.Create("\u2581x y"),
            6 => new JsonObject { ["type"] = "Sequence" },
            7 => new JsonArray(1, "a"),
            _ => JsonValue.Create(true),
        };
        if (node.Parent is JsonObject owner)
        {
            string key = node.GetPropertyName();
            owner.Remove(key);
            if (random.Next(4) > 0)
            {
                owner[key] = other;
            }
        }
        else if (node.Parent is JsonArray list)
        {
            list[node.GetElementIndex()] = other;
        }

        return Encoding.UTF8.GetBytes(root.ToJsonString());
    }

    private static (string Key, JsonNode? Child)[] Children(JsonNode node) => node switch
    {
        JsonObject members => [.. members.Select(member => (member.Key, member.Value))],
        JsonArray items => [.. items.Select(item => ("", item))],
        _ => [],
    };
}
