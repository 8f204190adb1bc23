using System;
using System.Collections.Generic;
using Xunit;

namespace Dsl.Tests;

/// <summary>How far numbers are from what they should be.</summary>
internal static class Close
{
    /// <summary>The largest difference over the largest reference value.</summary>
    internal static double Error(IReadOnlyList<double> reference, IReadOnlyList<double> actual)
    {
        Assert.Equal(reference.Count, actual.Count);
        double worst = 0;
        double largest = 0;
        for (int i = 0; i < reference.Count; i++)
        {
            Assert.False(double.IsNaN(actual[i]), $"element {i} is NaN");
            worst = Math.Max(worst, Math.Abs(reference[i] - actual[i]));
            largest = Math.Max(largest, Math.Abs(reference[i]));
        }

        return largest == 0 ? worst : worst / largest;
    }
}
