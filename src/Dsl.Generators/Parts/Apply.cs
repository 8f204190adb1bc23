using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Model;
using Dsl.Generators.Scalar;

namespace Dsl.Generators.Parts;

/// <summary><c>Apply(nameof(F))</c>: a function of the user's over what flows. What it becomes, its kind decides.</summary>
internal sealed class ApplyPart : Part
{
    public override IReadOnlyList<Word> Words { get; } = [new("Apply", false, "Transfer", "Lengthen")];

    public override void Check(PartSpec part, Elaborator at)
    {
        if (at.Current.Count == 0
            || at.FunctionOf(part[0], part.Place.At(0), FunctionKind.Pointwise, FunctionKind.Recurrence,
                FunctionKind.Transfer) is not { Scalar: { } scalar } function)
        {
            at.Current = [];
            return;
        }

        if (function.Spec.Kind == FunctionKind.Transfer)
        {
            at.Report(Problems.TransferAlone, part.Place.At(0), function.Spec.Name);
            return;
        }

        if (function.Values != at.Current.Count)
        {
            at.Report(
                Problems.FunctionSignature,
                part.Place.At(0),
                function.Spec.Name,
                $"{function.Values} values",
                $"{at.Current.Count}, as many as flow into it");
            return;
        }

        if (function.Spec.Kind == FunctionKind.Pointwise && part.Text("Transfer") is { } kernel)
        {
            at.Report(Problems.TransferUnfit, part.PlaceOf("Transfer"), kernel, function.Spec.Name, "that is no [Recurrence] function");
            return;
        }

        if (at.Current.FirstOrDefault(v => v.IsIds) is { } ids)
        {
            at.AreNumbers(ids, part.Place, $"a value of {function.Spec.Name}");
            at.Current = [];
            return;
        }

        at.ReadLayer(scalar.Parameters.Any(p => p.Name == "layer"));
        if (!scalar.IsElementwise)
        {
            RecurrenceRule.Check(part, at, function);
        }
        else
        {
            PointwiseRule.Check(part, at, function);
        }
    }

    /// <summary>The names in an axis string, those in brackets too.</summary>
    public static string[] AxisNames(string axes) => axes.Split([' ', '[', ']'], StringSplitOptions.RemoveEmptyEntries);

    /// <summary>What a kernel reads of the config, as a list.</summary>
    public static string Settings(FunctionUse function) => $"[{string.Join(", ", KernelEmitter.Settings(function.Scalar!))}]";

    /// <summary>A function's own weights with the axes that it reads, by name; writes a view of those that are stored otherwise.</summary>
    public static Dictionary<string, string> Weights(Calling at, FunctionUse function)
    {
        var weights = function.Weights.ToDictionary(w => w.Name, w => at.Field(w.Name).ToCode() + ".Value");
        foreach (var viewed in function.Weights.Where(w => w.View.Count > 0))
        {
            var view = at.Local(viewed.Name + "Axes");
            at.Line($"using var {view} = {weights[viewed.Name]}.view({string.Join(", ", viewed.View.Select(at.Code))});");
            weights[viewed.Name] = view;
        }

        return weights;
    }

    /// <summary>Writes the fields of a function's own weights.</summary>
    public static void BuildWeights(Construction at, FunctionUse function)
    {
        foreach (var weight in function.Weights)
        {
            at.Field("Weight", weight.Key.Length == 0 ? weight.Name : weight.Key,
                $"weights.Tensor({at.Key(weight.Key)}, {Writing.List(weight.Shape, at.Code)})",
                weight.Name);
        }
    }
}
