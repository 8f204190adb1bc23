using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Model;

namespace Dsl.Generators.Parts;

/// <summary>A convolution over one or two axes that are known when the program runs, all channels together.</summary>
/// <param name="Key">Its checkpoint key.</param>
/// <param name="In">Channels in.</param>
/// <param name="Out">Channels out.</param>
/// <param name="Kernel">Its width along each axis.</param>
/// <param name="Stride">How far it moves.</param>
/// <param name="Padding">Zeros on each side.</param>
/// <param name="Bias">Whether it has a bias.</param>
/// <param name="Channels">Where the channels stand.</param>
/// <param name="Over">Where the axes stand that it slides over.</param>
/// <param name="Names">Their names afterwards.</param>
internal sealed record Convolve(
    string Key, Size In, Size Out, Size Kernel, Size Stride, Setting Padding, Setting Bias, int Channels, EquatableArray<int> Over, string Names)
    : SequenceOperation
{
    public static void Check(PartSpec part, string text, Elaborator at)
    {
        if (at.Single(part) is not { } x || Axes(part, text, x, at) is not var (over, after))
        {
            return;
        }

        var others = Enumerable.Range(1, x.Axes.Count - 1).Where(i => !over.Contains(i)).ToList();
        if (others.Count != 1 || x.Axes[others[0]].Size is not { } width)
        {
            at.Report(Problems.AxesWrong, part.Place, "the value", at.Shape(x), "beside the batch and the axes of Over, channels alone: [b, c, h, w]");
            return;
        }

        if (at.SizeOf(part[1], part.Place.At(1)) is not { } kernel)
        {
            return;
        }

        var stride = at.SizeOf(part["Stride"], part.PlaceOf("Stride"));
        var key = part.Text(0) ?? "";
        at.Key(part, key);
        var isPadded = over.Contains(1) && at.IsPadded(x.Axes[1].Name);
        for (var i = 0; i < after.Count; i++)
        {
            if (!at.OpensAxis(part, after[i], part.PlaceOf("Over"), isPadded && over[i] == 1))
            {
                return;
            }
        }

        var size = at.SizeOf(part[2], part.Place.At(2)) ?? at.Fresh();
        var axes = x.Axes.Select((a, i) => over.IndexOf(i) is var n && n >= 0 ? new Axis(after[n], null) : i == others[0] ? a with { Size = size } : a)
            .ToList();
        var convolve = new Convolve(
            key,
            width,
            size,
            kernel,
            stride ?? Size.Of(1),
            at.WholeOf(part["Padding"], part.PlaceOf("Padding"), "0"),
            at.TruthOf(at.OptionOr(part, "Bias"), part.PlaceOf("Bias"), Setting.False),
            others[0],
            over.ToEquatable(),
            string.Join(" ", after));
        at.Current = [at.Add(part, convolve, [x], "convolved", axes)];
    }

    /// <summary>The places of the axes before the arrow, in the value's order, and the names after it; null where they do not fit.</summary>
    private static (List<int> Over, List<string> After)? Axes(PartSpec part, string text, Value x, Elaborator at)
    {
        var sides = text.Split(["->"], StringSplitOptions.None).Select(s => s.Split([' '], StringSplitOptions.RemoveEmptyEntries)).ToList();
        if (sides.Count != 2 || sides[0].Length is < 1 or > 2 || sides[0].Length != sides[1].Length || sides[1].Distinct().Count() != sides[1].Length)
        {
            at.Report(Problems.PatternWrong, part.PlaceOf("Over"), text, "one or two axes and as many new names are expected: 'h w -> y x'");
            return null;
        }

        if (x.Axes.Count == 0 || x.Axes[0] is not { Name: "b", Size: null })
        {
            at.Report(Problems.AxesWrong, part.Place, "the value", at.Shape(x), "a value with a batch in front: [b, c, h, w]");
            return null;
        }

        var over = new List<(int Place, string After)>();
        foreach (var (name, after) in sides[0].Zip(sides[1], (a, b) => (a, b)))
        {
            var place = x.Axes.ToList().FindIndex(a => a.Name == name);
            if (place < 1 || x.Axes[place].Size is not null || over.Any(o => o.Place == place))
            {
                at.Report(Problems.AxesWrong, part.PlaceOf("Over"), "the value", at.Shape(x),
                    $"a value with an axis '{name}' that is known when the program runs");
                return null;
            }

            over.Add((place, after));
        }

        return (over.OrderBy(o => o.Place).Select(o => o.Place).ToList(), over.OrderBy(o => o.Place).Select(o => o.After).ToList());
    }

    public override string Called => $"convolution '{Key}'";

    protected override string Reason => $"its convolution '{Key}' reads tokens on both sides";

    public override string Describe(Func<Size, string> spell) =>
        $"convolution '{Key}' {spell(In)} -> {spell(Out)} kernel {spell(Kernel)} stride {spell(Stride)} padding {Padding.ToCode()} bias {Bias.ToCode()} "
            + $"channels {Channels} over {string.Join(" ", Over)} to {Names}";

    public override Operation MapSizes(Func<Size, Size> map) => this with
    {
        In = map(In),
        Out = map(Out),
        Kernel = map(Kernel),
        Stride = map(Stride),
        Padding = Padding.MapSizes(map),
        Bias = Bias.MapSizes(map),
    };

    public override void Build(Construction at) => at.Field(
        "SlidingConvolution",
        Key,
        $"weights.SlidingConvolution({at.Key(Key)}, {at.Code(In)}, {at.Code(Out)}, {at.Code(Kernel)}, channels: {Text(Channels)}, "
            + $"over: {Writing.List(Over, Text)}, stride: {at.Code(Stride)}, padding: {Padding.ToCode()}, bias: {Bias.ToCode()})");

    public override void Call(Calling at) => at.Result($"{at.Field().ToCode()}.Apply({at.In()}{(Over.Contains(1) ? ", " + at.Pass() : "")})");

    public override string? PassOf(Calling at) => Over.Contains(1) ? $"{at.Field().ToCode()}.After({at.Pass()})" : null;

    protected override IEnumerable<string> Across(Node node) => Over.Select(place => node.Inputs[0].Axes[place].Name);

    private static string Text(int number) => Constant.Of(number).ToSource();
}
