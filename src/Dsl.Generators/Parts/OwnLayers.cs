using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Model;

namespace Dsl.Generators.Parts;

/// <summary>How a layer that the user wrote meets what it is given: its axes, and whether it has the methods that are called.</summary>
internal static class OwnLayers
{
    private const string Time = "t";

    /// <summary>The layer at this place; the axes of its result, and its inputs after the first. Null where it does not fit, which is reported.</summary>
    public static (BlockUse Block, IReadOnlyList<Axis> Axes, IReadOnlyList<Value> Inputs)? Instantiate(PartSpec part, OwnLayerSpec own, Value x, Elaborator at)
    {
        var name = Names.Simple(own.Name);
        var inputs = own.Inputs.Any(i => i.Name == "x") ? own.Inputs.ToList() : [new OwnInput("x", ""), .. own.Inputs];
        if (!part["Config"].IsNull)
        {
            at.Report(Problems.PartPlace, part.PlaceOf("Config"), "Config", "at a declared block");
            return null;
        }

        var sizes = new Dictionary<string, Size?>(StringComparer.Ordinal);
        foreach (var axis in own.Axes)
        {
            sizes[axis.Name] = at.SizeOf(axis.Size, part.Place);
        }

        // Sizes that the layer does not give are those of what it reads.
        Axis Formal(string axis) => Axis.IsRunTime(axis) || (sizes.TryGetValue(axis, out var known) && known is null) ? new Axis(axis, null)
            : Invariant.TryRead(axis, out long number) ? new Axis(axis, Size.Of(number))
            : new Axis(axis, sizes.TryGetValue(axis, out var size) ? size : sizes[axis] = at.Fresh());
        IReadOnlyList<Axis> Formals(string axes) => [.. axes.Split([' '], StringSplitOptions.RemoveEmptyEntries).Select(Formal)];
        var like = x.Axes.Select((a, i) => i == 1 && x.OrderedAxis is not null ? new Axis(Time, null) : a).ToList();
        var formals = new List<GraphInput>();
        foreach (var input in inputs)
        {
            var axes = input.Axes.Length == 0 ? like : Formals(input.Axes);
            var isIds = input.Axes.Length == 0 ? x.IsIds : axes.Count <= 2 && axes.All(a => a.Size is null);
            formals.Add(new GraphInput(input.Name, new Value(-1, input.Name, axes, isIds), null, Steps: formals.Count == 0, Optional: false, part.Place));
        }

        var passes = formals.Select(i => i.Output.PassAxis ?? "").ToEquatable();
        if (WhyUnfit(own, inputs, passes) is { } reason)
        {
            at.Report(Problems.OwnLayerUnfit, part.Place, name, reason);
            return null;
        }

        var renamed = new Dictionary<string, string>();
        if (Blocks.Inputs(part, own.Name, x, formals, size => size, renamed, at) is not { } given)
        {
            return null;
        }

        IReadOnlyList<Axis> result = own.Gives.Length > 0 ? Formals(own.Gives)
            : own.Width.IsNull ? formals[0].Output.Axes
            : at.SizeOf(own.Width, part.Place) is { } width ? Elaborator.WithLast(formals[0].Output, width)
            : formals[0].Output.Axes;
        if (result.FirstOrDefault(a => a.Size is null && !renamed.ContainsKey(a.Name)) is { } lost)
        {
            at.Report(Problems.OwnLayerUnfit, part.Place, name, $"gives '{own.Gives}', but none of its inputs is along '{lost.Name}': "
                + "what is padding there would not be known");
            return null;
        }

        var parameters = new[] { new BlockSize("width", x.Last ?? Size.Of(1)) }.ToEquatable();
        return (new BlockUse(own.Name, null, own, parameters) { OwnPasses = passes },
            [.. result.Select(a => a.Size is null ? new Axis(renamed[a.Name], null) : a)], given);
    }

    /// <summary>Why generated code could not build or call it, as the rest of a sentence; null where it can.</summary>
    private static string? WhyUnfit(OwnLayerSpec own, IReadOnlyList<OwnInput> inputs, IEnumerable<string> passes)
    {
        var name = Names.Simple(own.Name);
        if (inputs[0].Name != "x")
        {
            return $"names the input '{inputs[0].Name}' before 'x', which is its first argument";
        }

        if (own.ModelWord.Length > 0)
        {
            return $"says {own.ModelWord} of an input, which only a model's input has";
        }

        if (!own.IsBuilt)
        {
            var wanted = inputs.Count > 1 ? "IBuiltLayer" : "IOwnLayer";
            return $"does not implement {wanted}<{name}, {Names.Simple(own.Config)}>, whose public Create builds it";
        }

        var count = Math.Max(1, passes.Where(p => p.Length > 0).Distinct().Count());
        return Missing(own, inputs, passes, count, "Forward", "") ?? (own.Steps ? Missing(own, inputs, passes, count, "Advance", "IStatePart") : null);
    }

    private static string? Missing(OwnLayerSpec own, IReadOnlyList<OwnInput> inputs, IEnumerable<string> passes, int count, string method, string state)
    {
        var tensors = inputs.Select((input, i) => i == 0 ? "Tensor" : "Tensor " + Names.Camel(input.Name)).ToList();
        List<string> last = state.Length == 0 ? [] : [state];
        if (own.Methods.Contains($"{method}({string.Join(", ", tensors.Concat(Enumerable.Repeat("Pass", count)).Concat(last))})"))
        {
            return null;
        }

        var along = passes.Where(p => p.Length > 0).Distinct().DefaultIfEmpty(Time).Select((axis, i) => i == 0 ? "Pass pass" : $"Pass {axis}Pass");
        var wanted = tensors.Select((t, i) => i == 0 ? "Tensor x" : t).Concat(along).Concat(last.Select(s => s + " state"));
        return $"has no public method 'Tensor {method}({string.Join(", ", wanted)})', which its inputs ask for";
    }
}
