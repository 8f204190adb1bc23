using System;
using System.Collections.Generic;
using System.Linq;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>
/// A recurrence that is linear in its state and its input, with coefficients fixed in time, over a whole sequence: y = K * u, where K is its answer
/// to an impulse (Gu et al. 2021, arXiv 2111.00396, equations 4 and 5).
/// </summary>
public static class Convolution
{
    /// <summary>On the CPU shorter sequences are scanned: a transform has a price of its own.</summary>
    internal const int ShortestTime = 32;

    /// <summary>What a transform's butterfly costs a token of a channel, in updates of one number of the state; measured.</summary>
    internal const double Butterfly = 0.75;

    private static readonly Dictionary<Type, string> Last = [];

    /// <summary>The recurrence over the tokens of a pass, from the empty state: as a convolution where that costs less than the scan.</summary>
    /// <typeparam name="TKernel">What the generator made of the function; its layout names the signal.</typeparam>
    /// <param name="pass">Tells which tokens are real; a padded one gives 0.</param>
    /// <param name="settings">Numbers of the config, in the kernel's order.</param>
    /// <param name="arguments">The function's values and weights, in its order.</param>
    public static Tensor Run<TKernel>(Pass pass, double[] settings, params Tensor[] arguments)
        where TKernel : struct, IScanKernel
    {
        using var scope = torch.NewDisposeScope();
        ScanLayout layout = TKernel.Layout;
        ScanOperand signal = layout.Operands[layout.Signal];
        Tensor u = arguments[signal.Argument];
        bool pays = Pays(layout, layout.Squeezed(arguments));
        lock (Last)
        {
            Last[typeof(TKernel)] = $"{string.Join(" x ", u.shape)}: {(pays ? "convolution" : "scan")}";
        }

        bool padded = pass.Padded && pays;
        if (!pays || (padded && (layout.Axes[0] != "b" || layout.Axes[1] != "t")))
        {
            return Recurrence.Run<TKernel>(pass, null, settings, arguments).MoveToOuterDisposeScope();
        }

        Tensor kernel = Kernel<TKernel>(arguments, settings, u.shape[layout.Time]);
        return (padded ? Masked(pass, u, kernel) : Apply(u, kernel, layout.Time)).MoveToOuterDisposeScope();
    }

    /// <summary>The convolution of each row's real tokens, [batch, time, ...]; a padded token is passed over and gives 0.</summary>
    internal static Tensor Masked(Pass pass, Tensor u, Tensor kernel)
    {
        if (!pass.Padded)
        {
            return Apply(u, kernel, 1);
        }

        using var scope = torch.NewDisposeScope();

        // Real tokens go to the front: padding between them leaves the state as it was.
        Tensor y = Apply(pass.Compact(u), kernel, 1);
        Tensor real = pass.Queries.Real!.reshape([.. pass.Queries.Real!.shape, .. Enumerable.Repeat(1L, (int)y.dim() - 2)]);
        return torch.where(real, pass.Expand(y), torch.zeros([], y.dtype, y.device)).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The answer to an impulse, over <paramref name="length"/> steps: the axes of the result, those along which nothing but the signal varies of size 1.
    /// On the CPU the scan itself makes it; elsewhere the powers of its transition do, by doubling, without a step for each token.
    /// </summary>
    /// <param name="arguments">The function's values and weights; of the signal only dtype and device are read.</param>
    /// <param name="settings">Numbers of the config, in the kernel's order.</param>
    /// <param name="length">How many steps.</param>
    /// <param name="tensors">Goes by powers on the CPU, too.</param>
    public static Tensor Kernel<TKernel>(Tensor[] arguments, double[] settings, long length, bool tensors = false)
        where TKernel : struct, IScanKernel
    {
        using var scope = torch.NewDisposeScope();
        ScanLayout layout = TKernel.Layout;
        int argument = layout.Operands[layout.Signal].Argument;
        arguments = layout.Squeezed(arguments);
        var impulse = new long[layout.Axes.Count];
        for (int axis = 0; axis < impulse.Length; axis++)
        {
            impulse[axis] = axis == layout.Time ? length : Size(layout, arguments, layout.Axes[axis]) ?? 1;
        }

        Tensor u = arguments[argument];
        bool cpu = !tensors && arguments.All(a => a.device_type == DeviceType.CPU);
        if (cpu)
        {
            Tensor unit = torch.zeros(impulse, u.dtype, u.device);
            if (length > 0)
            {
                unit.narrow(layout.Time, 0, 1).fill_(Scalars.Of(1));
            }

            return Scan<TKernel>.Run([.. arguments.Select((a, i) => i == argument ? unit : a)], null, settings).Result.MoveToOuterDisposeScope();
        }

        Tensor[] operands = [.. layout.Operands.Select((o, i) => i == layout.Signal ? torch.zeros(impulse, u.dtype, u.device)
            : o.Part < 0 ? arguments[o.Argument] : arguments[o.Argument].select(-1, o.Part))];
        var (states, results) = TensorStep.Units<TKernel>(new ScanSizes(layout, operands, null, null), operands, settings);
        return Powers(states, results, length).movedim([-1], [layout.Time]).MoveToOuterDisposeScope();
    }

    /// <summary>y_t = sum over l up to t of kernel_l u_{t-l}, along one axis; the others broadcast. By a transform of at least twice the length.</summary>
    public static Tensor Apply(Tensor u, Tensor kernel, long axis)
    {
        long length = u.shape[axis];
        if (u.numel() == 0)
        {
            return u.alias();
        }

        using var scope = torch.NewDisposeScope();
        long nodes = Nodes(2 * length);
        ScalarType dtype = u.dtype == ScalarType.Float64 || kernel.dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;

        // Transforms walk the axis: it goes last, where its values lie side by side.
        Tensor frequencies = torch.fft.rfft(u.to(dtype).movedim([axis], [-1]), nodes);
        Tensor answer = torch.fft.rfft(kernel.to(dtype).movedim([axis], [-1]), nodes);
        return torch.fft.irfft(frequencies * answer, nodes)
            .narrow(-1, 0, length).movedim([-1], [axis]).contiguous().to(u.dtype).MoveToOuterDisposeScope();
    }

    internal static ChoiceRow Explain<TKernel>(string key)
        where TKernel : struct, IScanKernel
    {
        ScanLayout layout = TKernel.Layout;
        lock (Last)
        {
            return new ChoiceRow(key, "convolution or scan",
                FormattableString.Invariant($"on the CPU a convolution from {ShortestTime} steps on, where rows x state > state + {Butterfly} x rows")
                + " x log2(2 x steps); elsewhere always; from a state always the scan"
                + (Last.TryGetValue(typeof(TKernel), out string? last) ? $"; last {last}" : ""));
        }
    }

    /// <summary>
    /// Whether to convolve. A scan updates the state of every row; the convolution does so for one impulse and transforms every row. On other devices than
    /// the CPU a scan is a launch for each step.
    /// </summary>
    internal static bool Pays(ScanLayout layout, Tensor[] arguments)
    {
        Tensor u = arguments[layout.Operands[layout.Signal].Argument];
        long length = u.shape[layout.Time];
        if (arguments.Any(a => a.device_type != DeviceType.CPU))
        {
            return length > 1;
        }

        long state = layout.States.Sum(s => s.Span.Length > 0 ? Size(layout, arguments, s.Span) ?? 1 : 1);
        long rows = 1;
        for (int axis = 0; axis < layout.Axes.Count; axis++)
        {
            rows *= axis == layout.Time || Size(layout, arguments, layout.Axes[axis]) is not null ? 1 : u.shape[axis];
        }

        return length >= ShortestTime && rows * state > state + (Butterfly * rows * Math.Log2(2.0 * length));
    }

    // K_0 = d and K_l = b T^(l-1) c, with rows b, b T, b T^2, ... up to a power of two m, then columns c, T^m c, T^2m c, ...: each by doubling.
    private static Tensor Powers(Tensor states, Tensor results, long length)
    {
        long count = states.shape[^1];
        Tensor first = results.select(0, count).unsqueeze(-1);
        if (length < 2)
        {
            return first.narrow(-1, 0, length);
        }

        Tensor power = states.narrow(0, 0, count).movedim([0], [-2]);
        Tensor rows = states.narrow(0, count, 1).movedim([0], [-2]);
        Tensor columns = results.narrow(0, 0, count).movedim([0], [-1]).unsqueeze(-1);
        for (; rows.shape[^2] * rows.shape[^2] < length - 1; power = power.matmul(power))
        {
            rows = torch.cat([rows, rows.matmul(power)], -2);
        }

        for (; rows.shape[^2] * columns.shape[^1] < length - 1; power = power.matmul(power))
        {
            columns = torch.cat([columns, power.matmul(columns)], -1);
        }

        Tensor rest = rows.matmul(columns).transpose(-1, -2).flatten(-2, -1).narrow(-1, 0, length - 1);
        return torch.cat([first, rest], -1);
    }

    /// <summary>The size of an axis as arguments other than the signal have it; null where none has it.</summary>
    private static long? Size(ScanLayout layout, Tensor[] arguments, string axis)
    {
        for (int i = 0; i < layout.Operands.Count; i++)
        {
            ScanOperand operand = layout.Operands[i];
            string[] axes = [.. ScanLayout.Split(operand.Axes), operand.Span];
            int at = i == layout.Signal ? -1 : Array.IndexOf(axes, axis);
            if (at >= 0)
            {
                return arguments[operand.Argument].shape[at];
            }
        }

        return null;
    }

    /// <summary>The next even number without prime factors above 5, for which transforms are fast.</summary>
    private static long Nodes(long least)
    {
        for (long n = least + (least % 2); ; n += 2)
        {
            long rest = n;
            foreach (int prime in new[] { 2, 3, 5 })
            {
                while (rest % prime == 0)
                {
                    rest /= prime;
                }
            }

            if (rest == 1)
            {
                return n;
            }
        }
    }
}
