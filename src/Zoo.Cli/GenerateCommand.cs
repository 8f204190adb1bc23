using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using System.Threading.Tasks;
using Dsl.Files;
using Dsl.Generation;
using Dsl.Runtime;
using Dsl.Text;
using Dsl.Training;
using TorchSharp;
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
    private readonly Option<string[]> images = new("--image")
    {
        Description = "A picture (PNG or JPEG) for each <image> of the prompt; without one in it, in front of the prompt.",
        HelpName = "file",
    };
    private readonly Option<int> maxTokens = new("--max-tokens", "-n")
    {
        Description = "How many tokens to write.",
        HelpName = "n",
        DefaultValueFactory = _ => 300,
    };
    private readonly SamplingWords sampling = new();
    private readonly Option<string[]> stops = new("--stop") { Description = "Stop before this text.", HelpName = "text" };
    private readonly BeamWords beams = new();
    private readonly InfillWords infilling = new();
    private readonly LoadWords loading = new();
    private readonly Option<string> device = new("--device") { Description = "cpu, cuda, cuda:1 or mps.", HelpName = "name", DefaultValueFactory = _ => "cpu" };

    private GenerateCommand(CliContext context) => this.context = context;

    internal static Command Make(CliContext context)
    {
        var made = new GenerateCommand(context);
        var command = new Command("generate", "Let a trained or a published model write on from a prompt.")
        {
            made.folder, made.prompts, made.images, made.ids, made.maxTokens, made.stops, made.device,
        };
        made.sampling.AddTo(command);
        made.beams.AddTo(command);
        made.infilling.AddTo(command);
        made.loading.AddTo(command);
        command.SetAction(made.Run);
        return command;
    }

    private int Run(ParseResult words)
    {
        GenerationOptions asked = Options(words);
        asked.Validate();
        BeamOptions? search = beams.Read(words, asked);
        string[] idPrompts = words.GetValue(ids) ?? [], texts = words.GetValue(prompts) ?? [];
        Gap? gap = infilling.Read(words, texts);
        Refuse(words, search, idPrompts.Length > 0, gap);
        string checkpoint = RunReader.Checkpoint(context, words.GetRequiredValue(folder));
        LoadOptions load = loading.Read(context, words);
        var defaults = GenerationDefaults.Read(checkpoint);
        ITextCodec? codec = idPrompts.Length > 0 ? null : Arguments.Warned(context, TextCodecs.Open(checkpoint));

        var limits = ContextLimits.Read(context, checkpoint, load);
        bool pair = limits.IsPair;
        if (gap is not null && pair)
        {
            throw new CommandException($"{checkpoint}: the model has an encoder, expected one that writes on, which --infill asks for");
        }

        if (codec is not null)
        {
            limits.Compare(context, codec);
        }

        string[] pictures = words.GetValue(images) ?? [];
        using Tensor? pixels = Look(checkpoint, pictures, limits.Sees, texts.Length + idPrompts.Length);
        int placeholder = pixels is null ? -1 : PicturePrompt.Placeholder(checkpoint);
        string[] placed = pixels is null ? texts : Array.ConvertAll(texts, text => PicturePrompt.WithPlaces(text, pictures.Length));
        int[][] starts = gap is not null ? [gap.Encode(codec!)]
            : codec is null ? Array.ConvertAll(idPrompts, Ids)
            : pixels is not null ? Array.ConvertAll(placed, text => PicturePrompt.Encode(text, placeholder, piece => Encode(codec, piece, pair), codec))
            : Array.ConvertAll(texts.Length > 0 ? texts : ["\n"], text => Encode(codec, text, pair));
        if (pixels is not null && starts[0].Count(id => id == placeholder) is var places && places != pictures.Length)
        {
            throw new CommandException(
                $"{pictures.Length} pictures and {places} places (id {placeholder}) in the prompt, expected as many of one as of the other");
        }

        limits.RequireRows(starts);
        int longest = starts.Max(start => start.Length);
        if (longest > limits.Most)
        {
            throw new CommandException($"prompt has {longest} tokens, context is {limits.Most}");
        }

        if (limits.Most is null && longest > limits.Trained && !pair)
        {
            context.Error.WriteLine($"warning: prompt has {longest} tokens, the model was trained on {limits.Trained}");
        }

        using IModel model = context.Zoo.Load(
            checkpoint, ScalarType.Float32, Arguments.Device(words.GetValue(device)!), load);
        using PicturePrompt? looked = pixels is null ? null : PicturePrompt.Look(model, pixels, starts[0], placeholder);
        starts = looked is null ? starts : [looked.Ids];
        GenerationOptions options = asked with
        {
            Memory = looked?.Begin,
            AtContextEnd = looked is null ? asked.AtContextEnd : ContextEnd.Stop,
            Context = pair ? limits.Most ?? 0 : limits.Window(starts.Max(start => start.Length)),
            // What the checkpoint says of its ends goes before what the vocabulary has.
            EndTokens = gap is not null ? gap.Ends(codec!, defaults.End) : codec is { EndTokens.Count: > 0 } && defaults.End.Count == 0 ? null : defaults.End,
            Sources = pair ? new Sources(starts, defaults.Pad ?? 0) : null,
            Sampling = asked.Sampling with { Forced = pair ? Forced(defaults, asked.MaxTokens) : asked.Sampling.Forced },
        };
        if (pair)
        {
            int first = defaults.Start
                ?? throw new CommandException($"{checkpoint}: no decoder_start_token_id in config.json, expected the token that the decoder begins with");
            starts = Array.ConvertAll(starts, _ => new[] { first });
        }

        if (search is not null)
        {
            Search(model, codec, starts, pair || texts.Length == 0 ? [.. starts.Select(_ => "")] : texts, options, search);
            return 0;
        }

        using var generator = new TextGenerator(model, codec);
        if (codec is not null && starts.Length == 1)
        {
            Stream(generator, gap?.Prefix ?? (texts.Length > 0 && !pair ? texts[0] : ""), starts[0], gap?.Suffix ?? "", options).GetAwaiter().GetResult();
            return 0;
        }

        IReadOnlyList<Completion> all = generator.CompleteAsync(starts, options, context.Stop).GetAwaiter().GetResult();
        for (int row = 0; row < all.Count; row++)
        {
            context.Output.WriteLine(codec is null ? Spell(all[row].Tokens) : (pair ? "" : texts[row]) + all[row].Text);
            if (codec is not null)
            {
                context.Output.WriteLine();
            }
        }

        return 0;
    }

    /// <summary>What was typed and would change nothing is refused: whoever typed it counts on it.</summary>
    private void Refuse(ParseResult words, BeamOptions? search, bool byIds, Gap? gap)
    {
        if (gap is not null && (byIds || search is not null || words.GetResult(images) is { Implicit: false }))
        {
            throw new CommandException("a gap with --ids, --image or --beams, expected a text alone", 2);
        }

        if (byIds && words.GetResult(prompts) is { Implicit: false })
        {
            throw new CommandException("--prompt with --ids, expected one of them", 2);
        }

        if (byIds && words.GetResult(stops) is { Implicit: false })
        {
            throw new CommandException("--stop with --ids, expected --prompt: stop strings are found in a text", 2);
        }

        if (search is not null && sampling.Drawing(words) is { } drawing)
        {
            throw new CommandException($"{drawing} with --beams, expected one of them: beams are not drawn", 2);
        }
    }

    /// <summary>The pictures of a prompt, prepared; null where there are none and the model needs none.</summary>
    private static Tensor? Look(string checkpoint, string[] pictures, bool sees, int prompts) => (sees, pictures.Length) switch
    {
        (false, 0) => null,
        (false, _) => throw new CommandException($"{checkpoint}: the model sees no pictures, expected no --image"),
        (true, 0) => throw new CommandException($"{checkpoint}: the model sees pictures, expected --image", 2),
        _ when prompts != 1 => throw new CommandException($"--image with {prompts} prompts, expected one", 2),
        _ => PicturePrompt.Prepare(checkpoint, pictures),
    };

    private GenerationOptions Options(ParseResult words) => new()
    {
        MaxTokens = words.GetValue(maxTokens),
        Stop = words.GetValue(stops) ?? [],
        AtContextEnd = ContextEnd.Slide,
        Sampling = sampling.Read(words),
    };

    /// <summary>Beam search, prompt by prompt: the best texts of each, with their scores where several were asked for.</summary>
    private void Search(IModel model, ITextCodec? codec, int[][] starts, string[] shown, GenerationOptions options, BeamOptions search)
    {
        IReadOnlyList<int> end = options.EndTokens ?? codec?.EndTokens ?? [];
        bool pair = options.Sources is not null;
        int? limit = model.Weights.Positions is { } positions ? (int)positions : null;
        for (int row = 0; row < starts.Length; row++)
        {
            context.Stop.ThrowIfCancellationRequested();
            int[] start = starts[row];

            // The last token is not read, so that one more fits than there are positions; a window does not slide under beams.
            int most = pair || limit is null ? options.MaxTokens : Math.Min(options.MaxTokens, limit.Value - start.Length + 1);
            int capacity = start.Length + most;
            using ModelState state = options.Begin(model, [row], capacity);
            using Tensor prompt = tensor(
                Array.ConvertAll(start, id => (long)id), [1, start.Length], dtype: ScalarType.Int64, device: model.Weights.Device);
            BeamOptions whole = search with
            {
                MaxNewTokens = most,
                End = end,
                Pad = options.Sources?.Pad ?? 0,
                Processors = LogitChain.For(options.Sampling with { Temperature = 0 }, end).Processors,
                Stopped = codec is null || options.Stop.Count == 0 ? null : tokens => Write(codec, tokens, start.Length, end, options.Stop).Stopped,
            };
            foreach (Hypothesis found in BeamSearch.Run(model, state, prompt, whole, context.Stop)[0])
            {
                string score = search.Return > 1 ? found.Score.ToString("F4", CultureInfo.InvariantCulture) + "  " : "";
                context.Output.WriteLine(score + (codec is null ? Spell(found.Tokens.Skip(start.Length))
                    : shown[row] + Write(codec, found.Tokens, start.Length, end, options.Stop).Text));
            }

            if (most < options.MaxTokens)
            {
                context.Error.WriteLine($"warning: the context of {limit} tokens ended the search after {most} of {options.MaxTokens} tokens");
            }
        }
    }

    /// <summary>The text of a sequence after its prompt, up to an end token or a stop string.</summary>
    private static (string Text, bool Stopped) Write(
        ITextCodec codec, IReadOnlyList<int> tokens, int prompt, IReadOnlyList<int> end, IReadOnlyList<string> stops)
    {
        var written = new WrittenText(codec, tokens.Take(prompt), stops);
        var text = new StringBuilder();
        foreach (int id in tokens.Skip(prompt).TakeWhile(id => !end.Contains(id)))
        {
            text.Append(written.Push(id));
        }

        return (text.Append(written.Flush()).ToString(), written.Stopped);
    }

    /// <summary>What an encoder reads has the special tokens around it; what a decoder writes on from has those before it only.</summary>
    private static int[] Encode(ITextCodec codec, string text, bool pair)
    {
        if (codec is not ITokenizer tokenizer)
        {
            return codec.Encode(text);
        }

        TokenEncoding encoding = tokenizer.Encode(text, null);
        int after = encoding.SpecialMask.Reverse().TakeWhile(mask => mask == 1).Count();
        return pair || after == encoding.Count ? encoding.Ids : encoding.Ids[..^after];
    }

    private static Dictionary<int, int> Forced(GenerationDefaults defaults, int most)
    {
        var forced = new Dictionary<int, int>();
        if (defaults.ForcedLast is { } last)
        {
            forced[most - 1] = last;
        }

        if (defaults.ForcedFirst is { } first)
        {
            forced[0] = first;
        }

        return forced;
    }

    private static string Spell(IEnumerable<int> tokens) => string.Join(' ', tokens.Select(id => id.ToString(CultureInfo.InvariantCulture)));

    private async Task Stream(TextGenerator generator, string prompt, int[] start, string after, GenerationOptions options)
    {
        context.Output.Write(prompt);
        try
        {
            await foreach (GeneratedToken token in generator.StreamAsync([start], options, context.Stop).ConfigureAwait(false))
            {
                context.Output.Write(token.Text);
                context.Output.Flush();
            }

            context.Output.Write(after);
        }
        finally
        {
            context.Output.WriteLine();
        }
    }

    private static int[] Ids(string text) => Array.ConvertAll(text.Split([' ', ','], StringSplitOptions.RemoveEmptyEntries), word =>
        int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out int id)
            ? id
            : throw new CommandException($"--ids '{word}', expected token ids with spaces between them", 2));
}
