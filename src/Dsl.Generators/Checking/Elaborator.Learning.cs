using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Lowering;
using Dsl.Generators.Reading;
using ScalarRole = Dsl.Generators.Scalar.ScalarRole;

namespace Dsl.Generators.Checking;

/// <summary>Blocks that are trained within the sequence.</summary>
internal sealed partial class Elaborator
{
    private void LearnPart(PartSpec part, Scope scope)
    {
        if (scope.Current.Count == 0)
        {
            return;
        }

        if (scope.Current.Count != 2 || part["Loss"].IsNull)
        {
            Report(Problems.LearnIncomplete, part.Place, scope.Current.Count != 2 ? $"{scope.Current.Count} values flow into it" : "it names no loss");
            return;
        }

        var (x, target) = (scope.Current[0], scope.Current[1]);
        if (!Picks(part, out var by) || LossOf(part) is not { } loss
            || !Optional(part, "Read", scope, out var read) || !Optional(part, "Rate", scope, out var rate))
        {
            return;
        }

        read ??= x;
        if (!Same(read, x, part.PlaceOf("Read"), Problems.SizesDiffer, $"'{part.Text("Read")}'", "what is learnt from"))
        {
            return;
        }

        var blocks = new List<BlockUse>();
        IReadOnlyList<Axis>? result = null;
        foreach (var type in part.Types)
        {
            var (block, axes, inputs) = Instantiate(part, type, x, scope);
            if (block is null || axes is null || !IsLearner(part, type, block, inputs))
            {
                scope.Current = [];
                return;
            }

            blocks.Add(block);
            result ??= axes;
            Same(target, new Value(-1, "", axes), part.Place, Problems.SizesDiffer, "the target", $"what {Names.Simple(type)} gives");
        }

        if (rate is not null && !IsRateOf(part, rate, x))
        {
            return;
        }

        var every = SizeOf(part["Every"], part.PlaceOf("Every")) ?? Size.Of(1);
        FunctionUse? rowRate = null;
        if (!part["RowRate"].IsNull)
        {
            rowRate = RowRateOf(part, every);
            if (rowRate is null)
            {
                return;
            }
        }

        var key = part.Text(0) ?? "";
        Key(part, key, false);
        var node = new LearnNode(blocks, key, by, loss, rowRate, every) { Place = part.Place };
        node.Inputs.AddRange([x, target, read]);
        if (rate is not null)
        {
            node.Inputs.Add(rate);
        }

        scope.Current = [Add(node, "learnt", result!)];
    }

    /// <summary>The value that an option names, if it names one; false where no value has that name.</summary>
    private bool Optional(PartSpec part, string option, Scope scope, out Value? value)
    {
        value = part.Text(option) is { } name ? Named(scope, name, part.PlaceOf(option)) : null;
        return value is not null || part.Text(option) is null;
    }

    private FunctionUse? LossOf(PartSpec part)
    {
        var place = part.PlaceOf("Loss");
        if (FunctionOf(part["Loss"], place, FunctionKind.Pointwise) is not { Scalar: { } scalar } loss)
        {
            return null;
        }

        var values = scalar.Of(ScalarRole.Value).ToList();
        if (values.Count != 2 || scalar.Parameters.Any(p => p.Role is not (ScalarRole.Value or ScalarRole.Config)) || scalar.Result != Scalar.ScalarKind.Double)
        {
            Report(Problems.FunctionSignature, place, loss.Spec.Name, Signature(loss), "double (double output, double target), perhaps with the config");
            return null;
        }

        if (Scalar.KernelEmitter.WhyNot(scalar) is { } reason)
        {
            Report(Problems.ScalarForm, place, reason, "");
            return null;
        }

        return loss;
    }

    private FunctionUse? RowRateOf(PartSpec part, Size every)
    {
        var place = part.PlaceOf("RowRate");
        if (FunctionOf(part["RowRate"], place, FunctionKind.Pointwise) is not { Scalar: { } scalar } rate)
        {
            return null;
        }

        var places = scalar.Of(ScalarRole.Index).Where(p => p.Name != "layer").ToList();
        if (scalar.Of(ScalarRole.Value).Any() || places.Count != 1 || places[0].Name != "place" || scalar.Result != Scalar.ScalarKind.Double
            || scalar.Of(ScalarRole.Parameter).Any(p => AxisNames(p.Axes).Length > 1))
        {
            Report(
                Problems.FunctionSignature, place, rate.Spec.Name, Signature(rate), "double (int place, [Parameter(key, \"m\")] "
                    + "ReadOnlySpan<double> weight), perhaps with the config");
            return null;
        }

        foreach (var weight in scalar.Of(ScalarRole.Parameter))
        {
            // What is read at the place has an element for each.
            var shape = AxisNames(weight.Axes).Select(a => long.TryParse(a, out var n) ? Size.Of(n) : AxisSize(a)).ToList();
            if (weight.Span && shape.Count == 1)
            {
                Fits(shape[0], every, place, Problems.SizesDiffer, $"the axis of '{weight.Name}'", "the length of a mini-batch");
            }

            Key(part, weight.Key, false);
            rate.Weights.Add((weight.Name, weight.Key, shape));
        }

        graph.ReadsLayer |= scalar.Parameters.Any(p => p.Name == "layer");
        return rate;
    }

    private static string Signature(FunctionUse use) =>
        $"{use.Spec.Returns} ({string.Join(", ", use.Spec.Parameters.Select(p => Names.Simple(p.Type) + " " + p.Name))})";

    private bool IsLearner(PartSpec part, string type, BlockUse block, IReadOnlyList<Value> inputs)
    {
        var form = block.Graph is { } graph ? new LearnerForm(graph) : null;
        if (form is null || form.FastMaps.Count == 0)
        {
            Report(Problems.LearnsNothing, part.Place, Names.Simple(type));
            return false;
        }

        if (form.WhyNot is { } reason || inputs.Count > 0)
        {
            Report(Problems.NotLearnable, part.Place, Names.Simple(type), form.WhyNot ?? "it reads more than one value");
            return false;
        }

        return true;
    }

    /// <summary>[b, t] and the axes of x before its channels, or one of size one.</summary>
    private bool IsRateOf(PartSpec part, Value rate, Value x)
    {
        var place = part.PlaceOf("Rate");
        if (rate.Axes.Count == x.Axes.Count - 1 && rate.Axes.Count > 2)
        {
            var wanted = new Value(-1, "", x.Axes.Take(x.Axes.Count - 1).ToList());
            return Same(rate, wanted, place, Problems.SizesDiffer, $"'{part.Text("Rate")}'", "the axes of what is learnt from");
        }

        if (rate.Axes.Count == 3 && rate.Axes[0].Size is null && rate.Axes[1].Size is null)
        {
            return Fits(rate.Last!, Size.Of(1), place, Problems.SizesDiffer, $"'{part.Text("Rate")}'", "one rate for each token");
        }

        Report(Problems.AxesWrong, place, $"'{part.Text("Rate")}'", Shape(rate), $"{Shape(x)} without its channels, or [b, t, 1]");
        return false;
    }
}
