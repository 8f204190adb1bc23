using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Model;
using Dsl.Generators.Reading;

namespace Dsl.Generators.Emitting;

/// <summary>The lines of a constructor that say how new weights begin, from the <c>Init</c> parts of a block's or a model's header.</summary>
internal static class InitialValues
{
    public static IEnumerable<string> Of(DeclarationSpec spec)
    {
        foreach (var init in spec.HeaderParts("Init"))
        {
            if (init.Text(0) is { } keys && Rule(init[1], spec) is { } rule)
            {
                yield return $"weights.Initialize({Constant.OfText(keys).ToSource()}, {rule});";
            }
        }
    }

    private static string? Rule(Constant rule, DeclarationSpec spec)
    {
        if (rule.Kind is ConstantKind.Integer or ConstantKind.Number)
        {
            return rule.Text is "0" or "0.0" ? "Initializer.Zeros" : $"Initializer.Normal({rule.ToSource()})";
        }

        if (spec.Config.Member(rule.Text) is { } member)
        {
            return $"Initializer.Normal(config.{member.Name})";
        }

        if (InitialFunctions.Of(rule, spec) is not { } function)
        {
            return null;
        }

        // Whole numbers are the indices of the weight's last axes, in order.
        var places = function.Parameters.Count(p => p.Type == "int" && p.Name != "layer");
        var arguments = string.Join(", ", function.Parameters.Select(p => p.Type switch
        {
            InitialFunctions.TensorType => "weight",
            "double" => p.Name,
            "int" when p.Name == "layer" => "layer",
            "int" => $"(int)place[^{places--}]",
            _ => "config",
        }));
        var call = $"{(function.Owner == spec.Name ? "" : function.Owner + ".")}{function.Name}({arguments})";
        var name = Constant.OfText(function.Name).ToSource();
        var draw = function.Parameters.FirstOrDefault(p => p.Type == "double")?.Name;
        var made = function.Parameters.Any(p => p.Type == InitialFunctions.TensorType) ? $"Initializer.From({name}, weight => {call})"
            : draw is null ? $"Initializer.Of({name}, place => {call})"
            : $"Initializer.Of({name}, Initializer.{(draw == "normal" ? "Normal(1)" : "Uniform(0, 1)")}, (place, {draw}) => {call})";
        return spec.IsModel && function.Parameters.Any(p => p.Name == "layer") ? "layer => " + made : made;
    }
}
