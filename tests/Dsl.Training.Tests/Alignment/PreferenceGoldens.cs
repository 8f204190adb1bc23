using System;
using System.Linq;
using System.Text.Json;
using Dsl.Tests;
using Dsl.Training.Alignment;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Dsl.Training.Tests.Alignment;

[Trait("Category", "Goldens")]
public sealed class PreferenceGoldens
{
    public static TheoryData<string> Cases => Golden.Cases("dpo");

    [Theory]
    [MemberData(nameof(Cases))]
    public void LossesAndGradientsAreThePublishedOnes(string folder)
    {
        using var golden = new Golden(folder);
        using DisposeScope scope = NewDisposeScope();
        JsonElement h = golden.Case.GetProperty("hyperparameters");
        double beta = h.GetProperty("beta").GetDouble(), smoothing = h.GetProperty("label_smoothing").GetDouble();
        Tensor labels = golden.Ids("in.labels"), lengths = Responses.Lengths(labels);
        Tensor reference = Responses.Sums(golden.Doubles64("in.reference_logits"), labels);
        Assert.Equal(golden.Longs("out.response_lengths"), lengths.data<long>().ToArray());
        golden.Equal("out.reference_logps", reference);
        int compared = 0;
        foreach (string name in golden.Names.Where(name => name.StartsWith("out.losses.", StringComparison.Ordinal)).Select(name => name[11..]))
        {
            PreferenceRule rule = Rule(name, beta, smoothing);
            Tensor logits = golden.Doubles64("in.policy_logits", gradient: true), policy = Responses.Sums(logits, labels);
            Tensor losses = rule.Losses(policy, reference, lengths), loss = losses.mean();
            loss.backward();
            golden.Equal("out.policy_logps", policy);
            golden.Equal("out.policy_logps_average", policy / lengths);
            golden.Equal("out.losses." + name, losses);
            golden.Equal("out.loss." + name, loss);
            golden.Equal("grad.policy_logits." + name, logits.grad);
            compared++;
        }

        Assert.True(compared > 0, "no variant to compare");
        Tensor rewards = Rule("sigmoid", beta, 0).Rewards(Responses.Sums(golden.Doubles64("in.policy_logits"), labels), reference);
        (Tensor chosen, Tensor rejected) = PreferenceRule.Halves(rewards);
        golden.Equal("out.rewards_chosen", chosen);
        golden.Equal("out.rewards_rejected", rejected);
        golden.Equal("out.margins", chosen - rejected);
        Assert.Equal(golden.Longs("out.accuracies").Average(), RewardLosses.Accuracy(chosen, rejected), 12);
    }

    [Fact]
    public void LabelsAreWhatTheMaskKeeps()
    {
        using Tensor ids = tensor(new long[] { 5, 6, 7, 8 }, [1, 4]), mask = tensor(new long[] { 0, 0, 1, 1 }, [1, 4]);
        using Tensor labels = Responses.Labels(ids, mask);
        Assert.Equal([-100, -100, 7, 8], labels.data<long>().ToArray());
    }

    [Fact]
    public void NumbersThatMakeNoSenseAreRefused()
    {
        using Tensor two = zeros(2), three = zeros(3);
        Assert.StartsWith("beta 0,", Assert.Throws<ArgumentOutOfRangeException>(() => new PreferenceRule(Beta: 0).Losses(two, two)).Message
            .Split("(Parameter")[0].Replace("Beta (Parameter", "", StringComparison.Ordinal));
        Assert.Contains("smoothing 0.5", Assert.Throws<ArgumentOutOfRangeException>(() => new PreferenceRule(Smoothing: 0.5).Losses(two, two)).Message);
        Assert.Equal("3 rows, expected as many rejected responses as chosen ones",
            Assert.Throws<ArgumentException>(() => new PreferenceRule().Losses(three, three)).Message);
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
        _ => throw new ArgumentException($"'{name}' is no preference loss"),
    };
}
