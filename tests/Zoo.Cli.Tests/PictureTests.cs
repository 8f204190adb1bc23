using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using Dsl.Images;
using Dsl.Runtime;
using Dsl.Tests;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Zoo.Cli.Tests;

/// <summary><c>generate</c> with pictures in the prompt.</summary>
public sealed class PictureTests
{
    private const string Settings = """
        {"image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": 16}, "crop_size": {"height": 16, "width": 16}}
        """;

    private static string Cat => Path.Combine(GoldenFolder.InRepository(), "image_preprocessing", "rgba.png");

    private static string Dog => Path.Combine(GoldenFolder.InRepository(), "image_preprocessing", "rgb_portrait.png");

    private static string Llava => Path.Combine(GoldenFolder.InRepository(), "llava");

    [Theory]
    [InlineData("1 98 7 5", 1)]
    [InlineData("1 98 7 98", 2)]
    public void Writes_what_the_parallel_form_finds_likeliest(string ids, int pictures)
    {
        using var folder = new ScratchFolder();
        Copy(folder);
        string[] files = [.. new[] { Cat, Dog }.Take(pictures)];
        (int code, string text,
            string error) = Run(["generate", folder.Path, "--ids", ids, .. files.SelectMany(f => new[] { "--image", f }), "-n", "5", "-t", "0"]);
        Assert.Equal((0, ""), (code, error));

        // The same by hand: each picture has four patches, and each token follows from all before it.
        using DisposeScope scope = NewDisposeScope();
        using IDisposable off = no_grad();
        using IModel model = Models.Load(folder.Path);
        model.Module.eval();
        ImageProcessor processor = ImageProcessor.FromFile(folder.Path);
        Tensor pixels = stack(files.Select(file => tensor(processor.Apply(Picture.Read(file)).Values, [3, 16, 16])));
        Tensor seen = model.Run(new Dictionary<string,
            Tensor>
        { ["pixel_values"] = pixels, ["input_ids"] = zeros([pictures, 1], ScalarType.Int64) }, "image_features")
            ["image_features"].reshape(1, pictures * 4, -1);
        List<long> tokens = [.. ids.Split(' ').Select(long.Parse).SelectMany(id => Enumerable.Repeat(id, id == 98 ? 4 : 1))];
        var written = new List<long>();
        for (int i = 0; i < 5; i++)
        {
            using ModelState state = model.Begin(new Dictionary<string, Tensor> { ["image_features"] = seen });
            written.Add(model.Advance(tensor(tokens.ToArray(), [1, tokens.Count]), state, last: true).argmax(-1).item<long>());
            tokens.Add(written[^1]);
        }

        Assert.Equal(string.Join(' ', written.Select(id => id.ToString(CultureInfo.InvariantCulture))), text.Trim());
    }

    public static TheoryData<string[], string> Wrong => new()
    {
        { ["--ids", "1 98 7", "--image", Cat, "--image", Dog], "2 pictures and 1 places (id 98) in the prompt, expected as many of one as of the other" },
        { ["--ids", "1 7", "--image", Cat], "1 pictures and 0 places (id 98) in the prompt" },
        { ["--ids", "1 98 7"], "the model sees pictures, expected --image" },
        { ["--ids", "1 98", "--ids", "98", "--image", Cat], "--image with 2 prompts, expected one" },
        { ["--ids", "1 98", "--image", Path.Combine(GoldenFolder.InRepository(), "llava", "config.json")], "config.json: no picture" },
        { ["--ids", "1 98", "--image", "no-such.png"], "no-such.png: not found, expected a file" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void What_does_not_fit_is_told_in_one_sentence(string[] words, string expected)
    {
        using var folder = new ScratchFolder();
        Copy(folder);
        (int code, string text, string error) = Run(["generate", folder.Path, .. words]);
        Assert.NotEqual(0, code);
        Assert.Equal("", text);
        Assert.StartsWith("error: ", error, StringComparison.Ordinal);
        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
    }

    [Theory]
    [InlineData("""{"image_processor_type": "CLIPImageProcessor", "do_flip": true}""", "do_flip")]
    [InlineData("""{"image_processor_type": "CLIPImageProcessor", "resample": 0}""", "resample")]
    [InlineData("""{"image_processor_type": "SamImageProcessor"}""", "SamImageProcessor")]
    [InlineData("""{"image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": 8}, "crop_size": 8}""",
        "rgba.png becomes 8 x 8 by preprocessor_config.json, expected 16 x 16: vision_config.image_size in config.json")]
    [InlineData("[]", "preprocessor_config.json")]
    [InlineData(null, "preprocessor_config.json")]
    public void Settings_that_are_not_known_are_told_in_one_sentence(string? settings, string expected)
    {
        using var folder = new ScratchFolder();
        Copy(folder);
        File.Delete(folder["preprocessor_config.json"]);
        if (settings is not null)
        {
            File.WriteAllText(folder["preprocessor_config.json"], settings);
        }

        (int code, string text, string error) = Run(["generate", folder.Path, "--ids", "1 98 7", "--image", Cat]);
        Assert.Equal((1, ""), (code, text));
        Assert.StartsWith("error: ", error, StringComparison.Ordinal);
        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
    }

    [Fact]
    public void A_model_that_sees_nothing_is_given_no_picture()
    {
        (int code, _, string error) = Run(["generate", Path.Combine(GoldenFolder.InRepository(), "gpt2"), "--ids", "1 2", "--image", Cat]);
        Assert.Equal(1, code);
        Assert.Contains("the model sees no pictures, expected no --image", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("What is this?", 2, "<image>\n<image>\nWhat is this?")]
    [InlineData("USER: <image>\nWhat? ASSISTANT:", 1, "USER: <image>\nWhat? ASSISTANT:")]
    public void Pictures_without_a_place_stand_in_front(string prompt, int pictures, string expected) =>
        Assert.Equal(expected, PicturePrompt.WithPlaces(prompt, pictures));

    [Fact]
    public void As_many_places_as_pictures_are_asked_for() => Assert.Equal(
        "3 pictures and 1 places '<image>' in the prompt, expected as many of one as of the other",
        Assert.Throws<CommandException>(() => PicturePrompt.WithPlaces("a <image> b", 3)).Message);

    private static void Copy(ScratchFolder folder)
    {
        File.Copy(Path.Combine(Llava, "config.json"), folder["config.json"]);
        File.Copy(Path.Combine(Llava, "model.safetensors"), folder["model.safetensors"]);
        File.WriteAllText(folder["preprocessor_config.json"], Settings);
    }

    private static (int Code, string Output, string Error) Run(string[] words)
    {
        var output = new StringWriter();
        var error = new StringWriter();
        int code = ZooCommands.Run(words, CliContext.Plain(new DeclaredZoo(), output, error));
        return (code, output.ToString(), error.ToString());
    }
}
