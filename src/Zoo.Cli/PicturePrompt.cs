using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Dsl.Images;
using Dsl.Runtime;
using Dsl.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace Zoo.Cli;

/// <summary>A prompt with pictures in it: what the model makes of them, and the ids with a place for each row of that.</summary>
/// <param name="Ids">The prompt's ids, each picture's place repeated as often as the picture has rows.</param>
/// <param name="Begin">What a state begins with: the pictures' rows, [1, rows, width].</param>
internal sealed record PicturePrompt(int[] Ids, IReadOnlyDictionary<string, Tensor> Begin) : IDisposable
{
    /// <summary>How a prompt says where a picture stands.</summary>
    internal const string Place = "<image>";

    private const string Pixels = "pixel_values", Features = "image_features";

    /// <summary>Whether a model reads pictures into its text.</summary>
    internal static bool IsReadBy(IModel model) => model.Inputs.Contains(Pixels) && model.Outputs.Contains(Features) && model.Outputs.Contains("logits");

    /// <summary>What is said of pictures without looking at them: that there are as many as places. A prompt without places has them in front.</summary>
    /// <exception cref="CommandException">There are not.</exception>
    internal static string WithPlaces(string prompt, int pictures)
    {
        int places = prompt.Split(Place).Length - 1;
        return places == pictures ? prompt
            : places == 0 ? string.Concat(Enumerable.Repeat(Place + "\n", pictures)) + prompt
            : throw new CommandException($"{pictures} pictures and {places} places '{Place}' in the prompt, expected as many of one as of the other");
    }

    /// <summary>The pictures as the checkpoint's settings prepare them, one tensor [pictures, 3, height, width].</summary>
    /// <exception cref="ImageException">A picture or a setting cannot be used.</exception>
    internal static Tensor Prepare(string checkpoint, IReadOnlyList<string> pictures)
    {
        var config = ConfigReader.Open(checkpoint);
        string settings = Settings(checkpoint, config);
        ImageProcessor processor = ImageProcessor.FromFile(settings);
        if (config.OptionalString(["image_aspect_ratio"]) == "pad" && processor.PadToSquare is null)
        {
            processor = processor.Padded();
        }

        var prepared = pictures.Select(path => (Path: path, Made: processor.Apply(Picture.Read(path)))).ToList();
        if (prepared.FirstOrDefault(p => (p.Made.Height, p.Made.Width) != (prepared[0].Made.Height, prepared[0].Made.Width)) is { Path: { } other } odd)
        {
            throw new CommandException($"{other} becomes {odd.Made.Height} x {odd.Made.Width}, {prepared[0].Path} {prepared[0].Made.Height} x "
                + $"{prepared[0].Made.Width}: expected one size, by a crop in preprocessor_config.json");
        }

        // A smaller picture would have the positions of another one.
        ConfigReader seeing = settings == checkpoint || !File.Exists(Path.Combine(settings, "config.json")) ? config : ConfigReader.Open(settings);
        if (seeing.OptionalInt(["vision_config.image_size"]) is { } side && (prepared[0].Made.Height != side || prepared[0].Made.Width != side))
        {
            throw new CommandException($"{prepared[0].Path} becomes {prepared[0].Made.Height} x {prepared[0].Made.Width} by preprocessor_config.json, "
                + $"expected {side} x {side}: vision_config.image_size in config.json");
        }

        return tensor(prepared.SelectMany(p => p.Made.Values).ToArray(), [prepared.Count, 3, prepared[0].Made.Height, prepared[0].Made.Width]);
    }

    /// <summary>The folder with the settings: the checkpoint's own, else that of the tower which its config names.</summary>
    private static string Settings(string checkpoint, ConfigReader config) =>
        !File.Exists(Path.Combine(checkpoint, "preprocessor_config.json")) && config.OptionalString(["mm_vision_tower"]) is { } tower
            && OtherFolder.Find(checkpoint, tower) is { } other && Directory.Exists(other) ? other : checkpoint;

    /// <summary>Looks at the pictures, and makes room for them in the prompt.</summary>
    /// <param name="model">A model that reads pictures.</param>
    /// <param name="pixels">[pictures, 3, height, width].</param>
    /// <param name="ids">The prompt's, a placeholder for each picture.</param>
    /// <param name="placeholder">The id that stands for a picture.</param>
    internal static PicturePrompt Look(IModel model, Tensor pixels, int[] ids, int placeholder)
    {
        using Tensor rows = See(model, pixels);
        int each = (int)rows.shape[1];
        int[] room = [.. ids.SelectMany(id => Enumerable.Repeat(id, id == placeholder ? each : 1))];
        return new PicturePrompt(room, Memory(rows.reshape(1, rows.shape[0] * rows.shape[1], rows.shape[2])));
    }

    /// <summary>What a state begins with: rows of pictures.</summary>
    internal static Dictionary<string, Tensor> Memory(Tensor rows) => new() { [Features] = rows };

    /// <summary>What a model makes of pictures: [pictures, rows, width], without a graph.</summary>
    /// <param name="model">A model that reads pictures.</param>
    /// <param name="pixels">[pictures, 3, height, width].</param>
    internal static Tensor See(IModel model, Tensor pixels)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable off = no_grad();
        model.Module.eval();
        Tensor given = pixels.to(model.Weights.Device).to_type(model.Weights.All[0].Value.dtype);
        Tensor none = zeros([given.shape[0], 1], dtype: ScalarType.Int64, device: model.Weights.Device);
        return model.Run(new Dictionary<string, Tensor> { [Pixels] = given, ["input_ids"] = none }, Features)[Features].MoveToOuterDisposeScope();
    }

    /// <summary>The id that stands for a picture: what the config says, else that of the unknown token, which no prompt has.</summary>
    internal static int Placeholder(string checkpoint) => ConfigReader.Open(checkpoint).OptionalInt(["image_token_id", "image_token_index"]) ?? 0;

    /// <summary>The prompt's ids, each place of a picture as the placeholder.</summary>
    internal static int[] Encode(string prompt, int placeholder, Func<string, int[]> encode, ITextCodec codec)
    {
        int[] whole = encode(prompt);
        int places = prompt.Split(Place).Length - 1;
        if (whole.Count(id => id == placeholder) == places)
        {
            return whole;
        }

        // The tokenizer knows no such token: pieces, of which only the first has special tokens before it.
        string[] pieces = prompt.Split(Place);
        IEnumerable<int> Piece(string text, int index) => index == 0 ? encode(text)
            : text.Length == 0 ? []
            : codec is ITokenizer tokenizer ? tokenizer.Encode(text, null, new EncodingOptions(AddSpecials: false)).Ids
            : codec.Encode(text);
        return [.. pieces.SelectMany((text, i) => i == 0 ? Piece(text, i) : Piece(text, i).Prepend(placeholder))];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor each in Begin.Values)
        {
            each.Dispose();
        }
    }
}
