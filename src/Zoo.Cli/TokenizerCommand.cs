using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using Dsl.Files;
using Dsl.Text;
using Dsl.Training;
using Spectre.Console;

namespace Zoo.Cli;

/// <summary><c>tokenizer train</c>: learns a vocabulary from a text.</summary>
internal sealed class TokenizerCommand
{
    private readonly CliContext context;
    private readonly Argument<string?> text = new("file")
    {
        Description = "a text file in UTF-8; the King James Bible if not given.",
        Arity = ArgumentArity.ZeroOrOne,
    };
    private readonly Option<string> kind = new("--kind") { Description = "bpe (of bytes) or wordpiece.", HelpName = "kind", DefaultValueFactory = _ => "bpe" };
    private readonly Option<int> vocabulary = new("--vocab")
    {
        Description = "How many ids, special tokens among them.",
        HelpName = "n",
        DefaultValueFactory = _ => 4000,
    };
    private readonly Option<string?> layout = new("--specials") { Description = "Special tokens: gpt, bert, roberta or t5.", HelpName = "layout" };
    private readonly Option<int> minFrequency = new("--min-frequency")
    {
        Description = "Join no pair that is rarer.",
        HelpName = "n",
        DefaultValueFactory = _ => 2,
    };
    private readonly Option<bool> cased = new("--cased") { Description = "WordPiece: keep case and accents." };
    private readonly Option<string> output = new("--out", "-o") { Description = "The folder to write to.", HelpName = "folder", Required = true };
    private readonly Option<bool> overwrite = new("--overwrite") { Description = "Replace a tokenizer that is there." };

    private TokenizerCommand(CliContext context) => this.context = context;

    internal static Command Make(CliContext context)
    {
        var made = new TokenizerCommand(context);
        var train = new Command("train", "Learn a vocabulary from a text and write tokenizer.json.")
        {
            made.text, made.kind, made.vocabulary, made.layout, made.minFrequency, made.cased, made.output, made.overwrite,
        };
        train.SetAction(made.Run);
        return new Command("tokenizer", "Vocabularies.") { train };
    }

    private int Run(ParseResult words)
    {
        string folder = words.GetRequiredValue(output);
        string target = Path.Combine(folder, "tokenizer.json");
        if (File.Exists(folder))
        {
            throw new CommandException($"{folder}: is a file, expected a folder");
        }

        if (!words.GetValue(overwrite))
        {
            AtomicFiles.RequireFree(target);
        }

        if (words.GetValue(minFrequency) < 1)
        {
            throw new CommandException($"--min-frequency {words.GetValue(minFrequency)}, expected 1 or more", 2);
        }

        VocabularyLayout? specials = words.GetValue(layout) is { } name ? Layout(name) : null;
        string from = words.GetValue(text) is { } path ? ReadText(path) : KingJames.Text();
        var clock = Stopwatch.StartNew();
        ITokenizer tokenizer = words.GetRequiredValue(kind) switch
        {
            "bpe" => TokenizerTraining.BytePair(from, words.GetValue(vocabulary), specials, words.GetValue(minFrequency)),
            "wordpiece" => TokenizerTraining.WordPiece(from, words.GetValue(vocabulary), specials, words.GetValue(minFrequency), !words.GetValue(cased)),
            string other => throw new CommandException($"--kind '{other}', expected bpe or wordpiece", 2),
        };
        double seconds = clock.Elapsed.TotalSeconds;
        tokenizer.Save(folder);
        int tokens = tokenizer.Encode(from).Length;
        context.Output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{target}: {tokenizer.Vocabulary} ids in {seconds:F1} s; the text is {tokens:N0} tokens of {(double)from.Length / tokens:F2} characters"));
        return 0;
    }

    private static VocabularyLayout Layout(string name) => VocabularyLayout.All.FirstOrDefault(candidate => candidate.Name == name)
        ?? throw new CommandException($"--specials '{name}', expected {string.Join(", ", VocabularyLayout.All.Select(candidate => candidate.Name))}", 2);

    private static string ReadText(string path) => Directory.Exists(path) ? throw new CommandException($"{path}: is a folder, expected a text file")
        : TokenCorpus.ReadText(path);
}

/// <summary><c>tokenize</c>: shows how a text is cut.</summary>
internal sealed class TokenizeCommand
{
    private readonly CliContext context;
    private readonly Argument<string> folder = new("folder") { Description = "the folder of a checkpoint or of a tokenizer." };
    private readonly Argument<string> text = new("text") { Description = "the text." };
    private readonly Option<string?> pair = new("--pair") { Description = "A second text.", HelpName = "text" };
    private readonly Option<bool> plain = new("--no-specials") { Description = "Add no special tokens." };
    private readonly Option<bool> ids = new("--ids") { Description = "Print the ids alone." };

    private TokenizeCommand(CliContext context) => this.context = context;

    internal static Command Make(CliContext context)
    {
        var made = new TokenizeCommand(context);
        var command = new Command("tokenize", "Show the tokens of a text.") { made.folder, made.text, made.pair, made.plain, made.ids };
        command.SetAction(made.Run);
        return command;
    }

    private int Run(ParseResult words)
    {
        string path = words.GetRequiredValue(folder);
        if (!Directory.Exists(path))
        {
            throw new CommandException($"{path}: not found, expected the folder of a checkpoint or of a tokenizer");
        }

        ITokenizer tokenizer = Arguments.Warned(context, TextCodecs.OpenTokenizer(path));
        string a = words.GetRequiredValue(text);
        string? b = words.GetValue(pair);
        TokenEncoding encoding = tokenizer.Encode(a, b, new EncodingOptions(AddSpecials: !words.GetValue(plain)));
        if (words.GetValue(ids))
        {
            context.Output.WriteLine(string.Join(' ', encoding.Ids.Select(Number)));
            return 0;
        }

        Table table = new Table().RoundedBorder().AddColumns("id", "token", "of the text", "word", "type");
        for (int i = 0; i < encoding.Count; i++)
        {
            TextSpan offset = encoding.Offsets[i];
            string of = encoding.TextIds[i] switch { 0 => a[offset.Start..offset.End], 1 => b![offset.Start..offset.End], _ => "" };
            table.AddRow(
                Number(encoding.Ids[i]), Markup.Escape(Visible(tokenizer.TokenOf(encoding.Ids[i]) ?? "")), Markup.Escape(Visible(of)),
                encoding.WordIds[i] < 0 ? "" : Number(encoding.WordIds[i]), Number(encoding.TypeIds[i]));
        }

        context.Console.Write(table);
        return 0;
    }

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Visible(string text) =>
        string.Concat(text.Select(unit => unit == ' ' ? "·" : char.IsControl(unit) ? $"\\u{(int)unit:x4}" : unit.ToString()));
}
