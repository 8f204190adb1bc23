using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Checking;

namespace Dsl.Generators.Lowering;

/// <summary>One axis of a value. Batch and time have no size before the program runs.</summary>
internal sealed record Axis(string Name, Size? Size)
{
    private static readonly HashSet<string> RunTime = ["b", "t", "s"];

    public static bool IsRunTime(string name) => RunTime.Contains(name);

    public bool IsTime => Size is null && Name != "b";
}

/// <summary>A tensor of a graph.</summary>
internal sealed class Value(int id, string hint, IReadOnlyList<Axis> axes)
{
    public int Id { get; } = id;

    /// <summary>What a person would call it.</summary>
    public string Hint { get; set; } = hint;

    public IReadOnlyList<Axis> Axes { get; set; } = axes;

    /// <summary>The name that the declaration gives it.</summary>
    public string? Named { get; set; }

    public string? TimeAxis => Axes.FirstOrDefault(a => a.IsTime)?.Name;

    public Size? Last => Axes.Count == 0 ? null : Axes[Axes.Count - 1].Size;
}

/// <summary>An option whose value is C# code over <c>config</c> (and <c>layer</c>): a literal or a member.</summary>
internal sealed record Setting(string Code)
{
    public static readonly Setting True = new("true");
    public static readonly Setting False = new("false");

    public bool IsTrue => Code == "true";

    public bool IsFalse => Code == "false";
}

/// <summary>A function of host code or a scalar function, as generated code calls it.</summary>
internal sealed class FunctionUse(Reading.FunctionSpec spec, Scalar.ScalarFunction? resolved = null)
{
    public Reading.FunctionSpec Spec => spec;

    /// <summary>Its expression tree; null for host code and for what could not be read.</summary>
    public Scalar.ScalarFunction? Scalar { get; } = resolved ?? (spec.Scalar.Length == 0 ? null : Generators.Scalar.ScalarText.Read(spec.Scalar));

    /// <summary>Its own weights: the parameter's name, the key, the shape.</summary>
    public System.Collections.Generic.List<(string Name, string Key, System.Collections.Generic.IReadOnlyList<Size> Shape)> Weights { get; } = [];

    /// <summary>The axes of weights that the file stores as fewer, by the parameter's name.</summary>
    public System.Collections.Generic.Dictionary<string, System.Collections.Generic.IReadOnlyList<Size>> Views { get; } = new();
}
