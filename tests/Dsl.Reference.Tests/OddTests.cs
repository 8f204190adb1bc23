using System.Linq;
using Dsl.Runtime;
using Xunit;

namespace Dsl.Reference.Tests;

/// <summary>Odd declarations are right in every form.</summary>
public sealed class OddTests
{
    /// <summary>Their names.</summary>
    public static TheoryData<string> Names => [.. OddDeclarations.All.Keys.Order()];

    [Theory]
    [MemberData(nameof(Names))]
    public void Agrees(string name) =>
        Agreed.Compare(OddDeclarations.All[name], ("Scaling", new RopeScaling(RopeScalingKind.Dynamic, 2)));
}
