using System;
using System.IO;
using System.Linq;
using Dsl.Tests;
using Dsl.Training.Alignment;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Dsl.Training.Tests.Alignment;

[Trait("Category", "Goldens")]
public sealed class RewardGoldens
{
    /// <summary>The cases of formulas; those with a config are models.</summary>
    public static TheoryData<string> Cases =>
        [.. Golden.Cases("reward_model").Cast<object[]>().Select(row => (string)row[0]).Where(folder => !File.Exists(Path.Combine(folder, "config.json")))];

    [Theory]
    [MemberData(nameof(Cases))]
    public void PairsAreThePublishedOnes(string folder)
    {
        using var golden = new Golden(folder);
        using DisposeScope scope = NewDisposeScope();
        Compare(golden, "pair", (chosen, rejected) => RewardLosses.Pair(chosen, rejected));
        Compare(golden, "pair_margin", (chosen, rejected) => RewardLosses.Pair(chosen, rejected, golden.Doubles64("in.margin")));
        Compare(golden, "pair_centered", (chosen, rejected) => RewardLosses.Pair(chosen, rejected, centre: 0.01));
        Tensor rewards = golden.Doubles64("in.rewards");
        golden.Equal("out.accuracy", RewardLosses.Accuracy(rewards.select(1, 0), rewards.select(1, 1)));
        golden.Equal("out.normalised", RewardLosses.Normalised(rewards, golden.Doubles64("in.demonstration_rewards")));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void ComparisonsOfManyAreThePublishedOnes(string folder)
    {
        using var golden = new Golden(folder);
        using DisposeScope scope = NewDisposeScope();
        Tensor ranked = golden.Doubles64("in.k_rewards", gradient: true), loss = RewardLosses.KWay(ranked, golden.Longs("in.k"));
        loss.backward();
        golden.Equal("out.loss.k_way", loss);
        golden.Equal("grad.k_rewards", ranked.grad);

        Tensor four = golden.Doubles64("in.choice_rewards", gradient: true), choice = RewardLosses.Choice(four, golden.Ids("in.choice_best"));
        choice.backward();
        golden.Equal("out.loss.choice", choice);
        golden.Equal("grad.choice_rewards", four.grad);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void TheScoreIsReadAtTheLastRealToken(string folder)
    {
        using var golden = new Golden(folder);
        using DisposeScope scope = NewDisposeScope();
        Tensor hidden = golden.Doubles64("in.hidden", gradient: true), weight = golden.Doubles64("in.head_weight", gradient: true);
        Tensor mask = golden.Ids("in.attention_mask");
        Tensor rewards = RewardLosses.AtLast(hidden.matmul(weight), mask);
        (Tensor chosen, Tensor rejected) = PreferenceRule.Halves(rewards);
        Tensor loss = RewardLosses.Pair(chosen, rejected);
        loss.backward();
        golden.Equal("out.head_rewards", rewards);
        golden.Equal("out.loss.head", loss);
        golden.Equal("grad.hidden", hidden.grad);
        golden.Equal("grad.head_weight", weight.grad);

        // The same of whole rows, before the product.
        golden.Equal("out.head_rewards", RewardLosses.AtLast(hidden.detach(), mask).matmul(weight.detach()));
    }

    [Fact]
    public void NothingIsComparedWithinOneResponse()
    {
        using Tensor rewards = zeros(2, 3);
        Assert.Equal("prompt 1 has 1 responses, expected from 2 to 3: there is nothing to compare in one",
            Assert.Throws<ArgumentException>(() => RewardLosses.KWay(rewards, [3, 1])).Message);
        Assert.Equal("1 counts for 2 prompts, expected one each", Assert.Throws<ArgumentException>(() => RewardLosses.KWay(rewards, [3])).Message);
    }

    [Fact]
    public void ARealEndTokenThatIsThePaddingIsPassedOver()
    {
        using Tensor ids = tensor(new long[] { 4, 5, 0, 0, 4, 0, 6, 0, 0, 0, 0, 0 }, [3, 4]), mask = RewardLosses.UpToLast(ids, 0);
        Assert.Equal([1, 1, 0, 0, 1, 1, 1, 0, 1, 0, 0, 0], mask.data<long>().ToArray());
    }

    private static void Compare(Golden golden, string name, Func<Tensor, Tensor, Tensor> pair)
    {
        Tensor rewards = golden.Doubles64("in.rewards", gradient: true), loss = pair(rewards.select(1, 0), rewards.select(1, 1));
        loss.backward();
        golden.Equal("out.loss." + name, loss);
        golden.Equal("grad.rewards." + name, rewards.grad);
    }
}
