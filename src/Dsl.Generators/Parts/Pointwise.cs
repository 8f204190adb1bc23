using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Model;
using Dsl.Generators.Scalar;

namespace Dsl.Generators.Parts;

/// <summary>How a pointwise function meets what flows: all values have one shape.</summary>
internal static class PointwiseRule
{
    public static void Check(PartSpec part, Elaborator at, FunctionUse function)
    {
        var inputs = at.Current;
        // A weight has one number for each channel, or for other sized axes beside them.
        if (inputs[0].Last is null && function.Scalar!.Of(ScalarRole.Parameter).Any())
        {
            at.Report(Problems.AxesWrong, part.Place, "the value", at.Shape(inputs[0]), "a value with channels: [b, t, d]");
            return;
        }

        for (var i = 1; i < inputs.Count; i++)
        {
            if (!at.Same(inputs[i], inputs[0], part.Place, Problems.SizesDiffer, $"value {i + 1} of {function.Spec.Name}", "its first"))
            {
                return;
            }
        }

        var weights = new List<FunctionWeight>();
        foreach (var weight in function.Scalar!.Of(ScalarRole.Parameter))
        {
            at.Key(part, weight.Key);
            var axes = ApplyPart.AxisNames(weight.Axes);
            if (View(axes, inputs[0]) is not { } view)
            {
                at.Report(Problems.AxesWrong, part.Place.At(0), $"'{weight.Name}' of {function.Spec.Name}", $"[{weight.Axes}]",
                    $"axes in the order of the value's: {at.Shape(inputs[0])}");
                return;
            }

            weights.Add(new FunctionWeight(weight.Name, weight.Key, axes.Select(a => SizeOf(a, inputs[0], at)).ToEquatable(), view.ToEquatable()));
        }

        var pointwise = new Pointwise(function with { Weights = weights.ToEquatable() });
        at.Current = [at.Add(part, pointwise, inputs, Names.Camel(function.Spec.Name), inputs[0].Axes)];
    }

    /// <summary>
    /// How a weight meets the value: with an axis of size one for each of the value's that it lacks between its first and the last. Empty where it is the
    /// value's last axes as it is; null where its axes stand in another order.
    /// </summary>
    private static IReadOnlyList<Size>? View(IReadOnlyList<string> axes, Value value)
    {
        var places = axes.Select(a => a == "d" && value.Axes.All(x => x.Name != a)
            ? value.Axes.Count - 1
            : value.Axes.ToList().FindIndex(x => x.Name == a && x.Size is not null)).ToList();
        if (places.Contains(-1) || places.Count == 0)
        {
            return [];
        }

        if (places.Zip(places.Skip(1), (a, b) => b > a).Contains(false))
        {
            return null;
        }

        var view = Enumerable.Range(places[0], value.Axes.Count - places[0]).Select(i => places.Contains(i) ? value.Axes[i].Size! : Size.Of(1)).ToList();
        return view.Count == places.Count ? [] : view;
    }

    /// <summary>The size of a weight's axis: the value's axis of that name, its channels, or an axis of the declaration.</summary>
    private static Size SizeOf(string axis, Value value, Elaborator at) =>
        Invariant.TryRead(axis, out long n)
            ? Size.Of(n)
            : value.Axes.FirstOrDefault(x => x.Name == axis && x.Size is not null)?.Size ?? (axis == "d" ? value.Last : null) ?? at.AxisSize(axis);
}

/// <summary>A scalar function over whole tensors.</summary>
internal sealed record Pointwise(FunctionUse Function) : TokenOperation, IForEach
{
    public string? WhyNotForEach(string axis) =>
        Function.Scalar!.Of(ScalarRole.Parameter).FirstOrDefault(p => ApplyPart.AxisNames(p.Axes).Contains(axis)) is { } own
            ? $"'{own.Name}' of {Function.Spec.Name} has numbers for each of '{axis}': a linear map may have, no other weight"
            : null;

    public override string Called => $"a weight of {Function.Spec.Name}";

    public override WayBack? WayBack => (at, input, gradient) =>
        $"{gradient} * {at.SlopeMethod(Function, Function.Scalar!.Of(ScalarRole.Value).ElementAt(input).Name)}({Arguments(at)})";

    public override string Describe(Func<Size, string> spell) => "pointwise " + Function.Called;

    public override Operation MapSizes(Func<Size, Size> map) => new Pointwise(Function.MapSizes(map));

    public override void Build(Construction at) => ApplyPart.BuildWeights(at, Function);

    public override void Call(Calling at) => at.Result($"{at.PointwiseMethod(Function)}({Arguments(at)})");

    /// <summary>Values and weights in the function's order.</summary>
    private string Arguments(Calling at)
    {
        var values = new Queue<string>(at.Node.Inputs.Select((_, i) => at.In(i)));
        var weights = ApplyPart.Weights(at, Function);
        return string.Join(", ", Function.Scalar!.Parameters.Where(f => f.Role is ScalarRole.Value or ScalarRole.Parameter)
            .Select(f => f.Role == ScalarRole.Value ? values.Dequeue() : weights[f.Name]));
    }
}
