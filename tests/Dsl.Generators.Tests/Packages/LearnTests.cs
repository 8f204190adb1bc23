using System.IO;
using System.Runtime.Loader;
using Dsl.Generators.Tests.Pipeline;
using Xunit;

namespace Dsl.Generators.Tests.Packages;

/// <summary>
/// Blocks of other shapes, learnt within a sequence, against the definition: each token's gradient by autograd through the block's own parallel form, the
/// weights of each reading token built and put in.
/// </summary>
public sealed class LearnTests
{
    private const string Source = """
        using System.Collections.Generic;
        using System.Linq;
        using Dsl;
        using Dsl.Runtime;
        using TorchSharp;
        using static TorchSharp.torch;

        namespace User;

        public sealed partial record LearnConfig([Key("width")] int Width, [Key("heads")] int Heads, [Key("every")] int Every)
        {
            public int HeadDim => Width / Heads;
            public int Inner => HeadDim + 3;
        }

        /// <summary>Three fast maps, two of them side by side behind a gate, a slow one, a pointwise function with a branch, a residual.</summary>
        [Block<LearnConfig>, Input("x", "b t h f"), Defaults(Eps = 1e-5)]
        [From("x"), Linear("up", nameof(LearnConfig.Inner), Stored = "h in out", Bias = true, Fast = true), As("up")]
        [From("x"), Linear("open", nameof(LearnConfig.Inner), Stored = "out in h", Fast = true), Activate(Activation.Silu), Gate("up"), Apply(nameof(Bent)), As("bent")]
        [From("bent"), Linear("slow", nameof(LearnConfig.Inner), Stored = "in out", Bias = true), RmsNorm("norm"), As("normed")]
        [Sum("bent", "normed"), Linear("down", nameof(LearnConfig.HeadDim), Stored = "h in out", BiasWeight = "offset", BiasStored = "(h out)", Fast = true), As("down")]
        [Sum("x", "down")]
        public sealed partial class GatedLearner
        {
            [Pointwise] static double Bent(double x) => x > 0 ? System.Math.Log(1 + x) : System.Math.Tanh(x) / 2;
        }

        /// <summary>No heads: one map for the whole width.</summary>
        [Block<LearnConfig>]
        [Linear("first", nameof(LearnConfig.Inner), Fast = true), Activate(Activation.Tanh), Linear("second", nameof(LearnConfig.Width), Stored = "in out", Bias = true, Fast = true)]
        public sealed partial class FlatLearner;

        [Block<LearnConfig>]
        [From("x"), Linear("k", nameof(LearnConfig.Width)), Heads(nameof(LearnConfig.Heads)), As("k")]
        [From("x"), Linear("v", nameof(LearnConfig.Width)), Heads(nameof(LearnConfig.Heads)), As("v")]
        [From("x"), Linear("rate", nameof(LearnConfig.Heads)), Activate(Activation.Sigmoid), As("rate")]
        [From("k", "v"), Learn<GatedLearner>("learner", Loss = nameof(LogCosh), Rate = "rate", RowRate = nameof(Row), Every = nameof(LearnConfig.Every), Read = "v"), Merge]
        public sealed partial class GatedMemory
        {
            [Pointwise] internal static double LogCosh(double f, double target) => System.Math.Log(System.Math.Cosh(f - target));
            [Pointwise] static double Row(int place, [Parameter("row", "m")] System.ReadOnlySpan<double> row) => row[place] * row[place] / (1 + place);
        }

        [Block<LearnConfig>]
        [From("x"), Linear("k", nameof(LearnConfig.Width)), As("k")]
        [From("k", "x"), Learn<FlatLearner>("learner", Loss = nameof(GatedMemory.LogCosh), Every = 4)]
        public sealed partial class FlatMemory;

        public static class Program
        {
            private static readonly LearnConfig Config = new(10, 2, 3);

            /// <summary>The largest difference between a memory and its definition, for 8 tokens.</summary>
            public static double OfGates()
            {
                using var scope = NewDisposeScope();
                manual_seed(3);
                var weights = new Weights(ScalarType.Float64);
                weights.Initialize("*", Initializer.Normal(0.6));
                var memory = new GatedMemory(Config, weights, 10);
                var own = new Weights(ScalarType.Float64);
                own.Initialize("*", Initializer.Normal(0.6));
                var learner = new GatedLearner(Config, own, 2);
                Tensor x = randn(1, 8, 10, dtype: ScalarType.Float64), k = Map(weights, "k", x).reshape(1, 8, 2, 5), v = Map(weights, "v", x).reshape(1, 8, 2, 5);
                Tensor rate = Map(weights, "rate", x).sigmoid(), row = Of(weights, "row");
                using var pass = Pass.Over(x);
                Tensor got = memory.Forward(x, pass);
                var fast = new[] { "up.weight", "up.bias", "open.weight", "down.weight", "down.offset" };
                foreach (Weight weight in own.All)
                {
                    Fill(weight, Of(weights, "learner." + weight.Key));
                }

                // The maps of a head by the head's own rate: where its axis stands in each tensor.
                var heads = new[] { 0, 0, 2, 0, -1 };
                return Define(
                    own, fast, heads, (y, p) => learner.Forward(y, p), k, v, v, rate, i => row[i].Square() / Scalars.Of(1 + i), 3, got.reshape(1, 8, 2, 5));
            }

            public static double OfOneMap()
            {
                using var scope = NewDisposeScope();
                manual_seed(4);
                var weights = new Weights(ScalarType.Float64);
                weights.Initialize("*", Initializer.Normal(0.4));
                var memory = new FlatMemory(Config, weights);
                var own = new Weights(ScalarType.Float64);
                own.Initialize("*", Initializer.Normal(0.4));
                var learner = new FlatLearner(Config, own, 10);
                Tensor x = randn(1, 7, 10, dtype: ScalarType.Float64), k = Map(weights, "k", x), one = ones(1, 7, 1, dtype: ScalarType.Float64);
                using var pass = Pass.Over(x);
                Tensor got = memory.Forward(x, pass);
                foreach (Weight weight in own.All)
                {
                    Fill(weight, Of(weights, "learner." + weight.Key));
                }

                return Define(own, ["first.weight", "second.weight", "second.bias"], [-2, -2, -2], (y, p) => learner.Forward(y, p), k, x, k, one, _ => ones([], dtype: ScalarType.Float64), 4, got);
            }

            /// <summary>The outer gradient, through the inner ones, against a central difference.</summary>
            public static double Outer()
            {
                using var scope = NewDisposeScope();
                manual_seed(5);
                var weights = new Weights(ScalarType.Float64);
                weights.Initialize("*", Initializer.Normal(0.6));
                var memory = new GatedMemory(Config, weights, 10);
                Tensor x = randn(2, 8, 10, dtype: ScalarType.Float64), probe = randn(2, 8, 10, dtype: ScalarType.Float64);
                Tensor Answer()
                {
                    using var pass = Pass.Over(x);
                    return (memory.Forward(x, pass) * probe).sum();
                }

                Answer().backward();
                double worst = 0;
                foreach (Weight weight in weights.All)
                {
                    Tensor step = randn_like(weight.Value).detach();
                    double slope = (weight.Value.grad! * step).sum().item<double>();
                    double Moved(double by)
                    {
                        using var off = no_grad();
                        weight.Value.add_(step, alpha: Scalars.Of(by));
                        double answer = Answer().item<double>();
                        weight.Value.add_(step, alpha: Scalars.Of(-by));
                        return answer;
                    }

                    worst = System.Math.Max(worst, System.Math.Abs(((Moved(1e-5) - Moved(-1e-5)) / 2e-5) - slope) / System.Math.Max(1, System.Math.Abs(slope)));
                }

                return worst;
            }

            private static double Define(Weights own, string[] fast, int[] heads, System.Func<Tensor, Pass, Tensor> learner, Tensor k, Tensor target, Tensor read, Tensor rate,
                System.Func<int, Tensor> rowRate, int every, Tensor got)
            {
                Tensor[] starts = [.. fast.Select(name => Of(own, name).detach().clone())], at = starts;
                Tensor[] gathered = [.. starts.Select(s => zeros_like(s))];
                double worst = 0;
                for (int i = 0; i < k.shape[1]; i++)
                {
                    int place = i % every;
                    Put(own, fast, starts);
                    Tensor input = k.narrow(1, i, 1), wanted = target.narrow(1, i, 1);
                    using (var pass = Pass.Over(input))
                    {
                        Tensor away = learner(input, pass) - wanted.detach();
                        IList<Tensor> gradients = autograd.grad([away.cosh().log().sum()], [.. fast.Select(name => Of(own, name))]);
                        for (int w = 0; w < fast.Length; w++)
                        {
                            Tensor each = rate[0, i];
                            each = heads[w] == -2 ? each[0] : heads[w] == -1 ? each.unsqueeze(1).expand(2, 5).reshape(10) : each.reshape([.. gradients[w].shape.Select((_, a) => a == heads[w] ? 2L : 1L)]);
                            gathered[w] = gathered[w].Plus(each * gradients[w]).detach();
                        }
                    }

                    at = [.. starts.Select((s, w) => (s - (rowRate(place) * gathered[w])).detach())];
                    Put(own, fast, at);
                    Tensor query = read.narrow(1, i, 1);
                    using (var pass = Pass.Over(query))
                    {
                        worst = System.Math.Max(worst, (learner(query, pass) - got.narrow(1, i, 1)).abs().max().item<double>());
                    }

                    if (place == every - 1)
                    {
                        starts = at;
                        gathered = [.. starts.Select(s => zeros_like(s))];
                    }
                }

                return worst;
            }

            private static Tensor Map(Weights weights, string key, Tensor x) => x.matmul(Of(weights, key + ".weight").t());

            private static Tensor Of(Weights weights, string key) => weights.All.Single(w => w.Key == key).Value;

            private static void Fill(Weight weight, Tensor value)
            {
                using var off = no_grad();
                weight.Value.copy_(value);
            }

            private static void Put(Weights own, string[] names, Tensor[] values)
            {
                foreach (var (name, value) in names.Zip(values))
                {
                    Fill(own.All.Single(w => w.Key == name), value);
                }
            }
        }
        """;

    [Fact]
    public void Learners_of_other_shapes_equal_their_definition_and_their_outer_gradients_central_differences()
    {
        var run = Compiling.Generate(Compiling.Create([new SourceFile("Learners.cs", Source)], name: "UserOfLearn"));
        run.AssertCompiles();
        var assembly = AssemblyLoadContext.Default.LoadFromStream(new MemoryStream(run.Emit()));
        Assert.InRange(CompiledSpecTests.Invoke(assembly, "OfGates"), 0, 1e-12);
        Assert.InRange(CompiledSpecTests.Invoke(assembly, "OfOneMap"), 0, 1e-12);
        Assert.InRange(CompiledSpecTests.Invoke(assembly, "Outer"), 0, 1e-6);
    }
}
