using System;

namespace Dsl.Images;

/// <summary>A decoded picture, upright: three bytes a pixel (red, green, blue), rows from the top.</summary>
public sealed class Picture
{
    /// <summary>The most pixels that a file or a padded picture may have: 89,478,485, where Pillow begins to warn of decompression bombs.</summary>
    public const long MostPixels = 1024L * 1024 * 1024 / 4 / 3;

    private readonly byte[] rgb;

    /// <summary>A picture of these bytes, which are not copied.</summary>
    /// <param name="width">Pixels a row, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    /// <param name="rgb">height x width x 3 bytes.</param>
    /// <exception cref="ArgumentException">The bytes are not so many.</exception>
    public Picture(int width, int height, byte[] rgb)
    {
        ArgumentNullException.ThrowIfNull(rgb);
        if (width < 1 || height < 1 || rgb.LongLength != (long)width * height * 3)
        {
            throw new ArgumentException($"{rgb.LongLength} bytes, expected {height} x {width} x 3.", nameof(rgb));
        }

        (Width, Height, this.rgb) = (width, height, rgb);
    }

    /// <summary>Pixels a row.</summary>
    public int Width { get; }

    /// <summary>Rows.</summary>
    public int Height { get; }

    /// <summary>height x width x 3 bytes.</summary>
    public ReadOnlySpan<byte> Rgb => rgb;

    /// <summary>The file as <see cref="PictureFile.Read"/> has it.</summary>
    /// <exception cref="ImageException">It is no picture that can be read; one sentence that names the file.</exception>
    public static Picture Read(string path) => PictureFile.Read(path);
}
