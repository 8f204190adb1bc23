using System;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using Dsl.Tests;
using Xunit;

namespace Zoo.Cli.Tests;

/// <summary><c>generate</c> over published folders, pairs and decoders, by ids.</summary>
public sealed class GenerateTests
{
    /// <summary>Folders of whole models with the reference's greedy tokens and those of three beams.</summary>
    public static TheoryData<string> Folders()
    {
        var cases = new TheoryData<string>();
        foreach (string folder in Golden.Cases(""))
        {
            using var golden = new Golden(folder);
            if (File.Exists(Path.Combine(golden.Folder, "model.safetensors")) && golden.Has("out.beam3") && golden.Has("in.input_ids"))
            {
                cases.Add(golden.Folder);
            }
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Folders))]
    [Trait("Category", "Goldens")]
    public void Writes_what_the_reference_wrote(string folder)
    {
        using var golden = new Golden(folder);
        using var scratch = new ScratchFolder();

        // The references run past the end token: a model without one does so too.
        JsonObject config = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "config.json")))!.AsObject();
        config.Remove("eos_token_id");
        File.WriteAllText(scratch["config.json"], config.ToJsonString());
        File.Copy(Path.Combine(folder, "model.safetensors"), scratch["model.safetensors"]);
        long rows = golden.Shape("in.input_ids")[0], length = golden.Shape("in.input_ids")[1];
        long[] ids = golden.Longs("in.input_ids"), real = golden.Has("in.attention_mask") ? golden.Longs("in.attention_mask") : [.. ids.Select(_ => 1L)];
        bool pair = (bool?)config["is_encoder_decoder"] == true;
        string Prompt(int row) => Line(Enumerable.Range(row * (int)length, (int)length).Where(i => real[i] == 1).Select(i => ids[i]));
        string[] words = [.. Enumerable.Range(0, (int)rows).SelectMany(row => new[] { "--ids", Prompt(row) })];
        foreach ((string output, string[] how) in new[] { ("out.greedy", new[] { "-t", "0" }), ("out.beam3", new[] { "--beams", "3" }) })
        {
            long[] tokens = golden.Longs(output);
            int width = (int)golden.Shape(output)[1], prompt = pair ? 1 : (int)length;
            (int code, string text, string error) = Run([.. new[] { "generate", scratch.Path, "-n", $"{width - prompt}" }, .. words, .. how]);
            Assert.Equal((0, ""), (code, error));
            string[] expected = [.. Enumerable.Range(0, (int)rows).Select(r => Line(tokens.Skip((r * width) + prompt).Take(width - prompt)))];

            Assert.Equal(string.Join('\n', expected), text.Replace("\r", "", StringComparison.Ordinal).TrimEnd('\n'));
        }
    }

    /// <summary>With an adapter beside it a model writes what it writes with the adapter merged into it, and not what it wrote.</summary>
    [Fact]
    [Trait("Category", "Goldens")]
    public void An_adapter_beside_the_model_is_the_one_merged_into_it()
    {
        using var scratch = new ScratchFolder();
        string golden = Path.Combine(GoldenFolder.InRepository(), "lora_llama"), adapter = Path.Combine(golden, "adapter");
        string Written(string folder, params string[] more)
        {
            (int code, string text, string error) = Run(["generate", folder, "--ids", "5 17 60 33 8", "-n", "20", "-t", "0", .. more]);
            Assert.Equal((0, ""), (code, error));
            return text;
        }

        string plain = Written(Path.Combine(golden, "base")), adapted = Written(Path.Combine(golden, "base"), "--adapter", adapter);
        Assert.NotEqual(plain, adapted);
        (int code, string said, string error) = Run(["merge", Path.Combine(golden, "base"), adapter, "-o", scratch["merged"]]);
        Assert.Equal((0, ""), (code, error));
        Assert.Contains("linear maps changed", said, StringComparison.Ordinal);
        Assert.Equal(adapted, Written(scratch["merged"]));
        Assert.Equal(2, Run(["merge", Path.Combine(golden, "base"), adapter, "-o", Path.Combine(golden, "base")]).Item1);
        (code, _, error) = Run(["generate", Path.Combine(golden, "base"), "--ids", "5", "--adapter", scratch.Path]);
        Assert.Equal(1, code);
        Assert.Contains("adapter_config.json", error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
    }

    /// <summary>What a config tells is told before any weights are read: here are none.</summary>
    [Theory]
    [InlineData("gpt2")]
    [InlineData("bart")]
    public void A_prompt_that_is_too_long_is_refused_before_weights_are_read(string name)
    {
        using var scratch = new ScratchFolder();
        File.Copy(Path.Combine(GoldenFolder.InRepository(), name, "config.json"), scratch["config.json"]);
        (int code, _, string error) = Run(["generate", scratch.Path, "--ids", string.Join(' ', Enumerable.Repeat("5", 90))]);
        Assert.Equal((1, "error: prompt has 90 tokens, context is 64"), (code, error.TrimEnd()));
    }

    /// <summary>T5's positions are relative, LLaMA's are turned: their configs' lengths are no limits.</summary>
    [Theory]
    [InlineData("t5", "n_positions", "")]
    [InlineData("llama3", "max_position_embeddings", "warning: prompt has 40 tokens, the model was trained on 16")]
    public void Only_learned_positions_limit_a_prompt(string name, string key, string warning)
    {
        using var scratch = new ScratchFolder();
        string golden = Path.Combine(GoldenFolder.InRepository(), name);
        JsonObject config = JsonNode.Parse(File.ReadAllText(Path.Combine(golden, "config.json")))!.AsObject();
        config[key] = 16;
        File.WriteAllText(scratch["config.json"], config.ToJsonString());
        File.Copy(Path.Combine(golden, "model.safetensors"), scratch["model.safetensors"]);
        (int code, string text, string error) = Run(
            ["generate", scratch.Path, "--ids", string.Join(' ', Enumerable.Range(3, 40)), "-n", "20", "-t", "0", "--min-tokens", "20"]);
        Assert.Equal((0, warning), (code, error.TrimEnd()));
        Assert.Equal(20, text.Split(' ').Length);
    }

    /// <summary>Beams end where the learned positions do; one token more than fits is written, which nothing reads.</summary>
    [Theory]
    [InlineData(60, 20, 5)]
    [InlineData(64, 20, 1)]
    [InlineData(60, 5, 5)]
    [InlineData(60, 4, 4)]
    public void Beams_end_with_the_context(int prompt, int asked, int written)
    {
        (int code, string text, string error) = Run(
        [
            "generate", Path.Combine(GoldenFolder.InRepository(), "gpt2"), "--ids", string.Join(' ', Enumerable.Range(3, prompt)), "-n", $"{asked}",
            "--beams", "3",
        ]);
        string note = asked > written ? $"warning: the context of 64 tokens ended the search after {written} of {asked} tokens" : "";
        Assert.Equal((0, note), (code, error.TrimEnd()));
        Assert.Equal(written, text.Split(' ').Length);
    }

    /// <summary>A stop string ends beams and drawn texts alike, special tokens among them.</summary>
    [Fact]
    public void Stop_strings_end_beams_too()
    {
        using var scratch = new ScratchFolder();
        string golden = Path.Combine(GoldenFolder.InRepository(), "gpt2");
        foreach (string file in new[] { "config.json", "model.safetensors" })
        {
            File.Copy(Path.Combine(golden, file), scratch[file]);
        }

        // Words of three letters, one of them special.
        string Word(int id) => $"{(char)('a' + (id / 26))}{(char)('a' + (id % 26))}.";
        int[] Written(int first)
        {
            (_, string plain, _) = Run(["generate", golden, "--ids", $"{first} {first + 1} {first + 2}", "-n", "12", "-t", "0"]);
            return [.. plain.Split(' ').Select(int.Parse)];
        }

        int first = Enumerable.Range(3, 60).First(first => Written(first) is var some && some[1] != some[0]);
        int[] ids = Written(first);
        int special = ids[1];
        var vocabulary = new JsonObject(Enumerable.Range(0, 99).Select(id => System.Collections.Generic.KeyValuePair.Create(Word(id), (JsonNode?)id)));
        File.WriteAllText(scratch["tokenizer.json"], new JsonObject
        {
            ["added_tokens"] = new JsonArray([.. Enumerable.Range(0, 99).Select(id => new JsonObject
            {
                ["id"] = id, ["content"] = Word(id), ["special"] = id == special,
            })]),
            ["decoder"] = new JsonObject { ["type"] = "Fuse" },
            ["model"] = new JsonObject { ["type"] = "WordLevel", ["vocab"] = vocabulary, ["unk_token"] = Word(0) },
        }.ToJsonString());
        string prompt = Word(first) + Word(first + 1) + Word(first + 2);
        string before = Word(ids[0]);
        foreach ((string stop, string expected) in new[] { (Word(special), prompt + before), (before + Word(special), prompt) })
        {
            (int code, string text, string error) = Run(["generate", scratch.Path, "-p", prompt, "-n", "12", "--beams", "1", "--stop", stop]);
            Assert.Equal((0, ""), (code, error));
            (code, string drawn, error) = Run(["generate", scratch.Path, "-p", prompt, "-n", "12", "-t", "0", "--stop", stop]);
            Assert.Equal((0, ""), (code, error));
            Assert.Equal(drawn, text);
            Assert.Equal(expected, text.TrimEnd());
            (_, string three, _) = Run(["generate", scratch.Path, "-p", prompt, "-n", "12", "--beams", "3", "--stop", stop]);
            Assert.DoesNotContain(Word(special), three);
            Assert.InRange(three.TrimEnd().Length, prompt.Length, prompt.Length + (12 * 3));
        }
    }

    [Theory]
    [InlineData("--prompt with --ids", "--ids", "1", "-p", "a")]
    [InlineData("--stop with --ids", "--ids", "1", "--stop", "a")]
    [InlineData("--temperature with --beams", "--beams", "2", "-t", "0.5")]
    [InlineData("--top-k with --beams", "--beams", "2", "--top-k", "5")]
    [InlineData("--seed with --beams", "--beams", "2", "--seed", "5")]
    [InlineData("--diversity with one group", "--beams", "2", "--diversity", "0.5")]
    public void An_option_that_would_change_nothing_is_refused(string message, params string[] words)
    {
        (int code, _, string error) = Run(["generate", Path.Combine(GoldenFolder.InRepository(), "gpt2"), .. words]);
        Assert.Equal(2, code);
        Assert.StartsWith($"error: {message}", error);
    }

    [Theory]
    [InlineData("--length-penalty NaN", "--length-penalty", "NaN")]
    [InlineData("--diversity -1", "--groups", "2", "--diversity", "-1")]
    public void A_penalty_without_sense_is_refused(string message, params string[] words)
    {
        (int code, _, string error) = Run(["generate", Path.Combine(GoldenFolder.InRepository(), "gpt2"), "--beams", "2", .. words]);
        Assert.Equal(2, code);
        Assert.StartsWith($"error: {message}", error);
    }

    private static string Line(System.Collections.Generic.IEnumerable<long> ids) =>
        string.Join(' ', ids.Select(id => id.ToString(CultureInfo.InvariantCulture)));

    private static (int Code, string Output, string Error) Run(string[] words)
    {
        var output = new StringWriter();
        var error = new StringWriter();
        int code = ZooCommands.Run(words, CliContext.Plain(new DeclaredZoo(), output, error));
        return (code, output.ToString(), error.ToString());
    }
}
