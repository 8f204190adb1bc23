using System;

namespace Dsl.Images;

/// <summary>What a model does to a picture before it looks at it, in the order of the properties; each step that is null is none.</summary>
/// <remarks>Equal to transformers' <c>CLIPImageProcessorPil</c> and <c>BlipImageProcessorPil</c>, and to <c>expand2square</c> of LLaVA.</remarks>
public sealed record ImageProcessor
{
    /// <summary>The red, green and blue behind what is padded to a square; null: nothing is padded.</summary>
    public (byte Red, byte Green, byte Blue)? PadToSquare { get; init; }

    /// <summary>The size that pictures are resized to.</summary>
    public Resize? Resize { get; init; }

    /// <summary>The size of the middle that is cut out; where the picture is smaller, zeros are around it.</summary>
    public (int Width, int Height)? Crop { get; init; }

    /// <summary>What each byte is multiplied by, in double.</summary>
    public double? Scale { get; init; }

    /// <summary>A mean and a deviation for red, green and blue.</summary>
    public (double[] Mean, double[] Deviation)? Normalise { get; init; }

    /// <summary>Reads a <c>preprocessor_config.json</c>.</summary>
    /// <param name="path">The file, or the folder that it stands in.</param>
    /// <exception cref="ImageException">A setting is unknown, of the wrong kind, or of a value that is not supported; one sentence that names it.</exception>
    public static ImageProcessor FromFile(string path) => ProcessorSettings.Read(path);

    /// <summary>The same, padding to a square with a mean colour, as LLaVA 1.5's <c>image_aspect_ratio</c> <c>"pad"</c> does: floor(255 mean).</summary>
    /// <param name="mean">Red, green and blue from 0 to 1; null: the mean that is subtracted, else black.</param>
    public ImageProcessor Padded(double[]? mean = null)
    {
        mean ??= Normalise?.Mean ?? [0, 0, 0];
        static byte Byte(double value) => (byte)Math.Clamp((int)(255 * value), 0, 255);
        return this with { PadToSquare = (Byte(mean[0]), Byte(mean[1]), Byte(mean[2])) };
    }

    /// <summary>The picture padded, resized and cropped.</summary>
    /// <exception cref="ImageException">Padded to a square it has more than <see cref="Picture.MostPixels"/> pixels.</exception>
    public Picture Prepare(Picture picture)
    {
        ArgumentNullException.ThrowIfNull(picture);
        picture = PadToSquare is { } background ? Framing.PadToSquare(picture, background) : picture;
        (int width, int height) = Resize?.Of(picture) ?? (picture.Width, picture.Height);

        // Only what the crop leaves is resized: a strip of one pixel's height would be millions wide.
        Window whole = Crop is { } crop ? Framing.Centre(width, height, crop.Width, crop.Height) : new Window(0, 0, width, height);
        Window inside = Framing.Intersect(whole, width, height);
        if ((long)inside.Width * inside.Height > Picture.MostPixels)
        {
            throw new ImageException($"{picture.Width} x {picture.Height} pixels, resized to {width} x {height}, expected at most {Picture.MostPixels} in all");
        }

        Picture resized = Resampling.Resize(picture, width, height, inside);
        return whole == inside ? resized : Framing.Place(resized, inside.Left - whole.Left, inside.Top - whole.Top, whole.Width, whole.Height, (0, 0, 0));
    }

    /// <summary>The picture as a model reads it.</summary>
    /// <returns>3 x height x width values and the height and width.</returns>
    /// <exception cref="ImageException">As <see cref="Prepare"/>.</exception>
    public (float[] Values, int Height, int Width) Apply(Picture picture)
    {
        Picture prepared = Prepare(picture);
        ReadOnlySpan<byte> rgb = prepared.Rgb;
        int pixels = prepared.Width * prepared.Height;
        float[] values = new float[3 * pixels];
        for (int channel = 0; channel < 3; channel++)
        {
            float[] table = Table(channel);
            for (int i = 0; i < pixels; i++)
            {
                values[(channel * pixels) + i] = table[rgb[(i * 3) + channel]];
            }
        }

        return (values, prepared.Height, prepared.Width);
    }

    /// <summary>What each byte of a channel becomes.</summary>
    private float[] Table(int channel)
    {
        float[] table = new float[256];
        for (int i = 0; i < table.Length; i++)
        {
            float value = Scale is { } scale ? (float)(i * scale) : i;
            table[i] = Normalise is { } normalise ? (value - (float)normalise.Mean[channel]) / (float)normalise.Deviation[channel] : value;
        }

        return table;
    }
}

/// <summary>How the size that a picture is resized to comes from its own.</summary>
/// <param name="Width">The width; or, without a height, what the shorter side becomes.</param>
/// <param name="Height">The height; null where the sides keep their ratio.</param>
public sealed record Resize(int Width, int? Height = null)
{
    /// <summary>The size for a picture: the long side is cut to a whole number, not rounded.</summary>
    internal (int Width, int Height) Of(Picture picture)
    {
        if (Height is { } height)
        {
            return (Width, height);
        }

        (int shortSide, int longSide) = (Math.Min(picture.Width, picture.Height), Math.Max(picture.Width, picture.Height));
        double resized = (double)((long)Width * longSide) / shortSide;
        int other = resized <= int.MaxValue ? (int)resized
            : throw new ImageException($"{picture.Width} x {picture.Height} pixels, resized to {resized:F0} on its long side, expected at most {int.MaxValue}");
        return picture.Width <= picture.Height ? (Width, other) : (other, Width);
    }
}
