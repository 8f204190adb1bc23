using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json;
using Dsl.Runtime;
using Dsl.Tests;
using Dsl.Training;
using Dsl.Training.Alignment;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Zoo.Tests.Goldens;

/// <summary>Optimiser steps of published trainers, batch by batch: losses, rates, norms, everything that is logged, and the weights after some steps.</summary>
[Trait("Category", "Goldens")]
public sealed class TrajectoryGoldens
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

    public static TheoryData<string, ScalarType> Cases
    {
        get
        {
            var cases = new TheoryData<string, ScalarType>();
            foreach (string folder in Golden.Cases("trajectory_").Cast<object[]>().Select(row => (string)row[0]))
            {
                using var golden = new Golden(folder);
                if (golden.Case.GetProperty("method").GetString() is "sft" or "dpo" or "reward")
                {
                    cases.Add(folder, ScalarType.Float64);
                    cases.Add(folder, ScalarType.Float32);
                }
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void StepsAreThePublishedOnes(string folder, ScalarType dtype)
    {
        using var golden = new Golden(folder);
        JsonElement h = golden.Case.GetProperty("hyperparameters");
        using IModel model = Zoo.Models.Registry.Load(folder, dtype), reference = Zoo.Models.Registry.Load(folder, dtype);
        ITuningObjective objective = golden.Case.GetProperty("method").GetString() switch
        {
            "sft" => new AnswerObjective(),
            "reward" => new RewardObjective(pad: Config(folder).GetProperty("pad_token_id").GetInt32()),
            _ => new PreferenceObjective(new PreferenceRule(Beta: h.GetProperty("beta").GetDouble()), References.Frozen(reference)),
        };
        TrainingOptions options = Options(h);
        using var trainer = new Trainer(model, new Recorded(golden, objective), options);
        var results = new List<StepResult>();
        var norms = new List<double>();
        JsonProperty[] snapshots = [.. h.GetProperty("snapshots").EnumerateObject()];
        for (int step = 1; step <= options.Steps; step++)
        {
            results.Add(trainer.Next());
            foreach (JsonProperty snapshot in snapshots.Where(snapshot => snapshot.Value.GetInt32() == step))
            {
                CompareWeights(golden, snapshot.Name, model, dtype);
            }
        }

        // Angles are float32 in either type, as published models have them; float32's own trainers are 1e-6 from these numbers.
        double close = dtype == ScalarType.Float64 ? 1e-6 : 1e-5;
        void Series(string name, Func<StepResult, double> value) => Within(name, golden.Doubles("out." + name), [.. results.Select(value)], close);

        Series("loss", result => result.Loss);
        Series("learning_rate", result => result.Rate);
        Series("grad_norm", result => result.GradientNorm);
        foreach ((string theirs, string ours) in Logged.Where(pair => golden.Has("out." + pair.Key)))
        {
            Series(theirs, result => result.Parts.Single(part => part.Name == ours).Value);
        }
    }

    private static void CompareWeights(Golden golden, string tag, IModel model, ScalarType dtype)
    {
        int compared = 0;
        foreach (Weight weight in model.Weights.All.Where(weight => golden.Has($"out.{tag}.{weight.Key}")))
        {
            using Tensor wide = weight.Value.detach().to(ScalarType.Float64).contiguous();
            Within($"{tag}.{weight.Key}", golden.Doubles($"out.{tag}.{weight.Key}"), wide.data<double>().ToArray(), dtype == ScalarType.Float64 ? 1e-6 : 1e-4);
            compared++;
        }

        Assert.Equal(golden.Names.Count(name => name.StartsWith($"out.{tag}.", StringComparison.Ordinal)), compared);
    }

    private static void Within(string name, double[] expected, double[] actual, double close)
    {
        double error = Close.Error(expected, actual);
        Assert.True(error <= close, $"{name}: {error}\nexpected {string.Join(' ', expected.Take(8))}\nactual   {string.Join(' ', actual.Take(8))}");
    }

    private static TrainingOptions Options(JsonElement h) => new()
    {
        Steps = h.GetProperty("total_steps").GetInt32(),
        Accumulate = h.GetProperty("gradient_accumulation_steps").GetInt32(),
        Rate = h.GetProperty("learning_rate").GetDouble(),
        LastRate = 0,
        WarmUp = h.GetProperty("warmup_steps").GetInt32(),
        Schedule = h.GetProperty("schedule").GetString() switch { "cosine" => "cosine-from-zero", { } other => other, null => "" },
        Beta1 = h.GetProperty("betas")[0].GetDouble(),
        Beta2 = h.GetProperty("betas")[1].GetDouble(),
        Epsilon = h.GetProperty("eps").GetDouble(),
        Decay = h.GetProperty("weight_decay").GetDouble(),
        Clip = h.GetProperty("max_grad_norm").GetDouble(),
    };

    private static JsonElement Config(string folder)
    {
        using JsonDocument document = JsonDocument.Parse(System.IO.File.ReadAllText(System.IO.Path.Combine(folder, "config.json")));
        return document.RootElement.Clone();
    }

    /// <summary>The batches of a case in their order; each loss and number of counted tokens is compared on the way.</summary>
    private sealed class Recorded(Golden golden, ITuningObjective objective) : ITrainingData
    {
        private readonly int last = golden.Names.Where(name => name.StartsWith("in.batch.", StringComparison.Ordinal)).Max(name => int.Parse(name.Split('.')[2]));
        private int next;

        public string Name => "recorded";

        public string Hash => "";

        public string Position { get; set; } = "";

        public TrainingLoss Next(IModel model)
        {
            string batch = $"in.batch.{next}.";
            using TuningInputs inputs = Inputs(batch);
            return objective.Loss(model, inputs) with { EndsPass = next++ == last };
        }

        public IEnumerable<TrainingLoss> HeldOut(IModel model, int batches) => [];

        public void Save(string folder)
        {
        }

        private TuningInputs Inputs(string batch)
        {
            Tensor Ids(string name) => tensor(golden.Longs(batch + name), golden.Shape(batch + name), dtype: ScalarType.Int64);

            Tensor ids = Ids("input_ids"), mask = Ids("attention_mask");
            using Tensor? answer = golden.Has(batch + "completion_mask") ? Ids("completion_mask") : null;
            return new TuningInputs(
                ids, mask, golden.Has(batch + "labels") ? Ids("labels") : Responses.Labels(ids, answer ?? mask),
                golden.Has(batch + "margin") ? tensor(golden.Doubles(batch + "margin"), dtype: ScalarType.Float64) : null);
        }
    }
}
