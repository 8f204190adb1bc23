using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Lowering;
using Dsl.Generators.Scalar;

namespace Dsl.Generators.Fusing;

/// <summary>A weight that a function adds to what a head gives is the head's bias, so that the head is the last operation.</summary>
internal sealed class FoldBias : IPass
{
    public string Name => "bias inside the product";

    public void Run(Region region)
    {
        foreach (var add in region.Nodes.OfType<PointwiseNode>().Where(p => p.Inputs.Count == 1 && Adds(p.Function.Scalar)).ToList())
        {
            if (region.ProducerOf(add.Inputs[0]) is not LinearNode { IsHead: true, TiedTo: not null, Activation: null, Adds: false } head
                || !head.Bias.IsFalse
                || !region.OnlyReader(head.Output, add))
            {
                continue;
            }

            // The weight's one axis, perhaps among axes of size one, is what goes out.
            var (_, key, _) = add.Function.Weights.Single();
            var axes = add.Function.Scalar!.Of(ScalarRole.Parameter).Single().Axes.Split(' ');
            if (axes.Count(a => a != "1") != 1)
            {
                continue;
            }

            var stored = string.Join(" ", axes.Select(a => a == "1" ? a : "out"));
            var biased = new LinearNode(head.Key, head.In, head.Out, Lowering.Setting.True, head.Storage with { Bias = key, BiasAxes = stored })
            {
                Bracket = head.Bracket,
                Place = head.Place,
                TiedTo = head.TiedTo,
                Tied = head.Tied,
                IsHead = true,
            };
            biased.Inputs.AddRange(head.Inputs);
            biased.Outputs.Add(add.Output);
            region.Nodes[region.Nodes.IndexOf(head)] = biased;
            region.Nodes.Remove(add);
            region.Notes.Add($"{head.Key}: {key} inside the product");
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
