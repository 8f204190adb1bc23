using System;
using System.Linq;
using System.Text.Json;
using Dsl.Runtime;
using Dsl.Tests;
using Dsl.Training.Alignment;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Dsl.Training.Tests.Alignment;

[Trait("Category", "Goldens")]
public sealed class PpoGoldens
{
    public static TheoryData<string> Cases => Golden.Cases("ppo");

    [Theory]
    [MemberData(nameof(Cases))]
    public void RewardsAdvantagesLossesAndGradientsAreThePublishedOnes(string folder)
    {
        using var golden = new Golden(folder);
        int compared = 0;
        foreach (JsonProperty row in golden.Case.GetProperty("hyperparameters").EnumerateObject().Where(row => row.Value.TryGetProperty("vf_coef", out _)))
        {
            // The original's responses are all of full length, and its variances over n.
            bool masked = golden.Has($"out.{row.Name}.entropy_masked");
            Compare(golden, row.Name, Rule(row.Value, masked), masked);
            compared++;
        }

        Assert.True(compared > 0, "no row to compare");
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void TheMixWithPretrainingIsThePublishedOne(string folder)
    {
        using var golden = new Golden(folder);
        double gamma = golden.Case.GetProperty("hyperparameters").GetProperty("ptx").GetProperty("gamma_ptx").GetDouble();
        foreach ((string name, bool perSequence) in new[] { ("ptx", false), ("ptx_sequence", true) })
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor logits = golden.Doubles64("in.pretrain_logits", gradient: true);
            Tensor part = PpoRule.Pretraining(logits, golden.Ids("in.pretrain_labels"), perSequence);
            Tensor total = PpoRule.WithPretraining(golden.Doubles64("out.original.loss"), part, gamma);
            total.backward();
            golden.Equal($"out.{name}.pretrain_loss", part);
            golden.Equal($"out.{name}.loss", total);
            golden.Equal($"grad.{name}.pretrain_logits", logits.grad);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void TheCoefficientFollowsItsTarget(string folder)
    {
        using var golden = new Golden(folder);
        JsonElement data = golden.Data.GetProperty("adaptive_kl");
        var follower = new AdaptiveKl(data.GetProperty("target").GetDouble(), data.GetProperty("horizon").GetDouble());
        double coefficient = data.GetProperty("start").GetDouble();
        foreach ((JsonElement kl, JsonElement after) in data.GetProperty("measured_kl").EnumerateArray()
            .Zip(data.GetProperty("beta_after_each").EnumerateArray()))
        {
            coefficient = follower.After(coefficient, kl.GetDouble(), data.GetProperty("n").GetInt32());
            Assert.Equal(after.GetDouble(), coefficient, 14);
        }
    }

    private static void Compare(Golden golden, string name, PpoRule rule, bool masked)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor responses = golden.Ids("in.responses"), oldLogs = golden.Doubles64("in.old_logprobs"), reference = golden.Doubles64("in.reference_logprobs");
        Tensor oldValues = golden.Doubles64("in.values"), logits = golden.Doubles64("in.new_logits", gradient: true);
        Tensor values = golden.Doubles64("in.new_values", gradient: true), logs = Responses.OfTokens(logits, responses), seen = values;
        long steps = responses.shape[1];
        Tensor last = masked ? golden.Ids("in.sequence_lengths") : full(responses.shape[0], Scalars.Of(steps - 1), dtype: ScalarType.Int64);
        PpoMasks? masks = masked ? PpoMasks.Of(last, steps) : null;
        if (masks is not null)
        {
            (oldLogs, reference) = (PpoRule.EndLogs(oldLogs, masks.Tokens), PpoRule.EndLogs(reference, masks.Tokens));
            logs = PpoRule.EndLogs(logs, masks.Tokens);
            (oldValues, seen) = (PpoRule.EndValues(oldValues, masks.Values), PpoRule.EndValues(values, masks.Values));
        }

        Tensor kl = rule.Kl(oldLogs, reference), shaped = rule.Shaped(kl, golden.Doubles64("in.scores"), last), rewards = rule.Rewards(shaped, masks?.Values);
        (Tensor raw, Tensor returns) = rule.Advantages(rewards, oldValues);
        Tensor advantages = rule.Whiten(raw, masks?.Tokens), entropy = Responses.Entropy(logits.detach());
        using PpoLoss loss = rule.Loss(new PpoOutputs(logs, seen), new PpoTargets(oldLogs, oldValues, advantages, returns), masks);
        loss.Total.backward();
        PpoFigures figures = loss.Figures;
        if (golden.Has($"out.{name}.kl"))
        {
            golden.Equal($"out.{name}.kl", kl);
        }

        golden.Equal($"out.{name}.shaped_rewards", shaped);
        golden.Equal($"out.{name}.rewards", rewards);
        golden.Equal($"out.{name}.advantages_raw", raw);
        golden.Equal($"out.{name}.returns", returns);
        golden.Equal($"out.{name}.advantages", advantages);
        golden.Equal($"out.{name}.policy_loss", figures.Policy);
        golden.Equal($"out.{name}.value_loss", figures.Value);
        golden.Equal($"out.{name}.loss", loss.Total);
        golden.Equal($"out.{name}.policy_clip_fraction", figures.PolicyClipped);
        golden.Equal($"out.{name}.value_clip_fraction", figures.ValueClipped);
        golden.Equal($"out.{name}.approx_kl", figures.ApproximateKl);
        golden.Equal($"grad.{name}.new_logits", logits.grad);
        golden.Equal($"grad.{name}.new_values", values.grad);
        if (masks is not null)
        {
            golden.Equal($"out.{name}.entropy_all", entropy.mean());
            golden.Equal($"out.{name}.entropy_masked", entropy.masked_select(masks.Tokens).mean());
            golden.Equal($"out.{name}.ratio_mean", figures.Ratio);
        }
        else
        {
            golden.Equal($"out.{name}.entropy", entropy.mean());
        }
    }

    private static PpoRule Rule(JsonElement h, bool masked) => new()
    {
        KlCoefficient = h.GetProperty("kl_coef").GetDouble(),
        Estimator = h.TryGetProperty("kl_estimator", out JsonElement k) && k.GetString() == "k3" ? KlEstimator.K3 : KlEstimator.K1,
        WhitenRewards = h.GetProperty("whiten_rewards").GetBoolean(),
        Unbiased = masked,
        Gamma = h.GetProperty("gamma").GetDouble(),
        Lambda = h.GetProperty("lam").GetDouble(),
        Clip = h.GetProperty("cliprange").GetDouble(),
        ValueClip = h.GetProperty("cliprange_value").GetDouble(),
        ValueWeight = h.GetProperty("vf_coef").GetDouble(),
    };
}
