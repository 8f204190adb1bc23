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
