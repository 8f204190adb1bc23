using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Testing;
using Dsl.Training.Alignment;
using TorchSharp;
using static TorchSharp.torch;

namespace Zoo.Cli.Verification.Formulas;

/// <summary>Direct preference losses of given logits, their gradients, and the rewards that a policy implies.</summary>
internal static class PreferenceFormula
{
    private const string Losses = "out.losses.";

    internal static void Compare(FormulaRun run)
    {
        GoldenJson h = run.Description["hyperparameters"];
        double beta = h["beta"].Number, smoothing = h["label_smoothing"].Number;
        Tensor labels = run.Ids("in.labels"), lengths = Responses.Lengths(labels);
        Tensor policy = Responses.Sums(run.Numbers("in.policy_logits"), labels), reference = Responses.Sums(run.Numbers("in.reference_logits"), labels);
        run.Equal("out.response_lengths", lengths);
        run.Compare("out.reference_logps", reference);
        run.Compare("out.policy_logps", policy);
        run.Compare("out.policy_logps_average", policy / lengths);
        run.Equal("in.labels", Responses.Labels(run.Ids("in.input_ids"), run.Ids("in.completion_mask")));
        foreach (string name in run.Names.Where(name => name.StartsWith(Losses, StringComparison.Ordinal)).Select(name => name[Losses.Length..]))
        {
            run.Attempt(Losses + name, () =>
            {
                Tensor logits = run.Numbers("in.policy_logits", gradient: true);
                Tensor losses = Rule(name, beta, smoothing).Losses(Responses.Sums(logits, labels), reference, lengths), loss = losses.mean();
                loss.backward();
                run.Compare(Losses + name, losses);
                run.Compare("out.loss." + name, loss);
                run.Compare("grad.policy_logits." + name, logits.grad);
            });
        }

        (Tensor chosen, Tensor rejected) = PreferenceRule.Halves(Rule("sigmoid", beta, 0).Rewards(policy, reference));
        run.Compare("out.rewards_chosen", chosen);
        run.Compare("out.rewards_rejected", rejected);
        run.Compare("out.margins", chosen - rejected);

        // Of each pair by itself.
        IEnumerable<double> right = Enumerable.Range(0, (int)chosen.shape[0])
            .Select(pair => RewardLosses.Accuracy(chosen.narrow(0, pair, 1), rejected.narrow(0, pair, 1)));
        run.Equal("out.accuracies", tensor([.. right.Select(Convert.ToInt64)], dtype: ScalarType.Int64));
    }

    private static PreferenceRule Rule(string name, double beta, double smoothing) => name switch
    {
        "sigmoid" => new PreferenceRule(PreferenceLoss.Sigmoid, beta),
        "cdpo" => new PreferenceRule(PreferenceLoss.Sigmoid, beta, smoothing),
        "robust" => new PreferenceRule(PreferenceLoss.Robust, beta, smoothing),
        "ipo_sum" => new PreferenceRule(PreferenceLoss.Ipo, beta),
        "ipo_average" => new PreferenceRule(PreferenceLoss.IpoAverage, beta),
        "hinge" => new PreferenceRule(PreferenceLoss.Hinge, beta),
        "reference_free" => new PreferenceRule(PreferenceLoss.Sigmoid, beta, ReferenceFree: true),
        _ => throw new FormatException($"'{name}' is no preference loss that is known"),
    };
}
