using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using Xunit;

namespace Dsl.Reference.Tests;

/// <summary>Odd declarations are right in every form, or known not to be.</summary>
public sealed class OddTests
{
    /// <summary>Their names.</summary>
    public static TheoryData<string> Names => [.. OddDeclarations.All.Keys.Concat(OddDeclarations.More.Keys).Order()];

    [Theory]
    [MemberData(nameof(Names))]
    public void Agrees(string name)
    {
        using CompiledDeclarations compiled = Sources.Compile(OddDeclarations.More.GetValueOrDefault(name) ?? OddDeclarations.All[name]);
        object config = Sources.Config(compiled, ("Scaling", new RopeScaling(RopeScalingKind.Dynamic, 2)));
        IReadOnlyList<string> found = [.. Agreement.Compare(compiled, "M", config, 1).Where(s => !KnownFaults.IsKnown(s))];
        if (KnownFaults.Odd.TryGetValue(name, out string? fault))
        {
            Assert.True(found.Count > 0, $"'{name}' agrees now: take '{fault}' off the list of known faults.");
        }
        else
        {
            Assert.True(found.Count == 0, string.Join(Environment.NewLine, found.Take(12)));
        }
    }

    /// <summary>Without the compiler's passes the forms are the same.</summary>
    [Theory]
    [InlineData("packed maps with and without bias")]
    [InlineData("a residual inside a residual")]
    [InlineData("the same map twice on one value")]
    public void Agrees_without_fusions(string name)
    {
        using CompiledDeclarations compiled = Sources.Compile(OddDeclarations.All[name], fuse: false);
        Agreed.Compare(compiled, "M", Sources.Config(compiled), what: Comparisons.Parallel | Comparisons.Gradients);
    }
}
