using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using Dsl.Testing;
using Dsl.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Zoo.Cli.Verification;

/// <summary>The steps of one case of <see cref="ZooTrajectories"/>, and each of their comparisons.</summary>
/// <param name="run">The model in one dtype, and the case.</param>
/// <param name="data">The recorded batches.</param>
/// <param name="adapter">What is trained over the model; null: the model itself.</param>
internal sealed class TrajectorySteps(GoldenRun run, RecordedBatches data, Adapter? adapter)
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

    private readonly HashSet<string> compared = new(StringComparer.Ordinal);
    private readonly List<StepResult> results = [];
    private readonly List<double> micro = [], counted = [];

    /// <summary>Which weights are trained, and which of them decay.</summary>
    internal void Groups(GoldenJson h)
    {
        ILookup<bool, string> groups = Optimizer.Declared(run.Model.Weights.All, decay: 1)
            .SelectMany(group => group.Parameters.Select(pair => (Decays: group.Decay > 0, Name: NameOf(pair.Key))))
            .ToLookup(each => each.Decays, each => each.Name);
        foreach ((string name, bool decays) in new[] { ("decay", true), ("no_decay", false) })
        {
            string[] odd = [.. h[name].Texts.Except(groups[decays]), .. groups[decays].Except(h[name].Texts)];
            run.Differ(name, odd.Length, $"these are in one of the two alone: {string.Join(", ", odd)}");
        }
    }

    /// <summary>All steps, with the weights after some of them, and what must not change.</summary>
    internal void Take(TrainingOptions options, ILookup<int, string> snapshots, GoldenJson windows)
    {
        var still = run.Model.Weights.All.Where(weight => !weight.Trainable).ToDictionary(weight => weight, weight => weight.Value.detach().clone());
        int otherWindows = 0;
        using (var trainer = new Trainer(run.Model, data, options))
        {
            for (int step = 1; step <= options.Steps; step++)
            {
                int before = data.Taken.Count;
                using (enable_grad())
                {
                    results.Add(trainer.Next());
                }

                (double Loss, double Weight)[] window = [.. data.Taken.Skip(before)];
                double all = window.Sum(batch => batch.Weight);
                counted.Add(all);

                // The mean over nothing is no number, and counts nothing.
                micro.AddRange(window.Select(batch => batch.Weight == 0 ? 0 : batch.Loss * batch.Weight / all));
                otherWindows += windows[step - 1].Integers.SequenceEqual(Enumerable.Range(before, window.Length)) ? 0 : 1;
                foreach (string tag in snapshots[step])
                {
                    Weights(tag);
                }
            }
        }

        run.Differ("windows", otherWindows, "as many steps read other batches");
        string[] moved = [.. still.Where(pair => !pair.Key.Value.equal(pair.Value).all().item<bool>()).Select(pair => pair.Key.Key)];
        run.Differ("weights that are not trained", moved.Length, $"not what they were, bit for bit: {string.Join(", ", moved)}");
    }

    /// <summary>What each step, and each batch, gave.</summary>
    internal void Series()
    {
        Series("loss", results.Select(result => result.Loss));
        Series("learning_rate", results.Select(result => result.Rate), 1e-12);
        Series("grad_norm", results.Select(result => result.GradientNorm));
        Series("micro_loss", micro);
        if (run.Case.Outputs.ContainsKey("num_items"))
        {
            Series("num_items", counted, 0);
        }

        foreach ((string theirs, string ours) in Logged.Where(pair => run.Case.Outputs.ContainsKey(pair.Key)))
        {
            Series(theirs, results.Select(result => result.Parts.Single(part => part.Name == ours).Value));
        }
    }

    /// <summary>Answers that nothing has compared.</summary>
    internal void Rest()
    {
        foreach (string name in run.Case.Outputs.Keys.Except(compared))
        {
            run.Miss("out." + name, "nothing compares it");
        }
    }

    private void Weights(string tag)
    {
        Dictionary<string, Weight> own = run.Model.Weights.All.ToDictionary(weight => NameOf(weight.Key));
        foreach (string name in run.Case.Outputs.Keys.Where(name => name.StartsWith(tag + ".", StringComparison.Ordinal)))
        {
            compared.Add(name);
            if (own.TryGetValue(name[(tag.Length + 1)..], out Weight? weight))
            {
                run.Compare("out." + name, weight.Value.detach(), run.Case.Outputs[name], tolerance: Tolerance(1e-4));
            }
            else
            {
                run.Miss("out." + name, "the model has no weight of that name.");
            }
        }
    }

    private void Series(string name, IEnumerable<double> values, double? tolerance = null)
    {
        compared.Add(name);
        if (run.Case.Outputs.TryGetValue(name, out Tensor? reference))
        {
            run.Compare("out." + name, tensor(values.ToArray(), dtype: ScalarType.Float64), reference, tolerance: tolerance ?? Tolerance(5e-5));
        }
        else
        {
            run.Miss("out." + name, "the case has none.");
        }
    }

    /// <summary>Angles are float32 in either type, as published models have them; in float32 the trainers themselves differ by as much.</summary>
    private double Tolerance(double inSingle) => run.Dtype == ScalarType.Float64 ? 1e-6 : inSingle;

    /// <summary>As the file of the weights that are trained calls it.</summary>
    private string NameOf(string key) => adapter is null ? key
        : "base_model.model." + key.Replace($".{adapter.Name}.weight", ".weight", StringComparison.Ordinal);
}
