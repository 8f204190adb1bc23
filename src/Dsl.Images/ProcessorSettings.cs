using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using Dsl.Files;

namespace Dsl.Images;

/// <summary>Reads <c>preprocessor_config.json</c> as transformers writes it for CLIP, BLIP and LLaVA.</summary>
internal sealed class ProcessorSettings
{
    private const string FileName = "preprocessor_config.json";

    private const int MostBytes = 1 << 20, LargestSide = 16384;

    /// <summary>By the name that the processor goes by; whether a bare number for its size means both sides.</summary>
    private static readonly Dictionary<string, bool> Processors = new(StringComparer.Ordinal)
    {
        ["CLIP"] = false,
        ["Llava"] = false,
        ["Blip"] = true,
    };

    private static readonly string[] NoEffect = ["processor_class", "_processor_class", "image_processor_type", "feature_extractor_type", "return_tensors"];

    private static readonly double[] ClipMean = [0.48145466, 0.4578275, 0.40821073], ClipDeviation = [0.26862954, 0.26130258, 0.27577711];

    private readonly string file;
    private readonly Dictionary<string, JsonElement> settings;
    private readonly HashSet<string> read = new(NoEffect, StringComparer.Ordinal);

    private ProcessorSettings(string file, Dictionary<string, JsonElement> settings) => (this.file, this.settings) = (file, settings);

    internal static ImageProcessor Read(string path)
    {
        string file = Directory.Exists(path) ? Path.Combine(path, FileName) : path;
        byte[] bytes = UserFile.ReadBytes(file, MostBytes, (name, problem, _) => new ImageException($"{name}: {problem}"));
        return Parse(bytes, file);
    }

    internal static ImageProcessor Parse(byte[] bytes, string file)
    {
        try
        {
            ReadOnlySpan<byte> body = bytes.AsSpan().StartsWith("\uFEFF"u8) ? bytes.AsSpan(3) : bytes;
            using JsonDocument document = JsonDocument.Parse(body.ToArray(), new JsonDocumentOptions { MaxDepth = 64 });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                throw new ImageException($"{file}: {Kind(document.RootElement)}, expected an object");
            }

            var settings = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
            foreach (JsonProperty member in document.RootElement.EnumerateObject())
            {
                settings[member.Name] = member.Value;
            }

            return new ProcessorSettings(file, settings).Build();
        }
        catch (JsonException e)
        {
            throw new ImageException($"{file}: not JSON (line {e.LineNumber + 1}), expected an object");
        }
        catch (InvalidOperationException)
        {
            throw new ImageException($"{file}: a text with half a surrogate pair, expected whole characters");
        }
    }

    private ImageProcessor Build()
    {
        string name = Processor();
        bool square = Processors[name];
        bool resizes = Flag("do_resize", true), crops = Flag("do_center_crop", name != "Blip");
        bool scales = Flag("do_rescale", true), normalises = Flag("do_normalize", true);
        bool pads = name == "Llava" && Flag("do_pad", false);
        if (!Flag("do_convert_rgb", true))
        {
            throw Wrong("do_convert_rgb", "false", "true: pictures are read as red, green and blue");
        }

        if (Number("resample", 3) is var filter && filter != 3)
        {
            throw Wrong("resample", settings["resample"].GetRawText(), "3, bicubic");
        }

        Resize size = Size("size", square, square ? new Resize(384, 384) : new Resize(224));
        Resize crop = name == "Blip" && !settings.ContainsKey("crop_size") ? size : Size("crop_size", true, new Resize(224, 224));
        if (crop.Height is null && crops)
        {
            throw Wrong("crop_size", settings["crop_size"].GetRawText(), "a height and a width");
        }

        double scale = Number("rescale_factor", 1 / 255.0);
        double[] mean = Colours("image_mean", ClipMean), deviation = Colours("image_std", ClipDeviation);
        if (deviation.FirstOrDefault(d => !(d > 0), 1) is var bad && !(bad > 0))
        {
            throw Wrong("image_std", settings["image_std"].GetRawText(), "three numbers above 0");
        }

        if (settings.Keys.FirstOrDefault(key => !read.Contains(key)) is { } unknown)
        {
            throw new ImageException(
                $"{file}: setting '{unknown}' unknown, expected one of {string.Join(", ", read.Except(NoEffect).Order(StringComparer.Ordinal))}");
        }

        var processor = new ImageProcessor
        {
            Resize = resizes ? size : null,
            Crop = crops ? (crop.Width, crop.Height!.Value) : null,
            Scale = scales ? scale : null,
            Normalise = normalises ? (mean, deviation) : null,
        };
        return pads ? processor.Padded(mean) : processor;
    }

    /// <summary>CLIP, Blip or Llava; the name that files have had ends in ImageProcessor, FeatureExtractor, or names a backend.</summary>
    private string Processor()
    {
        string key = settings.ContainsKey("image_processor_type") ? "image_processor_type" : "feature_extractor_type";
        if (!settings.TryGetValue(key, out JsonElement said))
        {
            return "CLIP";
        }

        string type = said.ValueKind == JsonValueKind.String ? said.GetString()! : throw Wrong(key, said.GetRawText(), "a text");
        foreach (string name in Processors.Keys)
        {
            if (type == name + "FeatureExtractor" || type == name + "ImageProcessor"
                || type == name + "ImageProcessorFast" || type == name + "ImageProcessorPil")
            {
                return name;
            }
        }

        throw Wrong(key, $"'{type}'", string.Join(" or ", Processors.Keys.Select(name => name + "ImageProcessor")));
    }

    private bool Flag(string name, bool otherwise)
    {
        read.Add(name);
        return !settings.TryGetValue(name, out JsonElement value) || value.ValueKind == JsonValueKind.Null ? otherwise
            : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean()
            : throw Wrong(name, value.GetRawText(), "true or false");
    }

    private double Number(string name, double otherwise)
    {
        read.Add(name);
        return !settings.TryGetValue(name, out JsonElement value) || value.ValueKind == JsonValueKind.Null ? otherwise
            : value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && double.IsFinite(number) ? number
            : throw Wrong(name, value.GetRawText(), "a number");
    }

    private double[] Colours(string name, double[] otherwise)
    {
        read.Add(name);
        if (!settings.TryGetValue(name, out JsonElement value) || value.ValueKind == JsonValueKind.Null)
        {
            return otherwise;
        }

        double[] colours = value.ValueKind == JsonValueKind.Array
            ? [.. value.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.Number && item.TryGetDouble(out double n) ? n : double.NaN)] : [];
        return colours.Length == 3 && colours.All(double.IsFinite) ? colours : throw Wrong(name, value.GetRawText(), "three numbers: red, green, blue");
    }

    /// <summary>A number, <c>{"shortest_edge"}</c>, or <c>{"height", "width"}</c>.</summary>
    private Resize Size(string name, bool square, Resize otherwise)
    {
        read.Add(name);
        if (!settings.TryGetValue(name, out JsonElement value) || value.ValueKind == JsonValueKind.Null)
        {
            return otherwise;
        }

        if (value.ValueKind == JsonValueKind.Number)
        {
            int side = Side(value);
            return square ? new Resize(side, side) : new Resize(side);
        }

        string[] members = value.ValueKind == JsonValueKind.Object ? [.. value.EnumerateObject().Select(m => m.Name).Order(StringComparer.Ordinal)] : [];
        return members is ["shortest_edge"] ? new Resize(Side(value.GetProperty("shortest_edge")))
            : members is ["height", "width"] ? new Resize(Side(value.GetProperty("width")), Side(value.GetProperty("height")))
            : throw Wrong(name, value.GetRawText(), "a number, a shortest_edge, or a height and a width");

        int Side(JsonElement side) => side.ValueKind == JsonValueKind.Number && side.TryGetInt32(out int pixels) && pixels is >= 1 and <= LargestSide ? pixels
            : throw Wrong(name, side.GetRawText(), $"1 to {LargestSide} pixels");
    }

    private ImageException Wrong(string name, string found, string expected) =>
        new($"{file}: {name} is {(found.Length > 80 ? found[..80] + "..." : found)}, expected {expected}");

    private static string Kind(JsonElement element) => element.ValueKind == JsonValueKind.Array ? "a list" : "a value";
}
