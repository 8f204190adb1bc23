using System;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Json;
using Dsl.Tests;
using Xunit;

namespace Dsl.Images.Tests;

/// <summary>Every picture of every case in every pipeline: bytes and values, from the file and (JPEG) from the reference's own decoding.</summary>
public sealed class PreprocessingGoldens
{
    public static TheoryData<string, string, string> Cases
    {
        get
        {
            var cases = new TheoryData<string, string, string>();
            foreach (string folder in Golden.Cases("image_preprocessing"))
            {
                using var golden = new Golden(folder);
                foreach (string[] name in golden.Names.Where(n => n.StartsWith("out.", StringComparison.Ordinal)
                    && n.EndsWith(".bytes", StringComparison.Ordinal))
                    .Select(n => n.Split('.')))
                {
                    cases.Add(folder, name[1], name[2]);
                }
            }

            return cases;
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void BytesAndValuesAreTheReferences(string folder, string pipeline, string picture)
    {
        using var golden = new Golden(folder);
        JsonElement about = golden.Case.GetProperty("pictures").GetProperty(picture);
        string file = Path.Combine(folder, about.GetProperty("file").GetString()!);
        ImageProcessor processor = Processor(golden, pipeline);
        bool isJpeg = about.GetProperty("format").GetString() == "jpeg";
        JsonElement tolerance = golden.Case.GetProperty("tolerance").GetProperty(isJpeg ? "jpeg" : "png");
        Picture decoded;
        try
        {
            decoded = Picture.Read(file);
        }
        catch (ImageException refusal) when (about.TryGetProperty("optional", out JsonElement optional) && optional.GetBoolean())
        {
            Assert.Contains("expected a PNG or JPEG picture", refusal.Message, StringComparison.Ordinal);
            return;
        }

        Assert.Equal(about.GetProperty("upright_width_height").EnumerateArray().Select(n => n.GetInt32()), [decoded.Width, decoded.Height]);
        Compare(golden, processor, decoded, $"out.{pipeline}.{picture}", tolerance.GetProperty("bytes").GetDouble(),
            tolerance.GetProperty("pixel_values").GetDouble());
        if (golden.Has("out.rgb." + picture))
        {
            long[] shape = golden.Shape("out.rgb." + picture);
            var given = new Picture((int)shape[1], (int)shape[0], golden.Bytes("out.rgb." + picture));
            JsonElement exact = golden.Case.GetProperty("tolerance").GetProperty("png");
            Compare(golden, processor, given, $"out.{pipeline}.{picture}", 0, exact.GetProperty("pixel_values").GetDouble());
        }
    }

    [Theory, MemberData(nameof(TallCases))]
    public void RowsAreResampledBeforeColumnsHoweverTall(string folder, string pipeline)
    {
        using var golden = new Golden(folder);
        string file = golden.Case.GetProperty("pictures_of_alt").GetProperty("rgb_tall").GetProperty("file").GetString()!;
        Picture prepared = Processor(golden, pipeline).Prepare(Picture.Read(Path.Combine(folder, file)));
        Assert.Equal(golden.Bytes($"alt.pillow12.{pipeline}.rgb_tall.bytes"), prepared.Rgb.ToArray());
    }

    public static TheoryData<string, string> TallCases()
    {
        var cases = new TheoryData<string, string>();
        foreach (string folder in Golden.Cases("image_preprocessing"))
        {
            cases.Add(folder, "clip");
            cases.Add(folder, "blip");
        }

        return cases;
    }

    private static ImageProcessor Processor(Golden golden, string pipeline)
    {
        JsonElement about = golden.Case.GetProperty("pipelines").GetProperty(pipeline);
        string settings = about.GetProperty("preprocessor_config").GetRawText();
        ImageProcessor processor = ProcessorSettings.Parse(Encoding.UTF8.GetBytes(settings), "preprocessor_config.json");
        return about.TryGetProperty("background", out _) ? processor.Padded() : processor;
    }

    private static void Compare(Golden golden, ImageProcessor processor, Picture picture, string name, double bytes, double values)
    {
        Picture prepared = processor.Prepare(picture);
        byte[] expected = golden.Bytes(name + ".bytes");
        Assert.Equal(golden.Shape(name + ".bytes"), [prepared.Height, prepared.Width, 3]);
        int worst = expected.Zip(prepared.Rgb.ToArray(), (a, b) => Math.Abs(a - b)).Max();
        Assert.True(worst <= bytes, $"{name}: bytes differ by {worst}");
        (float[] pixels, int height, int width) = processor.Apply(picture);
        Assert.Equal(golden.Shape(name + ".pixel_values"), [3, height, width]);
        double error = golden.Doubles(name + ".pixel_values").Zip(pixels, (a, b) => Math.Abs(a - b)).Max();
        Assert.True(error <= values, $"{name}: values differ by {error}");
    }
}
