using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Model;

namespace Dsl.Generators.Parts;

/// <summary><c>Conv("key", kernel)</c>: each channel alone, over the tokens before; with <c>Over</c>, all channels over the axes that it names.</summary>
internal sealed class ConvPart : Part
{
    public override IReadOnlyList<Word> Words { get; } = [new("Conv", HasKey: true, "Bias", "Over", "Stride", "Padding")];

    public override void Check(PartSpec part, Elaborator at)
    {
        if (part.Text("Over") is { } over)
        {
            Convolve.Check(part, over, at);
            return;
        }

        foreach (var option in new[] { "Stride", "Padding" }.Where(o => !part[o].IsNull))
        {
            at.Report(Problems.PartPlace, part.PlaceOf(option), option, "beside Over: a convolution that looks back moves by one token");
            return;
        }

        if (!part[2].IsNull)
        {
            at.Report(Problems.PartPlace, part.Place.At(2), "A width", "beside Over: each channel is convolved alone");
            return;
        }

        if (at.Channels(part) is not { Last: { } width } x || !at.HasTime(part, x) || at.SizeOf(part[1], part.Place.At(1)) is not { } kernel)
        {
            return;
        }

        if (x.Axes.Count != 3)
        {
            at.Report(Problems.AxesWrong, part.Place, "the value", at.Shape(x), "[b, t, d]: a convolution runs over time, each channel alone");
            return;
        }

        var key = part.Text(0) ?? "";
        at.Key(part, key);
        var bias = at.TruthOf(at.OptionOr(part, "Bias"), part.PlaceOf("Bias"), Setting.False);
        at.Current = [at.Add(part, new Conv(key, width, kernel, bias), [x], "convolved", x.Axes)];
    }
}

internal sealed record Conv(string Key, Size Width, Size Kernel, Setting Bias) : MemoryOperation
{
    public override string Called => $"convolution '{Key}'";

    public override WayBack? WayBack => null;

    public override string Describe(Func<Size, string> spell) => $"causal convolution '{Key}' [{spell(Width)}, 1, {spell(Kernel)}] bias {Bias.ToCode()}";

    public override Operation MapSizes(Func<Size, Size> map) => this with { Width = map(Width), Kernel = map(Kernel), Bias = Bias.MapSizes(map) };

    public override InTime InTime(Node node, string? stepping) => node.Inputs[0].TimeAxis == stepping ? Model.InTime.Shifted : Model.InTime.PerPosition;

    public override void Build(Construction at) =>
        at.Field("CausalConvolution", Key, $"weights.CausalConvolution({at.Key(Key)}, {at.Code(Width)}, {at.Code(Kernel)}, bias: {Bias.ToCode()})");

    public override void Call(Calling at) => at.Result($"{at.Field().ToCode()}.Apply({at.In()}, {at.Pass()}, {at.State})");

    public override StateField State(Construction at)
    {
        var field = at.Field();
        return new StateField("Convolved", "ConvState", (owner, module) => field.Optional
            ? $"{module}.{field.Name} is {{ }} {field.Name} ? {owner}.Own({field.Name}.NewState()) : null"
            : $"{owner}.Own({module}.{field.Name}.NewState())", field.Optional);
    }
}
