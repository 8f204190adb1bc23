using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Linq;
using Dsl.Files;

namespace Zoo.Cli;

/// <summary><c>pages</c>: the families' pages of the documentation.</summary>
internal static class PagesCommand
{
    internal static Command Make(CliContext context)
    {
        var output = new Option<string>("--out", "-o")
        {
            Description = "Where the pages go.",
            HelpName = "folder",
            DefaultValueFactory = _ => Path.Combine("docs", "families"),
        };
        var overwrite = new Option<bool>("--overwrite") { Description = "Replace pages that are there." };
        var command = new Command("pages", "Write a page for each family: what it is, its declaration, its picture, its masks, its presets.")
        {
            output, overwrite,
        };
        command.SetAction(words => Run(context, words.GetValue(output)!, words.GetValue(overwrite)));
        return command;
    }

    private static int Run(CliContext context, string folder, bool overwrite)
    {
        IReadOnlyList<(string File, string Text)> pages = FamilyPages.All(context.Zoo);
        if (!overwrite)
        {
            foreach ((string file, _) in pages)
            {
                AtomicFiles.RequireFree(Path.Combine(folder, file));
            }
        }

        foreach ((string file, string text) in pages)
        {
            AtomicFiles.WriteText(Path.Combine(folder, file), text, FileErrors.Plain, overwrite);
        }

        context.Output.WriteLine($"{pages.Count} pages in {folder}");
        return 0;
    }
}
