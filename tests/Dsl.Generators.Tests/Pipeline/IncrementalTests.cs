using System;
using System.Linq;
using Microsoft.CodeAnalysis;
using Xunit;

namespace Dsl.Generators.Tests.Pipeline;

/// <summary>An edit costs what it concerns: <see cref="Compiling.Generate(SourceFile[])"/> asserts the rest of it in every test.</summary>
public sealed class IncrementalTests
{
    [Fact]
    public void Zoo_is_generated_without_warnings_under_strict_options()
    {
        var run = Compiling.Generate(Compiling.Zoo());
        Assert.Empty(run.Diagnostics);
        run.AssertCompiles();
        Assert.Contains("Zoo.Decoders.Llama.g.cs", run.Texts.Keys);
    }

    [Fact]
    public void Two_runs_write_the_same_text()
    {
        var first = Compiling.Start(Compiling.Create(Compiling.Zoo()));
        var second = Compiling.Start(Compiling.Create(Compiling.Zoo().Reverse()));
        Assert.Equal(first.Texts, second.Texts);
    }
}
