using System.Collections.Generic;
using System.Linq;
using Xunit;

namespace Dsl.Reference.Tests;

/// <summary>
/// Layers written by hand: what they are given, along which time axes and under which keys, is right in every form. The layer itself is the same on both
/// sides.
/// </summary>
public sealed class OwnLayerTests
{
    /// <summary>A sum over time that passes over padding, gated, with the mean of a memory; it gives heads.</summary>
    private const string Gathering = """
        [Layer<C>(Gives = "b t h e"), Input("gate", "b t d"), Input("memory", "b s m"), Input("offset", "d"), Axis("h", nameof(C.Heads)), Axis("e", 4)]
        public sealed class Gathering(Weight scale) : IBuiltLayer<Gathering, C>, IKeepsState
        {
            public static Gathering Create(C config, Weights weights, long width) => new(weights.Tensor("scale", [width]));

            public Tensor Forward(Tensor x, Tensor gate, Tensor memory, Tensor offset, Pass pass, Pass sPass) =>
                Run(x, gate, memory, offset, pass, sPass, null);

            public Tensor Advance(Tensor x, Tensor gate, Tensor memory, Tensor offset, Pass pass, Pass sPass, IStatePart state) =>
                Run(x, gate, memory, offset, pass, sPass, (Total)state);

            public IStatePart NewState() => new Total();

            private Tensor Run(Tensor x, Tensor gate, Tensor memory, Tensor offset, Pass pass, Pass sPass, Total? kept)
            {
                using var scope = torch.NewDisposeScope();
                Tensor sums = Total.After(kept, x * Total.Real(pass, x));
                Tensor there = Total.Real(sPass, memory);
                Tensor mean = (memory * there).sum(1, keepdim: true) / there.sum(1, keepdim: true);
                Tensor y = (sums * scale.Value * gate).Plus(offset).Plus(mean.narrow(2, 0, 1));
                return y.unflatten(2, [4L, 4L]).MoveToOuterDisposeScope();
            }
        }

        """;

    /// <summary>A sum over time that passes over padding.</summary>
    private const string Summing = """
        [Layer<C>]
        public sealed class Summing(Product map) : IOwnLayer<Summing, C>, ISteppingLayer
        {
            public static Summing Create(C config, Weights weights, long width) => new(weights.Product("map", width, width, bias: true));

            public Tensor Forward(Tensor x, Pass pass) => Run(x, pass, null);

            public Tensor Advance(Tensor x, Pass pass, IStatePart state) => Run(x, pass, (Total)state);

            public IStatePart NewState() => new Total();

            private Tensor Run(Tensor x, Pass pass, Total? kept)
            {
                using var scope = torch.NewDisposeScope();
                return map.Apply(Total.After(kept, x * Total.Real(pass, x))).MoveToOuterDisposeScope();
            }
        }

        """;

    private const string State = """
        internal sealed class Total : IStatePart
        {
            private Tensor? value;

            public long Bytes => value is null ? 0 : value.NumberOfElements * 8;

            public static Tensor Real(Pass pass, Tensor like)
            {
                using var real = pass.RealTokens();
                using var wide = real.unsqueeze(-1);
                return wide.to(like.dtype);
            }

            public static Tensor After(Total? kept, Tensor x)
            {
                Tensor own = x.cumsum(1), all = kept?.value is null ? own : own.Plus(kept.value);
                if (kept is not null)
                {
                    Tensor last = all.narrow(1, all.shape[1] - 1, 1);
                    kept.Become(last.clone());
                }

                return all;
            }

            public void Select(Tensor rows) => Become(value?.index_select(0, rows));
            public void CopyFrom(IStatePart other) => Become(((Total)other).value?.clone());
            public void CheckTruncate(Timeline timeline, int slots) => throw new InvalidOperationException("A sum cannot be taken back.");
            public void Truncate(int slots) => throw new InvalidOperationException("A sum cannot be taken back.");
            public void Reset() => Become(null);
            public void Dispose() => Become(null);

            private void Become(Tensor? other)
            {
                value?.Dispose();
                value = other?.DetachFromDisposeScope();
            }
        }

        """;

    private const string Head = """
        [Head("head", nameof(C.Vocab)), Output("logits")]
        public sealed partial class M;

        """;

    private const string Text = """
        [Model<C>("M")]
        [Embedding("embed", nameof(C.Vocab), nameof(C.Hidden))]

        """;

    private static readonly Dictionary<string, string> All = new()
    {
        ["several inputs, of which one is a memory"] = """
            [Block<C>, Input("seen", "b s m"), Axis("d", nameof(C.Hidden))]
            [Parameter("offset", "d"), As("offset")]
            [From("x"), Linear("gate"), As("gate")]
            [From("x"), Use<Gathering>("gathered", With = "memory=seen"), Rearrange("b t h e -> b t (h e)"), Linear("out"), As("y")]
            [Sum("x", "y")]
            public sealed partial class B;

            [Block<C>]
            [Residual, LayerNorm("norm"), Attention("{q,k,v,o}")]
            public sealed partial class Encoder;

            [Model<C>("M"), Input("ids", "b t", Mask = "mask", Steps = true), Input("source", "b s", Mask = "source_mask")]
            [From("source"), Embedding("sources", nameof(C.Vocab), 6), Repeat<Encoder>("encoder", 1), As("seen")]
            [From("ids"), Embedding("embed", nameof(C.Vocab), nameof(C.Hidden)), Repeat<B>("layers", 2)]
            """ + Head + Gathering,
        ["at every layer"] = Text + """[Repeat<Summing>("layers", 3)]""" + Head + Summing,
        ["beside a declared block"] = Text + """[Use<Summing, B>("first", By = nameof(C.First)), Repeat<B, Summing>("layers", 3, By = nameof(C.Kind))]""" + Head
            + Summing + """
            [Block<C>]
            [Residual, RmsNorm("norm"), Attention("{q,k,v,o}", Mask = Mask.Causal)]
            public sealed partial class B;

            public sealed partial record Config
            {
                public Type First => typeof(Summing);
                public Type Kind(int layer) => layer == 1 ? typeof(Summing) : typeof(B);
            }

            """,
        ["along the same axis as a value beside it"] = Text + """
            [As("embedded"), Linear("gate"), As("gate")]
            [From("embedded"), Use<Times>("times"), As("product")]
            [When(nameof(C.Flag)), Use<Times>("again")]
            """ + Head + """
            [Layer<C>, Input("x", "b t d"), Input("gate", "b t d")]
            public sealed class Times(Weight offset) : IBuiltLayer<Times, C>, IKeepsState
            {
                public static Times Create(C config, Weights weights, long width) => new(weights.Tensor("offset", [width]));

                public Tensor Forward(Tensor x, Tensor gate, Pass pass)
                {
                    using var product = x * gate;
                    return product.Plus(offset.Value);
                }

                public Tensor Advance(Tensor x, Tensor gate, Pass pass, IStatePart state) => Forward(x, gate, pass);

                public IStatePart NewState() => new Total();
            }

            """,
    };

    public static TheoryData<string> Names => [.. All.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Agrees(string name)
    {
        string source = Sources.Prelude.Replace("using Dsl;", "using Dsl;\nusing TorchSharp;\nusing static TorchSharp.torch;", System.StringComparison.Ordinal);
        using CompiledDeclarations compiled = CompiledDeclarations.Compile(source + All[name] + State);
        Assert.True(compiled.IsLoaded, string.Join(System.Environment.NewLine, compiled.Diagnostics.Take(5)));
        Agreed.Compare(compiled, "M", Sources.Config(compiled));
    }
}
