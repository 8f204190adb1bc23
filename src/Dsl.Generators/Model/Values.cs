using System.Collections.Generic;
using System.Linq;

namespace Dsl.Generators.Model;

/// <summary>One axis of a value. Batch and time have no size before the program runs.</summary>
internal sealed record Axis(string Name, Size? Size)
{
    private static readonly HashSet<string> RunTime = ["b", "t", "s"];

    public static bool IsRunTime(string name) => RunTime.Contains(name);

    public bool IsTime => Size is null && Name != "b";
}

/// <summary>A tensor of a graph. It gets its name and its sizes while shapes are checked, and keeps them.</summary>
/// <param name="id">Tells it from the declaration's other values.</param>
/// <param name="hint">What a person would call it.</param>
/// <param name="axes">Its axes.</param>
/// <param name="isIds">Whether it holds ids (int64), with which nothing is computed.</param>
internal sealed class Value(int id, string hint, IReadOnlyList<Axis> axes, bool isIds = false)
{
    public int Id { get; } = id;

    /// <summary>Whether it holds ids (int64): they are looked up, compared and moved, and nothing is computed with them.</summary>
    public bool IsIds { get; } = isIds;

    /// <summary>What a person would call it.</summary>
    public string Hint { get; private set; } = hint;

    public IReadOnlyList<Axis> Axes { get; private set; } = axes;

    /// <summary>The name that the declaration gives it.</summary>
    public string? Named { get; private set; }

    /// <summary>A second name, or a better hint for a value that has none, changes nothing.</summary>
    public void Name(string name, string hint) => (Named, Hint) = Named is null ? (name, hint) : (Named, Hint);

    public void Suggest(string hint) => Hint = Named is null ? hint : Hint;

    /// <summary>Puts in what has become known of its sizes.</summary>
    public void Close(System.Func<Size, Size> resolve) => Axes = Axes.Select(a => a.Size is null ? a : a with { Size = resolve(a.Size) }).ToList();

    public string? TimeAxis => Axes.FirstOrDefault(a => a.IsTime)?.Name;

    /// <summary>The time axis that it has a pass along: right after the batch, or the only one (rows and columns of an image have none).</summary>
    public string? PassAxis => OrderedAxis ?? (Axes.Count(a => a.IsTime) == 1 ? TimeAxis : null);

    /// <summary>The axis right after the batch, where it is a time axis.</summary>
    public string? OrderedAxis => Axes.Count > 1 && Axes[0] is { Size: null, Name: "b" } && Axes[1].IsTime ? Axes[1].Name : null;

    public Size? Last => Axes.Count == 0 ? null : Axes[Axes.Count - 1].Size;
}
