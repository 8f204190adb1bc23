using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Model;

namespace Dsl.Generators.Parts;

/// <summary><c>Linear("key", out)</c>, with or without bias, perhaps one map for each of some axes.</summary>
internal sealed class LinearPart : Part
{
    public override IReadOnlyList<Word> Words { get; } = [new("Linear", HasKey: true, "Bias",
        "Weight", "BiasWeight", "Stored", "BiasStored", "Fast", "Shared")];

    public override void Check(PartSpec part, Elaborator at)
    {
        if (at.Channels(part) is not { Last: { } width } x)
        {
            return;
        }

        var key = part.Text(0) ?? "";
        var size = at.SizeOf(part[1], part.Place.At(1)) ?? at.Fresh();
        var storage = new Storage(part.Text("Weight"), part.Text("BiasWeight"), part.Text("Stored"), part.Text("BiasStored"));
        if (at.Maps(part, x, storage) is not { } groups)
        {
            return;
        }

        var isFast = part["Fast"].Text == "true";
        var shared = at.IsShared(part, hasKey: true, isFast);
        Size SizeOf(string axis) => axis == "in" ? width : axis == "out" ? size : groups.First(g => g.Name == axis).Size;
        at.Key(part, storage.Weight is null ? key : KeyText.Below(key, storage.Weight), shared,
            StoredAxes.Parse(storage.WeightAxes ?? "out in", out _)!.Names.Select(SizeOf).ToList());
        var bias = at.TruthOf(at.OptionOr(part, "Bias"), part.PlaceOf("Bias"), storage.Bias is null ? Setting.False : Setting.True);
        if (storage.Bias is not null && !bias.IsFalse)
        {
            at.Key(part, KeyText.Below(key, storage.Bias), shared);
        }

        if (groups.Count == 0 && !isFast)
        {
            at.Map(storage.Weight is null or "weight" ? key : KeyText.Below(key, storage.Weight));
        }

        var linear = new Linear(key, width, size, bias, storage)
        {
            Groups = groups.ToEquatable(),
            IsFast = isFast,
            IsShared = shared,
            IsForEach = !isFast && groups.Count == 1 && at.IsForEach(groups[0].Name),
        };
        var hint = key.Length == 0 ? "projected" : Names.Camel(key.Substring(key.LastIndexOf('.') + 1));
        at.Current = [at.Add(part, linear, [x], hint, Elaborator.WithLast(x, size))];
    }
}

/// <summary>A linear map of the last axis; passes may fold an activation, a residual (a second input) and dropout before that into it.</summary>
/// <param name="Key">Its checkpoint key.</param>
/// <param name="In">Channels in.</param>
/// <param name="Out">Channels out.</param>
/// <param name="Bias">Whether it has a bias.</param>
/// <param name="Storage">How its tensors are named and laid out.</param>
internal sealed record Linear(string Key, Size In, Size Out, Setting Bias, Storage Storage) : TokenOperation, IForEach
{
    /// <summary>Whether each row that it is given may be of one of its groups alone, which the pass then knows.</summary>
    public bool IsForEach { get; init; }

    /// <summary>Axes before the channels that have maps of their own.</summary>
    public EquatableArray<NamedSize> Groups { get; init; }

    /// <summary>Whether the weight is trained within the sequence.</summary>
    public bool IsFast { get; init; }

    /// <summary>Whether its weight is another place's.</summary>
    public bool IsShared { get; init; }

    /// <summary>The head that it is, where it was declared as the map to the vocabulary.</summary>
    public HeadTie? Head { get; init; }

    /// <summary>The activation that the product applies to its result.</summary>
    public ActivationSetting? Activation { get; init; }

    /// <summary>Whether the second input is added to the result.</summary>
    public bool Adds { get; init; }

    /// <summary>Dropout between the product and what is added.</summary>
    public Setting? Dropped { get; init; }

    /// <summary>Whether it is a product of one plain matrix, into which passes may fold.</summary>
    public bool IsPlain => Groups.Count == 0 && !IsFast;

    public override string Called => $"linear map '{Key}'";

    public override bool IsRandom => Dropped is not null;

    public override bool IsHead => Head is not null && !Adds && Activation is null;

    /// <summary>Each token learns alone: what stands between time and channels has a map for each of its elements.</summary>
    public override FastMap? Fast(Node node) => !IsFast ? null : new FastMap(
        node.Inputs[0].Axes.Count == Groups.Count + 3
            ? null
            : $"its fast map '{Storage.Weight ?? Key}' reads [{string.Join(" ", node.Inputs[0].Axes.Select(a => a.Name))}]: "
                + "each axis between time and channels must be one of its Stored axes");

    public string? WhyNotForEach(string axis) => IsFast ? $"linear map '{Key}' is trained within the sequence"
        : Groups.Count > 1 && Groups.Any(g => g.Name == axis)
            ? $"linear map '{Key}' has a matrix for each of {string.Join(" and ", Groups.Select(g => g.Name))}, expected one for each of '{axis}' alone"
        : null;

    public override WayBack? WayBack => Head is not null ? null : (at, _, gradient) => $"{at.Field().ToCode()}.Back({gradient})";

    public override string Describe(Func<Size, string> spell) =>
        $"linear '{Key}' {spell(In)} -> {spell(Out)} bias {Bias.ToCode()} stored '{Storage.WeightAxes ?? "out in"}' '{Storage.BiasAxes ?? "out"}' as '"
            + $"{Storage.Weight}' '{Storage.Bias}'"
        + (Groups.Count == 0 ? "" : $" for each {string.Join(" ", Groups.Select(g => $"{g.Name}={spell(g.Size)}"))}")
        + (IsFast ? " fast" : "")
        + (IsShared ? " shared" : "")
        + (Head?.TiedTo is null ? "" : $" tied to '{Head.TiedTo}' if {Head.Tied.ToCode()}")
        + (Activation is null ? "" : $" then {Activation.Spell()}")
        + (Dropped is null ? "" : $" dropping {Dropped.ToCode()}")
        + (Adds ? " plus" : "");

    public override Operation MapSizes(Func<Size, Size> map) => this with
    {
        In = map(In),
        Out = map(Out),
        Bias = Bias.MapSizes(map),
        Groups = NamedSize.Map(Groups, map),
        Dropped = Dropped?.MapSizes(map),
    };

    public override void Build(Construction at)
    {
        var name = Storage.Weight is { } own && Key.Length == 0 ? own : Key;
        if (IsPlain)
        {
            at.Field("Product", name, Head?.TiedTo is { } tied ? Tied(at, tied, Head.Tied) : Plain(at));
        }
        else
        {
            at.Field("GroupedProduct", name, Grouped(at));
        }
    }

    public override void Call(Calling at)
    {
        var field = at.Field().ToCode();
        var x = at.In();
        switch (Adds, Activation)
        {
            case (true, _):
                at.Result($"{field}.ApplyAdd({x}, {at.In(1)}{(Dropped is null ? "" : $", {Dropped.ToCode()}, {at.Pass()}")})",
                    "the residual inside the product");
                break;
            case (_, { } activation):
                at.Result($"{field}.Apply({x}, {at.Activation(activation)})", "the activation inside the product");
                break;
            default:
                at.Result($"{field}.Apply({x}{(IsForEach && at.HasPass ? ", " + at.Pass() : "")})");
                break;
        }
    }

    private string Plain(Construction at)
    {
        var weight = Storage.Weight is { } w ? $", weightKey: {at.Key(KeyText.Below(Key, w))}" : "";
        var bias = Storage.Bias is { } b ? $", biasKey: {at.Key(KeyText.Below(Key, b))}" : "";
        var stored = Storage.WeightAxes is null or "out in" ? "" : $", stored: {Writing.Text(Storage.WeightAxes)}";
        return $"{Cursor}.Product({at.Key(Key)}, {at.Code(In)}, {at.Code(Out)}, bias: {Bias.ToCode()}{stored}{BiasStored}{weight}{bias})";
    }

    private string Tied(Construction at, string tied, Setting holds)
    {
        var bias = Bias.IsFalse ? "" : $", bias: {Bias.ToCode()}{(Storage.Bias is { } own ? $", biasKey: {at.Key(own)}" : "")}";
        return $"weights.Head({at.Key(Key)}, {at.Code(In)}, {at.Code(Out)}, tiedTo: {at.Key(tied)}, tied: {holds.ToCode()}{bias}{BiasStored})";
    }

    private string Grouped(Construction at)
    {
        var groups = Writing.List(Groups, g => $"({Writing.Text(g.Name)}, {at.Code(g.Size)})");
        var bias = at.Key(KeyText.Below(Key, Storage.Bias ?? "bias"));
        bias = Bias.IsTrue ? bias : Bias.IsFalse ? "null" : $"{Bias.ToCode()} ? {bias} : null";
        return $"{Cursor}.GroupedProduct({groups}, {at.Code(In)}, {at.Code(Out)}, {at.Key(KeyText.Below(Key, Storage.Weight ?? "weight"))}, "
            + $"{Writing.Text(Storage.WeightAxes ?? "out in")}, "
            + $"{bias}, {Writing.Text(Storage.BiasAxes ?? string.Join(" ", Groups.Select(g => g.Name).Append("out")))})";
    }

    private string Cursor => IsShared ? BlockText.SharedHere : "weights";

    private string BiasStored => Storage.BiasAxes is null or "out" ? "" : $", biasStored: {Writing.Text(Storage.BiasAxes)}";
}
