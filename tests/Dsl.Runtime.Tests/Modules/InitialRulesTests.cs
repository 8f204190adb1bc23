using System.Linq;
using Xunit;

namespace Dsl.Runtime.Tests.Modules;

/// <summary>Rules of how weights begin are found by key, in whichever order weights and rules are declared.</summary>
public sealed class InitialRulesTests
{
    private static readonly string[] Keys = ["a.0.w", "a.0.b", "a.0.in.w", "a.10.w", "b.w", "w"];

    [Theory]
    [InlineData("*.w", "a.0.w a.0.in.w a.10.w b.w")]
    [InlineData("*", "a.0.w a.0.b a.0.in.w a.10.w b.w w")]
    [InlineData("a.0.*", "a.0.w a.0.b a.0.in.w")]
    [InlineData("a.0*.w", "a.0.w a.0.in.w")]
    [InlineData("a.1?.w", "a.10.w")]
    [InlineData("a.0.w", "a.0.w")]
    [InlineData("w", "w")]
    [InlineData("a.0", "")]
    public void A_rule_before_and_a_rule_after_the_weights_are_about_the_same_ones(string glob, string expected)
    {
        Weights before = Weights.Outline(), after = Weights.Outline();
        before.Initialize(glob, Initializer.Ones);
        foreach (string key in Keys)
        {
            before.Tensor(key, [2]);
            after.Tensor(key, [2]);
        }

        after.Initialize(glob, Initializer.Ones);
        foreach (Weights weights in (Weights[])[before, after])
        {
            Assert.Equal(expected, string.Join(' ', weights.All.Where(weight => weight.Init == Initializer.Ones).Select(weight => weight.Key)));
        }
    }

    [Fact]
    public void The_later_of_two_rules_counts()
    {
        Weights weights = Weights.Outline();
        weights.Initialize("a.0.w", Initializer.Zeros);
        weights.Initialize("*", Initializer.Ones);
        weights.Initialize("a.*", Initializer.Zeros);
        Assert.Equal(Initializer.Zeros, weights.Tensor("a.0.w", [2]).Init);
        Assert.Equal(Initializer.Ones, weights.Tensor("b.w", [2]).Init);
    }
}
