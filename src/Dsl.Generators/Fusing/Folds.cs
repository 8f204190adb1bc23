using System.Linq;
using Dsl.Generators.Lowering;

namespace Dsl.Generators.Fusing;

/// <summary>An activation right after a linear map is applied inside the product.</summary>
internal sealed class FoldActivation : IPass
{
    public string Name => "activation inside the product";

    public void Run(Region region)
    {
        foreach (var activate in region.Nodes.OfType<ActivateNode>().ToList())
        {
            if (region.ProducerOf(activate.Inputs[0]) is LinearNode { Adds: false, Activation: null, IsPlain: true } linear
                && region.OnlyReader(linear.Output, activate))
            {
                linear.Activation = activate.Activation;
                linear.Outputs[0] = activate.Output;
                region.Nodes.Remove(activate);
                region.Notes.Add($"{linear.Key}: {activate.Activation.Code} inside the product");
            }
        }
    }
}

/// <summary><c>Activate, Gate</c> is one pass over both values.</summary>
internal sealed class FoldGate : IPass
{
    public string Name => "activation inside the gate";

    public void Run(Region region)
    {
        foreach (var gate in region.Nodes.OfType<GateNode>().Where(g => g.Activation is null).ToList())
        {
            if (region.ProducerOf(gate.Inputs[0]) is ActivateNode activate && region.OnlyReader(activate.Output, gate))
            {
                var fused = new GateNode(activate.Activation) { Bracket = gate.Bracket, Place = gate.Place };
                fused.Inputs.Add(gate.Inputs[1]);
                fused.Inputs.Add(activate.Inputs[0]);
                fused.Outputs.Add(gate.Output);
                region.Nodes[region.Nodes.IndexOf(gate)] = fused;
                region.Nodes.Remove(activate);
                region.Notes.Add($"{activate.Activation.Code} and the gate in one pass");
            }
        }
    }
}

/// <summary>A residual is added inside the product that ends its branch; dropout between the two splits them in training only.</summary>
internal sealed class FoldResidual : IPass
{
    public string Name => "residual inside the product";

    public void Run(Region region)
    {
        foreach (var sum in region.Nodes.OfType<SumNode>().Where(s => s.Inputs.Count == 2).ToList())
        {
            var branch = region.ProducerOf(sum.Inputs[1]);
            var dropout = branch as DropoutNode;
            if (dropout is not null && region.OnlyReader(dropout.Output, sum))
            {
                branch = region.ProducerOf(dropout.Inputs[0]);
            }

            if (branch is LinearNode { Adds: false, Activation: null, IsPlain: true } linear
                && region.OnlyReader(linear.Output, (Node?)dropout ?? sum)
                && sum.Inputs[0] != linear.Output)
            {
                linear.Dropout = dropout?.Probability;
                if (dropout is not null)
                {
                    region.Nodes.Remove(dropout);
                }

                linear.Inputs.Add(sum.Inputs[0]);
                linear.Outputs[0] = sum.Output;

                // The other term may be made after the product: the product moves to where the sum stood.
                region.Nodes.Remove(linear);
                region.Nodes[region.Nodes.IndexOf(sum)] = linear;
                region.Notes.Add($"{linear.Key}: residual inside the product");
            }
        }
    }
}
