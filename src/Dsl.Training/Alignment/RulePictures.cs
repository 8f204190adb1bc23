using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using Dsl.Training.Objectives;

namespace Dsl.Training.Alignment;

/// <summary>A coloured shape on a grey ground.</summary>
/// <param name="Colour">Which of <see cref="RulePictures.Colours"/>.</param>
/// <param name="Shape">Which of <see cref="RulePictures.Shapes"/>.</param>
/// <param name="X">The column of its middle.</param>
/// <param name="Y">The row of its middle.</param>
/// <param name="Radius">Half its side.</param>
/// <param name="Seed">Decides the shade, the ground and the noise.</param>
public sealed record ShapePicture(int Colour, int Shape, int X, int Y, int Radius, long Seed)
{
    /// <summary>Its colour's name.</summary>
    public string ColourName => RulePictures.Colours[Colour].Name;

    /// <summary>Its shape's name.</summary>
    public string ShapeName => RulePictures.Shapes[Shape];

    /// <summary>What it shows.</summary>
    public string Caption => $"a {ColourName} {ShapeName}";

    /// <summary>Rows from the top, three bytes a pixel: red, green, blue.</summary>
    public byte[] Rgb()
    {
        const int Side = RulePictures.Side, Shade = 16, Noise = 8;
        var draws = new SeededDraws(SeededRandom.For((ulong)Seed, [12]));
        int ground = draws.Integer(0, 32);
        (int Red, int Green, int Blue) full = RulePictures.Colours[Colour].Rgb;
        int[] colour = [full.Red, full.Green, full.Blue];
        colour = [.. colour.Select(value => value + draws.Integer(-Shade, Shade))];
        byte[] rgb = new byte[3 * Side * Side];
        for (int y = 0; y < Side; y++)
        {
            for (int x = 0; x < Side; x++)
            {
                bool inside = Covers(x - X, y - Y);
                for (int channel = 0; channel < 3; channel++)
                {
                    int value = (inside ? colour[channel] : ground) + draws.Integer(-Noise, Noise);
                    rgb[(3 * ((y * Side) + x)) + channel] = (byte)Math.Clamp(value, 0, 255);
                }
            }
        }

        return rgb;
    }

    /// <summary>Whether the shape covers a pixel so far right of and below its middle.</summary>
    private bool Covers(int right, int below)
    {
        int r = Radius, across = Math.Abs(right), down = Math.Abs(below), squares = (right * right) + (below * below);
        bool lies = down <= r / 3 && across <= r, stands = across <= r / 3 && down <= r;
        return ShapeName switch
        {
            "square" => across <= r && down <= r,
            "bar" => lies,
            "pole" => stands,
            "cross" => lies || stands,
            _ => squares <= r * r && squares >= r * r * 2 / 5,
        };
    }
}

/// <summary>
/// Pictures made by rule, with captions and questions. Held out are combinations of colour and shape, places and sizes: a held-out picture has a combination,
/// a place and a size of which no other picture has any.
/// </summary>
public static class RulePictures
{
    /// <summary>Pixels of a side.</summary>
    public const int Side = 32;

    private const int Least = 7, Most = 12, HeldRadius = 9;

    /// <summary>Names, with red, green and blue.</summary>
    public static IReadOnlyList<(string Name, (int Red, int Green, int Blue) Rgb)> Colours { get; } =
    [
        ("red", (225, 55, 55)), ("green", (60, 200, 70)), ("blue", (70, 80, 235)), ("yellow", (230, 220, 60)), ("purple", (150, 60, 190)),
        ("orange", (240, 140, 50)), ("cyan", (60, 215, 220)), ("pink", (245, 130, 190)), ("white", (235, 235, 235)), ("grey", (130, 130, 130)),
    ];

    /// <summary>Names.</summary>
    public static IReadOnlyList<string> Shapes { get; } = ["square", "bar", "pole", "cross", "ring"];

    /// <summary>Pictures that a seed decides.</summary>
    /// <param name="count">How many.</param>
    /// <param name="seed">Decides them.</param>
    /// <param name="heldOut">Those that are held out, or the others.</param>
    public static IReadOnlyList<ShapePicture> Draw(int count, long seed, bool heldOut)
    {
        var draws = new SeededDraws(SeededRandom.For((ulong)seed, [11, heldOut ? 1 : 0]));
        var made = new List<ShapePicture>();
        while (made.Count < count)
        {
            int radius = draws.Integer(Least, Most), colour = draws.Integer(0, Colours.Count - 1), shape = draws.Integer(0, Shapes.Count - 1);
            int x = draws.Integer(radius, Side - 1 - radius), y = draws.Integer(radius, Side - 1 - radius);
            bool[] isHeld = [IsHeldCombination(colour, shape), (x + (3 * y)) % 7 == 0, radius == HeldRadius];
            if (isHeld.All(held => held == heldOut))
            {
                made.Add(new ShapePicture(colour, shape, x, y, radius, draws.Integer(0, int.MaxValue - 1)));
            }
        }

        return made;
    }

    /// <summary>Every shape in one colour, and these colours in one shape: all others are learned from.</summary>
    internal static bool IsHeldCombination(int colour, int shape) => shape == colour;

    /// <summary>A colour and a shape of which a text tells: any, since nothing is seen.</summary>
    internal static ShapePicture Told(IDraws draws) =>
        new(draws.Integer(0, Colours.Count - 1), draws.Integer(0, Shapes.Count - 1), Side / 2, Side / 2, Least, 0);

    /// <summary>A question about a picture, and its one answer.</summary>
    internal static (string Question, string Answer) Ask(ShapePicture picture, IDraws draws)
    {
        if (draws.Integer(0, 3) == 0)
        {
            // Half of the guesses are right.
            (int colour, int shape) = draws.Integer(0, 1) == 0 ? (picture.Colour, picture.Shape)
                : (draws.Integer(0, Colours.Count - 1), draws.Integer(0, Shapes.Count - 1));
            return ($"Is it a {Colours[colour].Name} {Shapes[shape]}?", colour == picture.Colour && shape == picture.Shape ? "yes" : "no");
        }

        string question = Kinds[draws.Integer(0, Kinds.Count - 1)];
        return (question, AnswerTo(question, picture));
    }

    /// <summary>Questions that each picture answers.</summary>
    public static IReadOnlyList<string> Kinds { get; } = ["What colour is it?", "What shape is it?", "What is this?"];

    /// <summary>The answer to one of <see cref="Kinds"/>.</summary>
    public static string AnswerTo(string question, ShapePicture picture) =>
        question == Kinds[0] ? picture.ColourName : question == Kinds[1] ? picture.ShapeName : picture.Caption;
}
