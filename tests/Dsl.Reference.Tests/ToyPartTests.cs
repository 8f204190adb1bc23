using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Lowering;
using Dsl.Reference.Interpreting;
using Dsl.Reference.Parts;
using Xunit;

namespace Dsl.Reference.Tests;

/// <summary>The table of references can be added to from outside, and says what it lacks.</summary>
public sealed class ToyPartTests
{
    [Fact]
    public void Every_node_has_a_reference_but_those_that_a_pass_makes_or_that_are_not_compiled()
    {
        string[] without = ["InputNode", "PackedLinearNode", "UncompiledNode"];
        IEnumerable<Type> nodes = typeof(Node).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(Node)) && !t.IsAbstract);
        Assert.Equal(without, nodes.Where(n => !PartReferences.Types.Contains(n)).Select(n => n.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_part_of_another_assembly_brings_its_own_reference()
    {
        var toy = new Toy();
        Assert.Throws<NotSupportedException>(() => PartReferences.Of(toy));
        using (PartReferences.With<Toy>(new ToyReference()))
        {
            Assert.IsType<ToyReference>(PartReferences.Of(toy));
        }

        Assert.Throws<NotSupportedException>(() => PartReferences.Of(toy));
    }

    private sealed class Toy : Node
    {
        public override string Describe(Func<Generators.Checking.Size, string> size) => "toy";
    }

    private sealed class ToyReference : PartReference<Toy>
    {
        protected override void Compute(Toy node, Frame frame) => frame.Set(node.Output, frame.Get(node.Inputs[0]));
    }
}
