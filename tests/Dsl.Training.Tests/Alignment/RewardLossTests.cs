using System;
using Dsl.Training.Alignment;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Dsl.Training.Tests.Alignment;

public sealed class RewardLossTests
{
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
}
