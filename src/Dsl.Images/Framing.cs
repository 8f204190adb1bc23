using System;

namespace Dsl.Images;

/// <summary>Cutting out of a picture, and putting one into a larger one.</summary>
internal static class Framing
{
    /// <summary>The middle of a width x height picture; it reaches over the edge where the picture is smaller, with the odd row or column in front.</summary>
    internal static Window Centre(int width, int height, int wantedWidth, int wantedHeight)
    {
        // Division rounds down, so that a negative difference puts ceil(missing / 2) in front.
        static int Offset(int side, int wanted) => (int)Math.Floor((side - (double)wanted) / 2);
        return new Window(Offset(width, wantedWidth), Offset(height, wantedHeight), wantedWidth, wantedHeight);
    }

    /// <summary>The part of a window that lies in the picture.</summary>
    internal static Window Intersect(Window window, int width, int height)
    {
        (int left, int top) = (Math.Max(window.Left, 0), Math.Max(window.Top, 0));
        (int right, int bottom) = (Math.Min(window.Left + window.Width, width), Math.Min(window.Top + window.Height, height));
        return new Window(left, top, right - left, bottom - top);
    }

    /// <summary>A square with the picture in its middle; an odd row or column goes to the end.</summary>
    internal static Picture PadToSquare(Picture picture, (byte Red, byte Green, byte Blue) background)
    {
        int side = Math.Max(picture.Width, picture.Height);
        if ((long)side * side > Picture.MostPixels)
        {
            throw new ImageException(
                $"{picture.Width} x {picture.Height} pixels, padded to a square of {side} x {side}, expected at most {Picture.MostPixels} in all");
        }

        return picture.Width == picture.Height ? picture
            : Place(picture, (side - picture.Width) / 2, (side - picture.Height) / 2, side, side, background);
    }

    /// <summary>A width x height picture of one colour with another picture in it.</summary>
    internal static Picture Place(Picture picture, int left, int top, int width, int height, (byte Red, byte Green, byte Blue) background)
    {
        byte[] rgb = new byte[(long)width * height * 3];
        for (int i = 0; i < rgb.Length; i += 3)
        {
            (rgb[i], rgb[i + 1], rgb[i + 2]) = background;
        }

        for (int y = 0; y < picture.Height; y++)
        {
            picture.Rgb.Slice(y * picture.Width * 3, picture.Width * 3).CopyTo(rgb.AsSpan((((y + top) * width) + left) * 3));
        }

        return new Picture(width, height, rgb);
    }
}
