using System.CommandLine;
using System.IO;
using Dsl.Files;
using Dsl.Runtime;
using Dsl.Training;
using Zoo.Cli.Drawing;

namespace Zoo.Cli;

/// <summary><c>draw</c>: a picture of a declaration.</summary>
internal static class DrawCommand
{
    internal static Command Make(CliContext context)
    {
        var name = new Argument<string>("preset") { Description = "the name of a preset, as list prints it." };
        var output = new Option<string>("--out", "-o") { Description = "Where the pictures go.", HelpName = "folder", DefaultValueFactory = _ => "pictures" };
        var overwrite = new Option<bool>("--overwrite") { Description = "Replace pictures that are there." };
        var command = new Command("draw", "Draw a preset: its blocks, residuals, what repeats, and widths, as SVG and as Mermaid.") { name, output, overwrite };
        command.SetAction(words => Run(
            context, Presets.Find(context, words.GetRequiredValue(name)), words.GetValue(output)!, words.GetValue(overwrite)));
        return command;
    }

    private static int Run(CliContext context, ZooPreset preset, string folder, bool overwrite)
    {
        string svg = Path.Combine(folder, preset.Name + ".svg"), mermaid = Path.Combine(folder, preset.Name + ".mmd");
        if (!overwrite)
        {
            AtomicFiles.RequireFree(svg);
            AtomicFiles.RequireFree(mermaid);
        }

        using IModel model = preset.Outline();
        Diagram diagram = DiagramReader.Read($"{preset.Name}, {Words.Count(model.Weights.Count)} parameters", preset.Declaration, model);
        AtomicFiles.WriteText(svg, Svg.Write(diagram), FileErrors.Plain, overwrite);
        AtomicFiles.WriteText(mermaid, Mermaid.Write(diagram), FileErrors.Plain, overwrite);
        context.Output.WriteLine(svg);
        context.Output.WriteLine(mermaid);
        return 0;
    }
}
