using System;
using System.Collections.Generic;
using System.Linq;
using Xunit;

namespace Dsl.Reference.Tests;

/// <summary>Asks for agreement, and says every disagreement.</summary>
internal static class Agreed
{
    internal static void Compare(CompiledDeclarations compiled, string model, object config, int seed = 1, Comparisons what = Comparisons.All,
        GradientSample? sample = null)
    {
        IReadOnlyList<string> found = [.. Agreement.Compare(compiled, model, config, seed, what, sample).Where(s => !KnownFaults.IsKnown(s))];
        Assert.True(found.Count == 0, string.Join(Environment.NewLine, found.Take(12)));
    }
}
