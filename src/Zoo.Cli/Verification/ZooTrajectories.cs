using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using Dsl.Testing;
using Dsl.Training;
using Dsl.Training.Alignment;
using TorchSharp;
using static TorchSharp.torch;

namespace Zoo.Cli.Verification;

/// <summary>
/// Optimiser steps of published trainers, batch by batch: losses, rates, norms, everything that is logged, and the weights after some steps. Our trainer takes
/// them on the recorded batches.
/// </summary>
internal static class ZooTrajectories
{
    /// <summary>Whether a case holds batches of steps.</summary>
    internal static bool Is(GoldenCase golden) => golden.Inputs.Keys.Any(name => name.StartsWith("batch.", StringComparison.Ordinal));

    internal static void Compare(GoldenRun run) => run.Attempt("steps", () =>
    {
        GoldenJson h = run.Case.Description["hyperparameters"];
        Adapter? adapter = run.Case.AdapterFolder is { } folder ? Adapters.Load(run.Model, folder) : null;
        string[] frozen = h.Find("frozen")?.Texts ?? [];
        foreach (Weight weight in run.Model.Weights.All.Where(weight => frozen.Contains(weight.Key)))
        {
            weight.Trainable = false;
        }

        using IModel reference = Models.Registry.Load(run.Case.ModelFolder, run.Dtype);
        TrainingOptions options = Options(h);
        var steps = new TrajectorySteps(run, new RecordedBatches(run, Objective(run, h, reference)), adapter);
        steps.Groups(h);
        steps.Take(options, h["snapshots"].Members.ToLookup(tag => tag.Integer, tag => tag.Name), h["windows"]);
        steps.Series();
        steps.Rest();
    });

    private static ITuningObjective Objective(GoldenRun run, GoldenJson h, IModel reference) => run.Case.Description["method"].Text switch
    {
        "sft" or "frozen" or "lora" => new AnswerObjective(),
        "reward" => new RewardObjective(pad: checked((int?)run.Case.ConfigInt("pad_token_id"))),
        "dpo" => new PreferenceObjective(
            new PreferenceRule(Kind(h.Find("loss_type")?.Text), h["beta"].Number, h.Find("label_smoothing")?.Number ?? 0), References.Frozen(reference)),
        var other => throw new FormatException($"the method '{other}' is none of sft, frozen, lora, reward and dpo"),
    };

    /// <summary>As TRL calls them.</summary>
    private static PreferenceLoss Kind(string? name) => name switch
    {
        null or "sigmoid" => PreferenceLoss.Sigmoid,
        "robust" => PreferenceLoss.Robust,
        "ipo" => PreferenceLoss.IpoAverage,
        "hinge" => PreferenceLoss.Hinge,
        _ => throw new FormatException($"the loss_type '{name}' is none of sigmoid, robust, ipo and hinge"),
    };

    private static TrainingOptions Options(GoldenJson h) => new()
    {
        Steps = h["total_steps"].Integer,
        Accumulate = h["gradient_accumulation_steps"].Integer,
        Rate = h["learning_rate"].Number,
        LastRate = 0,
        WarmUp = h["schedule"].Text == "constant" ? 0 : h["warmup_steps"].Integer,
        Schedule = h["schedule"].Text switch { "cosine" => "cosine-from-zero", "constant_with_warmup" => "constant", var other => other },
        Beta1 = h["betas"][0].Number,
        Beta2 = h["betas"][1].Number,
        Epsilon = h["eps"].Number,
        Decay = h["weight_decay"].Number,
        Clip = h.Find("max_grad_norm")?.Number is > 0 and var most ? most : double.MaxValue,
    };
}
