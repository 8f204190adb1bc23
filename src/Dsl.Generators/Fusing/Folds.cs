using System.Linq;
using Dsl.Generators.Lowering;
using Dsl.Generators.Model;
using Dsl.Generators.Parts;

namespace Dsl.Generators.Fusing;

/// <summary>An activation right after a linear map is applied inside the product.</summary>
internal sealed class FoldActivation : IPass
{
    public string Name => "activation inside the product";

    public void Run(StraightRun run)
    {
        foreach (var node in run.Nodes.Where(n => n.Operation is Activate).ToList())
        {
            if (run.ProducerOf(node.Inputs[0]) is { Operation: Linear { Adds: false, Activation: null, IsPlain: true } linear } product
                && run.OnlyReader(product.Output, node))
            {
                var activation = ((Activate)node.Operation).Activation;
                run.Replace(product, product.With(linear with { Activation = activation }, outputs: node.Outputs));
                run.Nodes.Remove(node);
                run.Notes.Add(new Note("the activation inside the product", $"{linear.Key}, {activation.Spell()}"));
            }
        }
    }
}

/// <summary><c>Activate, Gate</c> is one pass over both values.</summary>
internal sealed class FoldGate : IPass
{
    public string Name => "activation inside the gate";

    public void Run(StraightRun run)
    {
        foreach (var gate in run.Nodes.Where(n => n.Operation is Gate { Activation: null }).ToList())
        {
            if (run.ProducerOf(gate.Inputs[0]) is { Operation: Activate activate } activated && run.OnlyReader(activated.Output, gate))
            {
                run.Replace(gate, gate.With(new Gate(activate.Activation), [gate.Inputs[1], activated.Inputs[0]]));
                run.Nodes.Remove(activated);
                run.Notes.Add(new Note("the activation and the gate in one pass", activate.Activation.Spell()));
            }
        }
    }
}

/// <summary>A residual is added inside the product that ends its branch; dropout between the two splits them in training only.</summary>
internal sealed class FoldResidual : IPass
{
    public string Name => "residual inside the product";

    public void Run(StraightRun run)
    {
        foreach (var sum in run.Nodes.Where(n => n is { Operation: Sum, Inputs.Count: 2 }).ToList())
        {
            var branch = run.ProducerOf(sum.Inputs[1]);
            var dropout = branch is { Operation: Dropout } && run.OnlyReader(branch.Output, sum) ? branch : null;
            if (dropout is not null)
            {
                branch = run.ProducerOf(dropout.Inputs[0]);
            }

            if (branch is { Operation: Linear { Adds: false, Activation: null, IsPlain: true } linear }
                && run.OnlyReader(branch.Output, dropout ?? sum))
            {
                if (dropout is not null)
                {
                    run.Nodes.Remove(dropout);
                }

                // The other term may be made after the product: the product moves to where the sum stood.
                var adding = linear with { Adds = true, Dropped = (dropout?.Operation as Dropout)?.Probability };
                run.Nodes.Remove(branch);
                run.Replace(sum, branch.With(adding, [branch.Inputs[0], sum.Inputs[0]], sum.Outputs));
                run.Notes.Add(new Note("the residual inside the product", linear.Key));
            }
        }
    }
}
