using System;
using System.Collections.Generic;
using System.IO;
using System.IO.Enumeration;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using Dsl.Runtime;
using Dsl.Training;
using Dsl.Training.Alignment;
using Dsl.Training.Alignment.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace Zoo.Cli;

/// <summary>What a stage made.</summary>
/// <param name="Folder">Holds a whole model, a merged adapter among its weights; null where there is none (an adapter over four bits).</param>
/// <param name="Digest">Of the checkpoint.</param>
/// <param name="Step">Steps of its run.</param>
/// <param name="HeldOutLoss">The last one.</param>
internal sealed record StageResult(string? Folder, string Digest, long Step, double? HeldOutLoss);

/// <summary>What a stage of a recipe begins with.</summary>
/// <param name="First">What the first stage made; null before it.</param>
/// <param name="Tuned">The first policy that was tuned, which results are measured against; null before it.</param>
/// <param name="Policy">The newest policy; null before the first.</param>
/// <param name="Reward">The reward model; null where none was trained.</param>
/// <param name="Compared">The stage before, where both begin with the first.</param>
internal sealed record StageBase(StageResult? First, StageResult? Tuned, StageResult? Policy, StageResult? Reward, StageResult? Compared)
{
    /// <summary>What all stages made, by the folders that they are called by.</summary>
    internal IReadOnlyList<(string Stage, StageResult Made)> Earlier { get; init; } = [];
}

/// <summary>A stage as it is run: its model, its data, and what it came to. The loop is the recipe's.</summary>
internal abstract class StageRun : IDisposable
{
    private readonly List<IDisposable> owned = [];

    /// <param name="context">Makes models.</param>
    /// <param name="stage">What is run.</param>
    /// <param name="device">Where it runs.</param>
    protected StageRun(CliContext context, Stage stage, Device device) => (Context, Stage, Device) = (context, stage, device);

    /// <summary>What is run, as it is run.</summary>
    internal Stage Stage { get; private protected init; }

    /// <summary>What checkpoints call the family.</summary>
    internal abstract string Family { get; }

    /// <summary>What tells the stage's data from others'.</summary>
    internal abstract string Hash { get; }

    /// <summary>A checkpoint with other data is refused, not replaced.</summary>
    internal virtual bool RefusesOthers => false;

    /// <summary>The folder of the whole model that it begins with; null: it begins from nothing.</summary>
    internal abstract string? Base { get; }

    /// <summary>Lines before the run.</summary>
    internal virtual IEnumerable<string> Notes => [];

    /// <summary>The text of config.json.</summary>
    internal abstract string Config();

    /// <summary>The model as it begins.</summary>
    internal abstract IModel Model(string config);

    /// <summary>What is learned.</summary>
    internal abstract ITrainingData Data();

    /// <summary>What came out, a line each.</summary>
    internal abstract IEnumerable<string> Describe(IModel model, TrainingOutcome outcome);

    /// <summary>Lines after a run's last stage: how to go on with a checkpoint.</summary>
    internal virtual IEnumerable<string> Next(string checkpoint) => [];

    /// <inheritdoc/>
    public void Dispose() => owned.ForEach(one => one.Dispose());

    private protected CliContext Context { get; }

    private protected Device Device { get; }

    private protected TrainingOptions Options => Stage.Run;

    private protected T Own<T>(T made)
        where T : IDisposable
    {
        owned.Add(made);
        return made;
    }

    private protected IModel Loaded(string folder) => Own(Context.Zoo.Load(folder, ScalarType.Float32, Device, new LoadOptions()));

    /// <summary>A model of a config with a base's weights; a head that the base has not is new, or zero.</summary>
    private protected IModel Begun(string config, string? from, out IReadOnlyList<string> fresh)
    {
        manual_seed(Options.Seed);
        IModel model = Own(Context.Zoo.Create(config, "config.json", Options.WeightType, Device));
        fresh = [];
        if (from is not null)
        {
            // Drawn before anything is read, so that the seed decides what is new.
            _ = model.Weights.All[0].Value;
            using IModel start = Context.Zoo.Load(from, ScalarType.Float32, Device, new LoadOptions());
            IReadOnlyList<string> heads = fresh = GrownRows.Copy(start, model);
            if (Stage.Kind == StageKind.Optimise)
            {
                using IDisposable off = no_grad();
                foreach (Weight weight in model.Weights.All.Where(weight => heads.Contains(weight.Key)))
                {
                    weight.Value.zero_();
                }
            }
        }

        return model;
    }

    /// <summary>Says what of a model is trained: all but frozen weights, or an adapter's matrices, and what is new beside them.</summary>
    private protected IModel Adapted(IModel model, IReadOnlyList<string> fresh, IReadOnlyList<string> frozen)
    {
        foreach (string pattern in frozen)
        {
            if (!model.Weights.All.Any(weight => FileSystemName.MatchesSimpleExpression(pattern, weight.Key, ignoreCase: false)))
            {
                throw new CommandException($"--freeze '{pattern}' means no weight, expected a pattern over keys such as {model.Weights.All[0].Key}");
            }

            model.Weights.Freeze(pattern);
        }

        if (Stage.FourBits)
        {
            Quantisation.ToNf4(model);
        }

        if (Stage.Adapter is { } adapter)
        {
            // A new head is trained itself, as peft's modules_to_save are.
            const string End = ".weight";
            Adapters.Add(model, adapter with
            {
                Exclude = [.. adapter.Exclude, .. fresh.Where(key => key.EndsWith(End, StringComparison.Ordinal)).Select(key => key[..^End.Length])],
            });
            foreach (Weight weight in model.Weights.All.Where(weight => fresh.Contains(weight.Key)))
            {
                weight.Trainable = true;
            }
        }

        return model.Weights.All.Any(weight => weight.Trainable) ? model
            : throw new CommandException("every weight is frozen, expected some that are trained");
    }

    /// <summary>Two prompts as they are answered now and were before, the likeliest token at each place.</summary>
    /// <param name="tokens">The vocabulary.</param>
    /// <param name="model">Now.</param>
    /// <param name="before">The folder of what it was; null: nothing.</param>
    /// <param name="prompts">Empty ones are passed over.</param>
    /// <param name="most">Tokens of an answer at most.</param>
    private protected IEnumerable<string> Samples(TuningTokens tokens, IModel model, string? before, IEnumerable<int[]> prompts, int most)
    {
        int[][] asked = [.. prompts.Where(prompt => prompt.Length > 0).Take(2)];
        if (asked.Length == 0)
        {
            yield break;
        }

        string Shown(int[] ids)
        {
            string text = Escaped.Line(tokens.Tokenizer.Decode(ids).ReplaceLineEndings(" ").Trim());
            return text.Length <= 80 ? text : "..." + text[^77..];
        }

        string[] Answers(IModel by) => [.. Rollouts.Sample(by, asked, most, tokens.End, temperature: 0).Select(written => Shown(written.Response))];
        string[] now = Answers(model), was = before is null ? [] : Answers(Loaded(before));
        for (int i = 0; i < asked.Length; i++)
        {
            yield return $"'{Shown(asked[i])}' is answered by '{now[i]}'{(before is null ? "" : $", '{was[i]}' before")}";
        }
    }

    private protected double HeldOutLoss(IModel model, ITrainingData data)
    {
        using var measured = new Trainer(model, data, Options);
        return measured.HeldOutLoss();
    }

    private protected static string HashOf(string what) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(what)));

    private protected static string Spelled(AdapterOptions? adapter) => adapter is null ? "-" : FormattableString.Invariant(
        $"{adapter.Rank} {adapter.Alpha:R} {adapter.Dropout:R} {adapter.RankStabilised} {string.Join(' ', adapter.Targets)}");

    private protected static double Part(TrainingOutcome outcome, string name) => outcome.HeldOutParts.Single(part => part.Name == name).Value;
}
