using System;
using System.Linq;
using Dsl.Runtime.Native;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>A tensor as kernels see it: the address and the strides along outer axes, time and span; along the lanes it is dense.</summary>
internal sealed class ScanView
{
    private readonly long[] strides;

    private ScanView(Tensor tensor, long[] strides, nint pointer, long time, int span, int count, bool lanes)
    {
        Tensor = tensor;
        this.strides = strides;
        Pointer = pointer;
        Time = time;
        Span = span;
        Count = count;
        HasLanes = lanes;
    }

    /// <summary>Kept alive as long as the address is in use.</summary>
    public Tensor Tensor { get; }

    public nint Pointer { get; }

    public long Time { get; }

    public int Span { get; }

    public int Count { get; }

    public bool HasLanes { get; }

    /// <summary>Axes are the tensor's, the span's last.</summary>
    public static ScanView Of(Tensor tensor, string[] axes, string span, ScanLayout layout)
    {
        int lane = Array.IndexOf(axes, layout.Lane);
        if (lane >= 0 && tensor.shape[lane] > 1 && tensor.stride(lane) != 1)
        {
            // Lanes go last, densely.
            long[] order = [.. Enumerable.Range(0, axes.Length).Where(i => i != lane).Select(i => (long)i), lane];
            tensor = tensor.permute(order).contiguous();
            axes = [.. order.Select(i => axes[i])];
        }

        int spanned = span.Length > 0 ? Array.IndexOf(axes, span) : -1;
        if (lane < 0 && spanned >= 0 && tensor.shape[spanned] > 1 && tensor.stride(spanned) != 1)
        {
            // So does a span that all lanes share.
            long[] order = [.. Enumerable.Range(0, axes.Length).Where(i => i != spanned).Select(i => (long)i), spanned];
            tensor = tensor.permute(order).contiguous();
            axes = [.. order.Select(i => axes[i])];
        }

        long Stride(string axis) => Array.IndexOf(axes, axis) is var at and >= 0 && tensor.shape[at] > 1 ? tensor.stride(at) : 0;
        return new ScanView(
            tensor, [.. layout.Outer.Select(Stride)], StableC.Address(tensor), Stride("t"), span.Length > 0 ? (int)Stride(span) : 0,
            span.Length > 0 ? (int)tensor.shape[Array.IndexOf(axes, span)] : 1, lane >= 0);
    }

    public long Offset(ReadOnlySpan<int> outer)
    {
        long offset = 0;
        for (int i = 0; i < strides.Length; i++)
        {
            offset += strides[i] * outer[i];
        }

        return offset;
    }
}
