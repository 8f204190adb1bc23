using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.Json;
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
    /// <summary>What the trainers log, by what we call it.</summary>
    private static readonly Dictionary<string, string> Logged = new()
    {
        ["rewards_chosen"] = "reward_chosen",
        ["rewards_rejected"] = "reward_rejected",
        ["rewards_accuracies"] = "accuracy",
        ["rewards_margins"] = "margin",
        ["logps_chosen"] = "log_chosen",
        ["logps_rejected"] = "log_rejected",
        ["accuracy"] = "accuracy",
        ["rewards_margin"] = "margin",
        ["mean_reward"] = "reward",
        ["min_reward"] = "least",
        ["max_reward"] = "most",
    };

    /// <summary>Whether a case holds batches of steps.</summary>
    internal static bool Is(GoldenCase golden) => golden.Inputs.Keys.Any(name => name.StartsWith("batch.", StringComparison.Ordinal));

    internal static void Compare(GoldenRun run) => Attempt(run, () =>
    {
        JsonElement h = run.Case.Description.GetProperty("hyperparameters");
        using IModel reference = Models.Registry.Load(run.Case.Folder, run.Dtype);
        ITuningObjective objective = run.Case.Description.GetProperty("method").GetString() switch
        {
            "sft" or "frozen" => new AnswerObjective(),
            "reward" => new RewardObjective(pad: checked((int?)run.Case.ConfigInt("pad_token_id"))),
            "dpo" => new PreferenceObjective(new PreferenceRule(Beta: h.GetProperty("beta").GetDouble()), References.Frozen(reference)),
            var other => throw new FormatException($"the method '{other}' is none of sft, frozen, reward and dpo"),
        };
        string[] frozen = [.. Texts(h, "frozen")];
        foreach (Weight weight in run.Model.Weights.All.Where(weight => frozen.Contains(weight.Key)))
        {
            weight.Trainable = false;
        }

        TrainingOptions options = Options(h);
        using var trainer = new Trainer(run.Model, new Recorded(run, objective), options);
        var results = new List<StepResult>();
        for (int step = 1; step <= options.Steps; step++)
        {
            using (enable_grad())
            {
                results.Add(trainer.Next());
            }

            foreach (JsonProperty snapshot in h.GetProperty("snapshots").EnumerateObject().Where(snapshot => snapshot.Value.GetInt32() == step))
            {
                CompareWeights(run, snapshot.Name);
            }
        }

        void Series(string name, Func<StepResult, double> value) => run.Compare(
            "out." + name, tensor([.. results.Select(value)], dtype: ScalarType.Float64), run.Case.Outputs[name], tolerance: Tolerance(run, 5e-5));

        Series("loss", result => result.Loss);
        Series("learning_rate", result => result.Rate);
        Series("grad_norm", result => result.GradientNorm);
        foreach ((string theirs, string ours) in Logged.Where(pair => run.Case.Outputs.ContainsKey(pair.Key)))
        {
            Series(theirs, result => result.Parts.Single(part => part.Name == ours).Value);
        }
    });

    /// <summary>Angles are float32 in either type, as published models have them; in float32 the trainers themselves differ by as much.</summary>
    private static double Tolerance(GoldenRun run, double inSingle) => run.Dtype == ScalarType.Float64 ? 1e-6 : inSingle;

    private static void Attempt(GoldenRun run, Action compare)
    {
        try
        {
            compare();
        }
        catch (Exception e) when (e is FormatException or TrainingException or KeyNotFoundException or InvalidOperationException)
        {
            run.Miss("steps", e.Message.Split('\n')[0]);
        }
    }

    private static void CompareWeights(GoldenRun run, string tag)
    {
        string[] keys = [.. run.Case.Outputs.Keys.Where(name => name.StartsWith(tag + ".", StringComparison.Ordinal)).Select(name => name[(tag.Length + 1)..])];
        foreach (string key in keys)
        {
            if (run.Model.Weights.All.FirstOrDefault(weight => weight.Key == key) is { } weight)
            {
                run.Compare($"out.{tag}.{key}", weight.Value.detach(), run.Case.Outputs[$"{tag}.{key}"], tolerance: Tolerance(run, 1e-4));
            }
            else
            {
                run.Miss($"out.{tag}.{key}", "the model has no weight of that name.");
            }
        }
    }

    private static IEnumerable<string> Texts(JsonElement h, string name) =>
        h.TryGetProperty(name, out JsonElement list) && list.ValueKind == JsonValueKind.Array ? list.EnumerateArray().Select(text => text.GetString()!) : [];

    private static TrainingOptions Options(JsonElement h) => new()
    {
        Steps = h.GetProperty("total_steps").GetInt32(),
        Accumulate = h.GetProperty("gradient_accumulation_steps").GetInt32(),
        Rate = h.GetProperty("learning_rate").GetDouble(),
        LastRate = 0,
        WarmUp = h.GetProperty("warmup_steps").GetInt32(),
        Schedule = h.GetProperty("schedule").GetString() is "cosine" ? "cosine-from-zero" : h.GetProperty("schedule").GetString()!,
        Beta1 = h.GetProperty("betas")[0].GetDouble(),
        Beta2 = h.GetProperty("betas")[1].GetDouble(),
        Epsilon = h.GetProperty("eps").GetDouble(),
        Decay = h.GetProperty("weight_decay").GetDouble(),
        Clip = h.GetProperty("max_grad_norm").GetDouble(),
    };

    /// <summary>The batches of a case in their order.</summary>
    private sealed class Recorded(GoldenRun run, ITuningObjective objective) : ITrainingData
    {
        private readonly int last = run.Case.Inputs.Keys.Where(name => name.StartsWith("batch.", StringComparison.Ordinal))
            .Max(name => int.Parse(name.Split('.')[1], CultureInfo.InvariantCulture));
        private int next;

        public string Name => run.Case.Name;

        public string Hash => "";

        public string Position { get; set; } = "";

        public TrainingLoss Next(IModel model)
        {
            TrainingLoss loss = objective.Loss(model, Inputs($"batch.{next}."));
            return loss with { EndsPass = next++ == last };
        }

        public IEnumerable<TrainingLoss> HeldOut(IModel model, int batches) => [];

        public void Save(string folder) => throw new NotSupportedException("A case is not trained on.");

        // The tensors stay the case's.
        private TuningInputs Inputs(string batch)
        {
            IReadOnlyDictionary<string, Tensor> all = run.Case.Inputs;
            Tensor ids = all[batch + "input_ids"], mask = all[batch + "attention_mask"];
            return new TuningInputs(
                ids, mask, all.GetValueOrDefault(batch + "labels") ?? Responses.Labels(ids, all.GetValueOrDefault(batch + "completion_mask") ?? mask),
                all.GetValueOrDefault(batch + "margin"));
        }
    }
}
