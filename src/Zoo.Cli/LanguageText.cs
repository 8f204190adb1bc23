using System.Collections.Generic;
using System.Linq;
using System.Text.RegularExpressions;

namespace Zoo.Cli;

/// <summary>The code of a language, and the file of a text in it; null: the run's one text.</summary>
internal readonly partial record struct LanguageText(string Code, string? Path)
{
    /// <summary>Reads words of the form CODE=FILE, or CODE alone.</summary>
    /// <exception cref="CommandException">One has another form, or a code occurs twice.</exception>
    internal static LanguageText[] Read(IReadOnlyList<string> words)
    {
        LanguageText[] texts = [.. words.Select(word => Form().Match(word) is { Success: true } match
            ? new LanguageText(match.Groups[1].Value, match.Groups[2].Success ? match.Groups[2].Value : null)
            : throw Wrong(word))];
        return texts.GroupBy(text => text.Code).FirstOrDefault(group => group.Count() > 1) is { } twice
            ? throw new CommandException($"--language {twice.Key} twice, expected each language once", 2)
            : texts;
    }

    /// <summary>Reads what was typed: every language with its file.</summary>
    /// <exception cref="CommandException">One has another form, or a code occurs twice.</exception>
    internal static LanguageText[] ReadTyped(IReadOnlyList<string> words)
    {
        LanguageText[] texts = Read(words);
        int without = System.Array.FindIndex(texts, text => text.Path is null);
        return without < 0 ? texts : throw Wrong(words[without]);
    }

    private static CommandException Wrong(string word) => new($"--language '{word}', expected a language's code and a file, en_XX=english.txt", 2);

    // Codes as published vocabularies have them; none of these is likely to be a word of a text.
    [GeneratedRegex("^([a-z]{2,3}_[A-Z]{2,4})(?:=(.+))?$", RegexOptions.Singleline)]
    private static partial Regex Form();
}
