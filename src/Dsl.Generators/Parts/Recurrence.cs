using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Model;
using Dsl.Generators.Scalar;

namespace Dsl.Generators.Parts;

/// <summary>
/// How a function with axes (a recurrence, a pointwise function over a token's own axes) meets what flows: values in their order, weights by name; axes of one
/// name are one size.
/// </summary>
internal static class RecurrenceRule
{
    public static void Check(PartSpec part, Elaborator at, FunctionUse function)
    {
        var inputs = at.Current;
        TransferUse? transfer = null;
        if (!part["Transfer"].IsNull && TransferPair.Of(part, at, ref function, out transfer) is { } unfit)
        {
            at.Report(Problems.TransferUnfit, part.PlaceOf("Transfer"), part.Text("Transfer") ?? "", function.Spec.Name, unfit);
            return;
        }

        var scalar = function.Scalar!;
        if (KernelEmitter.WhyNot(scalar) is { } reason)
        {
            at.Report(Problems.ScalarForm, part.Place, reason, "");
            return;
        }

        var time = inputs.Select(i => i.TimeAxis).FirstOrDefault(t => t is not null);
        if (Bind(part, at, function, inputs, time) is not { } named)
        {
            return;
        }

        Size SizeOf(string axis) => Invariant.TryRead(axis, out long n) ? Size.Of(n)
            : named.TryGetValue(axis, out var size) ? size : named[axis] = at.AxisSize(axis);

        // What a transfer function alone reads (the read-out that its step derives) comes after the step's own.
        var own = scalar.Of(ScalarRole.Parameter).ToList();
        var weights = new List<FunctionWeight>();
        foreach (var weight in own.Concat(transfer?.Function.Scalar!.Of(ScalarRole.Parameter).Where(w => own.All(o => o.Name != w.Name)) ?? []))
        {
            at.Key(part, weight.Key);
            if (StoredAxes.Parse(weight.Axes, out var problem) is not { } stored)
            {
                at.Report(Problems.PatternWrong, part.Place.At(0), weight.Axes, problem);
                return;
            }

            weights.Add(new FunctionWeight(
                weight.Name,
                weight.Key,
                stored.Groups.Select(g => g.Count == 0 ? Size.Of(1) : g.Select(SizeOf).Aggregate((x, y) => x * y)).ToEquatable(),
                stored.Groups.Any(g => g.Count > 1) ? stored.Names.Select(SizeOf).ToEquatable() : default));
        }

        var axes = ApplyPart.AxisNames(scalar.Axes);
        if (axes.FirstOrDefault(a => !Axis.IsRunTime(a) && !named.ContainsKey(a)) is { } stranger)
        {
            at.Report(Problems.AxesWrong, part.Place.At(0), $"the result of {function.Spec.Name}", $"[{string.Join(", ", axes)}]",
                $"axes of its values: none of them has '{stranger}'");
            return;
        }

        var use = function with { Weights = weights.ToEquatable() };
        Operation operation = scalar.Form == ScalarForm.Pointwise ? new AxisFunction(use) : new Recurrence(use, transfer);
        at.Current = [at.Add(part, operation, inputs, Names.Camel(function.Spec.Name),
            axes.Select(a => Axis.IsRunTime(a) ? new Axis(a == "b" ? a : time ?? a, null) : new Axis(a, named[a])).ToList())];
    }

    /// <summary>The sizes of named axes, as the values have them; null where these do not fit.</summary>
    private static Dictionary<string, Size>? Bind(PartSpec part, Elaborator at, FunctionUse function, IReadOnlyList<Value> inputs, string? time)
    {
        var named = new Dictionary<string, Size>(StringComparer.Ordinal);
        foreach (var (formal, value) in function.Scalar!.Of(ScalarRole.Value).Zip(inputs, (f, v) => (f, v)))
        {
            var axes = ApplyPart.AxisNames(formal.Axes.Length > 0 ? formal.Axes : function.Scalar.Axes);
            if (axes.Length != value.Axes.Count
                || (value.TimeAxis is { } along && along != time)
                || axes.Zip(value.Axes, (a, x) => Axis.IsRunTime(a) != x.Size is null || (x.Size is null && (a == "b") != (x.Name == "b")))
                    .Any(differ => differ))
            {
                at.Report(Problems.AxesWrong, part.Place, $"'{formal.Name}' of {function.Spec.Name}", at.Shape(value), $"[{string.Join(", ", axes)}]");
                return null;
            }

            foreach (var (axis, size) in axes.Zip(value.Axes, (a, x) => (a, x.Size)).Where(p => p.Size is not null))
            {
                if (!named.TryGetValue(axis, out var known))
                {
                    named[axis] = size!;
                }
                else if (!at.Fits(size!, known, part.Place, Problems.SizesDiffer, $"axis {axis} of '{formal.Name}'", "that of the values before it"))
                {
                    return null;
                }
            }
        }

        return named;
    }
}

/// <summary>A scalar step, run over time by a kernel; where it is linear with fixed coefficients perhaps a convolution.</summary>
/// <param name="Function">The step.</param>
/// <param name="Transfer">What gives the kernel with which the parallel form convolves; null where it follows from the step.</param>
internal sealed record Recurrence(FunctionUse Function, TransferUse? Transfer) : MemoryOperation
{
    /// <summary>Whether the parallel form may convolve instead of scanning.</summary>
    public bool Convolves { get; init; }

    public override string Called => $"an axis of {Function.Spec.Name}";

    public override WayBack? WayBack => null;

    public override string Describe(Func<Size, string> spell) =>
        $"recurrence {Function.Called}{(Convolves ? " or convolution" : "")}{(Transfer is null ? "" : " by " + Transfer.Function.Spec.Name)}";

    public override Operation MapSizes(Func<Size, Size> map) => this with { Function = Function.MapSizes(map) };

    public override InTime InTime(Node node, string? stepping) =>
        node.TimeAxis == stepping ? Model.InTime.Accumulating : Model.InTime.PerPosition;

    public override void Build(Construction at)
    {
        ApplyPart.BuildWeights(at, Function);
        if (Transfer is { } transfer)
        {
            at.Field("TransferLength", transfer.Nodes, transfer.Length(at, name => at.Field(name)), "length");
        }

        if (Convolves)
        {
            at.Line($"weights.Convolution<{at.Kernel(Function)}>();");
        }
    }

    public override void Call(Calling at)
    {
        var weights = ApplyPart.Weights(at, Function);
        var values = new Queue<string>(at.Node.Inputs.Select((_, i) => at.In(i)));
        var arguments = Function.Scalar!.Parameters.Where(f => f.Role is ScalarRole.Value or ScalarRole.Parameter or ScalarRole.Derived)
            .Select(f => f.Role switch
            {
                ScalarRole.Value => values.Dequeue(),
                ScalarRole.Derived => at.Field("length").ToCode() + ".ReadOut()",
                _ => weights[f.Name],
            });
        var rest = $"{ApplyPart.Settings(Function)}, {string.Join(", ", arguments)})";
        string Scan(string state) => $"Recurrence.Run<{at.Kernel(Function)}>({at.PassOf(at.Node.TimeAxis)}, {state}, {rest}";
        if (Transfer is { } transfer)
        {
            var read = transfer.Function.Scalar!.Of(ScalarRole.Parameter).Select(f => weights[f.Name]);
            at.Result(
                at.ByForm(
                    $"Transfer.Run<{at.TransferKernel(transfer.Function)}>({at.PassOf(at.Node.TimeAxis)}, {at.Field("length").ToCode()}, "
                        + $"{ApplyPart.Settings(transfer.Function)}, {at.In()}, {string.Join(", ", read)})",
                    Scan),
                $"in parallel a convolution with the kernel of {transfer.Function.Spec.Name}");
        }
        else if (Convolves)
        {
            at.Result(at.ByForm($"Convolution.Run<{at.Kernel(Function)}>({at.PassOf(at.Node.TimeAxis)}, {rest}", Scan),
                "in parallel a convolution, or the scan where that costs less");
        }
        else
        {
            at.Result(Scan(at.State));
        }
    }

    public override StateField State(Construction at) => new(Function.Spec.Name, "RecurrentState", (owner, _) => $"{owner}.Own(new RecurrentState())");
}
