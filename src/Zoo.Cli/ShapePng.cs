using Dsl.Training.Alignment;
using SkiaSharp;

namespace Zoo.Cli;

/// <summary>Pictures made by rule as files.</summary>
internal static class ShapePng
{
    /// <summary>The bytes of a PNG, which hold the picture's own bytes again when it is read.</summary>
    internal static byte[] Of(ShapePicture picture)
    {
        byte[] rgb = picture.Rgb();
        using var bitmap = new SKBitmap(RulePictures.Side, RulePictures.Side, SKColorType.Rgba8888, SKAlphaType.Opaque);
        for (int i = 0; i < rgb.Length; i += 3)
        {
            (int row, int column) = System.Math.DivRem(i / 3, RulePictures.Side);
            bitmap.SetPixel(column, row, new SKColor(rgb[i], rgb[i + 1], rgb[i + 2]));
        }

        using SKData data = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        return data.ToArray();
    }
}
