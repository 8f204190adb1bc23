using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Fusing;
using Dsl.Generators.Model;
using Dsl.Generators.Tests.Pipeline;
using Dsl.Generators.Tests.Sugar;
using Xunit;

namespace Dsl.Generators.Tests.Snapshots;

/// <summary>Each pass alone: the graph before and after.</summary>
public sealed class FusingTests
{
    private static readonly (string Pass, string Brackets)[] Uses =
    [
        ("MergeEqualNodes", """
            [From("x"), Linear("a", nameof(C.Hidden)), Activate(Activation.Silu), As("first")]
            [From("first"), Heads(nameof(C.Heads)), Merge, As("one")]
            [From("first"), Heads(nameof(C.Heads)), Merge, As("two")]
            [Sum("one", "two")]
            """),
        ("PackProducts", """
            [From("x"), Linear("q", nameof(C.Hidden)), As("q")]
            [From("x"), Linear("k", nameof(C.FeedForward), Bias = true), As("k")]
            [From("q"), Linear("other", nameof(C.FeedForward)), As("other")]
            [From("x"), Linear("transposed", nameof(C.FeedForward), Stored = "in out"), As("t")]
            [Sum("k", "other", "t")]
            """),
        ("FoldBias", """
            [Input("ids", "b t")]
            [From("ids"), Embedding("embed", nameof(C.Vocab), nameof(C.Hidden)), As("rows")]
            [Sum("x", "rows"), As("sum")]
            [Head("head", TiedTo = "embed"), Apply(nameof(Biased)), As("first")]
            [From("sum"), Head("capped", TiedTo = "embed"), Apply(nameof(Doubled)), As("second")]
            [Sum("first", "second")]
            """),
        ("FoldActivation", """
            [From("x"), Linear("a", nameof(C.Hidden)), Activate(Activation.Gelu), As("read once")]
            [From("read once"), Linear("b", nameof(C.Hidden)), As("read twice")]
            [From("read twice"), Activate(Activation.Relu), As("c")]
            [Sum("read twice", "c")]
            """),
        ("FoldGate", """
            [From("x"), Linear("up", nameof(C.FeedForward)), As("up")]
            [From("x"), Linear("gate", nameof(C.FeedForward)), Activate(Activation.Silu), Gate("up")]
            """),
        ("FoldResidual", """
            [Residual, RmsNorm("n", Eps = 1e-5), Linear("a", nameof(C.Hidden))]
            [Residual, RmsNorm("m", Eps = 1e-5), Linear("b", nameof(C.Hidden)), Dropout(0.1)]
            [Residual, Linear("c", nameof(C.Hidden)), Activate(Activation.Relu)]
            """),
        ("ConvolveTimeInvariant", """
            [From("x"), Apply(nameof(Fading)), As("fixed in time")]
            [From("x", "fixed in time"), Apply(nameof(Gated))]
            """),
    ];

    /// <summary>Functions that brackets may name.</summary>
    private const string Functions = """
        {
            [Recurrence("b t d", State = "b d")] private static double Fading(ref double s, double u, [Parameter("keep", "d")] double keep) => s = keep * s + u;
            [Recurrence("b t d", State = "b d")] private static double Gated(ref double s, double u, double gate) => s = gate * s + u;
            [Pointwise] private static double Biased(double x, [Parameter("offset", "1 d")] double bias) => x + bias;
            [Pointwise] private static double Doubled(double x, [Parameter("other", "d")] double bias) => 2 * x + bias;
        }
        """;

    public static TheoryData<string> Passes => [.. Fusing.Fuse.Passes.Select(p => p.GetType().Name)];

    [Theory]
    [MemberData(nameof(Passes))]
    public void Before_and_after(string pass)
    {
        var brackets = Assert.Single(Uses, u => u.Pass == pass).Brackets;
        var source = "using Dsl;\nusing C = User.TinyConfig;\nnamespace User;\n" + Declared.Config + "[Block<C>]\n"
            + brackets + "\npublic sealed partial class Some\n" + Functions;
        var graph = Graphs.Of(Compiling.Create([new SourceFile("User.cs", source)]), "User.Some");
        var (before, run) = (graph.Print(), Run(graph));
        var after = graph with { Nodes = run.Nodes };
        Assert.NotEqual(before, after.Print());
        Assert.NotEmpty(run.Notes);
        Approved.Match(pass, $"{brackets}\n\n{before}\n=>\n\n{after.Print()}\n{string.Join("\n", run.Notes.Select(n => n.Was + ": " + n.What))}\n".Replace("\r", "", StringComparison.Ordinal));

        // A second time there is nothing left to do.
        Assert.Equal(after.Print(), (after with { Nodes = Run(after).Nodes }).Print());

        StraightRun Run(Graph of)
        {
            var straight = new StraightRun(of.Nodes, [of.Result!], of);
            Fusing.Fuse.Passes.Single(p => p.GetType().Name == pass).Run(straight);
            return straight;
        }
    }
}
