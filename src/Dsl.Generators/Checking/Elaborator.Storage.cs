using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Model;
using Dsl.Generators.Reading;

namespace Dsl.Generators.Checking;

/// <summary>How weights are stored: axis strings against the axes of the value.</summary>
internal sealed partial class Elaborator
{
    private readonly Dictionary<string, IReadOnlyList<Size>> shapes = new(System.StringComparer.Ordinal);

    /// <summary>
    /// Names a weight with its axes in the order of the file. One that another place has (<c>Shared = true</c>) has the sizes that it has there; reports where
    /// it cannot.
    /// </summary>
    public void Key(PartSpec part, string key, bool shared, IReadOnlyList<Size> shape)
    {
        Key(part, key, shared);
        Shape(part, key, shared, shape);
    }

    /// <summary>The sizes of what is at a key: what another place has is the same there, be it a weight or a block with the sizes that it is given.</summary>
    public void Shape(PartSpec part, string key, bool shared, IReadOnlyList<Size> shape)
    {
        if (!shapes.TryGetValue(key, out var first))
        {
            shapes[key] = shape;
        }
        else if (shared && first.Count != shape.Count)
        {
            Report(Problems.SizesDiffer, part.PlaceOf("Shared"), $"the axes of '{key}' here", Invariant.Text(shape.Count), "those of its first place",
                Invariant.Text(first.Count));
        }
        else if (shared)
        {
            // The first that differs is told.
            _ = shape.Zip(first, (here, there) => (here, there))
                .All(s => Fits(s.here, s.there, part.PlaceOf("Shared"), Problems.SizesDiffer, $"'{key}' here", "its first place"));
        }
    }

    /// <summary>Whether a part says that its weight is another place's; reports where it has none to share, or one that must be its own.</summary>
    public bool IsShared(PartSpec part, bool hasKey, bool isFast = false)
    {
        if (part["Shared"].Text != "true")
        {
            return false;
        }

        if (!hasKey || isFast)
        {
            Report(Problems.PartPlace, part.PlaceOf("Shared"), "Shared", hasKey ? "at a weight that is not Fast"
                : "where there is a key, which names the weight");
        }

        return true;
    }

    /// <summary>
    /// The axes of a value before its channels that have maps of their own, as the stored axes of weight and bias say; null where these are wrong.
    /// </summary>
    public IReadOnlyList<NamedSize>? Maps(PartSpec part, Value x, Storage storage)
    {
        if (ReadStored(part, "Stored", storage.WeightAxes ?? "out in") is not { } weight
            || ReadStored(part, "BiasStored", storage.BiasAxes ?? "out") is not { } bias)
        {
            return null;
        }

        if (new[] { "in", "out" }.FirstOrDefault(n => !weight.Names.Contains(n)) is { } missing)
        {
            return WrongStored(part, "Stored", storage.WeightAxes ?? "out in", $"a linear map's weight has an axis '{missing}'");
        }

        var names = weight.Names.Where(n => n is not ("in" or "out")).ToList();
        if (OwnAxes(part, "Stored", storage.WeightAxes ?? "", names, x) is not { } groups)
        {
            return null;
        }

        var wanted = groups.Select(g => g.Name).Append("out").ToList();
        if (storage.BiasAxes is not null && !bias.Names.SequenceEqual(wanted))
        {
            return WrongStored(part, "BiasStored", storage.BiasAxes, $"expected are the axes {string.Join(" ", wanted)}, in this order, perhaps with axes 1");
        }

        return groups;
    }

    /// <summary>
    /// The last axes of a value that a norm's weight has elements for; none where that is the normalised one alone; null where they are wrong.
    /// </summary>
    public IReadOnlyList<NamedSize>? Spanned(PartSpec part, Value x)
    {
        if (part.Text("Stored") is not { } text)
        {
            return [];
        }

        if (ReadStored(part, "Stored", text) is not { } stored)
        {
            return null;
        }

        var names = stored.Names;
        if (names.Count == 0)
        {
            return WrongStored(part, "Stored", text, "a norm's weight has at least the normalised axis");
        }

        if (OwnAxes(part, "Stored", text, names.Take(names.Count - 1).ToList(), x) is not { } before)
        {
            return null;
        }

        if (!before.Select(b => b.Name).SequenceEqual(names.Take(names.Count - 1)))
        {
            var order = string.Join(" ", before.Select(b => b.Name));
            return WrongStored(part, "Stored", text, $"expected are the axes in the value's order: {order} and the normalised one");
        }

        return names.Count == 1 && stored.Groups.Count == 1 ? [] : [.. before, new NamedSize(names[names.Count - 1], x.Last!)];
    }

    /// <summary>The value's axes of those names, which must be the ones right before its last, in the value's order.</summary>
    private IReadOnlyList<NamedSize>? OwnAxes(PartSpec part, string option, string text, IReadOnlyList<string> names, Value x)
    {
        var before = x.Axes.Take(x.Axes.Count - 1).Skip(System.Math.Max(0, x.Axes.Count - 1 - names.Count)).ToList();
        if (names.FirstOrDefault(n => before.All(a => a.Name != n || a.Size is null)) is { } stranger)
        {
            var axes = string.Join(" ", x.Axes.Select(a => a.Name));
            WrongStored(part, option, text, $"'{stranger}' is none of the axes right before the value's channels: the value is [{axes}]");
            return null;
        }

        return before.Select(a => new NamedSize(a.Name, a.Size!)).ToList();
    }

    private StoredAxes? ReadStored(PartSpec part, string option, string text)
    {
        if (StoredAxes.Parse(text, out var problem) is { } stored)
        {
            return stored;
        }

        WrongStored(part, option, text, problem);
        return null;
    }

    private IReadOnlyList<NamedSize>? WrongStored(PartSpec part, string option, string text, string problem)
    {
        Report(Problems.PatternWrong, part.PlaceOf(option), text, problem);
        return null;
    }
}
