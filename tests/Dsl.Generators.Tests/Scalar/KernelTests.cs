using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Scalar;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Dsl.Generators.Tests.Scalar;

public sealed class KernelTests
{
    public static Dictionary<string, int> Sizes(string text) => text.Split(' ').Select(p => p.Split('=')).ToDictionary(p => p[0], p => int.Parse(p[1]));

    [Theory]
    [InlineData("Wkv", "b=2 t=5 d=3")]
    [InlineData("Wkv", "b=1 t=1 d=1")]
    [InlineData("Wkv", "b=3 t=70 d=9")]
    [InlineData("SelectiveScan", "b=2 t=5 d=3 n=4")]
    [InlineData("SelectiveScan", "b=2 t=40 d=17 n=1")]
    [InlineData("Retention", "b=2 h=3 t=7 v=5 k=4")]
    [InlineData("Gla", "b=2 h=2 t=9 v=8 k=3")]
    [InlineData("DeltaRule", "b=2 h=2 t=9 v=6 k=4")]
    [InlineData("Hgrn", "b=2 t=30 d=6")]
    [InlineData("StateSpace", "b=2 t=6 d=3 n=4")]
    [InlineData("Step", "b=2 t=6 d=3 n=4")]
    public void Every_form_equals_the_function(string name, string sizes)
    {
        var harness = new KernelHarness(ScalarReaderTests.Declared, name);
        harness.Check(Sizes(sizes), 1, Tame);
        harness.Check(Sizes(sizes), 2, Tame, padded: true);
    }

    private static Tensor Tame(ScalarParameter p, Tensor x) => p.Name switch
    {
        "delta" => x.abs() + 0.1,
        "b" when p.ByRef => x.abs() + 0.5,
        "A" => torch.stack([-x.select(-1, 0).abs() - 0.3, x.select(-1, 1)], -1),
        "step" => x.abs() * 0.3,
        _ => x,
    };
}
