using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json;
using Dsl.Generation;
using Dsl.Training;
using Spectre.Console;
using TorchSharp;
using static TorchSharp.torch;

namespace Zoo.Cli;

/// <summary><c>embed</c>: how near sentences are to one another.</summary>
internal sealed class EmbedCommand
{
    private readonly CliContext context;
    private readonly Argument<string> folder = new("folder") { Description = "the folder of an encoder as sentence-transformers publishes it." };
    private readonly Argument<string[]> sentences = new("sentences") { Description = "the sentences.", Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<string?> file = new("--file") { Description = "A text file with a sentence on each line.", HelpName = "path" };
    private readonly Option<bool> json = new("--json") { Description = "Print JSON: sentences, embeddings, cosines." };
    private readonly Option<string> device = new("--device") { Description = "cpu, cuda, cuda:1 or mps.", HelpName = "name", DefaultValueFactory = _ => "cpu" };

    private readonly LoadWords loading = new();

    private EmbedCommand(CliContext context) => this.context = context;

    internal static Command Make(CliContext context)
    {
        var made = new EmbedCommand(context);
        var command = new Command("embed", "Print the cosines between sentences.") { made.folder, made.sentences, made.file, made.json, made.device };
        made.loading.AddTo(command);
        command.SetAction(made.Run);
        return command;
    }

    private int Run(ParseResult words)
    {
        string path = words.GetRequiredValue(folder);
        if (!Directory.Exists(path))
        {
            throw new CommandException($"{path}: not found, expected the folder of an encoder");
        }

        string[] texts = words.GetValue(sentences) ?? [];
        if (words.GetValue(file) is { } list)
        {
            string[] lines = [.. TokenCorpus.ReadText(list).ReplaceLineEndings("\n").Split('\n').Where(line => !string.IsNullOrWhiteSpace(line))];
            texts = lines.Length > 0 ? [.. texts, .. lines] : throw new CommandException($"{list}: no sentence, expected one on each line");
        }

        if (texts.Length == 0)
        {
            throw new CommandException("embed without sentences, expected some after the folder or --file", 2);
        }

        using SentenceEmbedder embedder = SentenceEmbedder.Open(
            path, context.Zoo.Load(path, ScalarType.Float32, Arguments.Device(words.GetValue(device)!), loading.Read(context, words)));
        float[][] embeddings = embedder.Embed(texts, context.Stop);
        double[][] cosines = [.. embeddings.Select(a => embeddings.Select(b => Cosine(a, b)).ToArray())];
        if (words.GetValue(json))
        {
            context.Output.WriteLine(JsonSerializer.Serialize(new { sentences = texts, embeddings, cosines }));
            return 0;
        }

        Table table = new Table().RoundedBorder().AddColumn("").AddColumn("sentence");
        for (int i = 0; i < texts.Length; i++)
        {
            table.AddColumn(new TableColumn((i + 1).ToString(CultureInfo.InvariantCulture)).RightAligned());
        }

        for (int i = 0; i < texts.Length; i++)
        {
            string shown = texts[i].Length > 48 ? texts[i][..47] + "…" : texts[i];
            table.AddRow(
                [(i + 1).ToString(CultureInfo.InvariantCulture), Markup.Escape(shown.ReplaceLineEndings(" ")),
                    .. cosines[i].Select(value => value.ToString("F3", CultureInfo.InvariantCulture))]);
        }

        context.Console.Write(table);
        return 0;
    }

    private static double Cosine(float[] a, float[] b)
    {
        (double dot, double first, double second) = (0, 0, 0);
        for (int i = 0; i < a.Length; i++)
        {
            dot += (double)a[i] * b[i];
            first += (double)a[i] * a[i];
            second += (double)b[i] * b[i];
        }

        return dot / double.Max(double.Sqrt(first * second), 1e-12);
    }
}
