using System;
using Dsl.Training.Alignment;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Dsl.Training.Tests.Alignment;

public sealed class PreferenceRuleTests
{
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
}
