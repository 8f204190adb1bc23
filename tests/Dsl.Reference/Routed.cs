using System;
using System.Linq;
using System.Reflection;
using Dsl.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Reference;

/// <summary>Which of several ways generated code takes where the runtime would choose by costs or device.</summary>
public enum Route
{
    /// <summary>As the runtime chooses.</summary>
    Chosen,

    /// <summary>Every recurrence step by step over whole tensors, as on a device without a kernel; functions over own axes, too.</summary>
    Tensors,

    /// <summary>Every recurrence that may be a convolution is one, however short.</summary>
    Convolution,

    /// <summary>The same with the kernel made by powers of the transition, as on a device without a kernel.</summary>
    ConvolutionOfTensors,
}

/// <summary>
/// Generated code that is compiled for a comparison calls this instead of the runtime's <c>Recurrence</c>, <c>Convolution</c> and <c>Pointwise</c>, so that
/// each way can be taken on this machine.
/// </summary>
public static class Routed
{
    private static readonly MethodInfo Keep = typeof(RecurrentState).GetMethod("Keep", BindingFlags.Instance | BindingFlags.NonPublic)!;

    /// <summary>The way that is taken from now on, in this thread.</summary>
    [field: ThreadStatic]
    public static Route Route { get; set; }

    /// <summary>Calls of recurrences, convolutions and functions over own axes so far, in this thread.</summary>
    [field: ThreadStatic]
    public static int Calls { get; private set; }

    /// <summary>Generated text that calls this class.</summary>
    /// <param name="text">What the generator wrote.</param>
    /// <param name="pointwise">Whether functions of every element are computed by their kernels, however few the elements; else over whole tensors.</param>
    public static string Rewrite(string text, bool pointwise) => text
        .Replace(" Pointwise.Pays(", $" global::Dsl.Reference.Routed.{(pointwise ? nameof(Pays) : nameof(NeverPays))}(", StringComparison.Ordinal)
        .Replace(" Recurrence.Run<", " global::Dsl.Reference.Routed.Recur<", StringComparison.Ordinal)
        .Replace(" Pointwise.Over<", " global::Dsl.Reference.Routed.Over<", StringComparison.Ordinal)
        .Replace(" Convolution.Run<", " global::Dsl.Reference.Routed.Convolve<", StringComparison.Ordinal);

    /// <inheritdoc cref="Recurrence.Run"/>
    public static Tensor Recur<TKernel>(Pass pass, RecurrentState? state, double[] settings, params Tensor[] arguments)
        where TKernel : struct, IScanKernel
    {
        Calls++;
        if (Route is Route.Chosen or Route.Convolution)
        {
            return Recurrence.Run<TKernel>(pass, state, settings, arguments);
        }

        using var scope = torch.NewDisposeScope();
        Tensor? positions = TKernel.Layout.ReadsPosition ? pass.Positions : null;
        var (result, after) = Scan<TKernel>.Run(arguments, state?.Values, settings, pass.Padded ? pass.Queries.Real : null, tensors: true, positions);
        if (state is not null)
        {
            Keep.Invoke(state, [after, pass]);
        }

        return result.MoveToOuterDisposeScope();
    }

    /// <inheritdoc cref="Pointwise.Pays"/>
    public static bool Pays(params Tensor[] arguments) => Route != Route.Tensors && arguments.Length > 0;

    /// <inheritdoc cref="Pointwise.Pays"/>
    public static bool NeverPays(params Tensor[] arguments) => arguments.Length == 0;

    /// <inheritdoc cref="Pointwise.Over"/>
    public static Tensor Over<TKernel>(double[] settings, params Tensor[] arguments)
        where TKernel : struct, IScanKernel
    {
        Calls++;
        return Route == Route.Tensors ? Scan<TKernel>.Run(arguments, settings: settings, tensors: true).Result : Pointwise.Over<TKernel>(settings, arguments);
    }

    /// <inheritdoc cref="Convolution.Run"/>
    public static Tensor Convolve<TKernel>(Pass pass, double[] settings, params Tensor[] arguments)
        where TKernel : struct, IScanKernel
    {
        Calls++;
        if (Route is Route.Chosen or Route.Tensors || pass.Padded)
        {
            return Route == Route.Chosen ? Convolution.Run<TKernel>(pass, settings, arguments) : Recur<TKernel>(pass, null, settings, arguments);
        }

        using var scope = torch.NewDisposeScope();
        ScanLayout layout = TKernel.Layout;
        Tensor u = arguments[layout.Operands[layout.Signal].Argument];
        int time = layout.Axes.ToList().IndexOf("t");
        Tensor kernel = Convolution.Kernel<TKernel>(arguments, settings, u.shape[time], tensors: Route == Route.ConvolutionOfTensors);
        return Convolution.Apply(u, kernel, time).MoveToOuterDisposeScope();
    }
}
