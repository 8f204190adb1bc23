using System;
using System.Linq;
using System.Numerics;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>A transfer function compiled into whole tensors over all nodes; the generator writes it.</summary>
public interface ITransferKernel
{
    /// <summary>What it reads: the nodes first.</summary>
    static abstract ScanLayout Layout { get; }

    /// <summary>The kernel's transform at every node.</summary>
    static abstract (Tensor Real, Tensor Imaginary) At(TensorStep pass);
}

/// <summary>
/// A convolution whose kernel a function of omega gives (S4: Gu et al. 2021, arXiv 2111.00396, appendix C.3): K is the inverse transform of the
/// function at the L-th roots of unity, where its read-out was made for kernels of L steps.
/// </summary>
public static class Transfer
{
    /// <summary>The recurrence over the tokens of a pass, from the empty state, by its kernel.</summary>
    /// <typeparam name="TKernel">What the generator made of the transfer function.</typeparam>
    /// <param name="pass">Tells which tokens are real; a padded one gives 0.</param>
    /// <param name="length">The kernel's length, which grows where the sequence is longer.</param>
    /// <param name="settings">Numbers of the config, in the function's order.</param>
    /// <param name="u">The signal [batch, time, ...].</param>
    /// <param name="arguments">The function's weights, in its order, without the nodes.</param>
    public static Tensor Run<TKernel>(Pass pass, TransferLength length, double[] settings, Tensor u, params Tensor[] arguments)
        where TKernel : struct, ITransferKernel
    {
        using var scope = torch.NewDisposeScope();
        long nodes = length.Reach(u.shape[1]);
        Tensor kernel = Kernel<TKernel>(nodes, settings, arguments).narrow(-1, 0, u.shape[1]).movedim([-1L], [0L]).unsqueeze(0);
        return Convolution.Masked(pass, u, kernel).MoveToOuterDisposeScope();
    }

    /// <summary>The kernel [..., nodes], in the arguments' dtype; where the device can, it is computed in float64: near a pole digits cancel.</summary>
    public static Tensor Kernel<TKernel>(long nodes, double[] settings, params Tensor[] arguments)
        where TKernel : struct, ITransferKernel
    {
        using var scope = torch.NewDisposeScope();
        ScanLayout layout = TKernel.Layout;
        ScalarType given = arguments[0].dtype;
        ScalarType dtype = arguments[0].device_type is DeviceType.CPU or DeviceType.CUDA ? ScalarType.Float64 : given;
        Tensor[] all = layout.Squeezed([Nodes(nodes, dtype, arguments[0].device), .. arguments.Select(a => a.to(dtype))]);
        Tensor[] operands = [.. layout.Operands.Select(o => o.Part < 0 ? all[o.Argument] : all[o.Argument].select(-1, o.Part))];
        var (real, imaginary) = TensorStep.Nodes<TKernel>(new ScanSizes(layout, operands, null, null), operands, settings);
        return torch.fft.irfft(torch.complex(real.contiguous(), imaginary.contiguous()), nodes).to(given).MoveToOuterDisposeScope();
    }

    // omega_j = e^(-2 pi i j / L) for j up to half of L: exactly -1 there where L is even.
    private static Tensor Nodes(long count, ScalarType dtype, Device device)
    {
        var values = new double[(count / 2) + 1, 2];
        for (long j = 0; j <= count / 2; j++)
        {
            (double sin, double cos) = Math.SinCos(-2 * Math.PI * j / count);
            (values[j, 0], values[j, 1]) = 2 * j == count ? (-1, 0) : (cos, sin);
        }

        return torch.tensor(values, dtype: dtype, device: device);
    }
}

/// <summary>What a host function sees of the weights at one channel.</summary>
public sealed class HostPlace
{
    private readonly (double[] Values, int Width, bool Whole)[] weights;
    private readonly int channel;

    internal HostPlace((double[] Values, int Width, bool Whole)[] weights, int channel)
    {
        this.weights = weights;
        this.channel = channel;
    }

    /// <summary>A weight of one number a channel.</summary>
    public double Number(int index) => Numbers(index)[0];

    /// <summary>A weight of several.</summary>
    public double[] Numbers(int index)
    {
        var (values, width, whole) = weights[index];
        return values.AsSpan(whole ? 0 : channel * width, width).ToArray();
    }

    /// <summary>A Complex weight of one number a channel.</summary>
    public Complex Complex(int index) => Complexes(index)[0];

    /// <summary>A Complex weight of several.</summary>
    public Complex[] Complexes(int index) => [.. Numbers(index).Chunk(2).Select(pair => new Complex(pair[0], pair[1]))];
}

/// <summary>Turns a read-out as it is for kernels of <paramref name="from"/> nodes into what it is for <paramref name="to"/>; 0: for none.</summary>
/// <param name="readOut">Of one channel; changed in place.</param>
/// <param name="from">Nodes that it was made for.</param>
/// <param name="to">Nodes that it is wanted for.</param>
/// <param name="place">The weights at that channel.</param>
public delegate void Lengthening(Complex[] readOut, int from, int to, HostPlace place);

/// <summary>The length that a model's kernels were made for: a buffer, and the read-out with it. A longer sequence doubles it, as published.</summary>
public sealed class TransferLength
{
    private readonly WeightTable table;
    private readonly Weight nodes;
    private readonly (string Axes, Weight Weight) readOut;
    private readonly (string Axes, Weight Weight)[] weights;
    private readonly Lengthening lengthen;
    private Tensor? derived;
    private (int Version, long Nodes) derivedFor;

    internal TransferLength(WeightTable table, Weight nodes, (string Axes, Weight Weight) readOut, (string Axes, Weight Weight)[] weights, Lengthening lengthen)
    {
        this.table = table;
        this.nodes = nodes;
        this.readOut = readOut;
        this.weights = weights;
        this.lengthen = lengthen;
    }

    /// <summary>Nodes that the read-out is made for; 0: none yet.</summary>
    public long Nodes => nodes.Value.item<long>();

    /// <summary>The read-out of the step, [channel, state, 2]: what a kernel without an end has. No gradient goes through it.</summary>
    public Tensor ReadOut()
    {
        var wanted = (table.Version, Nodes);
        if (derived is null || derivedFor != wanted || derived.device.type != readOut.Weight.Value.device.type || derived.dtype != readOut.Weight.Value.dtype)
        {
            derived?.Dispose();
            using Tensor changed = Changed((int)wanted.Nodes, 0);
            using Tensor squeezed = Squeezed(readOut.Axes, changed);
            derived = squeezed.clone().DetachFromDisposeScope();
            derivedFor = wanted;
        }

        return derived;
    }

    /// <summary>At least this many nodes: the first sequence decides how many, a longer one doubles them, and the read-out follows in place.</summary>
    internal long Reach(long length)
    {
        long have = Nodes;
        long want = have;
        while (want < length)
        {
            want = want == 0 ? length : 2 * want;
        }

        if (want != have)
        {
            using IDisposable off = torch.no_grad();
            using Tensor changed = Changed((int)have, (int)want);
            readOut.Weight.Value.copy_(changed);
            nodes.Value.fill_(Scalars.Of(want));
        }

        return want;
    }

    private Tensor Changed(int from, int to)
    {
        using IDisposable off = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        Tensor given = readOut.Weight.Value;
        Tensor own = Squeezed(readOut.Axes, given).detach().cpu().to(ScalarType.Float64).contiguous();
        double[] values = own.data<double>().ToArray();
        var seen = Array.ConvertAll(weights, Host);
        int channels = (int)own.shape[0], width = values.Length / Math.Max(channels, 1);
        for (int channel = 0; channel < channels; channel++)
        {
            Complex[] one = [.. values.AsSpan(channel * width, width).ToArray().Chunk(2).Select(pair => new Complex(pair[0], pair[1]))];
            lengthen(one, from, to, new HostPlace(seen, channel));
            for (int n = 0; n < one.Length; n++)
            {
                values[(channel * width) + (2 * n)] = one[n].Real;
                values[(channel * width) + (2 * n) + 1] = one[n].Imaginary;
            }
        }

        return torch.tensor(values, given.shape).to(given.dtype).to(given.device).MoveToOuterDisposeScope();
    }

    private static (double[] Values, int Width, bool Whole) Host((string Axes, Weight Weight) weight)
    {
        using Tensor wide = weight.Weight.Value.detach().cpu().to(ScalarType.Float64).contiguous();
        double[] values = wide.data<double>().ToArray();
        string[] axes = [.. weight.Axes.Split(' ').Where(a => a is not ("1" or "2"))];
        bool whole = axes.Length == 0 || axes[0] != "d";
        long channels = whole ? 1 : weight.Weight.Shape[Array.IndexOf(weight.Axes.Split(' '), "d")];
        return (values, (int)(values.Length / Math.Max(channels, 1)), whole);
    }

    private static Tensor Squeezed(string axes, Tensor tensor)
    {
        string[] names = axes.Split(' ');
        return tensor.reshape([.. tensor.shape.Where((_, i) => names[i] != "1")]);
    }
}
