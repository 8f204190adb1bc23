using System;
using System.Globalization;
using System.Text.RegularExpressions;
using Dsl.Testing;
using Dsl.Training.Alignment;
using TorchSharp;
using static TorchSharp.torch;

namespace Zoo.Cli.Verification.Formulas;

/// <summary>How a reward model learns from given rewards: of pairs, of many that are ranked, of one among several, and where a score is read.</summary>
internal static partial class RewardFormula
{
    internal static void Compare(FormulaRun run)
    {
        Pairs(run, "pair", (chosen, rejected) => RewardLosses.Pair(chosen, rejected));
        Pairs(run, "pair_margin", (chosen, rejected) => RewardLosses.Pair(chosen, rejected, run.Numbers("in.margin")));
        Pairs(run, "pair_centered", (chosen, rejected) => RewardLosses.Pair(chosen, rejected, centre: Centre(run.Description["formulas"]["pair_centered"])));
        run.Attempt("rewards", () =>
        {
            Tensor rewards = run.Numbers("in.rewards");
            run.Compare("out.accuracy", RewardLosses.Accuracy(rewards.select(1, 0), rewards.select(1, 1)));
            run.Compare("out.normalised", RewardLosses.Normalised(rewards, run.Numbers("in.demonstration_rewards")));
        });
        run.Attempt("out.loss.k_way", () =>
        {
            Tensor ranked = run.Numbers("in.k_rewards", gradient: true), counts = run.Ids("in.k");
            Tensor loss = RewardLosses.KWay(ranked, counts.data<long>().ToArray());
            loss.backward();
            run.Compare("out.loss.k_way", loss);
            run.Compare("grad.k_rewards", ranked.grad);
        });
        run.Attempt("out.loss.choice", () =>
        {
            Tensor four = run.Numbers("in.choice_rewards", gradient: true), loss = RewardLosses.Choice(four, run.Ids("in.choice_best"));
            loss.backward();
            run.Compare("out.loss.choice", loss);
            run.Compare("grad.choice_rewards", four.grad);
        });
        run.Attempt("out.loss.head", () => Head(run));
    }

    private static void Pairs(FormulaRun run, string name, Func<Tensor, Tensor, Tensor> pair) => run.Attempt("out.loss." + name, () =>
    {
        Tensor rewards = run.Numbers("in.rewards", gradient: true), loss = pair(rewards.select(1, 0), rewards.select(1, 1));
        loss.backward();
        run.Compare("out.loss." + name, loss);
        run.Compare("grad.rewards." + name, rewards.grad);
    });

    /// <summary>The score at the last real token, and the loss of pairs through it.</summary>
    private static void Head(FormulaRun run)
    {
        Tensor hidden = run.Numbers("in.hidden", gradient: true), weight = run.Numbers("in.head_weight", gradient: true), mask = run.Ids("in.attention_mask");
        Tensor rewards = RewardLosses.AtLast(hidden.matmul(weight), mask);
        (Tensor chosen, Tensor rejected) = PreferenceRule.Halves(rewards);
        Tensor loss = RewardLosses.Pair(chosen, rejected);
        loss.backward();
        run.Compare("out.head_rewards", rewards);
        run.Compare("out.loss.head", loss);
        run.Compare("grad.hidden", hidden.grad);
        run.Compare("grad.head_weight", weight.grad);
        Tensor picked = RewardLosses.AtLast(hidden.detach(), mask).matmul(weight.detach());
        run.Compare("out.head_rewards", picked, check: "out.head_rewards, picked before the product");
    }

    /// <summary>The weight of the pull towards zero stands in the formula alone.</summary>
    private static double Centre(GoldenJson formula) =>
        Weight().Match(formula.Text) is { Success: true } match ? double.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture)
        : throw new FormatException($"case.json: {formula.Path} is '{formula.Text}', expected a weight in it: '+ 0.01 mean'");

    [GeneratedRegex(@"\+ ([0-9.]+(?:e-?[0-9]+)?) mean")]
    private static partial Regex Weight();
}
