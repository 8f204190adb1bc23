using System;
using Xunit;

namespace Dsl.Runtime.Tests.Numerics;

public class MaskRuleTests
{
    [Fact]
    public void TablesSayWhatRulesSay()
    {
        MaskRule odd = MaskRule.Rule("odd keys", causal: true, window: 3, (_, key) => key % 2 == 1);
        for (int query = 0; query < 6; query++)
        {
            for (int key = 0; key < 7; key++)
            {
                Assert.True(MaskRule.Full.Table(6, 7)[query, key]);
                Assert.Equal(key <= query, MaskRule.Causal.Table(6, 7)[query, key]);
                Assert.Equal(key <= query && query - key < 2, MaskRule.Band(2).Table(6, 7)[query, key]);
                Assert.Equal(key <= query && query - key < 3 && key % 2 == 1, odd.Table(6, 7)[query, key]);
            }
        }

        Assert.Equal((true, 3, true), (odd.IsCausal, odd.Window, odd.IsArbitrary));
        Assert.Equal("band(2)", MaskRule.Band(2).ToString());
        Assert.Contains("window of 0", Assert.Throws<ArgumentOutOfRangeException>(() => MaskRule.Band(0)).Message);
    }

    [Fact]
    public void ANamedRuleIsMadeOnceForAModel()
    {
        var weights = new Weights();
        MaskRule first = weights.At("a").Mask("local", () => MaskRule.Band(4));
        Assert.Same(first, weights.At("b").Mask("local", () => MaskRule.Band(4)));
    }
}
