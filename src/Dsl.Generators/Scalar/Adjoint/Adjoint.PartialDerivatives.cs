using System;

namespace Dsl.Generators.Scalar;

internal sealed partial class Adjoint
{
    private sealed partial class ReverseBlock
    {
        // The chain rule: what the operation's row in the table passes on.
        private void Propagate(FlowNode node, FlowNode g)
        {
            if (node.Op == Op.Load)
            {
                Load(node, Masked(g, node.Region));
                return;
            }

            if (ScalarOperations.Of(node) is not { } operation)
            {
                return;
            }

            var derivative = operation.Derivative ?? throw new InvalidOperationException(operation.Name + " stands for other operations, and is no node.");
            var passed = derivative(new ChainRule(To, node, g, Get));
            for (var i = 0; i < passed.Length; i++)
            {
                if (passed[i] is { } value)
                {
                    Contribute(node.Arguments[i], value, node.Region);
                }
            }
        }

        private void Load(FlowNode node, FlowNode g)
        {
            var index = Get(node.Arguments[0]);
            if (node.Array!.Role == ArrayRole.State)
            {
                var bar = adjoint.BarOf(node.Array);
                To.Store(bar, index, To.Plus(To.Load(bar, index, true), g));
            }
            else
            {
                To.Add(new AddItem(node.Array.Role == ArrayRole.Hoisted, node.Array.Index, index, g, To.Region));
            }
        }
    }
}
