using System.Linq;
using Dsl.Runtime;
using Xunit;

namespace Dsl.Reference.Tests;

/// <summary>What only a config decides is said in a sentence when a model is built, not by native code at its first call.</summary>
public sealed class ConfigBoundTests
{
    [Theory]
    [InlineData("Slice(nameof(C.Kernel), nameof(C.State))", 13, "the end of a slice 17 is more than hidden_size 16, expected at most as many")]
    [InlineData("Slice(nameof(C.Kernel), nameof(C.State))", -1, "kernel is -1, expected 0 or more")]
    [InlineData("Slice(nameof(C.Kernel), 1, Along = \"cut\")", -2, "kernel is -2, expected 0 or more")]
    [InlineData("Linear(\"gate\", nameof(C.State)), Softmax, Route(nameof(C.Kernel))", 5, "kernel 5 is more than state 4, expected at most as many")]
    [InlineData("Linear(\"gate\", nameof(C.State)), Softmax, Balance(nameof(C.Kernel))", 5, "kernel 5 is more than state 4, expected at most as many")]
    public void IsRefused(string parts, int kernel, string sentence)
    {
        using CompiledDeclarations compiled = Compile(parts);
        ModelEntry entry = compiled.Models.Single();
        var refused = Assert.Throws<ConfigException>(() => entry.Create(Sources.Config(compiled, ("Kernel", kernel))));
        Assert.Contains(sentence, refused.Message);
        using IModel fits = entry.Create(Sources.Config(compiled, ("Kernel", 1)));
    }

    private static CompiledDeclarations Compile(string parts) => Sources.Compile($$"""
        [Model<C>("M")]
        [Embedding("embed", nameof(C.Vocab), nameof(C.Hidden)), As("e")]
        [From("e"), {{parts}}, Output("z")]
        [From("e"), Output("y")]
        public sealed partial class M;
        """);
}
