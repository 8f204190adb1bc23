using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Model;

namespace Dsl.Generators.Parts;

/// <summary><c>LayerNorm("key")</c> and <c>RmsNorm("key")</c>; without a key they have no weight.</summary>
internal sealed class NormPart : Part
{
    public override IReadOnlyList<Word> Words { get; } =
    [
        new("LayerNorm", HasKey: true, "Eps", "Bias", "Weight", "BiasWeight", "Stored", "Shared"),
        new("RmsNorm", HasKey: true, "Eps", "Weight", "Stored", "Shared"),
    ];

    public override void Check(PartSpec part, Elaborator at)
    {
        if (at.Channels(part) is not { Last: { } width } x)
        {
            return;
        }

        var rms = part.Name == "RmsNorm";
        var (key, weight) = (part.Text(0), part.Text("Weight"));
        var eps = at.NumberOf(at.OptionOr(part, "Eps"), part.PlaceOf("Eps"), rms ? "1e-6" : "1e-5");
        var bias = rms ? Setting.False : at.TruthOf(part["Bias"], part.PlaceOf("Bias"), Setting.True);
        if (at.Spanned(part, x) is not { } spans)
        {
            return;
        }

        var hasKey = key is not null || weight is not null;
        var shared = at.IsShared(part, hasKey);
        if (hasKey)
        {
            at.Key(part, weight is null ? key! : KeyText.Below(key, weight), shared, spans.Count == 0 ? [width] : [.. spans.Select(s => s.Size)]);
        }

        var norm = new Norm(rms, key ?? (weight is null ? null : ""), width, eps, bias, new Storage(weight, part.Text("BiasWeight"), part.Text("Stored"), null))
        {
            Spans = spans.ToEquatable(),
            IsShared = shared,
        };
        at.Current = [at.Add(part, norm, [x], "normed", x.Axes)];
    }
}

internal sealed record Norm(bool RootMeanSquare, string? Key, Size Width, Setting Eps, Setting Bias, Storage Storage) : TokenOperation, IForEach
{
    public string? WhyNotForEach(string axis) =>
        Spans.Any(s => s.Name == axis) ? $"norm '{Key}' has numbers for each of '{axis}': a linear map may have, no other weight" : null;

    /// <summary>Sizes of the value's last axes that the weight has elements for; none: the normalised axis alone.</summary>
    public EquatableArray<NamedSize> Spans { get; init; }

    /// <summary>Whether its weight is another place's.</summary>
    public bool IsShared { get; init; }

    public override string Called => $"norm '{Key}'";

    public override WayBack? WayBack => (at, _, gradient) => $"{at.Field().ToCode()}.Back({at.In()}, {gradient})";

    public override string Describe(Func<Size, string> spell) =>
        $"{(RootMeanSquare ? "rms" : "layer")} norm '{Key}' [{spell(Width)}] eps {Eps.ToCode()} bias {Bias.ToCode()} stored '{Storage.WeightAxes}' as '"
            + $"{Storage.Weight}' '{Storage.Bias}'"
        + (IsShared ? " shared" : "")
        + (Spans.Count == 0 ? "" : $" for {string.Join(" ", Spans.Select(g => $"{g.Name}={spell(g.Size)}"))}");

    public override Operation MapSizes(Func<Size, Size> map) => this with
    {
        Width = map(Width),
        Eps = Eps.MapSizes(map),
        Bias = Bias.MapSizes(map),
        Spans = NamedSize.Map(Spans, map),
    };

    public override void Build(Construction at) => at.Field("Norm", Key is null or "" ? Storage.Weight ?? "norm" : Key, Value(at));

    public override void Call(Calling at) => at.Result($"{at.Field().ToCode()}.Apply({at.In()})");

    private string Value(Construction at)
    {
        var cursor = IsShared ? BlockText.SharedHere : "weights";
        if (Storage is { Weight: null, Bias: null } && Spans.Count == 0)
        {
            return RootMeanSquare
                ? $"{cursor}.RmsNorm({at.KeyOrNull(Key)}, {at.Code(Width)}, {Eps.ToCode()})"
                : $"{cursor}.LayerNorm({at.KeyOrNull(Key)}, {at.Code(Width)}, {Eps.ToCode()}{(Bias.IsTrue ? "" : ", bias: " + Bias.ToCode())})";
        }

        var sizes = Spans.ToDictionary(s => s.Name, s => s.Size);
        var shape = sizes.Count == 0
            ? at.Code(Width)
            : string.Join(
                ", ",
                StoredAxes.Parse(Storage.WeightAxes!, out _)!.Groups.Select(
                    g => g.Count == 0 ? "1" : at.Code(g.Select(n => sizes[n]).Aggregate((a, b) => a * b))));
        var weight = $"{cursor}.Tensor({at.Key(KeyText.Below(Key, Storage.Weight ?? "weight"))}, [{shape}], Initializer.Ones)";
        var bias = Bias.IsFalse
            ? "null"
            : $"{(Bias.IsTrue ? "" : Bias.ToCode() + " ? ")}{cursor}.Tensor({at.Key(KeyText.Below(Key, Storage.Bias ?? "bias"))}, [{shape}], "
                + $"Initializer.Zeros){(Bias.IsTrue ? "" : " : null")}";
        var spans = sizes.Count == 0 ? "" : $", spans: {Writing.List(Spans, s => at.Code(s.Size))}";
        return $"weights.Norm(NormKind.{(RootMeanSquare ? "RootMeanSquare" : "Layer")}, {weight}, {bias}, {at.Code(Width)}, {Eps.ToCode()}{spans})";
    }
}
