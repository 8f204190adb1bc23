using Dsl.Generators.Scalar;
using Xunit;

namespace Dsl.Generators.Tests.Scalar;

/// <summary>Score rules that only add, told from those that do anything else with the score.</summary>
public sealed class AdditiveScoreTests
{
    [Theory]
    [InlineData("score + bias[key, head]", "bias[key, head]")]
    [InlineData("bias[key, head] + score", "bias[key, head]")]
    [InlineData("score - 0.5 * (query - key)", "-(0.5 * (query - key))")]
    [InlineData("score + bias[key, head] + c.Cap", "bias[key, head] + c.Cap")]
    [InlineData("1.0 + (score - bias[key, head])", "-bias[key, head] + 1.0")]
    [InlineData("score", null)]
    [InlineData("score * 2 + bias[key, head]", null)]
    [InlineData("score + bias[key, head] * score", null)]
    [InlineData("bias[key, head] - score", null)]
    [InlineData("score + score", null)]
    [InlineData("c.Cap * Tanh(score / c.Cap)", null)]
    [InlineData("key > query ? score : score + 1", null)]
    public void What_is_added(string rule, string? added)
    {
        const string Signature = "[Score] public static double G(double score, int head, int query, int key, [Table] Matrix bias, C c) => {0};";
        ScalarFunction Read(string body) => ScalarSource.Read(Signature.Replace("{0}", body, System.StringComparison.Ordinal), "G");
        var found = AdditiveScore.Added(Read(rule));
        Assert.Equal(added is null ? null : Read(added).Body, found?.Body);
    }
}
