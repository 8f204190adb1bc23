using System;
using System.Linq;
using Dsl.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>
/// Runs a compiled recurrence over time. On the CPU, in float32 and float64: vectors along the innermost parallel axis, threads over the rest, states in
/// registers and first-level cache; the way back recomputes them from checkpoints, one every few steps. The result is the same, to the
/// bit, for the same number of threads. On any other device, step by step over whole tensors.
/// </summary>
/// <typeparam name="TKernel">What the generator made of the function.</typeparam>
public static class Scan<TKernel>
    where TKernel : struct, IScanKernel
{
    private static readonly ScanLayout Layout = TKernel.Layout;

    /// <summary>Runs all steps.</summary>
    /// <param name="arguments">The function's values and weights, in its order; the axes are the layout's, a Complex one ends in an axis of 2.</param>
    /// <param name="states">
    /// The states before the first step, in the function's order: axes of the result without time, then the span's, then 2 if Complex; null: where they begin.
    /// </param>
    /// <param name="settings">Numbers of the config, in the kernel's order.</param>
    /// <param name="real">bool [batch, time]: false is padding, which leaves the state as it was and gives 0.</param>
    /// <param name="tensors">Goes step by step over whole tensors on the CPU, too.</param>
    /// <param name="positions">int64 [time] or [batch, time], for a kernel that reads them; null: 0, 1, 2, ...</param>
    /// <returns>The result, with the layout's axes, and the states after the last step. All have gradients.</returns>
    /// <exception cref="ArgumentException">Shapes that do not fit each other.</exception>
    public static (Tensor Result, Tensor[] States) Run(
        Tensor[] arguments, Tensor[]? states = null, double[]? settings = null, Tensor? real = null, bool tensors = false,
        Tensor? positions = null) => Run(arguments, states, settings, real, positions, tensors, finals: true);

    /// <summary>Without the states after the last step, which then are neither made nor kept by a graph.</summary>
    internal static Tensor ResultOf(Tensor[] arguments, double[] settings, Tensor? real = null, Tensor? positions = null, bool tensors = false) =>
        Run(arguments, null, settings, real, positions, tensors, finals: false).Result;

    private static (Tensor Result, Tensor[] States) Run(
        Tensor[] arguments, Tensor[]? states, double[]? settings, Tensor? real, Tensor? positions, bool tensors, bool finals)
    {
        if (arguments.Length != Layout.ArgumentCount || (states is not null && states.Length != Layout.StateCount))
        {
            throw new ArgumentException(
                $"{Layout.Name} takes {Layout.ArgumentCount} arguments and {Layout.StateCount} states, "
                + $"but got {arguments.Length} and {states?.Length ?? Layout.StateCount}.");
        }

        using var scope = torch.NewDisposeScope();
        arguments = Layout.Squeezed(arguments);
        ScalarType dtype = arguments.Any(a => a.dtype == ScalarType.Float64) ? ScalarType.Float64 : ScalarType.Float32;
        ScalarType given = arguments.Length > 0 ? arguments[0].dtype : dtype;
        bool cpu = arguments.All(a => a.device_type == DeviceType.CPU) && !tensors;
        Tensor[] operands = [.. Layout.Operands.Select(o => Part(arguments[o.Argument], o.Part, cpu ? dtype : null))];
        Tensor[]? parts = states is null ? null : [.. Layout.States.Select(s => Part(states[s.Argument], s.Part, cpu ? dtype : null))];
        ScanSizes sizes = new(Layout, operands, parts, real);
        Tensor? places = Layout.ReadsPosition ? Places(positions, sizes, arguments[0].device) : null;
        Tensor[] results;
        if (cpu)
        {
            Tensor? bytes = real?.to(ScalarType.Byte).contiguous();
            results = FusedFunction.Apply(new ScanCall<TKernel>(sizes, settings ?? [], bytes, Numbers(places), parts is not null, finals),
                [.. operands, .. parts ?? []]);
        }
        else
        {
            bool differentiated = torch.is_grad_enabled() && operands.Concat(parts ?? []).Any(x => x.requires_grad);
            var call = new TensorScan<TKernel>(sizes, settings ?? [], real, places, parts is not null, differentiated);
            results = FusedFunction.Apply(call, [.. operands, .. parts ?? []]);
        }

        Tensor result = results[0].dtype == given || !cpu ? results[0] : results[0].to(given);
        var after = new Tensor[finals ? Layout.StateCount : 0];
        for (int i = 0; i < after.Length; i++)
        {
            Tensor[] own = [.. Enumerable.Range(0, Layout.States.Count).Where(s => Layout.States[s].Argument == i).Select(s => results[1 + s])];
            after[i] = own.Length == 1 ? own[0] : torch.stack(own, -1);
        }

        scope.MoveToOuter([result, .. after]);
        return (result, after);
    }

    // [rows, time], of one row where all are alike.
    private static Tensor Places(Tensor? positions, ScanSizes sizes, Device device)
    {
        Tensor places = positions?.to(device) ?? Scalars.Range(sizes.Time, ScalarType.Int64, device);
        places = places.dim() == 1 ? places.unsqueeze(0) : places;
        return places.dim() == 2 && places.shape[1] == sizes.Time && (places.shape[0] == 1 || places.shape[0] == sizes[Layout.Axes[0]])
            ? places
            : throw new ArgumentException(
                $"The positions of {Layout.Name} have the shape [{string.Join(", ", places.shape)}], but there are {sizes.Time} steps.");
    }

    private static int[]? Numbers(Tensor? places) =>
        places is null ? null : places.numel() == 0 ? [] : places.to(ScalarType.Int32).contiguous().data<int>().ToArray();

    private static Tensor Part(Tensor tensor, int part, ScalarType? dtype)
    {
        Tensor own = part < 0 ? tensor : tensor.select(-1, part);
        return dtype is { } wanted && own.dtype != wanted ? own.to(wanted) : own;
    }
}
