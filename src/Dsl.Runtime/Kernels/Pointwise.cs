using System;
using System.Linq;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>A declared pointwise function within a model.</summary>
public static class Pointwise
{
    /// <summary>
    /// Below it, tensors of few elements: what a kernel saves in passes over memory is less than what it takes to begin one. Measured.
    /// </summary>
    internal const long Few = 4096;

    /// <summary>
    /// The function of every element: one pass over memory by its kernel on the CPU; over whole tensors where they are small, and on other devices, there
    /// with the derived adjoint as the way back.
    /// </summary>
    /// <typeparam name="TKernel">What the generator made of the function.</typeparam>
    /// <param name="settings">Numbers of the config, in the kernel's order.</param>
    /// <param name="arguments">
    /// The function's values, which broadcast against each other, and weights, which are single numbers or lie along the last axis, in the function's order.
    /// </param>
    public static Tensor Run<TKernel>(double[] settings, params Tensor[] arguments)
        where TKernel : struct, IScanKernel => Run<TKernel>(settings, tensors: false, arguments);

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

        // By a kernel, rows are its steps; over whole tensors there is one step, of all rows.
        bool cpu = !tensors && arguments.All(a => a.device_type == DeviceType.CPU);
        long count = shape.Aggregate(1L, (product, size) => product * size);
        if (cpu && count < Few && !arguments.Any(a => a.requires_grad && torch.is_grad_enabled()))
        {
            return TensorStep.Whole<TKernel>([.. arguments], settings).expand(shape).MoveToOuterDisposeScope();
        }

        // Without weights along the last axis the border between rows means nothing: rows as long as vectors like them.
        long width = alongLast ? shape[^1] : count % 256 == 0 ? 256 : shape.Length > 0 ? shape[^1] : 1;
        long rows = width == 0 ? 0 : count / width;
        var flat = new Tensor[arguments.Length];
        foreach (ScanOperand operand in layout.Operands)
        {
            Tensor own = arguments[operand.Argument];
            flat[operand.Argument] = operand.Axes switch
            {
                "b t d" => (own.shape.SequenceEqual(shape) ? own : own.expand(shape)).reshape(cpu ? 1 : rows, cpu ? rows : 1, width),
                "d" => own.reshape(width),
                _ => own.reshape([]),
            };
        }

        return Scan<TKernel>.ResultOf(flat, settings, tensors: !cpu).reshape(shape).MoveToOuterDisposeScope();
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
