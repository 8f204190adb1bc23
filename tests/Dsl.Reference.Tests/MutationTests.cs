using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Model;
using Dsl.Reference.Comparing;
using Dsl.Reference.Interpreting;
using Dsl.Reference.Parts;
using Xunit;
using Ops = Dsl.Generators.Parts;

namespace Dsl.Reference.Tests;

/// <summary>A comparison that notices nothing is worth nothing: each part with a mistake in it disagrees.</summary>
public sealed class MutationTests
{
    /// <summary>A model with every part in it that reads an image, or makes a value longer or shorter.</summary>
    private const string Seeing = """
        [Model<C>("M"), Axis("c", 2), Axis("h"), Axis("w"), Axis("n", 64), Axis("d", nameof(C.Hidden)), Axis("e", nameof(C.Hidden))]
        [Input("input_ids", "b t", Steps = true), Input("pixels", "b c h w")]
        [Parameter("class", "d"), As("class")]
        [Parameter("rows", "n d"), As("rows")]
        [Parameter("mix", "e d"), As("mix")]
        [From("pixels"), Conv("eye", 2, nameof(C.Hidden), Over = "h w -> y z", Stride = 2), Rearrange("b d y z -> b (y z) d"), As("patches")]
        [Expand("class", "q"), As("last")]
        [Concat("patches", "last", Along = "all"), Positions(Table = "rows"), Slice(1, Along = "p"), As("image")]
        [From("input_ids"), Embedding("embed", nameof(C.Vocab), nameof(C.Hidden)), Splice("image", "input_ids", nameof(IsImage)), As("seen")]
        [Product("seen", "mix", "b t d, e d -> b t e"), Output("hidden")]
        [Head("head", nameof(C.Vocab)), Output("logits")]
        public sealed partial class M
        {
            static bool IsImage(int id) => id < 3;
        }
        """;

    /// <summary>A model with every other part in it.</summary>
    private const string Everything = """
        [Model<C>("M")]
        [Embedding("embed", nameof(C.Vocab), nameof(C.Hidden)), Positions("places", 64), Use<B>("block"), Output("hidden")]
        [Head("head", nameof(C.Vocab)), As("each"), Pool("mean"), Output("logits")]
        [From("each"), Sample, Output("drawn")]
        public sealed partial class M;

        [Block<C>, Axis("n", nameof(C.Hidden))]
        [Residual, Attention("{q,k,v,o}", Mask = Mask.Causal, Position = Position.Rotary), Dropout(0.1)]
        [When(nameof(C.Flag)), Residual, LayerNorm("norm"), Conv("conv", nameof(C.Kernel)), Activate(Activation.Silu)]
        [Residual, Shift, Split("a", "b"), Concat("b", "a"), Apply(nameof(Twice)), Apply(nameof(Decay)), As("h")]
        [From("h", "h"), Apply(nameof(Share)), As("s")]
        [From("x"), Gate("h"), As("g")]
        [Slice(1, nameof(C.HeadDim)), Linear("wide", nameof(C.Hidden)), As("w")]
        [From("w", "g"), Learn<L>("learner", Loss = nameof(Half), Every = 2), Repeat<R>("layers", nameof(C.Layers)), As("r")]
        [Sum("r", "x", "s"), Use<S>("table")]
        public sealed partial class B
        {
            [Pointwise] static double Twice(double x) => 2 * x;
            [Recurrence("b t d", State = "b d")] static double Decay(ref double h, double x) { h = 0.5 * h + x; return h; }
            [Pointwise("b t d")] static double Share(double x, [Axes("b t d")] ReadOnlySpan<double> all)
            {
                double sum = 1;
                for (int i = 0; i < all.Length; i++) { sum += all[i] * all[i]; }
                return x / sum;
            }
            [Pointwise] static double Half(double f, double target) => 0.5 * (f - target) * (f - target);
        }

        [Block<C>]
        [Linear("map", nameof(C.Hidden), Fast = true)]
        public sealed partial class L;

        [Block<C>]
        [Residual, RmsNorm("norm")]
        public sealed partial class R;

        [Block<C>, Axis("r", 4), Axis("h", nameof(C.Heads))]
        [Parameter("bias", "r h"), As("bias")]
        [From("x"), Use<Scored>("scored")]
        public sealed partial class S;

        [Block<C>, Input("bias", "r h"), Axis("r", 4), Axis("h", nameof(C.Heads))]
        [Residual, Attention("{q,k,v,o}", Mask = Mask.Causal, Score = nameof(Near))]
        public sealed partial class Scored
        {
            [Score] static double Near(double score, int head, int query, int key, [Table] Matrix bias) => score + bias[Far(query - key), head];
            static int Far(int distance) => Math.Min(Math.Max(distance, 0), 3);
        }
        """;

    /// <summary>A model with every part in it that has to do with experts.</summary>
    private const string Routing = """
        [Model<C>("M")]
        [Embedding("embed", nameof(C.Vocab), nameof(C.Hidden)), Repeat<B>("layers", nameof(C.Layers)), As("layers"), Output("hidden")]
        [From("layers"), Head("head", nameof(C.Vocab)), Output("logits")]
        [From("layers"), Collected("scores", 4), Softmax, Balance(2), Output("balance")]
        public sealed partial class M;

        [Block<C>]
        [Linear("gate", 4), Collect("scores"), As("scores")]
        [From("scores"), Route(2), As("chosen")]
        [From("scores"), Softmax("chosen"), As("weights")]
        [Residual, From("x"), Experts<E>("experts", "chosen", "weights")]
        public sealed partial class B;

        [Block<C>, Input("x", "b t e d")]
        [Linear("map", Stored = "e out in")]
        public sealed partial class E;
        """;

    [Fact]
    public void Each_part_with_a_mistake_is_noticed()
    {
        HashSet<string> noticed = [.. Noticed(Everything), .. Noticed(Seeing), .. Noticed(Routing)];
        Assert.Empty(PartReferences.Types.Select(node => node.Name).Except(noticed));
    }

    /// <summary>Parts whose mistakes are noticed in a declaration that agrees without them.</summary>
    private static List<string> Noticed(string declarations)
    {
        using CompiledDeclarations compiled = Sources.Compile(declarations);
        object config = Sources.Config(compiled);
        Agreed.Compare(compiled, "M", config, what: Comparisons.Parallel);
        using var subject = new Subject(compiled, "M", config, 1);
        var noticed = new List<string>();
        foreach (Type node in PartReferences.Types)
        {
            var mistaken = new Mistaken(node);
            using IDisposable wrong = PartReferences.With(node, mistaken);
            subject.NewReference(); // one that has computed nothing yet
            var report = new Report();
            ParallelComparison.Compare("forward", subject, report, subject.Feed);
            if (report.Statements.Count > 0 && mistaken.Calls > 0)
            {
                noticed.Add(node.Name);
            }
        }

        return noticed;
    }

    [Fact]
    public void A_shift_that_reads_padding_is_noticed() => Notices<Ops.Shift>(new PaddedShift(), "[Shift, Linear(\"o\", nameof(C.Hidden))]");

    [Fact]
    public void A_wrong_gradient_of_one_weight_is_noticed()
    {
        // The reference reads a bias where the declaration detaches it: forward agrees, the gradient does not.
        const string detached = """
            [Apply(nameof(Still)), Linear("o", nameof(C.Hidden))]
            public sealed partial class B { [Pointwise] static double Still(double x, [Parameter("w", "d")] double w) => x * Detach(w); }
            """;
        using CompiledDeclarations compiled = Sources.Compile(Block(detached));
        IReadOnlyList<string> found = Agreement.Compare(compiled, "M", Sources.Config(compiled), 1);
        Assert.NotEmpty(found);
        Assert.All(found, statement => Assert.Contains("gradient", statement, StringComparison.Ordinal));
        Assert.All(found, statement => Assert.Contains("block.w", statement, StringComparison.Ordinal));
    }

    private static void Notices<TOperation>(IPartReference wrong, string brackets)
        where TOperation : Operation
    {
        using CompiledDeclarations compiled = Sources.Compile(Block(brackets + "\npublic sealed partial class B;"));
        object config = Sources.Config(compiled);
        Assert.Empty(Agreement.Compare(compiled, "M", config, 1, Comparisons.Parallel));
        using IDisposable mistake = PartReferences.With<TOperation>(wrong);
        Assert.NotEmpty(Agreement.Compare(compiled, "M", config, 1, Comparisons.Parallel));
    }

    private static string Block(string block) => $$"""
        [Model<C>("M")]
        [Embedding("embed", nameof(C.Vocab), nameof(C.Hidden)), Use<B>("block")]
        [Head("head", nameof(C.Vocab)), Output("logits")]
        public sealed partial class M;

        [Block<C>]
        {{block}}
        """;

    /// <summary>The right part, with two numbers of its result a little off.</summary>
    private sealed class Mistaken(Type node) : IPartReference
    {
        private readonly IPartReference right = PartReferences.Of(node);

        internal int Calls { get; private set; }

        public void Compute(Node node, Frame frame)
        {
            right.Compute(node, frame);
            Calls++;
            foreach (Value output in node.Outputs)
            {
                NumberArray wrong = frame.Get(output).Clone();
                wrong.Values[0] += 1e-4;
                wrong.Values[^1] += 1e-4;
                frame.Set(output, wrong);
            }
        }
    }

    /// <summary>The token before, real or not.</summary>
    private sealed class PaddedShift : PartReference<Ops.Shift>
    {
        protected override void Compute(Node node, Ops.Shift operation, Frame frame)
        {
            NumberArray x = frame.Get(node.Inputs[0]), y = NumberArray.Zeros(x.Shape);
            int width = x.Last, length = x.Shape[1];
            for (int i = 0; i < x.Count; i++)
            {
                y.Values[i] = i / width % length == 0 ? 0 : x.Values[i - width];
            }

            frame.Set(node.Output, y);
        }
    }
}
