using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Json;
using CsCheck;
using Xunit;

namespace Dsl.Runtime.Tests.Checkpoints;

public class ConfigTests
{
    private const string NotHandled = " not supported by this model, expected only keys that it handles (--ignore-key passes over one)";

    private static string Refused(string json, Action<ConfigReader> read)
    {
        string message = Assert.Throws<ConfigException>(() => read(ConfigReader.Parse(json))).Message;
        Raw.OneLine(message);
        return message;
    }

    [Fact]
    public void ValuesOfAllKinds()
    {
        var config = ConfigReader.Parse("""
            {"n": 7, "big": 5000000000, "x": 1e-5, "whole": 10000, "yes": true, "name": "gelu", "ints": [1, 2], "doubles": [0.0, Infinity], "names": ["a"],
             "inner": {"theta": 2.5, "deep": {"k": 3}}, "nothing": null, "id2label": {"0": "a", "1": "b", "2": "c"}, "low": -Infinity, "odd": NaN,
             "text": "Infinity \" NaN \\"}
            """);
        Assert.Equal(7, config.Int(["n"]));
        Assert.Equal(7, config.Int(["missing", "n"]));
        Assert.Equal(7, config.Int(["nothing", "n"]));
        Assert.Equal(9, config.Int(["nothing"], 9));
        Assert.Null(config.OptionalInt(["nothing"]));
        Assert.Equal(5_000_000_000, config.Long(["big"]));
        Assert.Equal(1e-5, config.Double(["x"]));
        Assert.Equal(10000.0, config.Double(["whole"]));
        Assert.True(config.Bool(["yes"]));
        Assert.False(config.Bool(["no"], false));
        Assert.Equal("gelu", config.String(["name"]));
        Assert.Equal([1, 2], config.Ints(["ints"]));
        Assert.Equal([0, double.PositiveInfinity], config.Doubles(["doubles"]));
        Assert.Equal(["a"], config.Strings(["names"]));
        Assert.Equal(2.5, config.Double(["other.theta", "inner.theta"]));
        Assert.Equal(3, config.Int(["inner.deep.k"]));
        Assert.Equal(3, config.Object(["inner"])!.Object(["deep"])!.Int(["k"]));
        Assert.Null(config.Object(["nothing"]));
        Assert.Equal(3, config.OptionalCount(["id2label"]));
        Assert.Equal(double.NegativeInfinity, config.Double(["low"]));
        Assert.Equal(double.NaN, config.Double(["odd"]));
        Assert.Equal("Infinity \" NaN \\", config.String(["text"]));
        Assert.True(config.Has("n"));
        Assert.False(config.Has("nothing"));
        config.Finish();
    }

    [Theory]
    [InlineData("2", 2)]
    [InlineData("2.0", 2)]
    [InlineData("2.000", 2)]
    [InlineData("20e-1", 2)]
    [InlineData("0.2E+1", 2)]
    [InlineData("-3.0e2", -300)]
    [InlineData("0.0", 0)]
    [InlineData("-0.0", 0)]
    [InlineData("0e999999999999", 0)]
    [InlineData("1e3", 1000)]
    [InlineData("9007199254740993.0", 9007199254740993)]
    [InlineData("9223372036854775807", long.MaxValue)]
    [InlineData("-9223372036854775808.0", long.MinValue)]
    public void NumbersAreReadByTheirValue(string written, long value)
    {
        var config = ConfigReader.Parse($$"""{"n": {{written}}, "list": [{{written}}]}""");
        Assert.Equal(value, config.Long(["n"]));
        config.Only("n", value);
        config.Only("n", (double)value);
        Assert.Equal(value, config.Double(["n"]));
        Refused($$"""{"n": {{written}}}""", c => c.Only("n", value == 1 ? 2L : 1L));
        if (value is >= int.MinValue and <= int.MaxValue)
        {
            Assert.Equal((int)value, config.Int(["n"]));
            Assert.Equal([(int)value], config.Ints(["list"]));
            config.Only("n", (int)value);
        }
    }

    [Theory]
    [InlineData("2.5", "a whole number")]
    [InlineData("2.0000000000000000000000000000000000000000001", "a whole number")]
    [InlineData("1e-30", "a whole number")]
    [InlineData("25e-1", "a whole number")]
    [InlineData("NaN", "a whole number")]
    [InlineData("1e99999999999", "a whole number")]
    [InlineData("1e30", "a whole number of 64 bits")]
    [InlineData("9223372036854775808", "a whole number of 64 bits")]
    public void WhatIsNoWholeNumberIsNotRoundedToOne(string written, string expected)
    {
        Assert.Equal($"config.json: n is {written}, expected {expected}", Refused($$"""{"n":{{written}}}""", c => c.Long(["n"])));
        Assert.Equal($"config.json: n is {written}, expected 2", Refused($$"""{"n":{{written}}}""", c => c.Only("n", 2)));
    }

    [Fact]
    public void OneNumberWrittenInSeveralWaysIsTheOneSupported()
    {
        ConfigReader.Parse("""{"layerdrop":0.0}""").Only("layerdrop", 0);
        ConfigReader.Parse("""{"layerdrop":0}""").Only("layerdrop", 0.0);
        ConfigReader.Parse("""{"eps":0.00001}""").Only("eps", 1e-5);
        ConfigReader.Parse("""{"eps":1.0E-05}""").Only("eps", 1e-5);
        ConfigReader.Parse("""{"scale":1e4}""").Only("scale", 10000);
        ConfigReader.Parse("""{"large":18446744073709551615.0}""").Only("large", ulong.MaxValue);
        ConfigReader.Parse("""{"large":4294967295}""").Only("large", uint.MaxValue);
        Assert.Equal("config.json: layerdrop is 0.1, expected 0", Refused("""{"layerdrop":0.1}""", c => c.Only("layerdrop", 0)));

        // A number is no truth value, and a text is no number.
        Assert.Equal("config.json: flag is 1, expected true", Refused("""{"flag":1}""", c => c.Only("flag", true)));
        Assert.Equal("config.json: n is true, expected 1", Refused("""{"n":true}""", c => c.Only("n", 1)));
        Assert.Equal("config.json: n is '1', expected 1", Refused("""{"n":"1"}""", c => c.Only("n", 1)));
    }

    [Fact]
    public void MissingKeysAndWrongTypes()
    {
        Assert.Equal("config.json: vocab_size missing, expected a whole number", Refused("{}", config => config.Int(["vocab_size"])));
        Assert.Equal("config.json: n_embd (or hidden_size) missing, expected a whole number", Refused("{}", config => config.Int(["n_embd", "hidden_size"])));
        Assert.Equal("config.json: n is 'x', expected a whole number", Refused("""{"n":"x"}""", config => config.Int(["n"])));
        Assert.Equal("config.json: n is 1.5, expected a whole number", Refused("""{"n":1.5}""", config => config.Int(["n"])));
        Assert.Equal("config.json: n is Infinity, expected a whole number", Refused("""{"n":Infinity}""", config => config.Int(["n"])));
        Assert.Equal("config.json: n is 5000000000, expected a whole number of 32 bits", Refused("""{"n":5000000000}""", config => config.Int(["n"])));
        Assert.Equal("config.json: n is true, expected a number", Refused("""{"n":true}""", config => config.Double(["n"])));
        Assert.Equal("config.json: n is 1, expected true or false", Refused("""{"n":1}""", config => config.Bool(["n"])));
        Assert.Equal("config.json: n is a list, expected a string", Refused("""{"n":[]}""", config => config.String(["n"])));
        Assert.Equal("config.json: n is 1, expected a list of whole numbers", Refused("""{"n":1}""", config => config.Ints(["n"])));
        Assert.Equal("config.json: n[1] is 'a', expected a whole number", Refused("""{"n":[1,"a"]}""", config => config.Ints(["n"])));
        Assert.Equal("config.json: n is 1, expected an object", Refused("""{"n":1}""", config => config.Object(["n"])));
        Assert.Equal("config.json: inner.k is 's', expected a whole number",
            Refused("""{"inner":{"k":"s"}}""", config => config.Object(["inner"])!.Int(["k"])));
        Assert.Equal("config.json: num_attention_heads 7 does not divide hidden_size 4096, expected a divisor",
            ConfigReader.Parse("{}").Error("num_attention_heads 7 does not divide hidden_size 4096, expected a divisor").Message);
    }

    [Fact]
    public void NamesThatStandForValues()
    {
        (string, int)[] known = [("gelu", 1), ("relu", 2)];
        Assert.Equal(2, ConfigReader.Parse("""{"act":"relu"}""").Enum(["act"], known));
        Assert.Equal(1, ConfigReader.Parse("{}").Enum(["act"], known, 1));
        Assert.Equal("config.json: act 'gelu2' unknown, expected one of gelu, relu", Refused("""{"act":"gelu2"}""", config => config.Enum(["act"], known)));
        Assert.Equal("config.json: act missing, expected one of gelu, relu", Refused("{}", config => config.Enum(["act"], known)));
    }

    [Fact]
    public void OnlyOneValueIsSupported()
    {
        var config = ConfigReader.Parse("""{"kind":"absolute","flag":true,"n":1,"x":0.5,"none":null}""");
        config.Only("kind", "absolute");
        config.Only("flag", true);
        config.Only("n", 1);
        config.Only("n", 1.0);
        config.Only("x", 0.5);
        config.Only("none", "anything");
        config.Only("missing", 3);
        config.Finish();
        Assert.Equal("config.json: kind is 'relative_key', expected 'absolute'", Refused("""{"kind":"relative_key"}""", c => c.Only("kind", "absolute")));
        Assert.Equal("config.json: flag is false, expected true", Refused("""{"flag":false}""", c => c.Only("flag", true)));
        Assert.Equal("config.json: n is 2, expected 1", Refused("""{"n":2}""", c => c.Only("n", 1)));
        Assert.Equal("config.json: n is 'x', expected no value", Refused("""{"n":"x"}""", c => c.Only("n", null)));
    }

    [Fact]
    public void KeysThatNobodyAskedForAreAllNamed()
    {
        Assert.Equal("config.json: new_norm, rope_scaling.foo, other.scale" + NotHandled, Refused("""
            {"n":1,"new_norm":2,"new_trick":2,"another_scale":false,"transformers_version":"5","eos_token_id":[1,2],"summary_type":"first",
             "id2label":{"0":"a"},"nothing":null,"empty":{},
             "rope_scaling":{"rope_theta":1,"foo":2,"bar":null},"other":{"scale":1,"y":2},"passed":{"deep":{"a":1}}}
            """, config =>
        {
            config.Int(["n"]);
            config.Double(["rope_scaling.rope_theta"]);
            config.Int(["other.y"]);
            config.NoEffect("passed");
            Assert.Empty(config.Unknown);
            config.Finish();
        }));
        Assert.Equal("config.json: rope_scaling" + NotHandled,
            Refused("""{"rope_scaling":{"type":"linear","factor":2}}""", config => config.Finish()));
        var unknown = ConfigReader.Parse("""{"new_trick":2,"name_of_us":"x","nested":{"a":1}}""");
        unknown.Finish();
        Assert.Equal(["new_trick", "name_of_us", "nested"], unknown.Unknown);
        string many = "{" + string.Join(',', Enumerable.Range(0, 50).Select(i => $"\"k{i}_norm\":1")) + "}";
        Assert.Contains("k19_norm and 30 more not supported", Refused(many, config => config.Finish()), StringComparison.Ordinal);
    }

    [Fact]
    public void SomeKeysPassAtOneValueOnly()
    {
        ConfigReader.Parse("""{"is_decoder":false,"add_cross_attention":false}""").Finish();
        Assert.Equal("config.json: is_decoder true" + NotHandled,
            Refused("""{"is_decoder":true}""", config => config.Finish()));
        var asked = ConfigReader.Parse("""{"is_decoder":true}""");
        Assert.True(asked.Bool(["is_decoder"]));
        asked.Finish();
    }

    [Fact]
    public void AlternativesAllCountAsHandledButAnObjectBesideTheOneReadDoesNot()
    {
        var config = ConfigReader.Parse("""{"hidden_size":1,"n_embd":1}""");
        config.Int(["hidden_size", "n_embd"]);
        config.Finish();
        Assert.Equal("config.json: rope_scaling.type, rope_scaling.factor" + NotHandled, Refused(
            """{"rope_parameters":{"rope_type":"default"},"rope_scaling":{"type":"linear","factor":2}}""", reader =>
            {
                RopeScaling.Read(reader.Object(["rope_parameters", "rope_scaling"]));
                reader.Finish();
            }));
    }

    [Theory]
    [InlineData("", "is not JSON (byte 1), expected an object")]
    [InlineData("[1]", "is not a JSON object (byte 1), expected an object")]
    [InlineData("{\"a\":1,}", "is not JSON (byte 8), expected an object")]
    [InlineData("{} {}", "is not JSON (byte 4), expected an object")]
    [InlineData("{\"a\":Infinite}", "is not JSON (byte 6), expected an object")]
    [InlineData("{\"a\":InfinityInfinity}", "is not JSON (byte 10), expected an object")]
    [InlineData("{\"a\":1,\"a\":2}", "a listed twice, expected once")]
    [InlineData("{\"a\":{\"b\":1,\"b\":2}}", "a.b listed twice, expected once")]
    [InlineData("<!DOCTYPE html><html>", "an HTML page (21 bytes), not the config; download the file itself, expected a JSON object")]
    public void WhatIsNoConfig(string text, string message)
    {
        string got = Assert.Throws<ConfigException>(() => ConfigReader.Parse(text)).Message;
        Assert.Equal("config.json: " + message, got);
    }

    [Fact]
    public void TooDeepTooLargeMissingAndAFolder()
    {
        string deep = "{\"a\":" + new string('[', 10_000) + new string(']', 10_000) + "}";
        Assert.Equal("config.json: nested deeper than 64 levels, expected less", Assert.Throws<ConfigException>(() => ConfigReader.Parse(deep)).Message);
        using var folder = new TemporaryFolder();
        using (var stream = File.Create(folder.File("config.json")))
            stream.SetLength(OperatingSystem.IsWindows() ? 17 << 20 : 2L << 30);
        Assert.EndsWith(" bytes, expected at most 16777216", Assert.Throws<ConfigException>(() => ConfigReader.Open(folder.Path)).Message,
            StringComparison.Ordinal);
        File.Delete(folder.File("config.json"));
        Assert.Equal("config.json: not found, expected a file", Assert.Throws<ConfigException>(() => ConfigReader.Open(folder.Path)).Message);
        Directory.CreateDirectory(folder.File("x.json"));
        File.WriteAllText(folder.File("config.json"), "\uFEFF{\"n\":1}");
        Assert.Equal(1, ConfigReader.Open(folder.File("config.json")).Int(["n"]));
    }

    public static TheoryData<string> PublishedConfigs()
    {
        var data = new TheoryData<string>();
        if (Goldens.Root is not { } root)
        {
            data.Add("");
            return data;
        }
        foreach (string file in Directory.EnumerateFiles(root, "config.json", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
            data.Add(Path.GetRelativePath(root, file));
        return data;
    }

    /// <summary>Every published config at hand is read, written, and read again with the same values at every leaf.</summary>
    [Theory]
    [MemberData(nameof(PublishedConfigs))]
    [Trait("Category", "Goldens")]
    public void PublishedConfigsAreRewrittenWithTheSameValues(string name)
    {
        if (name.Length == 0)
            return;
        byte[] original = File.ReadAllBytes(Path.Combine(Goldens.Root!, name));
        var before = Leaves(ConfigNode.Parse(name, original), "").ToList();
        using var folder = new TemporaryFolder();
        ConfigWriter.Write(folder.File("config.json"), before);
        Assert.Equal(Shown(before), Shown(Leaves(ConfigNode.ReadFile(folder.File("config.json")), "")));
    }

    private static IEnumerable<(string Path, object? Value)> Leaves(ConfigNode node, string at)
    {
        foreach (var (key, value) in node.Members)
        {
            if (value.Kind == JsonTokenType.StartObject)
            {
                foreach (var leaf in Leaves(value, at + key + "."))
                    yield return leaf;
            }
            else
            {
                yield return (at + key, Plain(value));
            }
        }
    }

    private static object? Plain(ConfigNode node) => node.Kind switch
    {
        JsonTokenType.Null => null,
        JsonTokenType.True => true,
        JsonTokenType.False => false,
        JsonTokenType.String => node.Text,
        JsonTokenType.Number => node.AsLong() is { } whole ? whole : node.AsDouble(),
        _ => node.Items.Select(Plain).ToArray(),
    };

    private static IEnumerable<string> Shown(IEnumerable<(string Path, object? Value)> leaves) => leaves.Select(leaf =>
        $"{leaf.Path} = {Show(leaf.Value)}").Order(StringComparer.Ordinal);

    private static string Show(object? value) => value switch
    {
        null => "null",
        object?[] items => "[" + string.Join(", ", items.Select(Show)) + "]",
        _ => $"{value.GetType().Name} {value}",
    };

    [Fact]
    public void WrittenConfigsReadLikePublishedOnes()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("config.json");
        ConfigWriter.Write(path, ["SomeModel"], "some", [("vocab_size", 99), ("rope_parameters.rope_theta", 10000.0), ("eps", 1e-5),
            ("limit", new[] { 0.0, double.PositiveInfinity }), ("tied", false), ("act", "gelu"), ("none", null), ("rope_parameters.rope_type", "default")]);
        Assert.Equal("""
            {
              "act": "gelu",
              "architectures": [
                "SomeModel"
              ],
              "eps": 1e-05,
              "limit": [
                0.0,
                Infinity
              ],
              "model_type": "some",
              "none": null,
              "rope_parameters": {
                "rope_theta": 10000.0,
                "rope_type": "default"
              },
              "tied": false,
              "vocab_size": 99
            }

            """, File.ReadAllText(path), ignoreLineEndingDifferences: true);
        var config = ConfigReader.Open(path);
        Assert.Equal(["SomeModel"], config.Architectures);
        Assert.Equal("some", config.ModelType);
        Assert.Throws<ArgumentException>(() => ConfigWriter.Write(path, [("a", 1), ("a", 2)]));
        Assert.Throws<ArgumentException>(() => ConfigWriter.Write(path, [("a", 1), ("a.b", 2)]));
        Assert.Throws<ArgumentException>(() => ConfigWriter.Write(path, [("a", new object())]));
        Assert.Equal(99, ConfigReader.Open(path).Int(["vocab_size"])); // the failed writes left it alone
        Assert.Equal(["config.json"], folder.Names());
    }

    /// <summary>Any double survives a file, to the bit but for the payload of a NaN.</summary>
    [Fact]
    public void DoublesSurvive()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("config.json");
        Gen.Double.Sample(value =>
        {
            ConfigWriter.Write(path, [("x", value)]);
            Assert.Equal(BitConverter.DoubleToInt64Bits(value), BitConverter.DoubleToInt64Bits(ConfigReader.Open(path).Double(["x"])));
        }, iter: 500, threads: 1);
    }

    /// <summary>Mutants of a published config: each binds, or is refused in one line.</summary>
    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    public void MutantsBindOrAreRefused(int seed)
    {
        const int mutants = 3_000;
        const string valid = """
            {"architectures":["X"],"vocab_size":99,"hidden_size":32,"eps":1e-05,"limit":[0.0,Infinity],"tied":false,"act":"silu","layers":["global","local"],
             "rope_parameters":{"factor":8.0,"high_freq_factor":4.0,"low_freq_factor":1.0,"original_max_position_embeddings":32,
                                "rope_theta":500000.0,"rope_type":"llama3"},
             "id2label":{"0":"LABEL_0"},"pad_token_id":null,"transformers_version":"5.23.0"}
            """;
        string[] pieces = System.Text.RegularExpressions.Regex.Matches(valid, "\"[^\"]*\"|[-+.\\w]+|[^\\w\\s]|\\s+").Select(match => match.Value).ToArray();
        Assert.Equal(valid, string.Concat(pieces));
        string[] tokens = ["-1", "1e999", "-Infinity", "NaN", "Infinity", "null", "{}", "[]", "[[[[", "\"\"", "\"yarn\"", "\"\\ud800\"",
            "99999999999999999999", "0", "1.5", "\\", "\"", "}", "\u0000"];
        var random = new Random(seed);
        int bound = 0, refused = 0;
        for (int i = 0; i < mutants; i++)
        {
            var mutant = pieces.ToList();
            for (int n = random.Next(1, 4); n > 0; n--)
            {
                int at = random.Next(mutant.Count);
                switch (random.Next(5))
                {
                    case 0: mutant.RemoveAt(at); break;
                    case 1: mutant.Insert(at, mutant[random.Next(mutant.Count)]); break;
                    case 2: mutant[at] = tokens[random.Next(tokens.Length)]; break;
                    case 3: mutant[at] = mutant[random.Next(mutant.Count)]; break;
                    default: mutant.RemoveRange(at, random.Next(Math.Min(6, mutant.Count - at))); break;
                }
            }
            byte[] bytes = Encoding.UTF8.GetBytes(string.Concat(mutant));
            for (int n = random.Next(8) == 0 ? 2 : 0; n > 0; n--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            try
            {
                Bind(ConfigReader.Parse(bytes));
                bound++;
            }
            catch (ConfigException e)
            {
                Raw.OneLine(e.Message);
                Assert.InRange(e.Message.Length, 1, 2000);
                refused++;
            }
        }
        Assert.InRange(bound, mutants / 200, mutants);
        Assert.InRange(refused, mutants / 2, mutants);
    }

    private static void Bind(ConfigReader config)
    {
        config.Int(["vocab_size"]);
        config.Long(["hidden_size", "n_embd"]);
        config.Double(["eps"], 1e-5);
        config.OptionalDoubles(["limit"]);
        config.Bool(["tied"], true);
        config.Enum(["act"], [("silu", 1), ("gelu", 2)]);
        config.OptionalStrings(["layers"]);
        config.OptionalCount(["id2label"]);
        config.Double(["rope_parameters.rope_theta", "rope_theta"], 1e4);
        RopeScaling.Read(config.Object(["rope_parameters"]));
        config.Finish();
    }
}
