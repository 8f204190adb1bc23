using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Lowering;
using Dsl.Generators.Model;

namespace Dsl.Generators.Parts;

/// <summary><c>Learn&lt;Block&gt;("key", Loss = ...)</c>: a block whose weights are trained within the sequence.</summary>
internal sealed class LearnPart : Part
{
    public override IReadOnlyList<Word> Words { get; } = [new("Learn", HasKey: true, "Loss", "Rate", "RowRate", "Every", "Read", "By")];

    public override void Check(PartSpec part, Elaborator at)
    {
        if (at.Current.Count == 0)
        {
            return;
        }

        if (at.Current.Count != 2 || part["Loss"].IsNull)
        {
            at.Report(Problems.LearnIncomplete, part.Place, at.Current.Count != 2 ? $"{at.Current.Count} values flow into it" : "it names no loss");
            return;
        }

        var (x, target) = (at.Current[0], at.Current[1]);
        if (!Blocks.Picks(part, at, out var by) || LossOf(part, at) is not { } loss
            || !Optional(part, "Read", at, out var read) || !Optional(part, "Rate", at, out var rate))
        {
            return;
        }

        read ??= x;
        if (!at.HasTime(part, x) || !at.Same(read, x, part.PlaceOf("Read"), Problems.SizesDiffer, $"'{part.Text("Read")}'", "what is learnt from"))
        {
            return;
        }

        var blocks = new List<BlockUse>();
        IReadOnlyList<Axis>? result = null;
        foreach (var type in part.Types)
        {
            if (Blocks.Instantiate(part, type, x, at) is not var (block, axes, inputs, _) || !IsLearner(part, type, block, inputs, at))
            {
                at.Current = [];
                return;
            }

            blocks.Add(block);
            result ??= axes;
            at.Same(target, new Value(-1, "", axes, block.GivesIds), part.Place, Problems.SizesDiffer, "the target", $"what {Names.Simple(type)} gives");
        }

        if (rate is not null && !IsRateOf(part, rate, x, at))
        {
            return;
        }

        at.HandLayer(blocks.Any(b => b.Graph?.ReadsLayer == true));
        var every = at.SizeOf(part["Every"], part.PlaceOf("Every")) ?? Size.Of(1);
        FunctionUse? rowRate = null;
        if (!part["RowRate"].IsNull && (rowRate = RowRateOf(part, every, at)) is null)
        {
            return;
        }

        var key = part.Text(0) ?? "";
        at.Key(part, key);
        var learn = new Learn(blocks.ToEquatable(), key, by, loss, rowRate, every);
        at.Current = [at.Add(part, learn, rate is null ? [x, target, read] : [x, target, read, rate], "learnt", result!)];
    }

    /// <summary>The value that an option names, if it names one; false where no value has that name.</summary>
    private static bool Optional(PartSpec part, string option, Elaborator at, out Value? value)
    {
        value = part.Text(option) is { } name ? at.Named(name, part.PlaceOf(option)) : null;
        return value is not null || part.Text(option) is null;
    }

    private static FunctionUse? LossOf(PartSpec part, Elaborator at)
    {
        var place = part.PlaceOf("Loss");
        if (at.FunctionOf(part["Loss"], place, FunctionKind.Pointwise) is not { Scalar: { } scalar } loss)
        {
            return null;
        }

        if (loss.Values != 2
            || !scalar.IsElementwise
            || scalar.Parameters.Any(p => p.Role is not (Scalar.ScalarRole.Value or Scalar.ScalarRole.Config))
            || scalar.Result != Scalar.ScalarKind.Double)
        {
            at.Report(
                Problems.FunctionSignature,
                place,
                loss.Spec.Name,
                Elaborator.Signature(loss.Spec),
                "double (double output, double target), perhaps with the config");
            return null;
        }

        if (Scalar.KernelEmitter.WhyNot(scalar) is { } reason)
        {
            at.Report(Problems.ScalarForm, place, reason, "");
            return null;
        }

        return loss;
    }

    private static FunctionUse? RowRateOf(PartSpec part, Size every, Elaborator at)
    {
        var place = part.PlaceOf("RowRate");
        if (at.FunctionOf(part["RowRate"], place, FunctionKind.Pointwise) is not { Scalar: { } scalar } rate)
        {
            return null;
        }

        var places = scalar.Of(Scalar.ScalarRole.Index).Where(p => p.Name != "layer").ToList();
        if (!scalar.IsElementwise || rate.Values > 0 || places.Count != 1 || places[0].Name != "place" || scalar.Result != Scalar.ScalarKind.Double
            || scalar.Of(Scalar.ScalarRole.Parameter).Any(p => ApplyPart.AxisNames(p.Axes).Length > 1))
        {
            at.Report(
                Problems.FunctionSignature, place, rate.Spec.Name, Elaborator.Signature(rate.Spec), "double (int place, [Parameter(key, \"m\")] "
                    + "ReadOnlySpan<double> weight), perhaps with the config");
            return null;
        }

        var weights = new List<FunctionWeight>();
        foreach (var weight in scalar.Of(Scalar.ScalarRole.Parameter))
        {
            // What is read at the place has an element for each.
            var shape = ApplyPart.AxisNames(weight.Axes).Select(a => Invariant.TryRead(a, out long n) ? Size.Of(n) : at.AxisSize(a)).ToList();
            if (weight.Span && shape.Count == 1)
            {
                at.Fits(shape[0], every, place, Problems.SizesDiffer, $"the axis of '{weight.Name}'", "the length of a mini-batch");
            }

            at.Key(part, weight.Key);
            weights.Add(new FunctionWeight(weight.Name, weight.Key, shape.ToEquatable()));
        }

        at.ReadLayer(scalar.Parameters.Any(p => p.Name == "layer"));
        return rate with { Weights = weights.ToEquatable() };
    }

    private static bool IsLearner(PartSpec part, string type, BlockUse block, IReadOnlyList<Value> inputs, Elaborator at)
    {
        var way = block.Graph is { } graph ? LearnerForm.Of(graph) : null;
        if (way is null)
        {
            at.Report(Problems.LearnsNothing, part.Place, Names.Simple(type));
            return false;
        }

        if (way.WhyNot is not null || inputs.Count > 0)
        {
            at.Report(Problems.NotLearnable, part.Place, Names.Simple(type), way.WhyNot ?? "it reads more than one value");
            return false;
        }

        return true;
    }

    /// <summary>[b, t] and the axes of x before its channels, or one of size one.</summary>
    private static bool IsRateOf(PartSpec part, Value rate, Value x, Elaborator at)
    {
        var place = part.PlaceOf("Rate");
        if (rate.Axes.Count == x.Axes.Count - 1 && rate.Axes.Count > 2 && (rate.Axes.Count > 3 || at.Number(rate.Last!) != 1))
        {
            var wanted = new Value(-1, "", x.Axes.Take(x.Axes.Count - 1).ToList());
            return at.Same(rate, wanted, place, Problems.SizesDiffer, $"'{part.Text("Rate")}'", "the axes of what is learnt from");
        }

        if (rate.Axes.Count == 3 && rate.Axes[0].Size is null && rate.Axes[1].Size is null)
        {
            return at.Fits(rate.Last!, Size.Of(1), place, Problems.SizesDiffer, $"'{part.Text("Rate")}'", "one rate for each token");
        }

        at.Report(Problems.AxesWrong, place, $"'{part.Text("Rate")}'", at.Shape(rate), $"{at.Shape(x)} without its channels, or [b, t, 1]");
        return false;
    }
}

/// <summary>
/// A block, or one of several, whose fast weights are trained within the sequence. Reads what is learnt from, the target, what is read at and, where there is
/// one, the rate.
/// </summary>
/// <param name="All">The block, or those that the config picks one of.</param>
/// <param name="Key">Its checkpoint key.</param>
/// <param name="By">What picks it.</param>
/// <param name="Loss">What is made small.</param>
/// <param name="RowRate">The rate of a reading token's place.</param>
/// <param name="Every">Length of a mini-batch.</param>
internal sealed record Learn(EquatableArray<BlockUse> All, string Key, BlockChoice? By, FunctionUse Loss, FunctionUse? RowRate, Size Every) : MemoryOperation
{
    public override string Called => $"a size of {Names.Simple(All[0].TypeName)}";

    public override WayBack? WayBack => null;

    public override string Describe(Func<Size, string> spell) =>
        $"learn {string.Join("|", All.Select(b => b.TypeName))} '{Key}' by {By?.ToCode()} every {spell(Every)} loss {Loss.Called} row rate "
            + $"{RowRate?.Spec.Name} {All[0].Describe(spell)}";

    public override Operation MapSizes(Func<Size, Size> map) => this with
    {
        All = All.Select(b => b.MapSizes(map)).ToEquatable(),
        RowRate = RowRate?.MapSizes(map),
        Every = map(Every),
    };

    public override InTime InTime(Node node, string? stepping) =>
        node.Inputs[0].TimeAxis == stepping ? Model.InTime.Accumulating : Model.InTime.PerPosition;

    public override void Build(Construction at)
    {
        var name = Key.Length == 0 ? Names.Simple(All[0].TypeName) : Key;
        at.Field(All.Count == 1 ? at.TypeOf(All[0]) : "ILearner", name, BlockText.Chosen(at, All, By, BlockText.Scoped(at, Key), at.Layer));
        if (RowRate is not null)
        {
            ApplyPart.BuildWeights(at, RowRate);
        }
    }

    public override void Call(Calling at)
    {
        var rate = at.Node.Inputs.Count > 3 ? $", rate: {at.In(3)}" : "";
        var weights = RowRate?.Scalar!.Of(Scalar.ScalarRole.Parameter).Select(p => $", {at.Field(p.Name).ToCode()}.Value") ?? [];
        var rows = RowRate is null ? "" : $", rowRate: places => {at.TensorMethod(RowRate)}(places{string.Concat(weights)})";
        var kept = at.State == "null" ? "" : ", state: " + at.State;
        var loss = at.SlopeMethod(Loss, Loss.Scalar!.Of(Scalar.ScalarRole.Value).First().Name);
        at.Result($"Learning.Run({at.Field().ToCode()}, {at.Code(Every)}, {loss}, {at.In(0)}, {at.In(1)}, {at.In(2)}, {at.Pass()}{rate}{rows}{kept})");
    }

    public override StateField State(Construction at) => new("Learnt", "LearnState", (owner, _) => $"{owner}.Own(new LearnState())");
}
