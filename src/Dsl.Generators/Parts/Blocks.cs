using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Model;

namespace Dsl.Generators.Parts;

/// <summary>What parts that use declared blocks have alike: which block it is, and how its sizes and inputs meet those here.</summary>
internal static class Blocks
{
    /// <summary>The config member that picks one of several blocks; false where there must be one and is none.</summary>
    public static bool Picks(PartSpec part, Elaborator at, out BlockChoice? by)
    {
        by = null;
        if (part.Types.Count < 2)
        {
            return true;
        }

        if (part.Text("By") is null)
        {
            at.Report(Problems.ChoiceWithoutBy, part.Place, string.Join(" and ", part.Types.Select(Names.Simple)));
            return false;
        }

        if (at.MemberOf(part["By"], part.PlaceOf("By")) is not { } member)
        {
            return false;
        }

        if (member.Kind != MemberKind.Type)
        {
            at.Report(Problems.MemberKindWrong, part.PlaceOf("By"), member.Name, Names.Simple(member.Type), "a Type: it picks a block");
            return false;
        }

        at.HandLayer(member.OfLayer && part.Name != "Repeat");
        by = new BlockChoice(member.Name, member.OfLayer);
        return true;
    }

    /// <summary>A block at this place, its sizes unified with what it is given; and its result's axes and its inputs after the first.</summary>
    public static (BlockUse Block, IReadOnlyList<Axis> Axes, IReadOnlyList<Value> Inputs, IReadOnlyList<BlockOutput> Outputs)? Instantiate(
        PartSpec part, string type, Value x, Elaborator at)
    {
        if (at.Declaration(type) is not { } declared)
        {
            return OwnLayer(part, type, x, at);
        }

        if (declared.IsModel)
        {
            at.Report(Problems.BlockUnknown, part.Place, Names.Simple(type) + " (a model)");
            return null;
        }

        if (ConfigOf(part, at) is not var (member, given, ancestors))
        {
            return null;
        }

        if (declared.Config.Name != given && !ancestors.Contains(declared.Config.Name))
        {
            at.Report(Problems.BlockConfig, part.Place, Names.Simple(type), Names.Simple(declared.Config.Name), Names.Simple(given));
            return null;
        }

        var inner = at.GraphOf(declared);
        if (inner.Result is null || inner.Inputs.Count == 0)
        {
            return null;
        }

        if (inner.Outputs.Count > 0 && (part.Name != "Use" || part.Types.Count > 1))
        {
            at.Report(Problems.PartPlace, part.Place, Names.Simple(type), $"in a Use alone: its output '{inner.Outputs[0].Name}' is a value where it is used");
            return null;
        }

        // Sizes that the block leaves to its user become unknowns here.
        var open = new Dictionary<string, Size>();
        Size Outer(Size size) => size switch
        {
            Size.Member { Name: var n } when n[0] == '@' => open.TryGetValue(n, out var known) ? known : open[n] = at.Fresh(),
            Size.Member m when member.Length > 0 => Size.Of(member + "." + m.Name),
            Size.Binary b => b with { Left = Outer(b.Left), Right = Outer(b.Right) },
            Size.Unknown => at.Fresh(),
            var s => s,
        };

        var renamed = new Dictionary<string, string>();
        if (Inputs(part, type, x, inner.Inputs, Outer, renamed, at, inner.Outputs.Select(o => o.Name)) is not { } inputs)
        {
            return null;
        }

        IReadOnlyList<Axis> Here(IReadOnlyList<Axis> axes) =>
            [.. axes.Select(a => new Axis(a.Size is null && renamed.TryGetValue(a.Name, out var n) ? n : a.Name, a.Size is null ? null : Outer(a.Size)))];
        foreach (var (name, axes) in inner.Collections)
        {
            at.Collections.Add((name, Here(axes)));
        }

        foreach (var table in inner.Embeddings)
        {
            var prefix = part.Text(0) ?? "";
            at.Embeddings[prefix.Length == 0 ? table.Key : prefix + "." + table.Key] = (Outer(table.Value.Rows), Outer(table.Value.Width));
        }

        at.Nest(Prefix(part), inner.Keys);
        at.NestMaps(Prefix(part), inner.Maps);
        var parameters = inner.Parameters.Select(p => new BlockSize(p, Outer(Size.Of("@" + p)))).ToEquatable();
        var known = inputs.Prepend(x).SelectMany(v => v.Axes).Where(a => a.Size is null).Select(a => a.Name).ToList();
        var bound = part.Bindings();
        var outputs = new List<BlockOutput>();
        foreach (var (name, value) in inner.Outputs)
        {
            var axes = Here(value.Axes);
            if (axes.FirstOrDefault(a => a.Size is null && !known.Contains(a.Name)) is { } made)
            {
                at.Report(Problems.AxesWrong, part.Place, $"the output '{name}' of {Names.Simple(type)}", $"along '{made.Name}', which it makes",
                    "an output along an axis that the block is given");
                return null;
            }

            outputs.Add(new BlockOutput(bound.TryGetValue(name, out var here) ? here : name, axes, value.IsIds));
        }

        return (new BlockUse(type, inner, null, parameters) { Config = member }, Here(inner.Result.Axes), inputs, outputs);
    }

    /// <summary>The config that a block is built with: the member that has it (empty: this declaration's own), its type, and what that extends.</summary>
    private static (string Member, string Type, EquatableArray<string> Ancestors)? ConfigOf(PartSpec part, Elaborator at)
    {
        if (part["Config"].IsNull)
        {
            return ("", at.Spec.Config.Name, at.Spec.Config.Ancestors);
        }

        if (at.MemberOf(part["Config"], part.PlaceOf("Config")) is not { } member)
        {
            return null;
        }

        if (member.Kind != MemberKind.Config || member.Nullable || member.OfLayer)
        {
            at.Report(Problems.MemberKindWrong, part.PlaceOf("Config"), member.Name, Names.Simple(member.Type), "a config that blocks are built with");
            return null;
        }

        return (member.Name, member.Type, member.Extends);
    }

    /// <summary>
    /// The axes of what a use gives, time axes that the block makes itself under names that nothing else has here; null where what is padding along them is
    /// not known outside of the block.
    /// </summary>
    public static IReadOnlyList<Axis>? Opened(
        PartSpec part, IReadOnlyList<BlockUse> blocks, IReadOnlyList<Axis> result, Value x, IReadOnlyList<Value> inputs, Elaborator at)
    {
        var known = inputs.Prepend(x).SelectMany(v => v.Axes).Where(a => a.Size is null).Select(a => a.Name).ToList();
        var axes = new List<Axis>();
        foreach (var axis in result)
        {
            if (axis.Size is not null || known.Contains(axis.Name))
            {
                axes.Add(axis);
                continue;
            }

            if (blocks.Any(b => b.Graph?.Padded.Contains(axis.Name) == true))
            {
                at.Report(Problems.AxesWrong, part.Place, Names.Simple(part.Types[0]), $"along '{axis.Name}', which it makes of what may be padded",
                    "a result along an axis that it is given: only a model can make this one");
                return null;
            }

            var name = at.FreshAxis(axis.Name);
            if (!at.OpensAxis(part, name, part.Place, isPadded: false))
            {
                return null;
            }

            axes.Add(new Axis(name, null));
        }

        return axes;
    }

    /// <summary>The key that a block's own stand below; layers have their number after it.</summary>
    private static string Prefix(PartSpec part) =>
        part.Text(0) is { Length: > 0 } key ? part.Name == "Repeat" && !key.Contains('{') ? key + ".{layer}" : key : "";

    /// <summary>A layer that the user wrote.</summary>
    private static (BlockUse, IReadOnlyList<Axis>, IReadOnlyList<Value>, IReadOnlyList<BlockOutput>)? OwnLayer(
        PartSpec part, string type, Value x, Elaborator at)
    {
        if (at.Closed.Own.FirstOrDefault(o => o.Name == type) is not { Config.Length: > 0 } own)
        {
            at.Report(Problems.BlockUnknown, part.Place, Names.Simple(type));
            return null;
        }

        if (!at.IsConfig(own.Config))
        {
            at.Report(Problems.BlockConfig, part.Place, Names.Simple(type), Names.Simple(own.Config), at.Spec.Config.SimpleName);
            return null;
        }

        at.Nest(Prefix(part), null);
        at.NestMaps(Prefix(part), null);
        return OwnLayers.Instantiate(part, own, x, at) is var (block, axes, inputs) ? (block, axes, inputs, []) : null;
    }

    /// <summary>The block's inputs after the first, by name; null where they are not there or do not fit.</summary>
    /// <param name="part">The use.</param>
    /// <param name="type">The block.</param>
    /// <param name="x">What flows.</param>
    /// <param name="formals">What the block reads, what flows first.</param>
    /// <param name="outer">A size of the block as it is here.</param>
    /// <param name="renamed">Filled: the block's time axes as they are called here.</param>
    /// <param name="at">Where the use stands.</param>
    /// <param name="outputs">What <c>With</c> may name beside the inputs.</param>
    public static IReadOnlyList<Value>? Inputs(
        PartSpec part, string type, Value x, IReadOnlyList<GraphInput> formals, Func<Size, Size> outer, Dictionary<string, string> renamed, Elaborator at,
        IEnumerable<string>? outputs = null)
    {
        var with = part.Bindings();
        foreach (var word in with.Keys.Where(w => formals.All(i => i.Name != w) && outputs?.Contains(w) != true))
        {
            at.Report(Problems.BlockInput, part.PlaceOf("With"), Names.Simple(type), word,
                formals.Count == 1 ? "it reads one value alone" : Elaborator.Suggest(word, formals.Select(i => i.Name)));
        }

        var inputs = new List<Value>();
        for (var i = 0; i < formals.Count; i++)
        {
            var formal = formals[i];
            var wanted = with.TryGetValue(formal.Name, out var bound) ? bound : formal.Name;
            if ((i == 0 ? x : at.Find(wanted)) is not { } given)
            {
                if (!at.IsLost(wanted))
                {
                    at.Report(
                        Problems.InputUnmatched,
                        with.ContainsKey(formal.Name) ? part.PlaceOf("With") : part.Place,
                        Names.Simple(type),
                        wanted,
                        Elaborator.Suggest(wanted, at.ValueNames));
                }

                return null;
            }

            var axes = formal.Output.Axes.Select(a => a with { Size = a.Size is null ? null : outer(a.Size) }).ToList();
            if (!(formal.Output.Axes.Count == 1 && i > 0 && formal.IsIds))
            {
                var which = i == 0 ? "the value" : $"'{formal.Name}'";
                at.Same(given, new Value(-1, "", axes, formal.IsIds), part.Place, Problems.SizesDiffer, which, $"what {Names.Simple(type)} reads",
                    sameTime: false);
            }

            foreach (var (a, b) in formal.Output.Axes.Zip(given.Axes, (a, b) => (a, b)).Where(p => p.a.Size is null && p.b.Size is null))
            {
                // One axis of the block is one axis here.
                if (renamed.TryGetValue(a.Name, out var other) && other != b.Name)
                {
                    at.Report(
                        Problems.AxesWrong,
                        part.Place,
                        $"'{formal.Name}'",
                        at.Shape(given),
                        $"what {Names.Simple(type)} reads, along {a.Name} as its other inputs: {at.Shape(formal.Output)}");
                    return null;
                }

                renamed[a.Name] = b.Name;
            }

            if (i > 0)
            {
                inputs.Add(given);
            }
        }

        return inputs;
    }
}

/// <summary>A value beside its result that a block gives to whoever uses it.</summary>
/// <param name="Name">As it is called there.</param>
/// <param name="Axes">Its axes there.</param>
/// <param name="IsIds">Whether it holds ids.</param>
internal sealed record BlockOutput(string Name, IReadOnlyList<Axis> Axes, bool IsIds);

/// <summary>The config member that picks one of several blocks.</summary>
internal sealed record BlockChoice(string Member, bool OfLayer)
{
    public string ToCode() => Member + (OfLayer ? "(layer)" : "");
}

/// <summary>Writes how a block is built, or the one of several that the config picks.</summary>
internal static class BlockText
{
    /// <summary>The cursor at the declaration's own key, through which a weight of another place is meant.</summary>
    public const string SharedHere = "weights.At(\"\", shared: true)";

    public static string Scoped(Writing at, string key, bool shared = false) =>
        key.Length == 0 && !shared ? "weights" : $"weights.At({at.Key(key)}{(shared ? ", shared: true" : "")})";

    /// <summary>The block, or the one that the config picks, as an expression.</summary>
    public static string Chosen(Construction at, IReadOnlyList<BlockUse> blocks, BlockChoice? by, string weights, string layer)
    {
        if (blocks.Count == 1)
        {
            return New(at, blocks[0], weights, layer);
        }

        var arms = blocks.Select(block => $"var kind when kind == typeof({at.TypeOf(block)}) => {New(at, block, weights, layer)}");
        return $"config.{by!.ToCode()} switch {{ {string.Join(", ", arms)}, var kind => throw Require.NoneOf({Writing.Text(by.ToCode())}, kind, "
            + $"{string.Join(", ", blocks.Select(b => $"typeof({at.TypeOf(b)})"))}) }}";
    }

    public static string New(Construction at, BlockUse block, string weights, string layer)
    {
        var sizes = block.Parameters.Select(p => at.Code(p.Size));
        return block.Own is not null
            ? $"{at.TypeOf(block)}.Create(config, {weights}, {string.Join(", ", sizes)})"
            : $"new {at.TypeOf(block)}({string.Join(", ", new[] { block.Config.Length == 0 ? "config" : "config." + block.Config, weights }
                .Concat(sizes).Concat(block.Graph!.ReadsLayer ? [layer] : []))})";
    }
}
