using System;
using System.Linq;
using Dsl.Generators.Scalar;
using Xunit;

namespace Dsl.Generators.Tests.Scalar;

public sealed class MaskFactsTests
{
    [Theory]
    [InlineData("key <= query", true, null, "MaskRule.Causal", null)]
    [InlineData("!(key > query)", true, null, "MaskRule.Causal", null)]
    [InlineData("query - key >= 0", true, null, "MaskRule.Causal", null)]
    [InlineData("key < query", true, null, null, null)]
    [InlineData("true", false, null, "MaskRule.Full", null)]
    [InlineData("key >= 0", false, null, "MaskRule.Full", null)]
    [InlineData("key <= query && query - key < c.Window", true, "config.Window", "MaskRule.Band(config.Window)", null)]
    [InlineData("key <= query && key > query - c.Window", true, "config.Window", "MaskRule.Band(config.Window)", null)]
    [InlineData("key <= query && query - key <= c.Window", true, "config.Window + 1", "MaskRule.Band(config.Window + 1)", null)]
    [InlineData("key <= query && query < key + 2 * c.Window - 3", true, "2 * config.Window - 3", "MaskRule.Band(2 * config.Window - 3)", null)]
    [InlineData("query == key", true, "1", "MaskRule.Band(1)", null)]
    [InlineData("key <= query && query - key < 5", true, "5", "MaskRule.Band(5)", null)]
    [InlineData(
        "key <= query && (c.Bound is null || query - key < c.Bound)",
        true,
        "config.Bound",
        "(config.Bound is null ? MaskRule.Causal : MaskRule.Band(config.Bound.Value))",
        null)]
    [InlineData(
        "key <= query && (c.Bound == null || query - key < c.Bound.Value)",
        true,
        "config.Bound",
        "(config.Bound is null ? MaskRule.Causal : MaskRule.Band(config.Bound.Value))",
        null)]
    [InlineData(
        "key <= query && (!c.Bound.HasValue || query - key < c.Bound)",
        true,
        "config.Bound",
        "(config.Bound is null ? MaskRule.Causal : MaskRule.Band(config.Bound.Value))",
        null)]
    [InlineData(
        "c.Bound is int w ? key <= query && query - key < w : key <= query",
        true,
        "config.Bound",
        "(config.Bound is null ? MaskRule.Causal : MaskRule.Band(config.Bound.Value))",
        null)]
    [InlineData("key <= query && query - key < (c.Bound ?? 9)", true, "(config.Bound ?? 9)", "MaskRule.Band((config.Bound ?? 9))", null)]
    [InlineData(
        "key <= query && (!c.Sliding || query - key < c.Window)",
        true,
        "(config.Sliding ? config.Window : (int?)null)",
        "(config.Sliding ? MaskRule.Band(config.Window) : MaskRule.Causal)",
        null)]
    [InlineData("c.Sliding ? key <= query : true", false, null, "(config.Sliding ? MaskRule.Causal : MaskRule.Full)", null)]
    [InlineData("key <= query || key < c.Sinks", false, null, null, "config.Sinks")]
    [InlineData("key <= query && (query - key < c.Window || key < c.Sinks)", true, null, null, null)]
    [InlineData("key <= query && query - key < c.Window && query % 2 == 0", true, "config.Window", null, null)]
    [InlineData("key <= query || query - key < c.Window", false, null, null, null)]
    [InlineData("Abs(query - key) < c.Window", false, "config.Window", null, null)]
    [InlineData("key - query < c.Window", false, null, null, null)]
    [InlineData("key <= 2 * query", false, null, null, null)]
    [InlineData("!(key <= query && query < 3)", false, null, null, null)]
    [InlineData("key / 2 <= query / 2", false, null, null, null)]
    [InlineData("Inside(query, key, c)", true, "config.Window", "MaskRule.Band(config.Window)", null)]
    public void Facts(string rule, bool causal, string? window, string? exact, string? prefix)
    {
        var members =
            $"[Mask] public static bool G(int query, int key, C c) => {rule};\n static bool Inside(int q, int k, C c) {{ if (k > q) return false; int d = q - k; return d < c.Window; }}";
        var facts = MaskFacts.Analyse(ScalarSource.Read(members, "G"));
        Assert.Equal(causal, facts.Causal);
        Assert.Equal(window, facts.Window);
        Assert.Equal(exact, facts.Exact);
        Assert.Equal(prefix, facts.Prefix);

        // Whatever is claimed must hold of the function itself.
        var assembly = ScalarSource.Load(members);
        var method = assembly.GetType("User.F")!.GetMethod("G")!;
        foreach (var (bound, sliding) in new (int?, bool)[] { (null, false), (3, true) })
        {
            var config = Activator.CreateInstance(assembly.GetType("User.C")!, 4, bound, sliding, 2, 30.0, 8, 20, "a")!;
            for (var query = 0; query < 14; query++)
            {
                for (var key = 0; key < 14; key++)
                {
                    var allowed = (bool)method.Invoke(null, [query, key, config])!;
                    Assert.False(facts.Causal && allowed && key > query);
                    if (facts.Exact == "MaskRule.Causal")
                    {
                        Assert.Equal(key <= query, allowed);
                    }

                    if (facts.Window == "config.Window")
                    {
                        Assert.False(allowed && query - key >= 4);
                    }

                    if (facts.Window == "config.Bound" && bound is { } b)
                    {
                        Assert.False(allowed && query - key >= b);
                    }
                }
            }
        }
    }
}
