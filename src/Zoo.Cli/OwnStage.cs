using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dsl.Files;
using Dsl.Runtime;
using Dsl.Text;
using Dsl.Training;
using Dsl.Training.Alignment;
using Dsl.Training.Alignment.Data;
using static TorchSharp.torch;

namespace Zoo.Cli;

/// <summary>A stage that goes on from a model of one's own, or from what the stage before made of it.</summary>
internal abstract class OwnStage : StageRun
{
    private readonly List<string> notes = [];
    private readonly bool grown;

    /// <param name="context">Makes models.</param>
    /// <param name="stage">What is run, with the published numbers.</param>
    /// <param name="source">Model and data.</param>
    /// <param name="before">What earlier stages made.</param>
    /// <param name="device">Where it runs.</param>
    /// <exception cref="CommandException">The model, or what of it is trained, cannot be; the message is one sentence.</exception>
    protected OwnStage(CliContext context, Stage stage, OwnData source, StageBase before, Device device)
        : base(context, stage, device)
    {
        (Source, Before) = (source, before);
        Folder = before.Policy?.Folder ?? RunReader.Checkpoint(context, Asked.From);
        ITokenizer read = Arguments.Warned(context, TextCodecs.OpenTokenizer(Folder)), tokenizer = stage.AddsPad ? GrownTokenizer.WithPad(read) : read;
        grown = tokenizer != read;
        Tokens = new TuningTokens(tokenizer, ChatTemplateFile.Find(Folder));
        Family = (string?)Parsed()["model_type"] ?? "";
        using IModel outline = context.Zoo.Outline(Folder, new LoadOptions());
        Limit = ContextLimits.Read(context, Folder, new LoadOptions()) is var limits ? limits.Most ?? limits.Trained : null;
        using Optimizer rule = source.Run(stage.Run).MakeOptimizer([]);
        TrainingMemory.Require(
            outline.Weights.Count, stage.Adapter, stage.FourBits, rule.StateCount(outline.Weights.All.Select(weight => weight.Shape)));
    }

    internal override string Family { get; }

    internal override bool RefusesOthers => true;

    internal override string Base => Folder;

    internal override IEnumerable<string> Notes => notes;

    private protected OwnData Source { get; }

    private protected OwnDataOptions Asked => Source.Options;

    private protected StageBase Before { get; }

    /// <summary>The whole model that it goes on from.</summary>
    private protected string Folder { get; }

    private protected TuningTokens Tokens { get; }

    /// <summary>Tokens that the model reads at most, where it says so.</summary>
    private protected int? Limit { get; }

    /// <summary>The model in training, once it is made.</summary>
    private protected IModel? Made { get; private set; }

    /// <summary>The config of the folder; a reward model and a policy with its value have other heads, and a vocabulary that grew has another size.</summary>
    internal override string Config()
    {
        JsonObject config = Parsed();
        if (Stage.Kind is StageKind.Reward or StageKind.Optimise)
        {
            (string trained, string what) = Stage.Kind == StageKind.Reward ? ("reward", "reward model") : ("ppo", "policy with a value");
            using IModel outline = Context.Zoo.Outline(Folder, new LoadOptions());
            ModelEntry head = SmallModels.HeadOf(outline.Config.GetType(), trained)
                ?? throw new CommandException($"{Folder}: no {what} is declared for its family, expected one of "
                    + string.Join(", ", SmallModels.HeadsOf(trained).Select(known => known.ModelType ?? known.Name).Distinct()));
            config["architectures"] = new JsonArray(head.Architectures[0]);
            if (Stage.Kind == StageKind.Reward)
            {
                config.Remove("num_labels");
                config["id2label"] = new JsonObject { ["0"] = "reward" };
            }
        }

        if (grown)
        {
            config["vocab_size"] = Math.Max(Tokens.Tokenizer.Vocabulary, (int?)config["vocab_size"] ?? 0);
            config["pad_token_id"] = Tokens.Pad;
        }

        return config.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n";
    }

    internal override IModel Model(string config) => Made = Adapted(Begun(config, Folder, out IReadOnlyList<string> fresh), fresh, Asked.Freeze);

    internal override IEnumerable<string> Next(string checkpoint)
    {
        yield return "";
        yield return "next:";
        yield return Stage.Adapter is null ? $"  {TrainCommand.Program} generate {checkpoint} --prompt \"...\""
            : $"  {TrainCommand.Program} generate {Folder} --adapter {checkpoint} --prompt \"...\"";
    }

    /// <summary>An adapter's policy is its own reference; one that is trained whole is held to a second copy.</summary>
    private protected Reference Reference() =>
        Stage.Adapter is not null && Made is not null ? References.Base(Made) : References.Frozen(Loaded(Folder));

    /// <summary>Of the files that are learned, the model and its config, what is trained of it, and what earlier stages made.</summary>
    private protected string HashOfAll(string more, params string[] files)
    {
        string Digest(string path)
        {
            using FileStream stream = UserFile.OpenStream(path, FileErrors.Plain);
            return Convert.ToHexString(SHA256.HashData(stream));
        }

        string weights = string.Join(' ', Directory.GetFiles(Folder, "*.safetensors").Order(StringComparer.Ordinal)
            .Select(file => FormattableString.Invariant($"{Path.GetFileName(file)} {new FileInfo(file).Length}")));
        string made = string.Join(' ', new[] { Before.Policy, Before.Reward }.Select(each => each?.Digest ?? "-"));
        return HashOf(FormattableString.Invariant($"{string.Join(' ', files.Select(Digest))} {Stage.Kind} {weights} {made} {Spelled(Stage.Adapter)} ")
            + FormattableString.Invariant($"{Stage.FourBits} {Stage.Run.Context} {string.Join(' ', Asked.Freeze)} {more} {ConfigText()}"));
    }

    /// <summary>The file's lines as what the stage learns; what is left out is noted.</summary>
    private protected IReadOnlyList<TuningRow> Texts(string path, IReadOnlyList<TuningLine> lines, InfillOptions? gaps = null) => Named(path, () =>
    {
        TuningSet set = gaps is not null ? InfillRows.Prepare(lines, Tokens, gaps, Options.Context, Options.Seed) : Answers(lines);
        Note(set.Notes);
        return set.Rows;
    });

    private protected static T Named<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (TextException e)
        {
            throw new TextException($"{path}: {e.Message}");
        }
    }

    private protected void Note(IReadOnlyList<string> left)
    {
        notes.AddRange(left.Take(5));
        if (left.Count > 5)
        {
            notes.Add(FormattableString.Invariant($"{left.Count - 5} more lines are left out"));
        }
    }

    private protected TuningData<T> Learned<T>(TuningSplit<T> all, Func<IReadOnlyList<T>, TuningInputs> batch, ITuningObjective objective) =>
        new(all, (part, _) => batch(part), objective, Tokens, Options) { Hash = Hash };

    private protected TuningData<TuningRow> Learned(TuningSplit<TuningRow> all) =>
        Learned(all, part => TuningInputs.Of(part, Tokens.Pad, Device), new AnswerObjective());

    /// <summary>What the assistant writes counts, where the template says what that is; else the last answer of each conversation.</summary>
    private TuningSet Answers(IReadOnlyList<TuningLine> lines)
    {
        bool conversations = lines[0] is { IsChat: true, Whole: not null, FromValue: false };
        if (conversations && !Tokens.MarksAnswers && Tokens.Template is not null)
        {
            notes.Add("the chat template marks no answers ({% generation %}): the last answer of each conversation counts");
            lines = [.. lines.Select(line => line.Whole!.Turns![^1].Role == "assistant" && line.Whole.Turns.Count > 1
                ? line with { Whole = null, Prompt = new Passage([.. line.Whole.Turns.SkipLast(1)]), Answer = new Passage([line.Whole.Turns[^1]]) }
                : throw new TextException(FormattableString.Invariant($"line {line.Number + 1}: no answer ends it, expected the assistant's")))];
            conversations = false;
        }

        return TuningRows.Prepare(lines, Tokens, new TuningOptions
        {
            MaxLength = Options.Context,
            AssistantOnly = conversations,
            Packing = Asked.Packing,
        });
    }

    private string ConfigText() => UserFile.ReadText(Path.Combine(Folder, "config.json"), UserFile.MostOfText, FileErrors.Plain);

    private JsonObject Parsed() => JsonNode.Parse(ConfigText(), documentOptions: new JsonDocumentOptions { AllowTrailingCommas = true })!.AsObject();
}
