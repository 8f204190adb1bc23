using System.Linq;
using Dsl.Generators.Model;
using Dsl.Generators.Reading;

namespace Dsl.Generators.Checking;

/// <summary>Functions that say how new weights begin: of an element's place, or of the whole weight.</summary>
internal static class InitialFunctions
{
    public const string TensorType = "global::TorchSharp.torch.Tensor";

    /// <summary>What such a function may read, as diagnostics put it.</summary>
    public const string Expected =
        "double of int indices of the weight's last axes, int layer, double uniform or double normal, and the config; or void (Tensor weight, int layer, C c)";

    public static FunctionSpec? Of(Constant rule, DeclarationSpec spec) => rule.IsName ? spec.Functions.FirstOrDefault(f => f.Name == rule.Text) : null;

    public static bool Fits(FunctionSpec function, DeclarationSpec spec)
    {
        bool OneOf(FunctionParameter p, bool whole) => p.Type switch
        {
            TensorType => whole,
            "int" => !whole || p.Name == "layer",
            "double" => !whole && p.Name is "uniform" or "normal",
            _ => p.Type == spec.Config.Name,
        };

        var tensors = function.Parameters.Count(p => p.Type == TensorType);
        return function.Kind == FunctionKind.Host && function.Returns == (tensors > 0 ? "void" : "double") && tensors <= 1
            && function.Parameters.Count(p => p.Type == "double") <= 1 && function.Parameters.All(p => OneOf(p, tensors > 0));
    }

    /// <summary>Whether a rule of the header asks which layer a block is.</summary>
    public static bool ReadLayer(DeclarationSpec spec) =>
        spec.HeaderParts("Init").Any(init => Of(init[1], spec)?.Parameters.Any(p => p.Name == "layer") == true);
}
