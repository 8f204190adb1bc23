using System.Linq;
using Dsl.Generators.Scalar;
using Xunit;

namespace Dsl.Generators.Tests.Scalar;

/// <summary>What the config says of a layer is known when the model is built: masks are proven with it, kernels are handed it.</summary>
public sealed class LayerTests
{
    [Theory]
    [InlineData("key <= query && query - key < c.Windows[layer]", true, "config.Windows[layer]", "MaskRule.Band(config.Windows[layer])")]
    [InlineData(
        "key <= query && (c.Near(layer) is null || query - key < c.Near(layer))",
        true,
        "config.Near(layer)",
        "(config.Near(layer) is null ? MaskRule.Causal : MaskRule.Band(config.Near(layer)!.Value))")]
    [InlineData(
        "key <= query && (c.Near(layer) is not { } near || query - key < near)",
        true,
        "config.Near(layer)",
        "(config.Near(layer) is null ? MaskRule.Causal : MaskRule.Band(config.Near(layer)!.Value))")]
    [InlineData(
        "key <= query && (c.Kinds[layer] != \"near\" || query - key < c.Window)",
        true,
        "(config.Kinds[layer] != \"near\" ? (int?)null : config.Window)",
        "(config.Kinds[layer] != \"near\" ? MaskRule.Causal : MaskRule.Band(config.Window))")]
    [InlineData(
        "key <= query && (layer % 2 == 1 || query - key < c.Window)",
        true,
        "(layer % 2 == 1 ? (int?)null : config.Window)",
        "(layer % 2 == 1 ? MaskRule.Causal : MaskRule.Band(config.Window))")]
    [InlineData("key <= query && Close(query - key, layer, c)", true, "config.Windows[layer]", "MaskRule.Band(config.Windows[layer])")]
    [InlineData("key <= query && query - key < c.Windows[layer / 2 + c.Sinks]", true, "config.Windows[layer / 2 + config.Sinks]",
        "MaskRule.Band(config.Windows[layer / 2 + config.Sinks])")]
    public void A_mask_is_proven_layer_by_layer(string rule, bool causal, string window, string exact)
    {
        var mask = ScalarSource.Read(
            $"[Mask] public static bool M(int query, int key, int layer, C c) => {rule};\n"
                + "static bool Close(int distance, int layer, C c) => distance < c.Windows[layer];",
            "M");
        MaskFacts facts = MaskFacts.Analyse(mask);
        Assert.Equal((causal, window, exact), (facts.Causal, facts.Window, facts.Exact));
    }

    [Fact]
    public void A_kernel_is_handed_the_layers_number()
    {
        var step = ScalarSource.Read(
            """
            [Recurrence("b t d", State = "b d")]
            public static double R(ref double h, double x, int layer, C c)
            {
                h = c.Rate(layer) * h + (c.Windows[layer] > 3 ? x : 0.5 * x);
                return h;
            }
            """,
            "R");
        Assert.Equal(["config.Rate(layer)", "config.Windows[layer]"], KernelEmitter.Settings(step).Where(s => s != "layer").Order());
    }

    [Fact]
    public void A_pointwise_function_asks_for_its_layer()
    {
        var function = ScalarSource.Read("[Pointwise] public static double P(double x, int layer, C c) => x * c.Rate(layer);", "P");
        Assert.Contains("config.Rate(layer)", TensorEmitter.Emit(function, new System.Collections.Generic.Dictionary<string, string>()).Body);
    }

    [Theory]
    [InlineData("key <= query && query - key < c.Windows[query]", "query")]
    [InlineData("key <= query && query - key < c.Near(key - 1)", "key - 1")]
    [InlineData("key <= query && Close(query - key, key, c)", "key")]
    public void The_config_is_asked_about_the_layer_alone(string rule, string token)
    {
        var (message, found) = ScalarSource.Refusal(
            $"[Mask] public static bool M(int query, int key, int layer, C c) => {rule};\n"
                + "static bool Close(int distance, int layer, C c) => distance < c.Windows[layer];",
            "M");
        Assert.Equal(token, found);
        Assert.Contains("layer", message);
    }
}
