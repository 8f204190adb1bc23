using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Training.Objectives;

namespace Dsl.Training.Tasks;

/// <summary>A text made by rule, of which some characters can be known from those before.</summary>
/// <param name="Text">All of it.</param>
/// <param name="Known">Which characters a model is trained to predict, one for each character.</param>
public sealed record RuleText(string Text, bool[] Known);

/// <summary>Texts made by rule without end, for models of characters.</summary>
/// <param name="Name">What commands call it.</param>
/// <param name="Rule">What is asked, in one sentence.</param>
/// <param name="Alphabet">Every character that occurs.</param>
/// <param name="Length">Characters of a text; all texts have as many.</param>
/// <param name="Make">Makes a text; those that are held out from training where the flag says so, else the others.</param>
public sealed record SequenceRule(string Name, string Rule, string Alphabet, int Length, Func<IDraws, bool, RuleText> Make);

/// <summary>A question of the rule of labels: every item of one mapping.</summary>
/// <param name="Labels">The label of each category.</param>
public sealed record LabelMapping(IReadOnlyList<char> Labels)
{
    /// <summary>The label of an item.</summary>
    public char Of(char item) => Labels[(item - 'a') % LabelSequences.Categories];
}

/// <summary>
/// Items (letters) that belong to four categories, and in each text a new mapping of the categories to labels (digits): a line an item and its label. The
/// categories can be learned, the mapping only be read off the lines before: what GPT-3's paper calls learning in context.
/// </summary>
public static class LabelSequences
{
    /// <summary>Kinds of items; an item is of the kind that its place in the alphabet gives.</summary>
    public const int Categories = 4;

    /// <summary>Different items.</summary>
    public const int Items = 12;

    /// <summary>Different labels.</summary>
    public const int Labels = 8;

    /// <summary>Lines of a text.</summary>
    public const int Lines = 20;

    private const int HeldOutShare = 19;

    /// <summary>The texts.</summary>
    public static SequenceRule Rule { get; } = new(
        "labels", "Which label has this item, where its category's label is new in each text?",
        string.Concat(ItemNames) + string.Concat(LabelNames) + "\n", 3 * Lines, Make);

    /// <summary>All items.</summary>
    public static IEnumerable<char> ItemNames => Enumerable.Range(0, Items).Select(i => (char)('a' + i));

    /// <summary>All labels.</summary>
    public static IEnumerable<char> LabelNames => Enumerable.Range(0, Labels).Select(i => (char)('0' + i));

    /// <summary>A mapping; a nineteenth of them never occur in training.</summary>
    public static LabelMapping Draw(IDraws draws, bool heldOut)
    {
        while (true)
        {
            int[] labels = draws.Permutation(Labels)[..Categories];
            if ((labels.Aggregate(0, (sum, label) => (sum * Labels) + label) % HeldOutShare == 0) == heldOut)
            {
                return new LabelMapping([.. labels.Select(label => (char)('0' + label))]);
            }
        }
    }

    private static RuleText Make(IDraws draws, bool heldOut)
    {
        LabelMapping mapping = Draw(draws, heldOut);
        char[] items = [.. Enumerable.Range(0, Lines).Select(_ => (char)('a' + draws.Integer(0, Items - 1)))];
        return new RuleText(string.Concat(items.Select(item => $"{item}{mapping.Of(item)}\n")), [.. items.SelectMany(_ => new[] { false, true, false })]);
    }
}

/// <summary>Sums of two numbers, the digits of the sum from the last to the first: several steps that must all be right for the answer to be.</summary>
public static class SumSequences
{
    /// <summary>Digits of each number.</summary>
    public const int Digits = 3;

    private const int HeldOutShare = 10;

    /// <summary>The texts.</summary>
    public static SequenceRule Rule { get; } =
        new("sums", "What is the sum of two numbers of three digits, written from its last digit to its first?", "0123456789+=", (3 * Digits) + 3, Make);

    /// <summary>Two numbers; a tenth of all pairs never occur in training.</summary>
    public static (string First, string Second) Draw(IDraws draws, bool heldOut)
    {
        int most = (int)Math.Pow(10, Digits) - 1;
        while (true)
        {
            int first = draws.Integer(0, most), second = draws.Integer(0, most);
            if ((((first * 31) + (second * 17)) % HeldOutShare == 0) == heldOut)
            {
                return (Spell(first), Spell(second));
            }
        }
    }

    /// <summary>The answer: four digits, the last one first.</summary>
    public static string Sum(string first, string second)
    {
        int sum = int.Parse(first, System.Globalization.CultureInfo.InvariantCulture) + int.Parse(second, System.Globalization.CultureInfo.InvariantCulture);
        return string.Concat(sum.ToString($"D{Digits + 1}", System.Globalization.CultureInfo.InvariantCulture).Reverse());
    }

    private static string Spell(int number) => number.ToString($"D{Digits}", System.Globalization.CultureInfo.InvariantCulture);

    private static RuleText Make(IDraws draws, bool heldOut)
    {
        (string first, string second) = Draw(draws, heldOut);
        string question = $"{first}+{second}=", answer = Sum(first, second);
        return new RuleText(question + answer, [.. Enumerable.Repeat(false, question.Length), .. Enumerable.Repeat(true, answer.Length)]);
    }
}
