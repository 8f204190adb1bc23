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

    private readonly Option<string?> adapter = new("--adapter")
    {
        Description = "The folder of an adapter (adapter_config.json) that the model is used with.",
        HelpName = "folder",
    };

    /// <param name="command">What loads.</param>
    /// <param name="adapts">Whether it runs the model, so that an adapter makes a difference.</param>
    internal void AddTo(Command command, bool adapts = true)
    {
        command.Add(keys);
        command.Add(unexpected);
        if (adapts)
        {
            command.Add(adapter);
        }
    }

    /// <summary>How to load; warnings go where errors do.</summary>
    internal LoadOptions Read(CliContext context, ParseResult words) => new()
    {
        IgnoreKeys = words.GetValue(keys) ?? [],
        AllowUnexpected = words.GetValue(unexpected),
        Adapter = words.GetResult(adapter) is null ? null : words.GetValue(adapter),
        Warn = line => context.Error.WriteLine("warning: " + line),
    };
}
