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

    /// <summary>A view of a tensor.</summary>
    /// <param name="tensor">What is seen.</param>
    /// <param name="axes">Its axes without the span's.</param>
    /// <param name="hasSpan">One more axis, its last, is a span: that it may be named like a parallel axis makes it none.</param>
    /// <param name="layout">Says which axes are what.</param>
    public static ScanView Of(Tensor tensor, string[] axes, bool hasSpan, ScanLayout layout)
    {
        int lane = layout.Lane.Length > 0 ? Array.IndexOf(axes, layout.Lane) : -1;
        int span = hasSpan ? axes.Length : -1;
        int last = lane >= 0 ? lane : span;
        if (last >= 0 && tensor.shape[last] > 1 && tensor.stride(last) != 1)
        {
            // Lanes go last, densely; so does a span that all lanes share.
            int[] order = [.. Enumerable.Range(0, (int)tensor.dim()).Where(i => i != last), last];
            tensor = tensor.permute([.. order.Select(i => (long)i)]).contiguous();
            axes = [.. order.Where(i => i != span).Select(i => axes[i])];
            span = Array.IndexOf(order, span);
        }

        long StrideAt(int at) => tensor.shape[at] > 1 ? tensor.stride(at) : 0;

        // Axes are counted without the span, tensors with it.
        long Stride(string axis) => Array.IndexOf(axes, axis) is var at and >= 0 ? StrideAt(span >= 0 && at >= span ? at + 1 : at) : 0;
        return new ScanView(
            tensor, [.. layout.Outer.Select(Stride)], StableC.Address(tensor), Stride("t"), span >= 0 ? (int)StrideAt(span) : 0,
            span >= 0 ? (int)tensor.shape[span] : 1, lane >= 0);
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
