using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Model;
using Dsl.Generators.Scalar;

namespace Dsl.Generators.Parts;

/// <summary>A pointwise function over a token's own axes: spans along some of them, results with axes that it says. <see cref="RecurrenceRule"/> checks
/// it.</summary>
internal sealed record AxisFunction(FunctionUse Function) : TokenOperation
{
    public override string Called => $"an axis of {Function.Spec.Name}";

    public override WayBack? WayBack => null;

    public override string Describe(Func<Size, string> spell) => $"pointwise [{Function.Scalar!.Axes}] {Function.Called}";

    public override Operation MapSizes(Func<Size, Size> map) => new AxisFunction(Function.MapSizes(map));

    public override void Build(Construction at) => ApplyPart.BuildWeights(at, Function);

    public override void Call(Calling at)
    {
        var values = new Queue<string>(at.Node.Inputs.Select((_, i) => at.In(i)));
        var weights = ApplyPart.Weights(at, Function);
        var arguments = Function.Scalar!.Parameters.Where(f => f.Role is ScalarRole.Value or ScalarRole.Parameter)
            .Select(f => f.Role == ScalarRole.Value ? values.Dequeue() : weights[f.Name]);
        at.Result($"Pointwise.Over<{at.Kernel(Function)}>({ApplyPart.Settings(Function)}, {string.Join(", ", arguments)})");
    }
}
