using System;
using System.Buffers;
using System.Linq;
using System.Runtime.InteropServices;
using System.Threading.Tasks;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>A matrix [rows, columns] in NF4: 4.127 bits a number with magnitudes that are quantised in turn, 4.5 with plain ones.</summary>
public sealed class Nf4Matrix : IDisposable
{
    private readonly float[]? magnitudes;
    private readonly byte[]? quantised;
    private readonly float[] nested;
    private readonly float[] map;

    private Nf4Matrix(Tensor packed, long rows, long columns, float[]? magnitudes, byte[]? quantised, float[] nested, float[] map, float offset)
    {
        Packed = packed.DetachFromDisposeScope();
        (Rows, Columns, Offset) = (rows, columns, offset);
        (this.magnitudes, this.quantised, this.nested, this.map) = (magnitudes, quantised, nested, map);
    }

    /// <summary>How many rows it has.</summary>
    public long Rows { get; }

    /// <summary>How many columns.</summary>
    public long Columns { get; }

    /// <summary>Two numbers a byte, uint8 [(rows x columns + 1) / 2, 1], row by row.</summary>
    public Tensor Packed { get; private set; }

    /// <summary>Whether the magnitudes are quantised in turn.</summary>
    public bool IsNested => quantised is not null;

    /// <summary>What is added to restored magnitudes; 0 where they are plain.</summary>
    public float Offset { get; }

    /// <summary>Magnitudes of the blocks of 64 where they are plain; else empty.</summary>
    public ReadOnlyMemory<float> Magnitudes => magnitudes;

    /// <summary>Those that are quantised, a byte each; else empty.</summary>
    public ReadOnlyMemory<byte> QuantisedMagnitudes => quantised;

    /// <summary>Magnitudes of blocks of 256 of them.</summary>
    public ReadOnlyMemory<float> NestedMagnitudes => nested;

    /// <summary>The codes that <see cref="QuantisedMagnitudes"/> counts in.</summary>
    public ReadOnlyMemory<float> Map => map;

    /// <summary>Bytes that it takes.</summary>
    public long Bytes => Packed.numel() + (4L * (magnitudes?.Length ?? 0)) + (quantised?.Length ?? 0) + (4L * nested.Length);

    /// <summary>Quantises a matrix of any strides and float type; it is left as it is.</summary>
    /// <param name="matrix">[rows, columns].</param>
    /// <param name="nested">Whether magnitudes are quantised in turn.</param>
    public static Nf4Matrix Of(Tensor matrix, bool nested = true)
    {
        using IDisposable off = no_grad();
        using Tensor detached = matrix.detach(), wide = detached.to(ScalarType.Float32), host = wide.cpu(), straight = host.contiguous();
        long count = straight.numel();
        Tensor packed = empty([(count + 1) / 2, 1], dtype: ScalarType.Byte);
        var magnitudes = new float[Nf4.Blocks(count)];

        // An even number of blocks a part, so that each part begins at a whole byte.
        const int part = Nf4.Block << 10;
        Parallel.For(0, (int)((count + part - 1) / part), i =>
        {
            long from = (long)i * part;
            int n = (int)Math.Min(part, count - from);
            Nf4.Quantise(Numbers(straight, from, n), Bytes_(packed, from / 2, (n + 1) / 2), magnitudes.AsSpan((int)(from / Nf4.Block), Nf4.Blocks(n)));
        });
        GC.KeepAlive(straight);
        if (!nested)
        {
            return Moved(new Nf4Matrix(packed, matrix.shape[0], matrix.shape[1], magnitudes, null, [], [], 0), matrix.device);
        }

        // The mean as torch takes it, whose order of adding decides the last bit.
        using Tensor all = tensor(magnitudes), mean = all.mean();
        float offset = mean.item<float>();
        var (bytes, outer) = (new byte[magnitudes.Length], new float[Nf4.NestedBlocks(magnitudes.Length)]);
        Nf4.QuantiseMagnitudes(magnitudes, offset, bytes, outer);
        return Moved(new Nf4Matrix(packed, matrix.shape[0], matrix.shape[1], null, bytes, outer, Nf4.DynamicMap.ToArray(), offset), matrix.device);
    }

    /// <summary>A matrix from the parts that a file holds, with plain magnitudes.</summary>
    /// <exception cref="ArgumentException">There are not as many bytes or magnitudes as the shape says.</exception>
    public static Nf4Matrix From(Tensor packed, long rows, long columns, float[] magnitudes)
    {
        RequireSizes(packed, rows, columns, magnitudes.Length);
        return new Nf4Matrix(packed, rows, columns, magnitudes, null, [], [], 0);
    }

    /// <summary>The same with magnitudes that are quantised in turn.</summary>
    /// <exception cref="ArgumentException">There are not as many bytes or magnitudes as the shape says.</exception>
    public static Nf4Matrix From(Tensor packed, long rows, long columns, byte[] quantised, float[] nested, float[] map, float offset)
    {
        RequireSizes(packed, rows, columns, quantised.Length);
        if (nested.Length != Nf4.NestedBlocks(quantised.Length) || map.Length != 256)
        {
            throw new ArgumentException($"{nested.Length} nested magnitudes and {map.Length} codes for {quantised.Length} magnitudes, "
                + $"expected {Nf4.NestedBlocks(quantised.Length)} and 256");
        }

        return new Nf4Matrix(packed, rows, columns, null, quantised, nested, map, offset);
    }

    /// <summary>Rows of the matrix as numbers; the caller disposes them.</summary>
    /// <param name="from">The first.</param>
    /// <param name="count">How many.</param>
    /// <param name="dtype">Of the result; the numbers themselves are of float32.</param>
    /// <returns>[count, columns], on the device of the packed bytes.</returns>
    public Tensor Dequantise(long from, long count, ScalarType dtype = ScalarType.Float32)
    {
        using IDisposable off = no_grad();
        Tensor values = empty([count, Columns], dtype: ScalarType.Float32);
        using Tensor host = Packed.cpu();

        // Whole blocks around the rows; rows need not begin at one.
        long first = from * Columns, end = first + (count * Columns), firstBlock = first / Nf4.Block, lastBlock = (end + Nf4.Block - 1) / Nf4.Block;
        const int blocksAtOnce = 256;
        Parallel.For(0, (int)((lastBlock - firstBlock + blocksAtOnce - 1) / blocksAtOnce), i =>
        {
            long begin = firstBlock + ((long)i * blocksAtOnce), stop = Math.Min(begin + blocksAtOnce, lastBlock);
            Fill(host, begin, stop, first, end, values);
        });
        GC.KeepAlive(host);
        if (dtype == ScalarType.Float32 && Packed.device_type == DeviceType.CPU)
        {
            return values;
        }

        using (values)
        {
            return values.to(dtype, Packed.device);
        }
    }

    /// <summary>The whole matrix as numbers; the caller disposes it.</summary>
    public Tensor Dequantise(ScalarType dtype = ScalarType.Float32) => Dequantise(0, Rows, dtype);

    /// <inheritdoc/>
    public void Dispose() => Packed.Dispose();

    /// <summary>The packed bytes under another wrapper, or moved: whoever owns them tells.</summary>
    internal void Rebind(Tensor packed) => Packed = packed;

    private static Nf4Matrix Moved(Nf4Matrix made, Device device)
    {
        if (device.type != DeviceType.CPU)
        {
            using Tensor host = made.Packed;
            made.Packed = host.to(device).DetachFromDisposeScope();
        }

        return made;
    }

    private static void RequireSizes(Tensor packed, long rows, long columns, int magnitudes)
    {
        long count = checked(rows * columns);
        if (rows < 1 || columns < 1 || packed.dtype != ScalarType.Byte || packed.numel() != (count + 1) / 2 || magnitudes != Nf4.Blocks(count))
        {
            throw new ArgumentException($"{packed.numel()} bytes and {magnitudes} magnitudes for [{rows}, {columns}], "
                + $"expected {(count + 1) / 2} and {Nf4.Blocks(count)}");
        }
    }

    private static unsafe Span<float> Numbers(Tensor tensor, long from, int count) => new((float*)TensorFiller.Pointer(tensor) + from, count);

    private static unsafe Span<byte> Bytes_(Tensor tensor, long from, int count) => new((byte*)TensorFiller.Pointer(tensor) + from, count);

    /// <summary>Blocks of the matrix, as far as they lie between two numbers.</summary>
    private void Fill(Tensor packed, long begin, long stop, long first, long end, Tensor values)
    {
        long total = Rows * Columns, low = begin * Nf4.Block, high = Math.Min(stop * Nf4.Block, total);
        int blocks = (int)(stop - begin);
        Span<float> own = stackalloc float[blocks];
        if (magnitudes is not null)
        {
            magnitudes.AsSpan((int)begin, blocks).CopyTo(own);
        }
        else
        {
            for (int i = 0; i < blocks; i++)
            {
                float each = map[quantised![begin + i]] * nested[(begin + i) / Nf4.NestedBlock];
                own[i] = each + Offset;
            }
        }

        ReadOnlySpan<byte> bytes = Bytes_(packed, low / 2, (int)((high - low + 1) / 2));
        if (low >= first && high <= end)
        {
            Nf4.Dequantise(bytes, own, Numbers(values, low - first, (int)(high - low)));
            return;
        }

        float[] rented = ArrayPool<float>.Shared.Rent((int)(high - low));
        Span<float> all = rented.AsSpan(0, (int)(high - low));
        Nf4.Dequantise(bytes, own, all);
        long from = Math.Max(low, first), to = Math.Min(high, end);
        all[(int)(from - low)..(int)(to - low)].CopyTo(Numbers(values, from - first, (int)(to - from)));
        ArrayPool<float>.Shared.Return(rented);
    }
}
