using System;
using System.Linq;
using Dsl.Generators.Scalar;

namespace Dsl.Generators.Model;

/// <summary>A weight of a scalar function's own.</summary>
/// <param name="Name">The parameter's name.</param>
/// <param name="Key">Its checkpoint key.</param>
/// <param name="Shape">As the file stores it.</param>
/// <param name="View">As the function reads it, where the file stores fewer axes; else empty.</param>
internal sealed record FunctionWeight(string Name, string Key, EquatableArray<Size> Shape, EquatableArray<Size> View = default);

/// <summary>A function of host code or a scalar function, as a node calls it.</summary>
/// <param name="Spec">Its signature.</param>
/// <param name="Scalar">Its expression tree; null for host code and for what could not be read.</param>
/// <param name="Weights">Its own weights.</param>
internal sealed record FunctionUse(FunctionSpec Spec, ScalarFunction? Scalar, EquatableArray<FunctionWeight> Weights = default)
{
    public static FunctionUse Of(FunctionSpec spec) => new(spec, spec.Scalar.Length == 0 ? null : ScalarText.Read(spec.Scalar));

    /// <summary>Whether it asks which layer it is called in.</summary>
    public bool ReadsLayer => Spec.Parameters.Any(p => p.Name == "layer");

    public string Called => Spec.Owner + "." + Spec.Name;

    /// <summary>
    /// What no other rule of a model is equal to, as C#: the function's full name, with the layer and the config where they decide what it says. Two blocks
    /// may call different functions alike, and one block may be built with two configs.
    /// </summary>
    public string Identity(bool readsConfig)
    {
        var name = Called.Replace("global::", "");
        var rule = ReadsLayer ? $"$\"{name} {{layer}}\"" : Constant.OfText(name).ToSource();
        return readsConfig ? $"({rule}, config)" : rule;
    }

    public FunctionUse MapSizes(Func<Size, Size> map) => this with
    {
        Weights = Weights.Select(w => w with { Shape = w.Shape.Select(map).ToEquatable(), View = w.View.Select(map).ToEquatable() }).ToEquatable(),
    };

    /// <summary>The number of values that flow into it.</summary>
    public int Values => Scalar?.Of(ScalarRole.Value).Count() ?? 0;
}
