using System.Collections.Generic;
using System.Linq;
using System.Threading;
using Dsl.Generators.Model;
using Dsl.Generators.Reading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Xunit;

namespace Dsl.Generators.Tests.Sugar;

/// <summary>What the first stages make of a declaration.</summary>
internal static class Graphs
{
    public static ClosedSpec Read(CSharpCompilation compilation, string type)
    {
        var symbol = compilation.GetTypeByMetadataName(type);
        Assert.NotNull(symbol);
        var spec = Generators.Pipeline.Core.Read(symbol, compilation, CancellationToken.None);
        Assert.NotNull(spec);
        return spec;
    }

    /// <summary>The graph of a declaration without problems.</summary>
    public static Graph Of(CSharpCompilation compilation, string type)
    {
        var (graph, problems) = Generators.Pipeline.Core.Check(Read(compilation, type));
        Assert.Empty(problems.Select(p => $"{type}: {p.Id} {string.Join(", ", p.Arguments)} at {p.Place}"));
        return graph;
    }

    public static IReadOnlyList<Problem> Problems(CSharpCompilation compilation, string type) => Generators.Pipeline.Core.Check(Read(compilation, type)).Problems;

    /// <summary>The brackets after derivation, as source.</summary>
    public static string[] Brackets(CSharpCompilation compilation, string type)
    {
        var closed = Read(compilation, type);
        return [.. Derivation.Resolve(
            closed.Main, closed.Find, Generators.Pipeline.Core.Vocabulary, (id, _, arguments) => Assert.Fail($"{id} {string.Join(", ", arguments)}")).Brackets.Select(b => b.ToSource())];
    }
}
