using System.Linq;
using Dsl.Generators.Lowering;
using Dsl.Generators.Model;
using Dsl.Generators.Parts;
using Dsl.Generators.Scalar;

namespace Dsl.Generators.Fusing;

/// <summary>A weight that a function adds to what a head gives is the head's bias, so that the head is the last operation.</summary>
internal sealed class FoldBias : IPass
{
    public string Name => "bias inside the product";

    public void Run(StraightRun run)
    {
        foreach (var add in run.Nodes.Where(n => n is { Operation: Pointwise p, Inputs.Count: 1 } && Adds(p.Function.Scalar)).ToList())
        {
            if (run.ProducerOf(add.Inputs[0])
                is not { Operation: Linear { Head.TiedTo: not null, Activation: null, Adds: false, Bias.IsFalse: true } head } product
                || !run.OnlyReader(product.Output, add))
            {
                continue;
            }

            // The weight's one axis, perhaps among axes of size one, is what goes out.
            var function = ((Pointwise)add.Operation).Function;
            var axes = function.Scalar!.Of(ScalarRole.Parameter).Single().Axes.Split(' ');
            if (axes.Count(a => a != "1") != 1)
            {
                continue;
            }

            var (key, stored) = (function.Weights[0].Key, string.Join(" ", axes.Select(a => a == "1" ? a : "out")));
            var biased = head with { Bias = Model.Setting.True, Storage = head.Storage with { Bias = key, BiasAxes = stored } };
            run.Replace(product, product.With(biased, outputs: add.Outputs));
            run.Nodes.Remove(add);
            run.Notes.Add(new Note("the bias inside the product", $"{head.Key}, {key}"));
        }
    }

    /// <summary>Whether it is <c>x + weight</c>, and nothing else.</summary>
    private static bool Adds(ScalarFunction? function) =>
        function is { Parameters.Count: 2, Body.Count: 1 }
        && function.Of(ScalarRole.Value).Count() == 1
        && function.Of(ScalarRole.Parameter).Count() == 1
        && function.Body[0] is Return { Value: Binary { Operator: BinaryOperator.Add, Left: Variable left, Right: Variable right } }
        && left.Name != right.Name;
}
