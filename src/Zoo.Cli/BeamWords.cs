using System.CommandLine;
using Dsl.Generation;

namespace Zoo.Cli;

/// <summary>The words of a beam search on the command line.</summary>
internal sealed class BeamWords
{
    private readonly Option<int> beams = new("--beams") { Description = "Search with so many beams instead of drawing.", HelpName = "n" };
    private readonly Option<int> groups =
        new("--groups") { Description = "Groups of beams that avoid one another's tokens.", HelpName = "n", DefaultValueFactory = _ => 1 };
    private readonly Option<double> diversity =
        new("--diversity") { Description = "What a token loses for each earlier group that chose it.", HelpName = "x", DefaultValueFactory = _ => 0.5 };
    private readonly Option<double> lengthPenalty = new("--length-penalty")
    {
        Description = "Exponent of the length that scores are divided by; above 0 favours long texts.",
        HelpName = "x",
        DefaultValueFactory = _ => 1,
    };
    private readonly Option<EarlyStopping> stopping =
        new("--early-stopping") { Description = "When a search ends before its tokens run out.", HelpName = "when" };
    private readonly Option<int> best =
        new("--n-best") { Description = "How many texts to print for each prompt, best first.", HelpName = "n", DefaultValueFactory = _ => 1 };

    internal void AddTo(Command command)
    {
        foreach (Option word in new Option[] { beams, groups, diversity, lengthPenalty, stopping, best })
        {
            command.Add(word);
        }
    }

    /// <summary>The search that was asked for; null where tokens are drawn.</summary>
    internal BeamOptions? Read(ParseResult words, GenerationOptions options)
    {
        if (words.GetResult(beams) is null)
        {
            foreach (Option word in new Option[] { groups, lengthPenalty, stopping, best, diversity })
            {
                if (words.GetResult(word) is { Implicit: false })
                {
                    throw new CommandException($"{word.Name} without --beams, expected the number of beams", 2);
                }
            }

            return null;
        }

        // Looked at whether or not it is used.
        double penalty = words.GetValue(diversity);
        Arguments.Require(penalty >= 0 && double.IsFinite(penalty), "diversity", penalty, "0 or more");
        double length = words.GetValue(lengthPenalty);
        Arguments.Require(double.IsFinite(length), "length-penalty", length, "a finite number");
        if (words.GetValue(groups) <= 1 && words.GetResult(diversity) is { Implicit: false })
        {
            throw new CommandException("--diversity with one group, expected --groups of 2 or more", 2);
        }

        var search = new BeamOptions(words.GetValue(beams), options.MaxTokens)
        {
            Groups = words.GetValue(groups),
            DiversityPenalty = words.GetValue(groups) > 1 ? penalty : 0,
            LengthPenalty = words.GetValue(lengthPenalty),
            EarlyStopping = words.GetValue(stopping),
            Return = words.GetValue(best),
        };
        search.Validate();
        return search;
    }
}
