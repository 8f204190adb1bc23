using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using Dsl.Runtime;
using TorchSharp;
using Zoo.Generation;
using Zoo.Text;
using Zoo.Training;
using static TorchSharp.torch;

namespace Zoo.Cli;

/// <summary><c>generate</c>: lets a trained or a published model write.</summary>
internal sealed class GenerateCommand
{
    private readonly CliContext context;
    private readonly Argument<string> folder = new("folder") { Description = "the folder of a run, of one of its checkpoints, or of a published checkpoint." };
    private readonly Option<string[]> prompts = new("--prompt", "-p")
    {
        Description = "What to go on from; several are written on together.",
        HelpName = "text",
    };
    private readonly Option<string[]> ids = new("--ids") { Description = "A prompt as token ids (\"12 7 301\"); ids are printed.", HelpName = "ids" };
    private readonly Option<int> maxTokens = new("--max-tokens", "-n")
    {
        Description = "How many tokens to write.",
        HelpName = "n",
        DefaultValueFactory = _ => 300,
    };
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
    private readonly Option<string[]> stops = new("--stop") { Description = "Stop before this text.", HelpName = "text" };
    private readonly Option<ulong> seed = new("--seed") { Description = "The same seed writes the same text.", HelpName = "n" };
    private readonly Option<string> device = new("--device") { Description = "cpu, cuda, cuda:1 or mps.", HelpName = "name", DefaultValueFactory = _ => "cpu" };

    private GenerateCommand(CliContext context) => this.context = context;

    internal static Command Make(CliContext context)
    {
        var made = new GenerateCommand(context);
        var command = new Command("generate", "Let a trained or a published model write on from a prompt.")
        {
            made.folder, made.prompts, made.ids, made.maxTokens, made.temperature, made.topK, made.topP, made.minP, made.typical, made.epsilon, made.eta,
            made.repetition, made.presence, made.frequency, made.noRepeat, made.minTokens, made.stops, made.seed, made.device,
        };
        command.SetAction(made.Run);
        return command;
    }

    private int Run(ParseResult words)
    {
        var sampling = new SamplingOptions
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
        var asked = new GenerationOptions
        {
            MaxTokens = words.GetValue(maxTokens),
            Stop = words.GetValue(stops) ?? [],
            AtContextEnd = ContextEnd.Slide,
            Sampling = sampling,
        };
        asked.Validate();
        string checkpoint = Checkpoint(words.GetRequiredValue(folder));
        ConfigReader config = ConfigReader.Open(Path.Combine(checkpoint, "config.json"));
        string[] idPrompts = words.GetValue(ids) ?? [];
        ITextCodec? codec = idPrompts.Length > 0 ? null : TextCodecs.Open(checkpoint);
        int limit = config.OptionalInt(["max_position_embeddings", "n_positions", "n_ctx"]) ?? 0;
        GenerationOptions options = asked with { Context = limit, EndTokens = codec is { EndTokens.Count: > 0 } ? null : EndTokens(config) };
        string[] texts = words.GetValue(prompts) ?? [];
        int[][] starts = codec is null ? Array.ConvertAll(idPrompts, Ids) : Array.ConvertAll(texts.Length > 0 ? texts : ["\n"], codec.Encode);
        foreach (int[] start in starts)
        {
            if (limit > 0 && start.Length > limit)
            {
                throw new CommandException($"prompt has {start.Length} tokens, context is {limit}");
            }
        }

        using IModel model = context.Zoo.Load(checkpoint, ScalarType.Float32, Arguments.Device(words.GetValue(device)!));
        using var generator = new TextGenerator(model, codec);
        if (codec is null)
        {
            foreach (Completion completion in generator.CompleteAsync(starts, options, context.Stop).GetAwaiter().GetResult())
            {
                context.Output.WriteLine(string.Join(' ', completion.Tokens.Select(id => id.ToString(CultureInfo.InvariantCulture))));
            }

            return 0;
        }

        if (starts.Length == 1)
        {
            Stream(generator, texts.Length > 0 ? texts[0] : "", starts[0], options).GetAwaiter().GetResult();
            return 0;
        }

        IReadOnlyList<Completion> all = generator.CompleteAsync(starts, options, context.Stop).GetAwaiter().GetResult();
        for (int row = 0; row < all.Count; row++)
        {
            context.Output.WriteLine(texts[row] + all[row].Text);
            context.Output.WriteLine();
        }

        return 0;
    }

    private async Task Stream(TextGenerator generator, string prompt, int[] start, GenerationOptions options)
    {
        context.Output.Write(prompt);
        try
        {
            await foreach (GeneratedToken token in generator.StreamAsync([start], options, context.Stop).ConfigureAwait(false))
            {
                context.Output.Write(token.Text);
                context.Output.Flush();
            }
        }
        finally
        {
            context.Output.WriteLine();
        }
    }

    /// <summary>The folder that holds the weights: the one given, or a run's newest whole checkpoint.</summary>
    private string Checkpoint(string path)
    {
        if (File.Exists(path))
        {
            throw new CommandException($"{path}: is a file, expected the folder of a checkpoint");
        }

        if (!Directory.Exists(path))
        {
            throw new CommandException($"{path}: not found, expected the folder of a run or a checkpoint");
        }

        if (File.Exists(Path.Combine(path, "config.json")))
        {
            return path;
        }

        (TrainingCheckpoint? found, IReadOnlyList<string> notes) = new RunFolder(path).Latest();
        foreach (string note in notes)
        {
            context.Error.WriteLine(note);
        }

        return found?.Folder
            ?? throw new CommandException($"{path}: no config.json and no complete checkpoint, expected a folder that train wrote or a published checkpoint");
    }

    private static IReadOnlyList<int> EndTokens(ConfigReader config)
    {
        try
        {
            return config.OptionalInt(["eos_token_id"]) is { } one ? [one] : [];
        }
        catch (ConfigException)
        {
            return config.OptionalInts(["eos_token_id"]) ?? [];
        }
    }

    private static int[] Ids(string text) => Array.ConvertAll(text.Split([' ', ','], StringSplitOptions.RemoveEmptyEntries), word =>
        int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out int id)
            ? id
            : throw new CommandException($"--ids '{word}', expected token ids with spaces between them", 2));
}
