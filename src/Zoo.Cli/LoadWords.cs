using System.CommandLine;
using Dsl.Runtime;

namespace Zoo.Cli;

/// <summary>The words on the command line that say what of a published folder is passed over.</summary>
internal sealed class LoadWords
{
    private readonly Option<string[]> keys = new("--ignore-key")
    {
        Description = "A key of config.json to treat as if it were not there.",
        HelpName = "key",
    };
    private readonly Option<bool> unexpected = new("--allow-unexpected") { Description = "Pass over tensors that the model does not ask for, each named." };

    internal void AddTo(Command command)
    {
        command.Add(keys);
        command.Add(unexpected);
    }

    /// <summary>How to load; warnings go where errors do.</summary>
    internal LoadOptions Read(CliContext context, ParseResult words) => new()
    {
        IgnoreKeys = words.GetValue(keys) ?? [],
        AllowUnexpected = words.GetValue(unexpected),
        Warn = line => context.Error.WriteLine("warning: " + line),
    };
}
