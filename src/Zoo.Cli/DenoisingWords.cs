using System.Collections.Generic;
using System.CommandLine;
using System.Linq;
using System.Text.RegularExpressions;
using Dsl.Training.Objectives;
using Dsl.Training;

namespace Zoo.Cli;

/// <summary>The words of <c>train --objective denoise</c>: its noises, and texts in several languages.</summary>
internal sealed class DenoisingWords
{
    private const string Objective = "denoise";

    private readonly Option<double?> infill = Share("--infill", "replace this share of the words by masks, a span a mask.");
    private readonly Option<double?> meanSpan = Share("--mean-span", "words in such a span on average (Poisson).");
    private readonly Option<double?> permute = Share("--permute", "let this share of the sentences change places.");
    private readonly Option<double?> mask = Share("--mask", "mask this share of the words one by one.");
    private readonly Option<double?> delete = Share("--delete", "delete this share of the words.");
    private readonly Option<double?> rotate = Share("--rotate", "let this share of the rows begin at a random token.");
    private readonly Option<double?> random = Share("--random", "put random tokens for this share of the masks.");
    private readonly Option<string[]> languages = new("--language")
    {
        Description = "With denoise: a text and its language, en_XX=english.txt; several are mixed.",
        HelpName = "code=file",
    };
    private readonly Option<double?> alpha = new("--alpha")
    {
        Description = "How often a language is drawn: its text's size to this power (0.7); below 1, small texts more often than they are long.",
        HelpName = "x",
    };

    private Option[] All => [infill, meanSpan, permute, mask, delete, rotate, random, languages, alpha];

    internal void AddTo(Command command)
    {
        foreach (Option word in All)
        {
            command.Add(word);
        }
    }

    /// <summary>Whether texts with their languages were typed.</summary>
    internal bool Speaks(ParseResult words) => words.GetValue(languages) is { Length: > 0 };

    /// <summary>What was typed over what holds otherwise.</summary>
    /// <exception cref="CommandException">Words of denoising with another objective, or a text without the code of its language.</exception>
    internal TrainingOptions Over(ParseResult words, TrainingOptions defaults, string? objective)
    {
        if (objective != Objective && All.FirstOrDefault(word => words.GetResult(word) is { Implicit: false }) is { } wrong)
        {
            throw new CommandException($"{wrong.Name} with --objective {objective ?? "clm"}, expected --objective {Objective}", 2);
        }

        string[] texts = words.GetValue(languages) ?? [];
        LanguageText.Read(texts);
        if (words.GetResult(alpha) is { Implicit: false } && texts.Length == 0 && defaults.Languages.Count == 0)
        {
            throw new CommandException($"{alpha.Name} without {languages.Name}, expected texts with their languages", 2);
        }

        DenoisingChanges noise = defaults.Noise;
        return defaults with
        {
            Noise = new DenoisingChanges
            {
                Infill = words.GetValue(infill) ?? noise.Infill,
                MeanSpan = words.GetValue(meanSpan) ?? noise.MeanSpan,
                Permute = words.GetValue(permute) ?? noise.Permute,
                Mask = words.GetValue(mask) ?? noise.Mask,
                Delete = words.GetValue(delete) ?? noise.Delete,
                Rotate = words.GetValue(rotate) ?? noise.Rotate,
                Random = words.GetValue(random) ?? noise.Random,
            },
            Languages = texts.Length > 0 ? texts : defaults.Languages,
            Alpha = words.GetValue(alpha) ?? defaults.Alpha,
        };
    }

    private static Option<double?> Share(string name, string what) => new(name) { Description = $"With denoise: {what}", HelpName = "x" };
}

/// <summary>A text's file with the code of its language.</summary>
internal readonly partial record struct LanguageText(string Code, string Path)
{
    /// <summary>Reads words of the form CODE=FILE.</summary>
    /// <exception cref="CommandException">One has another form, or a code occurs twice.</exception>
    internal static LanguageText[] Read(IReadOnlyList<string> words)
    {
        LanguageText[] texts = [.. words.Select(word => Form().Match(word) is { Success: true } match
            ? new LanguageText(match.Groups[1].Value, match.Groups[2].Value)
            : throw new CommandException($"--language '{word}', expected a language's code and a file, en_XX=english.txt", 2))];
        return texts.GroupBy(text => text.Code).FirstOrDefault(group => group.Count() > 1) is { } twice
            ? throw new CommandException($"--language {twice.Key} twice, expected each language once", 2)
            : texts;
    }

    // Codes as mBART has them; none of these is likely to be a word of a text.
    [GeneratedRegex("^([a-z]{2,3}_[A-Z]{2,4})=(.+)$", RegexOptions.Singleline)]
    private static partial Regex Form();
}
