using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Model;

namespace Dsl.Generators.Parts;

/// <summary>A block at every layer.</summary>
internal sealed record Repeat(EquatableArray<BlockUse> All, string Key, BlockChoice? By, bool Shared, Size Count) : BlockOperation(All, Key, By, Shared)
{
    /// <summary>Some of the layers; null: all.</summary>
    public Taken? Taken { get; init; }

    public override string Called => $"a size of {Names.Simple(All[0].TypeName)}";

    public override string Describe(Func<Size, string> spell) => $"repeat {spell(Count)} use {Words(spell)}"
        + (Taken is null ? "" : $" {(Taken.IsRest ? "from" : "to")} {Taken.Layer.ToCode()}");

    public override Operation MapSizes(Func<Size, Size> map) => this with { All = All.Select(b => b.MapSizes(map)).ToEquatable(), Count = map(Count) };

    public override void Build(Construction at)
    {
        // _layers = Layers.Of(config.Layers, layer => new Block(config, weights.At($"layers.{layer}"), config.Hidden));
        var type = FieldType(at);
        var name = Key.Length == 0 ? Names.Simple(All[0].TypeName) + "s" : KeyText.LastSegment(Key);

        // Without a key the blocks' own keys say where the layer's number stands.
        var key = Key.Contains('{') || Key.Length == 0 ? Key : Key + ".{layer}";
        var value = Shared
            ? $"Layers.Of<{type}>({at.Code(Count)}, layer => {at.Key(key)}, (key, layer) => {BlockText.Chosen(at, All, By, "weights.At(key)", "layer")})"
            : $"Layers.Of<{type}>({Taken?.Range(at.Code(Count)) ?? at.Code(Count)}, "
                + $"layer => {BlockText.Chosen(at, All, By, BlockText.Scoped(at, key), "layer")})";
        at.Field($"{type}[]", name, value, list: true);
    }

    public override void Call(Calling at)
    {
        // using var h = Layers.Run(_layers, embedded, (block, x, i) => block.Advance(x, pass, state.Layers[i]));
        var (block, value, place) = (at.Local("block"), at.Local("x"), at.Local("i"));
        var call = CallOf(at, block, value, $"[{place}]");
        at.Result($"Layers.Run({at.Field().ToCode()}, {at.In()}, ({block}, {value}, {(call.Contains($"[{place}]") ? place : "_")}) => {call})");
    }

    protected override string Declared(Construction at) =>
        All.Any(b => b.Own is not null) ? $"Array.ConvertAll({at.Field().Name}, each => each as GeneratedModule)" : at.Field().Name;

    public override void Begin(Calling at, string memory)
    {
        var field = at.Field().Name;
        at.Block($"for (var i = 0; i < {field}.Length; i++)", () => BeginOne(at, field + "[i]", memory, at.State + "[i]"));
    }

    public override StateField State(Construction at)
    {
        var (field, type) = (at.Field().Name, at.TypeOf(All[0]));
        if (All.Count == 1 && All[0].Own is not null)
        {
            return new StateField(StateName, "IStatePart[]", (owner, module) => $"Array.ConvertAll({module}.{field}, each => {owner}.Own(each.NewState()))");
        }

        if (All.Count == 1)
        {
            return new StateField(StateName, type + ".State[]", (owner, module) =>
                $"Array.ConvertAll({module}.{field}, each => new {type}.State({owner}, each))");
        }

        return new StateField(StateName, "object?[]", (owner, module) =>
            $"Array.ConvertAll({module}.{field}, each => (object?)(each switch {{ "
                + $"{string.Join(", ", All.Select((b, i) => StateArm(at, b, i, owner)))}, _ => null }}))");
    }
}
