using System;
using System.IO;
using System.Linq;
using System.Text;
using Dsl.Tests;
using Xunit;

namespace Dsl.Images.Tests;

/// <summary>What is no picture, or no setting, and what it is told.</summary>
public sealed class BadPictureTests
{
    private static byte[] Small => PngBytes.Rgb(3, 2, (x, y) => ((byte)(x * 40), (byte)(y * 90), 7));

    public static TheoryData<string, byte[], string> Bad => new()
    {
        { "empty", [], "an empty file, expected a PNG or JPEG picture" },
        { "text", Encoding.UTF8.GetBytes("hello"), "no picture (5 bytes), expected" },
        { "page", Encoding.UTF8.GetBytes("<!DOCTYPE html><html></html>"), "a text with tags (a web page or SVG), expected" },
        { "pointer", Encoding.UTF8.GetBytes("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"),
            "a Git LFS pointer (63 bytes), not the picture; run git lfs pull" },
        { "gif", Encoding.UTF8.GetBytes("GIF89a..."), "a GIF picture, expected" },
        { "webp", Encoding.UTF8.GetBytes("RIFF....WEBPVP8 "), "a WebP picture, expected" },
        { "signature", Small[..5], "a PNG signature cut off or changed (5 bytes), expected" },
        { "header", Small[..20], "a damaged PNG header, expected" },
        { "cut off", Small[..^24], "truncated?" },
        { "no rows", PngBytes.Of(100000, 100000, 8, 2, []), "100000 x 100000 pixels, expected at most 89478485 in all" },
        { "deep gray", PngBytes.Of(1, 1, 16, 0, [0, 1, 2]), "a gray PNG of 16 bits, expected at most 8" },
        { "jpeg header", [0xFF, 0xD8, 0xFF, 0xE0, 0, 4], "a damaged JPEG header, expected" },
    };

    [Theory, MemberData(nameof(Bad))]
    public void WhatIsNoPictureIsToldInOneSentence(string name, byte[] bytes, string expected)
    {
        using var folder = new ScratchFolder();
        File.WriteAllBytes(folder[name], bytes);
        var told = Assert.Throws<ImageException>(() => Picture.Read(folder[name]));
        Assert.StartsWith(folder[name] + ": ", told.Message, StringComparison.Ordinal);
        Assert.Contains(expected, told.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', told.Message);
    }

    [Fact]
    public void AFolderAndAMissingFileAreTold()
    {
        using var folder = new ScratchFolder();
        Assert.Contains("is a folder, expected a file", Assert.Throws<ImageException>(() => Picture.Read(folder.Path)).Message, StringComparison.Ordinal);
        Assert.Contains("not found, expected a file", Assert.Throws<ImageException>(() => Picture.Read(folder["cat.png"])).Message, StringComparison.Ordinal);
    }

    /// <summary>Files cut off at every length, and with each byte changed, are read or told; nothing else is thrown.</summary>
    [Theory, InlineData("rgb_tall.png"), InlineData("jpeg_gray.jpg"), InlineData("palette_alpha.png")]
    public void DamagedFilesAreReadOrTold(string file)
    {
        byte[] whole = File.ReadAllBytes(Path.Combine(GoldenFolder.Case("image_preprocessing"), file));
        var random = new Random(5);
        int told = 0, cut = 0;
        for (int i = 0; i < 600; i++)
        {
            byte[] bytes = [.. whole];
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            bytes = i % 2 == 0 ? bytes : whole[..random.Next(whole.Length - 40)];
            try
            {
                PictureFile.Decode(bytes, file);
            }
            catch (ImageException e)
            {
                (told, cut) = (told + 1, cut + (i % 2));
                Assert.StartsWith(file + ": ", e.Message, StringComparison.Ordinal);
            }
        }

        Assert.True(told > 250 && cut == 300, $"{told} were told, {cut} of 300 that were cut off");
    }

    [Fact]
    public void AStripIsResizedOnlyWhereTheCropReadsIt()
    {
        var strip = new Picture(200_000, 1, new byte[600_000]);
        var processor = new ImageProcessor { Resize = new Resize(336), Crop = (336, 336) };
        Assert.Equal(336, processor.Prepare(strip).Width);
        Assert.Contains("padded to a square of 200000 x 200000",
            Assert.Throws<ImageException>(() => processor.Padded().Prepare(strip)).Message, StringComparison.Ordinal);
        Assert.Contains("resized to 67200000 x 336", Assert.Throws<ImageException>(() => (processor with { Crop = null }).Prepare(strip)).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"do_flip\": true}", "setting 'do_flip' unknown, expected one of crop_size, do_center_crop")]
    [InlineData("{\"do_pad\": true}", "setting 'do_pad' unknown")]
    [InlineData("{\"resample\": 2}", "resample is 2, expected 3, bicubic")]
    [InlineData("{\"size\": {\"longest_edge\": 3}}", "size is {\"longest_edge\": 3}, expected a number, a shortest_edge, or a height and a width")]
    [InlineData("{\"size\": 0}", "size is 0, expected 1 to 16384 pixels")]
    [InlineData("{\"image_mean\": [1, 2]}", "image_mean is [1, 2], expected three numbers")]
    [InlineData("{\"image_std\": [1, 0, 1]}", "image_std is [1, 0, 1], expected three numbers above 0")]
    [InlineData("{\"do_resize\": 1}", "do_resize is 1, expected true or false")]
    [InlineData("{\"do_convert_rgb\": false}", "do_convert_rgb is false, expected true")]
    [InlineData("{\"crop_size\": {\"shortest_edge\": 4}}", "crop_size is {\"shortest_edge\": 4}, expected a height and a width")]
    [InlineData("{\"image_processor_type\": \"ViTImageProcessor\"}", "image_processor_type is 'ViTImageProcessor', expected CLIPImageProcessor or")]
    [InlineData("[]", "a list, expected an object")]
    [InlineData("{", "not JSON (line 1), expected an object")]
    public void SettingsThatAreNotSupportedAreTold(string json, string expected)
    {
        using var folder = new ScratchFolder();
        File.WriteAllText(folder["preprocessor_config.json"], json);
        var told = Assert.Throws<ImageException>(() => ImageProcessor.FromFile(folder.Path));
        Assert.StartsWith(folder["preprocessor_config.json"] + ": ", told.Message, StringComparison.Ordinal);
        Assert.Contains(expected, told.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void OlderSettingsSayASizeByOneNumber()
    {
        using var folder = new ScratchFolder();
        File.WriteAllText(folder["preprocessor_config.json"],
            "{\"crop_size\": 30, \"size\": 32, \"feature_extractor_type\": \"CLIPFeatureExtractor\", \"resample\": 3}");
        ImageProcessor clip = ImageProcessor.FromFile(folder.Path);
        Assert.Equal((new Resize(32), (30, 30)), (clip.Resize, clip.Crop!.Value));
        File.WriteAllText(folder["preprocessor_config.json"], "{\"size\": 32, \"image_processor_type\": \"BlipImageProcessor\"}");
        ImageProcessor blip = ImageProcessor.FromFile(folder.Path);
        Assert.Equal((new Resize(32, 32), true), (blip.Resize, blip.Crop is null));
    }

    [Fact]
    public void DoPadIsLlavasPadding()
    {
        byte[] settings = Encoding.UTF8.GetBytes("{\"image_processor_type\": \"LlavaImageProcessor\", \"do_pad\": true}");
        Assert.Equal<(byte, byte, byte)?>((122, 116, 104), ProcessorSettings.Parse(settings, "settings").PadToSquare);
    }
}

/// <summary>Pictures that the goldens do not have.</summary>
public sealed class DecodingTests
{
    /// <summary>A TIFF header with one entry, the orientation, in either byte order.</summary>
    private static byte[] Exif(byte orientation, bool little) => little
        ? [(byte)'I', (byte)'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0, 0, 0, 0, 0]
        : [(byte)'M', (byte)'M', 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0];

    /// <summary>A picture of 3 x 2 whose reds are 0 1 2 / 3 4 5, upright.</summary>
    [Theory]
    [InlineData(1, "0 1 2 / 3 4 5")]
    [InlineData(2, "2 1 0 / 5 4 3")]
    [InlineData(3, "5 4 3 / 2 1 0")]
    [InlineData(4, "3 4 5 / 0 1 2")]
    [InlineData(5, "0 3 / 1 4 / 2 5")]
    [InlineData(6, "3 0 / 4 1 / 5 2")]
    [InlineData(7, "5 2 / 4 1 / 3 0")]
    [InlineData(8, "2 5 / 1 4 / 0 3")]
    public void PngsAreTurnedByExif(byte orientation, string expected)
    {
        foreach (bool little in new[] { false, true })
        {
            byte[] png = PngBytes.Rgb(3, 2, (x, y) => ((byte)(x + (3 * y)), 0, 0), Exif(orientation, little));
            Assert.Equal(expected, Reds(PictureFile.Decode(png, "png")));
        }
    }

    [Fact]
    public void SixteenBitsOfColourGiveTheHighByte()
    {
        byte[] png = PngBytes.Of(2, 1, 16, 2, [0, 1, 255, 0, 0, 0, 0, 127, 255, 0, 0, 0, 0]);
        Assert.Equal("1 127", Reds(PictureFile.Decode(png, "png")));
    }

    private static string Reds(Picture picture) => string.Join(" / ", Enumerable.Range(0, picture.Height).Select(y =>
        string.Join(' ', Enumerable.Range(0, picture.Width).Select(x => picture.Rgb[((y * picture.Width) + x) * 3]))));
}
