using System;
using System.Buffers.Binary;
using System.IO;
using System.Runtime.InteropServices;
using System.Text;
using Dsl.Files;
using SkiaSharp;

namespace Dsl.Images;

/// <summary>
/// PNG and JPEG files as <c>transformers.image_utils.load_image</c> and Pillow's <c>convert("RGB")</c> give them: turned upright by EXIF, palettes looked up,
/// gray repeated, alpha dropped (colours under it stay), ICC profiles and gamma ignored.
/// </summary>
public static class PictureFile
{
    private const long MostBytes = 512L << 20;

    private static ReadOnlySpan<byte> PngSignature => [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10];

    /// <summary>Decodes a file.</summary>
    /// <param name="path">A PNG or JPEG file; its name does not matter.</param>
    /// <exception cref="ImageException">Not there, not a picture, cut off, damaged, of a kind that is not read, or with more than
    /// <see cref="Picture.MostPixels"/> pixels.</exception>
    public static Picture Read(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return Decode(ReadBytes(path), path);
    }

    /// <summary>Decodes a file's bytes.</summary>
    /// <param name="bytes">A whole PNG or JPEG file.</param>
    /// <param name="name">What messages call it.</param>
    /// <exception cref="ImageException">As <see cref="Read"/>.</exception>
    public static Picture Decode(byte[] bytes, string name)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        bool isPng = bytes.AsSpan().StartsWith(PngSignature);
        if (!isPng && !bytes.AsSpan().StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF]))
        {
            throw new ImageException($"{name}: {KindOf(bytes)}, expected a PNG or JPEG picture");
        }

        if (isPng && IsDeepGray(bytes))
        {
            throw new ImageException($"{name}: a gray PNG of 16 bits, expected at most 8 (published pipelines cut its values off at 255)");
        }

        using SKData data = SKData.CreateCopy(bytes);
        using SKCodec codec = SKCodec.Create(data) ?? throw new ImageException($"{name}: a damaged {(isPng ? "PNG" : "JPEG")} header, expected a picture");
        (int width, int height) = (codec.Info.Width, codec.Info.Height);
        if ((long)width * height > Picture.MostPixels)
        {
            throw new ImageException($"{name}: {width} x {height} pixels, expected at most {Picture.MostPixels} in all");
        }

        // No colour space: values as they are stored.
        var info = new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul);
        byte[] pixels = new byte[(long)width * height * 4];
        SKCodecResult result;
        GCHandle pinned = GCHandle.Alloc(pixels, GCHandleType.Pinned);
        try
        {
            result = codec.GetPixels(info, pinned.AddrOfPinnedObject());
        }
        finally
        {
            pinned.Free();
        }

        if (result != SKCodecResult.Success)
        {
            throw new ImageException(result == SKCodecResult.IncompleteInput
                ? $"{name}: the picture ends early after {bytes.Length} bytes, expected all of its {height} rows: truncated?"
                : $"{name}: a damaged {(isPng ? "PNG" : "JPEG")} ({result}), expected a picture");
        }

        int orientation = isPng ? ExifOrientation.OfPng(bytes) : (int)codec.EncodedOrigin;
        return Upright(pixels, width, height, orientation);
    }

    private static byte[] ReadBytes(string path) =>
        UserFile.ReadBytes(path, MostBytes, (file, problem, _) => new ImageException($"{file}: {problem}"));

    /// <summary>PIL's mode <c>I;16</c>, whose values it cuts off instead of scaling them.</summary>
    private static bool IsDeepGray(byte[] png) => png.Length > 25 && png[24] == 16 && png[25] == 0;

    private static string KindOf(byte[] bytes)
    {
        static bool Starts(byte[] bytes, string text) => bytes.AsSpan().StartsWith(Encoding.Latin1.GetBytes(text));
        return bytes.Length == 0 ? "an empty file"
            : Starts(bytes, "GIF8") ? "a GIF picture"
            : Starts(bytes, "RIFF") && bytes.Length > 11 && Encoding.Latin1.GetString(bytes, 8, 4) == "WEBP" ? "a WebP picture"
            : Starts(bytes, "BM") ? "a BMP picture"
            : Starts(bytes, "II*\0") || Starts(bytes, "MM\0*") ? "a TIFF picture"
            : Starts(bytes, "version https://git-lfs") ? $"a Git LFS pointer ({bytes.Length} bytes), not the picture; run git lfs pull"
            : Starts(bytes, "<") ? "a text with tags (a web page or SVG)"
            : bytes.AsSpan().StartsWith(PngSignature[..Math.Min(bytes.Length, 4)]) ? $"a PNG signature cut off or changed ({bytes.Length} bytes)"
            : $"no picture ({bytes.Length} bytes)";
    }

    /// <summary>The pixels without alpha, turned as EXIF says: 1 as stored, 2 mirrored left to right, ... 8 to be turned by 90 degrees
    /// counter-clockwise.</summary>
    private static Picture Upright(byte[] rgba, int width, int height, int orientation)
    {
        bool swaps = orientation is >= 5 and <= 8;
        (int outWidth, int outHeight) = swaps ? (height, width) : (width, height);
        byte[] rgb = new byte[(long)width * height * 3];
        for (int y = 0; y < outHeight; y++)
        {
            for (int x = 0; x < outWidth; x++)
            {
                (int column, int row) = orientation switch
                {
                    2 => (width - 1 - x, y),
                    3 => (width - 1 - x, height - 1 - y),
                    4 => (x, height - 1 - y),
                    5 => (y, x),
                    6 => (y, height - 1 - x),
                    7 => (width - 1 - y, height - 1 - x),
                    8 => (width - 1 - y, x),
                    _ => (x, y),
                };
                (long from, long to) = ((((long)row * width) + column) * 4, (((long)y * outWidth) + x) * 3);
                (rgb[to], rgb[to + 1], rgb[to + 2]) = (rgba[from], rgba[from + 1], rgba[from + 2]);
            }
        }

        return new Picture(outWidth, outHeight, rgb);
    }
}

/// <summary>The orientation in a PNG's <c>eXIf</c> chunk, which Skia passes over.</summary>
internal static class ExifOrientation
{
    private const ushort Tag = 0x0112;

    /// <summary>1 to 8; 1 where nothing says otherwise.</summary>
    internal static int OfPng(ReadOnlySpan<byte> png)
    {
        for (long at = 8; at + 12 <= png.Length;)
        {
            ReadOnlySpan<byte> chunk = png[(int)at..];
            uint length = BinaryPrimitives.ReadUInt32BigEndian(chunk);
            if (length > chunk.Length - 12)
            {
                return 1;
            }

            if (chunk[4..8].SequenceEqual("eXIf"u8))
            {
                return OfTiff(chunk.Slice(8, (int)length));
            }

            at += length + 12L;
        }

        return 1;
    }

    private static int OfTiff(ReadOnlySpan<byte> tiff)
    {
        if (tiff.Length < 8 || (tiff[0] != tiff[1]) || tiff[0] is not ((byte)'I' or (byte)'M'))
        {
            return 1;
        }

        bool little = tiff[0] == 'I';
        ushort Short(ReadOnlySpan<byte> at) => little ? BinaryPrimitives.ReadUInt16LittleEndian(at) : BinaryPrimitives.ReadUInt16BigEndian(at);
        uint start = little ? BinaryPrimitives.ReadUInt32LittleEndian(tiff[4..]) : BinaryPrimitives.ReadUInt32BigEndian(tiff[4..]);
        if (start > tiff.Length - 2)
        {
            return 1;
        }

        int entries = Short(tiff[(int)start..]);
        for (int i = 0; i < entries && start + 2 + ((i + 1L) * 12) <= tiff.Length; i++)
        {
            ReadOnlySpan<byte> entry = tiff.Slice((int)start + 2 + (i * 12), 12);
            if (Short(entry) == Tag)
            {
                return Short(entry[8..]) is var value and >= 1 and <= 8 ? value : 1;
            }
        }

        return 1;
    }
}
