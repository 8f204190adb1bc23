using System.Collections.Generic;
using System.CommandLine;
using Dsl.Files;
using Dsl.Text;

namespace Zoo.Cli;

/// <summary>A gap to fill.</summary>
/// <param name="Prefix">What stands before it.</param>
/// <param name="Suffix">What stands behind it.</param>
/// <param name="SuffixFirst">The model reads the suffix first.</param>
internal sealed record Gap(string Prefix, string Suffix, bool SuffixFirst)
{
    /// <summary>The ids that the middle is written after.</summary>
    internal int[] Encode(ITextCodec codec) => Infilling.Prompt(Prefix, Suffix, Tokenizer(codec), SuffixFirst);

    /// <summary>What ends the middle: the token for it, and whatever ends a text.</summary>
    internal IReadOnlyList<int> Ends(ITextCodec codec, IReadOnlyList<int> others) =>
        [.. others.Count > 0 ? others : codec.EndTokens, InfillTokens.Of(Tokenizer(codec)).End];

    private static ITokenizer Tokenizer(ITextCodec codec) => codec as ITokenizer
        ?? throw new CommandException($"--infill with a vocabulary of {codec.Name}, expected one whose tokens mark gaps");
}

/// <summary>The words on the command line that ask for the middle of a text.</summary>
internal sealed class InfillWords
{
    private readonly Option<string?> text = new("--infill")
    {
        Description = $"A text with {Infilling.Mark} where something is to be written.",
        HelpName = "text",
    };
    private readonly Option<string?> file = new("--infill-file") { Description = $"A file with {Infilling.Mark} in it.", HelpName = "file" };
    private readonly Option<string?> suffix = new("--suffix") { Description = "What follows the gap; --prompt is what stands before it.", HelpName = "text" };
    private readonly Option<bool> suffixFirst = new("--suffix-first") { Description = "With --infill: the model reads the suffix before the prefix." };

    internal void AddTo(Command command)
    {
        command.Add(text);
        command.Add(file);
        command.Add(suffix);
        command.Add(suffixFirst);
    }

    /// <summary>The gap that was asked for; null: none.</summary>
    /// <param name="words">What was typed.</param>
    /// <param name="prompts">Those of <c>--prompt</c>.</param>
    /// <exception cref="CommandException">Words contradict one another.</exception>
    /// <exception cref="TextException">The text has no mark, or several.</exception>
    internal Gap? Read(ParseResult words, IReadOnlyList<string> prompts)
    {
        string? typed = words.GetValue(text), path = words.GetValue(file), behind = words.GetValue(suffix);
        bool first = words.GetValue(suffixFirst);
        int asked = (typed is null ? 0 : 1) + (path is null ? 0 : 1) + (behind is null ? 0 : 1);
        if (asked == 0)
        {
            return !first ? null : throw new CommandException("--suffix-first without a gap, expected --infill, --infill-file or --suffix", 2);
        }

        if (asked > 1)
        {
            throw new CommandException("several gaps, expected one of --infill, --infill-file and --suffix", 2);
        }

        if (behind is not null)
        {
            return prompts.Count <= 1 ? new Gap(prompts.Count == 0 ? "" : prompts[0], behind, first)
                : throw new CommandException($"--suffix with {prompts.Count} prompts, expected one", 2);
        }

        if (prompts.Count > 0)
        {
            throw new CommandException("--prompt with --infill, expected one of them, or --suffix beside it", 2);
        }

        (string prefix, string rest) = Infilling.Split(typed ?? UserFile.ReadText(path!, UserFile.MostOfText, FileErrors.Plain));
        return new Gap(prefix, rest, first);
    }
}
