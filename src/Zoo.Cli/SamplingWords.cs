using System.CommandLine;
using System.Linq;
using Dsl.Generation;

namespace Zoo.Cli;

/// <summary>The words on the command line that say how a token is chosen.</summary>
internal sealed class SamplingWords
{
    private readonly Option<double> temperature = new("--temperature", "-t")
    {
        Description = "0 takes the likeliest token every time.",
        HelpName = "x",
        DefaultValueFactory = _ => 0.8,
    };
    private readonly Option<int> topK = new("--top-k") { Description = "Keep the k likeliest tokens; 0: all.", HelpName = "k" };
    private readonly Option<double> topP = new("--top-p")
    {
        Description = "Keep the likeliest tokens up to this mass.",
        HelpName = "p",
        DefaultValueFactory = _ => 1,
    };
    private readonly Option<double> minP = new("--min-p") { Description = "Drop what is less likely than this share of the likeliest.", HelpName = "p" };
    private readonly Option<double> typical = new("--typical")
    {
        Description = "Keep the most typical tokens up to this mass.",
        HelpName = "p",
        DefaultValueFactory = _ => 1,
    };
    private readonly Option<double> epsilon = new("--epsilon") { Description = "Drop what is less likely than this.", HelpName = "p" };
    private readonly Option<double> eta = new("--eta") { Description = "The same, adapted to the entropy.", HelpName = "p" };
    private readonly Option<double> repetition = new("--repetition-penalty")
    {
        Description = "Above 1 avoids what was said before.",
        HelpName = "x",
        DefaultValueFactory = _ => 1,
    };
    private readonly Option<double> presence = new("--presence-penalty") { Description = "Taken off the logit of what was written before.", HelpName = "x" };
    private readonly Option<double> frequency = new("--frequency-penalty") { Description = "Taken off for each time it was written.", HelpName = "x" };
    private readonly Option<int> noRepeat = new("--no-repeat-ngram") { Description = "No run of n tokens twice; 0: no limit.", HelpName = "n" };
    private readonly Option<int> minTokens = new("--min-tokens") { Description = "No end token before so many tokens.", HelpName = "n" };
    private readonly Option<ulong> seed = new("--seed") { Description = "The same seed writes the same text.", HelpName = "n" };

    internal void AddTo(Command command)
    {
        foreach (Option word in new Option[]
        {
            temperature, topK, topP, minP, typical, epsilon, eta, repetition, presence, frequency, noRepeat, minTokens, seed,
        })
        {
            command.Add(word);
        }
    }

    /// <summary>The first word that only says how tokens are drawn; null where none was typed.</summary>
    internal string? Drawing(ParseResult words) => new Option[] { temperature, topK, topP, minP, typical, epsilon, eta, seed }
        .FirstOrDefault(word => words.GetResult(word) is { Implicit: false } && (word != temperature || words.GetValue(temperature) != 0))?.Name;

    internal SamplingOptions Read(ParseResult words) => new()
    {
        Temperature = words.GetValue(temperature),
        TopK = words.GetValue(topK),
        TopP = words.GetValue(topP),
        MinP = words.GetValue(minP),
        Typical = words.GetValue(typical),
        EpsilonCutoff = words.GetValue(epsilon),
        EtaCutoff = words.GetValue(eta),
        RepetitionPenalty = words.GetValue(repetition),
        PresencePenalty = words.GetValue(presence),
        FrequencyPenalty = words.GetValue(frequency),
        NoRepeatNgram = words.GetValue(noRepeat),
        MinNewTokens = words.GetValue(minTokens),
        Seed = words.GetValue(seed),
    };
}
