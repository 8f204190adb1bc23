using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using Dsl.Training;
using Dsl.Training.Alignment;
using Dsl.Training.Alignment.Data;
using static TorchSharp.torch;

namespace Zoo.Cli;

/// <summary>A stage on a file's lines: texts, conversations, or pairs.</summary>
internal sealed class FileStage : OwnStage
{
    private readonly string path;
    private readonly IReadOnlyList<TuningRow> rows = [];
    private readonly IReadOnlyList<PreferenceRow> pairs = [];

    /// <param name="context">Makes models.</param>
    /// <param name="stage">What is run, with the published numbers.</param>
    /// <param name="source">Model and data.</param>
    /// <param name="before">What earlier stages made.</param>
    /// <param name="device">Where it runs.</param>
    /// <exception cref="CommandException">The data, the model or what of it is trained cannot be; the message is one sentence.</exception>
    internal FileStage(CliContext context, Stage stage, OwnData source, StageBase before, Device device)
        : base(context, stage, source, before, device)
    {
        path = stage.Kind == StageKind.Reward && Asked.Comparisons.Length > 0 ? Asked.Comparisons : Asked.Data;
        IReadOnlyList<TuningLine> lines = TuningFile.Read(path);

        // The context says how long rows may be, and their number how many steps there are.
        Stage = stage with { Run = source.For(stage, lines.Count, Limit) };
        if (IsOfPairs)
        {
            pairs = Named(path, () => Prepared(lines));
        }
        else
        {
            rows = Texts(path, lines, stage.Infill);
        }

        int count = Math.Max(rows.Count, pairs.Count);
        Stage = stage with { Run = source.For(stage, count - Math.Max(1, count / 10), Limit) };
        Hash = HashOfAll($"{Asked.Packing} {Asked.Pairs}", path);
    }

    internal override string Hash { get; }

    private bool IsOfPairs => Stage.Kind is StageKind.Reward or StageKind.Prefer;

    internal override ITrainingData Data() => Stage.Kind switch
    {
        StageKind.Reward => Pairs(new RewardObjective()),
        StageKind.Prefer => Pairs(new PreferenceObjective(Asked.Pairs, Reference())),
        _ => Learned(TuningSplit<TuningRow>.Of(path, rows)),
    };

    internal override IEnumerable<string> Describe(IModel model, TrainingOutcome outcome)
    {
        string accuracy = IsOfPairs ? FormattableString.Invariant($", {Part(outcome, "accuracy"):P1} of its pairs right") : "";
        yield return FormattableString.Invariant($"held-out loss {outcome.HeldOutLoss:F4}{accuracy}");
        foreach (string sample in Stage.Kind is StageKind.Tune or StageKind.Prefer ? Samples(Tokens, model, Folder, Prompts(), Asked.Response) : [])
        {
            yield return sample;
        }
    }

    /// <summary>What the last held-out lines ask.</summary>
    private IEnumerable<int[]> Prompts() => IsOfPairs ? pairs.Reverse().Select(pair => pair.Prompt)
        : rows.Reverse().Select(row => row.Sequences().First()).Select(row => row.Ids[..Math.Max(0, Array.FindIndex(row.Labels, label => label >= 0))]);

    private IReadOnlyList<PreferenceRow> Prepared(IReadOnlyList<TuningLine> lines)
    {
        PreferenceSet set = Stage.Kind == StageKind.Reward ? PreferenceRows.ForReward(lines, Tokens, Options.Context)
            : PreferenceRows.ForPolicy(lines, Tokens, Options.Context);
        Note(set.Notes);
        return set.Rows;
    }

    private TuningData<PreferenceRow> Pairs(ITuningObjective objective) => Learned(
        TuningSplit<PreferenceRow>.Of(path, pairs), part => TuningInputs.Of(PreferenceBatch.Of(part, Tokens.Pad, Options.Context), Device), objective);
}
