using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Model;

namespace Dsl.Reference.Interpreting;

/// <summary>A weight of a user's function, with the axes that the function names.</summary>
internal static class FunctionWeight
{
    /// <summary>The weight with one axis for each name; the file may store several as one: <c>"(g r)"</c>. An axis of size one is called <c>1</c>.</summary>
    internal static (NumberArray Numbers, string[] Names) Of(FunctionUse use, string parameter, ParameterAttribute declared, Frame frame)
    {
        int[] shape = [.. use.Weights.Single(w => w.Name == parameter).Shape.Select(frame.SizeOf)];
        NumberArray stored = frame.Weight(declared.Key, shape);
        IReadOnlyList<string[]> groups = AxisText.Groups(declared.Axes);
        string[] names = [.. groups.SelectMany(g => g.Length == 0 ? ["1"] : g)];
        if (groups.All(g => g.Length <= 1))
        {
            return (stored, names);
        }

        var sizes = new Dictionary<string, int>(
            AxisText.Names(declared.Axes).Zip(use.Weights.Single(w => w.Name == parameter).View, (n, s) => KeyValuePair.Create(n, frame.SizeOf(s))));
        return (stored.Reshape([.. names.Select(n => n == "1" ? 1 : sizes[n])]), names);
    }
}
