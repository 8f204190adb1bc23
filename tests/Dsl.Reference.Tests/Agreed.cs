using System;
using System.Collections.Generic;
using System.Linq;
using Xunit;

namespace Dsl.Reference.Tests;

/// <summary>Asks for agreement, and says every disagreement.</summary>
internal static class Agreed
{
    internal static void Compare(CompiledDeclarations compiled, string model, object config, int seed = 1, Comparisons what = Comparisons.All)
    {
        IReadOnlyList<string> found = Agreement.Compare(compiled, model, config, seed, what);
        Assert.True(found.Count == 0, string.Join(Environment.NewLine, found.Take(12)));
    }

    /// <summary>One block of the user's config in a model of its own.</summary>
    internal static void Compare(string block, params (string Name, object Value)[] members)
    {
        using CompiledDeclarations compiled = Sources.Compile(block);
        foreach (string model in compiled.Models.Select(m => m.Name))
        {
            Compare(compiled, model, Sources.Config(compiled, members));
        }
    }
}
