using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Linq;
using Dsl.Runtime;
using Dsl.Text;

namespace Zoo.Cli;

/// <summary><c>check</c>: whether a downloaded folder fits a declared model, before its weights are read.</summary>
internal sealed class CheckCommand
{
    private readonly CliContext context;
    private readonly Argument<string> folder = new("folder") { Description = "the folder of a published checkpoint; its weights may be missing." };
    private readonly Option<string?> architecture = new("--class")
    {
        Description = "The class that is meant, where config.json names none.",
        HelpName = "name"
    };
    private readonly Option<bool> json = new("--json") { Description = "Print JSON." };
    private readonly LoadWords loading = new();

    private CheckCommand(CliContext context) => this.context = context;

    internal static Command Make(CliContext context)
    {
        var made = new CheckCommand(context);
        const string What = "Compare a folder's config, tokenizer and tensor names with the model, without its weights; exit 1 where it would not load.";
        var command = new Command("check", What)
        {
            made.folder, made.architecture, made.json,
        };
        made.loading.AddTo(command, adapts: false);
        command.SetAction(made.Run);
        return command;
    }

    private int Run(ParseResult words)
    {
        string path = words.GetRequiredValue(folder);
        if (!Directory.Exists(path))
        {
            throw new CommandException($"{path}: not found, expected the folder of a published checkpoint");
        }

        ModelCheck check = context.Zoo.Check(path, loading.Read(context, words), words.GetValue(architecture));
        TextCheck text = TextCheck.Of(path, check);
        if (words.GetValue(json))
        {
            context.Output.WriteLine(CheckReport.Json(check, text));
        }
        else
        {
            CheckReport.Print(context, check, text);
        }

        return check.Error is null && text.Error is null ? 0 : 1;
    }
}

/// <summary>What the folder's tokenizer and chat template are.</summary>
/// <param name="Tokens">Tokens of the vocabulary; null where there is none.</param>
/// <param name="Notes">What is odd without being wrong.</param>
/// <param name="Error">Why one of them cannot be read; null where both can, or are not there.</param>
internal sealed record TextCheck(int? Tokens, IReadOnlyList<string> Notes, string? Error)
{
    internal static TextCheck Of(string folder, ModelCheck model)
    {
        var notes = new List<string>();
        int? tokens = null;
        try
        {
            if (TextCodecs.IsIn(folder))
            {
                tokens = TextCodecs.Open(folder).Vocabulary;
            }
            else
            {
                notes.Add("no tokenizer is there");
            }

        }
        catch (TextException e)
        {
            return new TextCheck(tokens, notes, e.Message);
        }

        try
        {
            ChatTemplateFile.Find(folder);
        }
        catch (TextException e)
        {
            notes.Add($"the chat template cannot be used: {e.Message}");
        }

        if (tokens is { } ids && model.Read.FirstOrDefault(pair => pair.Path == "vocab_size").Value is int rows && ids > rows)
        {
            notes.Add(ContextLimits.Larger(ids, rows));
        }

        return new TextCheck(tokens, notes, null);
    }
}
