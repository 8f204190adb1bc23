using System;
using System.Linq;
using Dsl.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>A declared pointwise function within a model.</summary>
public static class Pointwise
{
    /// <summary>
    /// Below it, tensors of few elements: they stay in the caches, and what a kernel saves in passes over memory is less than what it takes to begin one and
    /// to lay its operands out. Measured: benchmarks pointwise (at 2^20 elements both ways 0.5 to 0.7 of op by op, at 2^23 1.2 to 1.9).
    /// </summary>
    internal const long Few = 1 << 21;

    /// <summary>Whether a kernel is worth its call: single or double precision on the CPU, and not few elements.</summary>
    public static bool Pays(params Tensor[] arguments)
    {
        long most = 0;
        foreach (Tensor argument in arguments)
        {
            if (argument.device_type != DeviceType.CPU || argument.dtype is not (ScalarType.Float32 or ScalarType.Float64))
            {
                return false;
            }

            most = Math.Max(most, argument.numel());
        }

        return most >= Few;
    }

    /// <summary>
    /// The function of every element: one pass over memory by its kernel on the CPU; over whole tensors on other devices, there with the derived adjoint as
    /// the way back.
    /// </summary>
    /// <typeparam name="TKernel">What the generator made of the function.</typeparam>
    /// <param name="settings">Numbers of the config, in the kernel's order.</param>
    /// <param name="arguments">
    /// The function's values, which broadcast against each other, and weights, which are single numbers or lie along the last axis, in the function's order.
    /// </param>
    public static Tensor Run<TKernel>(double[] settings, params Tensor[] arguments)
        where TKernel : struct, IScanKernel => Run<TKernel>(settings, tensors: false, arguments);

    /// <summary>
    /// A function over a token's own axes, of every token alike, padded ones too: on the CPU by its kernel, elsewhere over whole tensors; the derived adjoint
    /// is the way back.
    /// </summary>
    /// <typeparam name="TKernel">What the generator made of the function.</typeparam>
    /// <param name="settings">Numbers of the config, in the kernel's order.</param>
    /// <param name="arguments">The function's values and weights, in its order; the axes are the layout's.</param>
    /// <exception cref="ArgumentException">Shapes that do not fit each other.</exception>
    public static Tensor Over<TKernel>(double[] settings, params Tensor[] arguments)
        where TKernel : struct, IScanKernel => Scan<TKernel>.ResultOf(arguments, settings);

    internal static Tensor Run<TKernel>(double[] settings, bool tensors, params Tensor[] arguments)
        where TKernel : struct, IScanKernel
    {
        ScanLayout layout = TKernel.Layout;
        if (arguments.Length != layout.ArgumentCount)
        {
            throw new ArgumentException($"{layout.Name} takes {layout.ArgumentCount} arguments, but got {arguments.Length}.");
        }

        using var scope = torch.NewDisposeScope();
        long[] shape = [];
        bool alongLast = false;
        foreach (ScanOperand operand in layout.Operands)
        {
            if (operand.Axes == "b t d")
            {
                shape = Broadcast(layout, shape, arguments[operand.Argument].shape);
            }

            alongLast |= operand.Axes == "d";
        }

        if (tensors || arguments.Any(a => a.device_type != DeviceType.CPU))
        {
            // One step, of all rows.
            long count = shape.Aggregate(1L, (product, size) => product * size);
            long width = shape.Length > 0 ? shape[^1] : 1, rows = width == 0 ? 0 : count / width;
            return Scan<TKernel>.ResultOf(Laid(layout, arguments, shape, [rows, 1, width]), settings, tensors: true).reshape(shape).MoveToOuterDisposeScope();
        }

        // Bytes of half precision are computed in single.
        ScalarType given = arguments[0].dtype;
        ScalarType dtype = arguments.Any(a => a.dtype == ScalarType.Float64) ? ScalarType.Float64 : ScalarType.Float32;
        Tensor[] dense = [.. Laid(layout, arguments, shape, shape).Select(a => a.to(dtype).contiguous())];
        Tensor result = FusedFunction.Apply(new PointwiseCall<TKernel>(layout, settings, shape, alongLast ? shape[^1] : 0), dense)[0];
        return (result.dtype == given || given == ScalarType.Float64 ? result : result.to(given)).MoveToOuterDisposeScope();
    }

    // Values of one shape, weights along the last axis or alone, in the order of the operands, which is that of the arguments.
    private static Tensor[] Laid(ScanLayout layout, Tensor[] arguments, long[] shape, long[] laid)
    {
        var own = new Tensor[arguments.Length];
        foreach (ScanOperand operand in layout.Operands)
        {
            Tensor argument = arguments[operand.Argument];
            own[operand.Argument] = operand.Axes switch
            {
                "b t d" => (argument.shape.SequenceEqual(shape) ? argument : argument.expand(shape)).reshape(laid),
                "d" => argument.reshape(shape[^1]),
                _ => argument.reshape([]),
            };
        }

        return own;
    }

    private static long[] Broadcast(ScanLayout layout, long[] left, long[] right)
    {
        long[] result = new long[Math.Max(left.Length, right.Length)];
        for (int i = 1; i <= result.Length; i++)
        {
            long l = i <= left.Length ? left[^i] : 1;
            long r = i <= right.Length ? right[^i] : 1;
            if (l != r && l != 1 && r != 1)
            {
                throw new ArgumentException(
                    $"The values of {layout.Name} have shapes that do not broadcast: [{string.Join(", ", left)}] and [{string.Join(", ", right)}].");
            }

            result[^i] = l == 1 ? r : l;
        }

        return result;
    }
}
