using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Training.Objectives;

namespace Dsl.Training.Tasks;

/// <summary>One question with its answer, in words.</summary>
/// <param name="First">A text, as words.</param>
/// <param name="Seconds">None, a second text, or several choices of one.</param>
/// <param name="Label">The class, or which choice is right.</param>
/// <param name="WordLabels">A class for each word of the first text; empty where words have none.</param>
/// <param name="Answer">First and last word of the answer in the last text; (-1, -1) where there is none.</param>
/// <param name="Written">What is to be written; empty where nothing is.</param>
public sealed record Question(
    string[] First, string[][] Seconds, int Label, int[] WordLabels, (int First, int Last) Answer, string[] Written)
{
    /// <summary>What tells it from other questions.</summary>
    public string Text => string.Join(" | ", new[] { First }.Concat(Seconds).Select(words => string.Join(' ', words)));
}

/// <summary>A small data set made by rule: any number of questions, each with its right answer.</summary>
/// <param name="Name">What commands call it.</param>
/// <param name="Rule">What is asked, in one sentence.</param>
/// <param name="Head">What kind of answer it wants.</param>
/// <param name="Labels">The classes.</param>
/// <param name="Ask">Makes a question.</param>
/// <param name="Steps">How many steps a small model needs to learn it.</param>
/// <param name="Everywhere">Without other words it is run on every family that has such a head; otherwise on the first.</param>
public sealed record RuleTask(
    string Name, string Rule, Head Head, IReadOnlyList<string> Labels, Func<IDraws, Question> Ask, int Steps = 600, bool Everywhere = false)
{
    private static readonly string[] Numbers =
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen"];

    private static readonly string[] People = ["anna", "ben", "clara", "david", "emma", "felix", "greta", "henry"];
    private static readonly string[] Places = ["paris", "london", "rome", "cairo", "tokyo", "lima", "oslo", "delhi"];
    private static readonly string[] Things = ["ball", "cup", "book", "lamp", "coin", "rope", "drum", "bell"];
    private static readonly string[] Animals = ["lion", "horse", "sheep", "eagle", "whale", "mouse", "snake", "camel"];
    private static readonly string[] Plants = ["oak", "rose", "wheat", "fern", "moss", "olive", "cedar", "lily"];
    private static readonly string[] KindNames = ["animals", "plants", "things"];
    private static readonly string[] Letters = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];

    /// <summary>Every word that occurs.</summary>
    public static IReadOnlyList<string> Vocabulary { get; } =
        [.. Numbers, .. People, .. Places, .. Things, .. Animals, .. Plants, .. Letters, .. KindNames, "which", "are", "the", "went", "to", "saw", "in"];

    /// <summary>All tasks.</summary>
    public static IReadOnlyList<RuleTask> All { get; } =
    [
        new("kind", "Are there more animals, plants or things in the text?", Head.Sequence, KindNames, AskKind, Everywhere: true),
        new("follows", "Does the second text count on where the first one ends?", Head.Sequence, ["no", "yes"], AskFollows, Steps: 2500, Everywhere: true),
        new("roles", "Which words are a person, a place, a thing; a name after \"the\" is a thing's.", Head.Tokens, ["other", "person", "place", "thing"],
            AskRoles),
        new("next", "Which of four numbers comes next?", Head.Choice, [], AskNext),
        new("part", "Which words of the text are of the kind that is asked for?", Head.Answer, [], AskPart),
        new("sort", "The letters in the order of the alphabet.", Head.Text, [], AskSorted, Steps: 1500, Everywhere: true),
    ];

    private static string Any(IDraws draws, IReadOnlyList<string> words) => words[draws.Integer(0, words.Count - 1)];

    private static Question AskKind(IDraws draws)
    {
        string[][] kinds = [Animals, Plants, Things];
        int label = draws.Integer(0, 2);
        var words = new List<string>();
        for (int kind = 0; kind < 3; kind++)
        {
            for (int count = kind == label ? 4 : draws.Integer(0, 2); count > 0; count--)
            {
                words.Add(Any(draws, kinds[kind]));
            }
        }

        return new Question([.. draws.Permutation(words.Count).Select(i => words[i])], [], label, [], (-1, -1), []);
    }

    private static Question AskFollows(IDraws draws)
    {
        // Other words around the numbers make so many questions that none is learned by heart.
        int end = draws.Integer(1, 9), label = draws.Integer(0, 1), begin = end;
        while (label == 0 && begin == end)
        {
            begin = draws.Integer(1, 9);
        }

        string[] Around(int count) => [.. Enumerable.Range(0, count).Select(_ => Any(draws, Animals))];
        string[] counted = Numbers[Math.Max(0, end - draws.Integer(1, 3))..end];
        return new Question(
            [.. Around(4 - counted.Length), .. counted], [[.. Numbers[begin..(begin + draws.Integer(1, 3))], .. Around(draws.Integer(0, 2))]], label, [],
            (-1, -1), []);
    }

    private static Question AskRoles(IDraws draws)
    {
        // "the paris" is a thing called so: a word's label depends on the word before it.
        var words = new List<string>();
        var labels = new List<int>();
        for (int part = draws.Integer(2, 4); part > 0; part--)
        {
            int kind = draws.Integer(0, 3);
            (string[] Said, int[] Meant) made = kind switch
            {
                0 => ([Any(draws, People), "went", "to", Any(draws, Places)], [1, 0, 0, 2]),
                1 => ([Any(draws, People), "saw", "the", Any(draws, Things)], [1, 0, 0, 3]),
                2 => (["in", Any(draws, Places), "saw", "the", Any(draws, Places)], [0, 2, 0, 0, 3]),
                _ => (["the", Any(draws, People), "went", "to", "the", Any(draws, Things)], [0, 3, 0, 0, 0, 3]),
            };
            words.AddRange(made.Said);
            labels.AddRange(made.Meant);
        }

        return new Question([.. words], [], 0, [.. labels], (-1, -1), []);
    }

    private static Question AskNext(IDraws draws)
    {
        int begin = draws.Integer(0, 9), length = draws.Integer(1, 4);
        int right = begin + length;
        int[] others = [.. draws.Permutation(Numbers.Length).Where(i => i != right).Take(3)];
        int place = draws.Integer(0, 3);
        int[] choices = [.. others[..place], right, .. others[place..]];
        return new Question(Numbers[begin..right], [.. choices.Select(i => new[] { Numbers[i] })], place, [], (-1, -1), []);
    }

    private static Question AskPart(IDraws draws)
    {
        string[][] kinds = [Animals, Plants, Things];
        int asked = draws.Integer(0, 2);
        var text = new List<string>();
        (int, int) answer = (-1, -1);
        foreach (int kind in draws.Permutation(3))
        {
            int count = draws.Integer(1, 3);
            answer = kind == asked ? (text.Count, text.Count + count - 1) : answer;
            text.AddRange(Enumerable.Range(0, count).Select(_ => Any(draws, kinds[kind])));
        }

        return new Question(["which", "are", KindNames[asked]], [[.. text]], 0, [], answer, []);
    }

    private static Question AskSorted(IDraws draws)
    {
        string[] letters = [.. draws.Permutation(Letters.Length)[..draws.Integer(3, 6)].Select(i => Letters[i])];
        return new Question(letters, [], 0, [], (-1, -1), [.. letters.Order(StringComparer.Ordinal)]);
    }
}
