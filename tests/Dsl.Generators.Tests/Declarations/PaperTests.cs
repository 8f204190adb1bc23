using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Tests.Snapshots;
using Dsl.Generators.Tests.Sugar;
using Microsoft.CodeAnalysis;
using Xunit;

namespace Dsl.Generators.Tests.Declarations;

/// <summary>Every declaration that was written on paper is read and checked; what has no lowering yet says so and nothing else is wrong with it.</summary>
public sealed class PaperTests
{
    private static readonly string[] Papers =
        [Declarations.Papers.Llama, Declarations.Papers.Mistral, Declarations.Papers.Mamba, Declarations.Papers.Rwkv, Declarations.Papers.T5, Declarations.Papers.S4d, Declarations.Papers.Ttt, Declarations.Papers.Recurrences];

    private static readonly Lazy<Microsoft.CodeAnalysis.CSharp.CSharpCompilation> Compilation = new(() =>
        Compiling.Create(Papers.Select((p, i) => new SourceFile($"Paper{i}.cs", Declarations.Papers.Using + p))));

    /// <summary>The declaration, and its result's axes.</summary>
    public static TheoryData<string, string> Shapes => new()
    {
        { "LlamaBlock", "b t @width" },
        { "Llama", "b t Vocab" },
        { "MistralBlock", "b t @width" },
        { "Mistral", "b t Vocab" },
        { "MambaMixer", "b t @result" },
        { "MambaBlock", "b t @width" },
        { "Mamba", "b t Vocab" },
        { "TokenShift", "b t @width" },
        { "TimeMix", "b t @result" },
        { "ChannelMix", "b t Hidden" },
        { "RwkvBlock", "b t Hidden" },
        { "Rwkv", "b t Vocab" },
        { "T5EncoderAttention", "b t @result" },
        { "T5DecoderAttention", "b t @result" },
        { "T5CrossAttention", "b t @result" },
        { "T5FeedForward", "b t @result" },
        { "T5GatedFeedForward", "b t @result" },
        { "T5EncoderBlock", "b t @width" },
        { "T5DecoderBlock", "b t @width" },
        { "T5", "b t Vocab" },
        { "S4dLayer", "b t Hidden" },
        { "S4Block", "b t Hidden" },
        { "LinearLearner", "b t @h Hidden / Heads" },
        { "TttLayer", "b t @result" },
        { "Mixed", "b t Hidden" },
        { "Delta", "b t Hidden" },
        { "Retentive", "b t Hidden" },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Read_and_checked(string name, string axes)
    {
        var (graph, problems) = Generators.Pipeline.Core.Check(Graphs.Read(Compilation.Value, "Papers." + name));
        Assert.Equal(
            "",
            string.Join(
                "\n", problems.Select(p => $"{p.Id} {string.Join(", ", p.Arguments)} at {p.Place}")));
        Assert.NotNull(graph.Result);
        Assert.Equal(axes, string.Join(" ", graph.Result.Axes.Select(a => a.Size is null ? a.Name : graph.Spell(a.Size))));
        Approved.Match(
            "Papers." + name,
            $"{string.Join("\n", problems.Select(p => $"{p.Id} {string.Join(", ", p.Arguments)}").Append(""))}{graph.Print()}".Replace(
                "\r", "", StringComparison.Ordinal));
    }

    [Fact]
    public void What_is_compiled_compiles()
    {
        var run = Compiling.Generate(Compilation.Value);
        run.AssertCompiles();
        var silent = Shapes.Select(s => (string)s[0]).Where(n => !run.Texts.ContainsKey($"Papers.{n}.g.cs")).Order(StringComparer.Ordinal);
        Assert.Empty(silent);
    }
}
