using System.IO;
using System.Runtime.Loader;
using Dsl.Generators.Tests.Pipeline;
using Xunit;

namespace Dsl.Generators.Tests.Packages;

/// <summary>Ordinary classes as layers: compiled, run, and stepped.</summary>
public sealed class OwnLayerTests
{
    private const string Layers = """
        using Dsl;
        using Dsl.Runtime;
        using TorchSharp;
        using static TorchSharp.torch;

        namespace User;

        /// <summary>A running sum over time, times a weight; its state is the sum so far.</summary>
        [Layer<TinyConfig>]
        public sealed class RunningSum : IOwnLayer<RunningSum, TinyConfig>, ISteppingLayer
        {
            private readonly Weight scale;

            private RunningSum(Weight scale) => this.scale = scale;

            public static RunningSum Create(TinyConfig config, Weights weights, long width) => new(weights.Tensor("scale", [width], Initializer.Ones));

            public Tensor Forward(Tensor x, Pass pass)
            {
                using var sum = x.cumsum(1);
                return sum * scale.Value;
            }

            public IStatePart NewState() => new Sum();

            public Tensor Advance(Tensor x, Pass pass, IStatePart state)
            {
                var kept = (Sum)state;
                using var own = x.cumsum(1);
                var all = kept.Value is null ? own.alias() : own.Plus(kept.Value);
                kept.Value?.Dispose();
                kept.Value = all[.., ^1..].clone().DetachFromDisposeScope();
                using (all)
                {
                    return all * scale.Value;
                }
            }

            private sealed class Sum : IStatePart
            {
                public Tensor? Value;

                public long Bytes => Value?.NumberOfElements * 4 ?? 0;

                public void CopyFrom(IStatePart other) => Value = ((Sum)other).Value?.clone();

                public void CheckTruncate(Timeline timeline, int slots) => throw new System.NotSupportedException("a sum cannot be taken back");

                public void Select(Tensor rows) => Value = Value?.index_select(0, rows);

                public void Truncate(int slots)
                {
                }

                public void Reset() => Value = null;

                public void Dispose() => Value?.Dispose();
            }
        }

        /// <summary>Per position, no state, another width.</summary>
        [Layer<TinyConfig>(nameof(TinyConfig.FeedForward))]
        public sealed class Widen : IOwnLayer<Widen, TinyConfig>
        {
            private readonly Product product;

            private Widen(Product product) => this.product = product;

            public static Widen Create(TinyConfig config, Weights weights, long width) => new(weights.Product("wide", width, config.FeedForward, bias: true));

            public Tensor Forward(Tensor x, Pass pass) => product.Apply(x);
        }

        [Block<TinyConfig>, Defaults(Eps = nameof(TinyConfig.Eps))]
        [Residual, RmsNorm("norm"), Use<RunningSum>("sum")]
        public sealed partial class TinyBlock;

        [Model<TinyConfig>]
        [Embedding("embed", nameof(TinyConfig.Vocab), nameof(TinyConfig.Hidden)), Use<Widen>("wide"), Linear("narrow", nameof(TinyConfig.Hidden)), Output("hidden")]
        public sealed partial class Wide;

        public static class Program
        {
            public static double Difference()
            {
                manual_seed(5);
                using var model = new Tiny(new TinyConfig(40, 12, 20, 2, 3));
                using var ids = randint(0, 40, [2, 7]);
                using var whole = model.Forward(ids);
                using var state = model.NewState(2);
                double worst = 0;
                for (var t = 0; t < 7; t++)
                {
                    using var one = ids.narrow(1, t, 1);
                    using var logits = model.Advance(one, state);
                    worst = System.Math.Max(worst, (logits.squeeze(1) - whole.Logits!.select(1, t)).abs().max().item<float>());
                }

                return worst;
            }

            public static double WithoutStep()
            {
                using var model = new Wide(new TinyConfig(40, 12, 20, 2, 3));
                using var ids = randint(0, 40, [2, 7]);
                using var results = model.Forward(ids);
                try
                {
                    model.NewState(2);
                    return -1;
                }
                catch (System.NotSupportedException e) when (e.Message.Contains("Widen"))
                {
                    return results.Hidden!.shape[2];
                }
            }

            public static double Parameters() => Tiny.ParameterCount(new TinyConfig(40, 12, 20, 2, 3));
        }
        """;

    [Fact]
    public void They_compile_run_and_step()
    {
        var run = Compiling.Generate(
            Compiling.Create([Declared.In("User", Declared.Config, Declared.Model), new SourceFile("Layers.cs", Layers)], name: "UserOfOwnLayers"));
        run.AssertCompiles();
        var assembly = AssemblyLoadContext.Default.LoadFromStream(new MemoryStream(run.Emit()));
        Assert.Equal((40 * 12) + (2 * (12 + 12)) + 12, CompiledSpecTests.Invoke(assembly, "Parameters"));
        Assert.InRange(CompiledSpecTests.Invoke(assembly, "Difference"), 0, 2e-5);
        Assert.Equal(12, CompiledSpecTests.Invoke(assembly, "WithoutStep"));
    }
}
