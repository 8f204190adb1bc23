using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dsl;
using Dsl.Files;
using Dsl.Runtime;
using Dsl.Text;
using Dsl.Training;
using Dsl.Training.Alignment;
using Dsl.Training.Alignment.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace Zoo.Cli;

/// <summary>A recipe's last stage on a model and data of one's own.</summary>
/// <param name="Options">Which.</param>
/// <param name="Run">The published numbers of the recipe, with those that were typed; the steps, unless they were typed, follow from the data.</param>
/// <param name="Steps">The steps that were typed; null: the published passes over the data.</param>
internal sealed record OwnData(OwnDataOptions Options, Func<TrainingOptions, TrainingOptions> Run, int? Steps)
{
    private const int Batch = 8;

    private const int Longest = 512;

    /// <summary>The recipe's one stage that learns such data.</summary>
    /// <exception cref="CommandException">It needs more than data.</exception>
    internal static Recipe Of(Recipe recipe, OwnDataOptions options) => recipe with
    {
        Stages = [Able(recipe) is { } stage ? stage with { Adapter = options.Adapter, FourBits = options.Qlora, FromFirst = false }
            : throw new CommandException($"--data with --recipe {recipe.Name}, whose stages follow from one another, expected --recipe "
                + string.Join(", ", Recipes.All.Where(known => Able(known) is not null).Select(known => known.Name)), 2)],
    };

    internal StageRun Stage(CliContext context, Stage stage, Device device) => new FileStage(context, stage, this, device);

    /// <summary>The options of a run, published unless they were typed.</summary>
    internal TrainingOptions For(Stage stage, int rows, int? context)
    {
        Published published = stage.Published;
        double rate = stage.Adapter is null ? published.Rate ?? 2e-5 : Math.Max(published.Rate ?? 0, 2e-4);
        TrainingOptions run = Run(new TrainingOptions
        {
            Steps = Steps ?? int.MaxValue,
            Batch = Batch,
            Context = Math.Min(Math.Min(published.Length ?? Longest, Longest), context ?? Longest),
            Rate = rate,
            LastRate = rate / 10,
            Schedule = published.Schedule is "constant" or "linear" ? published.Schedule : "cosine",
            WarmUp = 0,
            Decay = published.Decay ?? 0,
            Beta2 = 0.999,
        });
        double passes = Options.Epochs > 0 ? Options.Epochs : published.Epochs ?? 1;
        int steps = Steps ?? Math.Max(1, (int)Math.Ceiling(rows * passes / ((double)run.Batch * run.Accumulate)));
        int warmUp = run.WarmUp > 0 ? run.WarmUp : (int)(steps * (published.WarmUp ?? 0));
        run = run with
        {
            Steps = steps,
            WarmUp = warmUp,
            EvaluateEvery = Math.Min(run.EvaluateEvery, Math.Max(1, steps / 5)),
        };
        run.Validate();
        return run;
    }

    private static Stage? Able(Recipe recipe) =>
        recipe.Stages[^1] is { Kind: StageKind.Pretrain or StageKind.Tune or StageKind.Reward or StageKind.Prefer } stage ? stage : null;
}

/// <summary>A stage on a file's lines, from the model of a folder.</summary>
internal sealed class FileStage : StageRun
{
    private readonly OwnDataOptions own;
    private readonly string folder;
    private readonly TuningTokens tokens;
    private readonly bool grown;
    private readonly List<string> notes = [];
    private readonly object rows;
    private IModel? made;

    /// <param name="context">Makes models.</param>
    /// <param name="stage">What is run, with the published numbers.</param>
    /// <param name="own">Model and data.</param>
    /// <param name="device">Where it runs.</param>
    /// <exception cref="CommandException">The data, the model or what of it is trained cannot be; the message is one sentence.</exception>
    internal FileStage(CliContext context, Stage stage, OwnData own, Device device)
        : base(context, stage, device)
    {
        this.own = own.Options;
        folder = RunReader.Checkpoint(context, own.Options.From);
        ITokenizer read = Arguments.Warned(context, TextCodecs.OpenTokenizer(folder)), tokenizer = stage.AddsPad ? GrownTokenizer.WithPad(read) : read;
        grown = tokenizer != read;
        tokens = new TuningTokens(tokenizer, ChatTemplateFile.Find(folder));
        IReadOnlyList<TuningLine> lines = TuningFile.Read(own.Options.Data);
        int? limit;
        using (IModel outline = context.Zoo.Outline(folder, new LoadOptions()))
        {
            Family = (string?)Parsed()["model_type"] ?? "";
            limit = ContextLimits.Read(context, folder, new LoadOptions()) is var limits ? limits.Most ?? limits.Trained : null;
            TrainingMemory.Require(outline.Weights.Count, stage.Adapter, stage.FourBits);
        }

        Stage = stage with { Run = own.For(stage, lines.Count, limit) };
        rows = Prepared(lines);
        int count = rows is IReadOnlyList<TuningRow> texts ? texts.Count : ((IReadOnlyList<PreferenceRow>)rows).Count;
        Stage = stage with { Run = own.For(stage, count - Math.Max(1, count / 10), limit) };
        using FileStream data = UserFile.OpenStream(own.Options.Data, FileErrors.Plain);
        string weights = string.Join(' ', Directory.GetFiles(folder, "*.safetensors").Order(StringComparer.Ordinal)
            .Select(file => FormattableString.Invariant($"{Path.GetFileName(file)} {new FileInfo(file).Length}")));
        Hash = HashOf(FormattableString.Invariant(
            $"{Convert.ToHexString(SHA256.HashData(data))} {Stage.Kind} {weights} {Spelled(Stage.Adapter)} {Stage.FourBits} ")
            + FormattableString.Invariant($"{Stage.Run.Context} {this.own.Packing} {this.own.Beta:R} {string.Join(' ', this.own.Freeze)} {ConfigText()}"));
    }

    internal override string Family { get; }

    internal override string Hash { get; }

    internal override bool RefusesOthers => true;

    internal override string Base => folder;

    internal override IEnumerable<string> Notes => notes;

    /// <summary>The config of the folder; a reward model's has another head, and a vocabulary that grew another size.</summary>
    internal override string Config()
    {
        JsonObject config = Parsed();
        if (Stage.Kind == StageKind.Reward)
        {
            using IModel outline = Context.Zoo.Outline(folder, new LoadOptions());
            SmallModel head = SmallModels.TrainedBy("reward").FirstOrDefault(known => known.Sized(new SmallSize(8, 8)).GetType() == outline.Config.GetType())
                ?? throw new CommandException($"{folder}: no reward model is declared for its family, expected one of "
                    + string.Join(", ", SmallModels.TrainedBy("reward").Select(known => known.Family)));
            config["architectures"] = new JsonArray(head.Entry.Name);
            config.Remove("num_labels");
            config["id2label"] = new JsonObject { ["0"] = "reward" };
        }

        if (grown)
        {
            config["vocab_size"] = Math.Max(tokens.Tokenizer.Vocabulary, (int?)config["vocab_size"] ?? 0);
            config["pad_token_id"] = tokens.Pad;
        }

        return config.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n";
    }

    internal override IModel Model(string config) => made = Adapted(Begun(config, folder, out IReadOnlyList<string> fresh), fresh, own.Freeze);

    internal override ITrainingData Data() => Stage.Kind switch
    {
        StageKind.Reward => Pairs(new RewardObjective()),
        StageKind.Prefer => Pairs(new PreferenceObjective(new PreferenceRule(Beta: own.Beta), Reference())),
        _ => Learned((IReadOnlyList<TuningRow>)rows, part => TuningInputs.Of(part, tokens.Pad, Device), new AnswerObjective()),
    };

    internal override IEnumerable<string> Describe(IModel model, TrainingOutcome outcome)
    {
        string accuracy = Stage.Kind is StageKind.Reward or StageKind.Prefer
            ? FormattableString.Invariant($", {Part(outcome, "accuracy"):P1} of its pairs right") : "";
        yield return FormattableString.Invariant($"held-out loss {outcome.HeldOutLoss:F4}{accuracy}");
    }

    internal override IEnumerable<string> Next(string checkpoint)
    {
        yield return "";
        yield return "next:";
        yield return Stage.Adapter is null ? $"  {TrainCommand.Program} generate {checkpoint} --prompt \"...\""
            : $"  {TrainCommand.Program} generate {own.From} --adapter {checkpoint} --prompt \"...\"";
    }

    /// <summary>An adapter's policy is its own reference; one that is trained whole is held to a second copy.</summary>
    private Reference Reference() =>
        Stage.Adapter is not null && made is not null ? References.Base(made) : References.Frozen(Loaded(folder));

    private string ConfigText() => UserFile.ReadText(Path.Combine(folder, "config.json"), UserFile.MostOfText, FileErrors.Plain);

    private JsonObject Parsed() => JsonNode.Parse(ConfigText(), documentOptions: new JsonDocumentOptions { AllowTrailingCommas = true })!.AsObject();

    /// <summary>The file's lines as what the stage learns; what is left out is noted.</summary>
    private object Prepared(IReadOnlyList<TuningLine> lines)
    {
        int most = Options.Context;
        try
        {
            if (Stage.Kind is StageKind.Reward or StageKind.Prefer)
            {
                PreferenceSet pairs = Stage.Kind == StageKind.Reward ? PreferenceRows.ForReward(lines, tokens, most)
                    : PreferenceRows.ForPolicy(lines, tokens, most);
                Note(pairs.Notes);
                return pairs.Rows;
            }

            TuningSet set = Stage.Infill is { } gaps ? InfillRows.Prepare(lines, tokens, gaps, most, Options.Seed) : Answers(lines, most);
            Note(set.Notes);
            return set.Rows;
        }
        catch (TextException e)
        {
            throw new TextException($"{own.Data}: {e.Message}");
        }
    }

    /// <summary>What the assistant writes counts, where the template says what that is; else the last answer of each conversation.</summary>
    private TuningSet Answers(IReadOnlyList<TuningLine> lines, int most)
    {
        bool conversations = lines[0] is { IsChat: true, Whole: not null, FromValue: false };
        if (conversations && !tokens.MarksAnswers && tokens.Template is not null)
        {
            notes.Add("the chat template marks no answers ({% generation %}): the last answer of each conversation counts");
            lines = [.. lines.Select(line => line.Whole!.Turns![^1].Role == "assistant" && line.Whole.Turns.Count > 1
                ? line with { Whole = null, Prompt = new Passage([.. line.Whole.Turns.SkipLast(1)]), Answer = new Passage([line.Whole.Turns[^1]]) }
                : throw new TextException(FormattableString.Invariant($"line {line.Number + 1}: no answer ends it, expected the assistant's")))];
            conversations = false;
        }

        return TuningRows.Prepare(lines, tokens, new TuningOptions
        {
            MaxLength = most,
            AssistantOnly = conversations,
            Packing = own.Packing,
        });
    }

    private void Note(IReadOnlyList<string> left)
    {
        notes.AddRange(left.Take(5));
        if (left.Count > 5)
        {
            notes.Add(FormattableString.Invariant($"{left.Count - 5} more lines are left out"));
        }
    }

    private TuningData<PreferenceRow> Pairs(ITuningObjective objective) => Learned(
        (IReadOnlyList<PreferenceRow>)rows, part => TuningInputs.Of(PreferenceBatch.Of(part, tokens.Pad, Options.Context), Device), objective);

    private TuningData<T> Learned<T>(IReadOnlyList<T> all, Func<IReadOnlyList<T>, TuningInputs> batch, ITuningObjective objective) =>
        new(TuningSplit<T>.Of(own.Data, all), (part, _) => batch(part), objective, tokens, Options) { Hash = Hash };
}
