using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using Dsl.Training.Objectives;

namespace Dsl.Training.Alignment;

/// <summary>A coloured shape on a grey ground.</summary>
/// <param name="Colour">Which of <see cref="RulePictures.Colours"/>; null: another, without a name.</param>
/// <param name="Shape">Which of <see cref="RulePictures.Shapes"/>; null: another, without a name.</param>
/// <param name="X">The column of its middle.</param>
/// <param name="Y">The row of its middle.</param>
/// <param name="Radius">Half its side.</param>
/// <param name="Seed">Decides the shade, the ground and the noise.</param>
public sealed record ShapePicture(int? Colour, int? Shape, int X, int Y, int Radius, long Seed)
{
    private const int Shade = 16, Noise = 8;

    /// <summary>Its colour's name; empty where it has none.</summary>
    public string ColourName => Colour is { } named ? RulePictures.Colours[named].Name : "";

    /// <summary>Its shape's name; empty where it has none.</summary>
    public string ShapeName => Shape is { } named ? RulePictures.Shapes[named] : "";

    /// <summary>What it shows. The shape comes first: behind the name of a colour, words alone would tell which shapes it was never seen in.</summary>
    public string Caption => $"a {ShapeName} in {ColourName}";

    /// <summary>Red, green and blue before the noise.</summary>
    internal int[] Paint()
    {
        var draws = new SeededDraws(SeededRandom.For((ulong)Seed, [14]));
        return Colour is { } named ? [.. RulePictures.Colours[named].Rgb.Select(value => value + draws.Integer(-Shade, Shade))]
            : [draws.Integer(50, 245), draws.Integer(50, 245), draws.Integer(50, 245)];
    }

    /// <summary>Rows from the top, three bytes a pixel: red, green, blue.</summary>
    public byte[] Rgb()
    {
        const int Side = RulePictures.Side;
        var draws = new SeededDraws(SeededRandom.For((ulong)Seed, [12]));
        int ground = draws.Integer(0, 32);
        int[] colour = Paint();
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
            "ring" => squares <= r * r && squares >= r * r * 2 / 5,
            _ => (Seed % 4) switch // a square on its point, a triangle, a dot, a slanted bar
            {
                0 => across + down <= r,
                1 => down <= r && 2 * across <= below + r,
                2 => squares <= r * r / 4,
                _ => down <= r && Math.Abs(right - below) <= r / 3,
            },
        };
    }
}

/// <summary>
/// Pictures made by rule, with captions and questions. Held out are places and sizes: a held-out picture has a place and a size of which no picture that is
/// learned from has any. Combinations of colour and shape are held out, too, for whoever asks for what was never seen together.
/// </summary>
public static class RulePictures
{
    /// <summary>Pixels of a side.</summary>
    public const int Side = 32;

    private const int Least = 7, Most = 12, HeldRadius = 9, Grid = 2, Edge = 8, Apart = 30;

    /// <summary>Names, with red, green and blue.</summary>
    public static IReadOnlyList<(string Name, int[] Rgb)> Colours { get; } =
    [
        ("red", [225, 55, 55]), ("green", [60, 200, 70]), ("blue", [70, 80, 235]), ("yellow", [230, 220, 60]), ("purple", [150, 60, 190]),
        ("orange", [240, 140, 50]), ("cyan", [60, 215, 220]), ("pink", [245, 130, 190]), ("white", [235, 235, 235]), ("grey", [130, 130, 130]),
    ];

    /// <summary>Names.</summary>
    public static IReadOnlyList<string> Shapes { get; } = ["square", "bar", "pole", "cross", "ring"];

    /// <summary>Pictures that a seed decides.</summary>
    /// <param name="count">How many.</param>
    /// <param name="seed">Decides them.</param>
    /// <param name="heldOut">Those of held-out places and sizes, or the others.</param>
    /// <param name="newCombination">Of a held-out combination of colour and shape.</param>
    public static IReadOnlyList<ShapePicture> Draw(int count, long seed, bool heldOut, bool newCombination = false)
    {
        var draws = new SeededDraws(SeededRandom.For((ulong)seed, [11, (heldOut ? 1 : 0) + (newCombination ? 2 : 0)]));
        var made = new List<ShapePicture>();
        while (made.Count < count)
        {
            int radius = draws.Integer(Least, Most), shape = draws.Integer(0, Shapes.Count - 1), colour = draws.Integer(0, Colours.Count - 1);
            int column = draws.Integer(Edge / Grid, (Side - Edge) / Grid), row = draws.Integer(Edge / Grid, (Side - Edge) / Grid);
            var picture = new ShapePicture(colour, shape, Grid * column, Grid * row, radius, draws.Integer(0, int.MaxValue - 1));
            bool heldPlace = (column + (2 * row)) % 5 == 0, heldSize = radius == HeldRadius;
            if (IsHeldCombination(picture) == newCombination && heldPlace == heldOut && heldSize == heldOut)
            {
                made.Add(picture);
            }
        }

        return made;
    }

    /// <summary>
    /// Shapes in colours without a name, and colours on shapes without one, in turn: whoever learns of these has seen no combination. No colour is near
    /// the one in which its shape is held out.
    /// </summary>
    /// <param name="count">How many.</param>
    /// <param name="seed">Decides them.</param>
    internal static IReadOnlyList<ShapePicture> Parts(int count, long seed)
    {
        bool IsNear(ShapePicture picture) => picture is { Colour: null, Shape: { } shape }
            && picture.Paint().Zip(Colours[shape].Rgb, (a, b) => (a - b) * (a - b)).Sum() < Apart * Apart;
        return [.. Draw(2 * count, seed, heldOut: false)
            .Select((picture, i) => i % 2 == 0 ? picture with { Colour = null } : picture with { Shape = null })
            .Where(picture => !IsNear(picture)).Take(count)];
    }

    /// <summary>Every shape in one colour, and these colours in one shape: all others are learned from.</summary>
    private static bool IsHeldCombination(ShapePicture picture) => picture.Colour == picture.Shape;

    /// <summary>A colour and a shape of which a text tells: any, since nothing is seen.</summary>
    internal static ShapePicture Told(IDraws draws) =>
        new(draws.Integer(0, Colours.Count - 1), draws.Integer(0, Shapes.Count - 1), Side / 2, Side / 2, Least, 0);

    /// <summary>A question about a picture, and its one answer.</summary>
    internal static (string Question, string Answer) Ask(ShapePicture picture, IDraws draws)
    {
        if (draws.Integer(0, 3) == 0)
        {
            // Half of the guesses are right.
            (int colour, int shape) = draws.Integer(0, 1) == 0 ? (picture.Colour!.Value, picture.Shape!.Value)
                : (draws.Integer(0, Colours.Count - 1), draws.Integer(0, Shapes.Count - 1));
            return ($"Is it a {Shapes[shape]} in {Colours[colour].Name}?", colour == picture.Colour && shape == picture.Shape ? "yes" : "no");
        }

        string question = Kinds[draws.Integer(0, Kinds.Count - 1)];
        return (question, AnswerTo(question, picture));
    }

    /// <summary>A question about the colour or the shape, whichever has a name.</summary>
    internal static (string Question, string Answer) AskPart(ShapePicture picture, IDraws draws)
    {
        string question = picture.Shape is null || (picture.Colour is not null && draws.Integer(0, 1) == 0) ? Kinds[0] : Kinds[1];
        return (question, AnswerTo(question, picture));
    }

    /// <summary>Questions that each picture answers.</summary>
    public static IReadOnlyList<string> Kinds { get; } = ["What colour is it?", "What shape is it?", "What is this?"];

    /// <summary>The answer to one of <see cref="Kinds"/>.</summary>
    public static string AnswerTo(string question, ShapePicture picture) =>
        question == Kinds[0] ? picture.ColourName : question == Kinds[1] ? picture.ShapeName : picture.Caption;
}
