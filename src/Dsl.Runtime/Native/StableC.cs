using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using System.Threading;
using static TorchSharp.torch;

namespace Dsl.Runtime.Native;

/// <summary>An activation that oneDNN applies within a product.</summary>
public enum FusedActivation
{
    None,
    Relu,
    /// <summary>x times the normal distribution function of x.</summary>
    Gelu,
    /// <summary>The tanh approximation of GELU.</summary>
    GeluTanh,
    /// <summary>x times sigmoid(x), also called swish.</summary>
    Silu,
    Sigmoid,
    Tanh,
}

/// <summary>
/// Operators of libtorch that TorchSharp does not offer, with TorchSharp tensors. What a platform's libtorch lacks is told by the <c>Has...</c> properties,
/// found once; callers then take the plain way. Results belong to the caller and to the current dispose scope, like those of TorchSharp itself.
/// </summary>
/// <exception cref="TorchOperatorException">Every method throws it when libtorch reports a failure.</exception>
public static unsafe class StableC
{
    /// <summary>Whether operators can be called by name (<see cref="StableCall"/>), which attention, RMSNorm, AdamW and <see cref="Version"/> need.</summary>
    public static bool HasOperators => StableFunctions.CanCall;

    /// <summary>Whether oneDNN's product is there: <see cref="Linear"/>.</summary>
    public static bool HasLinear => StableFunctions.LinearPointwise != null;

    /// <summary>Whether oneDNN's product that adds is there: <see cref="LinearAdd"/>.</summary>
    public static bool HasLinearAdd => StableFunctions.LinearPointwiseBinary != null;

    /// <summary>Whether weights can be packed for oneDNN, <see cref="ReorderLinearWeight"/>, and multiply as they did before on this CPU.</summary>
    public static bool HasReorder => HasOperators && HasLinear && Reorders.Value;

    // oneDNN's packed product is wrong on some CPUs with AVX-512, without an error: it is tried once before anything relies on it.
    private static readonly Lazy<bool> Reorders = new(() =>
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        foreach (var (input, output) in new[] { (24L, 33L), (96L, 80L), (256L, 512L) })
        {
            foreach (long rows in new[] { 1L, 64L })
            {
                Tensor x = Scalars.Range(rows * input, ScalarType.Float32).sin().reshape(rows, input);
                Tensor weight = Scalars.Range(output * input, ScalarType.Float32).cos().reshape(output, input);
                if (!Linear(x, ReorderLinearWeight(weight, rows)).allclose(x.matmul(weight.t()), rtol: 1e-3, atol: 1e-3))
                {
                    return false;
                }
            }
        }

        return true;
    });

    /// <summary>Whether <see cref="ParallelFor"/> runs on libtorch's own threads.</summary>
    public static bool HasParallelFor => StableFunctions.ParallelFor != null;

    /// <summary>softmax(scale q k^T + mask) v. Differentiable.</summary>
    /// <param name="query">[..., heads, queries, width].</param>
    /// <param name="key">[..., key heads, keys, width].</param>
    /// <param name="value">[..., key heads, keys, value width].</param>
    /// <param name="mask">Boolean (true = may attend) or additive, broadcast to [..., heads, queries, keys]; not with <paramref name="causal"/>.</param>
    /// <param name="dropout">Probability of dropping a weight.</param>
    /// <param name="causal">Query i sees keys 0..i.</param>
    /// <param name="scale">1 / sqrt(width) when null.</param>
    /// <param name="groupedHeads">Whether there may be fewer key heads; query head i reads key head i / (heads / key heads).</param>
    /// <returns>[..., heads, queries, value width].</returns>
    public static Tensor ScaledDotProductAttention(
        Tensor query, Tensor key, Tensor value, Tensor? mask = null, double dropout = 0, bool causal = false, double? scale = null, bool groupedHeads = false)
    {
        var call = new StableCall(stackalloc ulong[8]);
        call.Add(query);
        call.Add(key);
        call.Add(value);
        call.Add(mask, optional: true);
        call.Add(dropout);
        call.Add(causal);
        call.Add(scale);
        call.Add(groupedHeads);
        call.Invoke("aten::scaled_dot_product_attention"u8, ""u8);
        return call.TakeTensor(0);
    }

    /// <summary>x / sqrt(mean(x^2) + eps) * weight over the last axis. Differentiable.</summary>
    /// <param name="x">[..., width].</param>
    /// <param name="weight">[width], or null.</param>
    /// <param name="epsilon">Added to the mean square.</param>
    public static Tensor RmsNorm(Tensor x, Tensor? weight, double epsilon)
    {
        ReadOnlySpan<long> width = [x.shape[^1]];
        var call = new StableCall(stackalloc ulong[4]);
        call.Add(x);
        call.Add(width);
        call.Add(weight, optional: true);
        call.Add((double?)epsilon);
        call.Invoke("aten::rms_norm"u8, ""u8);
        return call.TakeTensor(0);
    }

    /// <summary>activation(x W^T + bias) by oneDNN, on the CPU. Not differentiable: see <see cref="FusedLinear"/>.</summary>
    /// <param name="x">[..., in], float32, bfloat16 or float16.</param>
    /// <param name="weight">[out, in], of any strides, or packed by <see cref="ReorderLinearWeight"/>.</param>
    /// <param name="bias">[out], or null.</param>
    /// <param name="activation">Applied to each element of the result.</param>
    /// <returns>[..., out].</returns>
    public static Tensor Linear(Tensor x, Tensor weight, Tensor? bias = null, FusedActivation activation = FusedActivation.None)
    {
        CheckWidth(x, weight);
        var (name, algorithm) = Words(activation);
        nint biasHandle = bias is null ? 0 : bias.Handle;
        nint result;
        int error;
        fixed (byte* nameStart = name)
        fixed (byte* algorithmStart = algorithm)
        {
            byte* algorithmText = algorithmStart;
            error = StableFunctions.LinearPointwise(
                x.Handle, weight.Handle, bias is null ? null : &biasHandle, nameStart, null, 0, algorithmText == null ? null : &algorithmText, &result);
        }
        GC.KeepAlive(x);
        GC.KeepAlive(weight);
        GC.KeepAlive(bias);
        StableFunctions.Check(error, "mkldnn::_linear_pointwise");
        return Tensor.UnsafeCreateTensor(result);
    }

    /// <summary>x W^T + bias + other by oneDNN, on the CPU. Not differentiable: see <see cref="FusedLinear"/>.</summary>
    /// <param name="x">[..., in], float32, bfloat16 or float16.</param>
    /// <param name="weight">[out, in], of any strides, or packed by <see cref="ReorderLinearWeight"/>.</param>
    /// <param name="bias">[out], or null.</param>
    /// <param name="other">[..., out]; it is not changed.</param>
    /// <returns>[..., out].</returns>
    public static Tensor LinearAdd(Tensor x, Tensor weight, Tensor? bias, Tensor other)
    {
        CheckWidth(x, weight);
        nint biasHandle = bias is null ? 0 : bias.Handle;
        nint result;
        int error;
        fixed (byte* add = "add\0"u8)
        {
            error = StableFunctions.LinearPointwiseBinary(x.Handle, other.Handle, weight.Handle, bias is null ? null : &biasHandle, add, &result);
        }
        GC.KeepAlive(x);
        GC.KeepAlive(other);
        GC.KeepAlive(weight);
        GC.KeepAlive(bias);
        StableFunctions.Check(error, "mkldnn::_linear_pointwise.binary");
        return Tensor.UnsafeCreateTensor(result);
    }

    /// <summary>A copy of a weight in the blocked layout that suits oneDNN's product; only <see cref="Linear"/> and <see cref="LinearAdd"/> read it.</summary>
    /// <param name="weight">[out, in], contiguous.</param>
    /// <param name="rows">How many rows will be multiplied at a time; the layout depends on it, the result does not.</param>
    public static Tensor ReorderLinearWeight(Tensor weight, long rows)
    {
        var call = new StableCall(stackalloc ulong[2]);
        call.Add(weight);
        call.Add((long?)rows);
        call.Invoke("mkldnn::_reorder_linear_weight"u8, ""u8);
        return call.TakeTensor(0);
    }

    /// <summary>One step of AdamW on many parameters in one pass over each, in place (Loshchilov and Hutter 2019, algorithm 2).</summary>
    /// <param name="parameters">The parameters.</param>
    /// <param name="gradients">Their gradients.</param>
    /// <param name="averages">Running means of the gradients.</param>
    /// <param name="squares">Running means of their squares.</param>
    /// <param name="steps">One float32 scalar per parameter: the number of this step, counted from 1 (the caller adds 1 before the call).</param>
    /// <param name="rate">Learning rate.</param>
    /// <param name="beta1">Decay of the averages.</param>
    /// <param name="beta2">Decay of the squares.</param>
    /// <param name="decay">Weight decay.</param>
    /// <param name="epsilon">Added to the root of the squares.</param>
    /// <param name="gradientScale">A float32 scalar by which the gradients are divided, in place, before use (clipping), or null.</param>
    public static void FusedAdamW(
        IReadOnlyList<Tensor> parameters, IReadOnlyList<Tensor> gradients, IReadOnlyList<Tensor> averages, IReadOnlyList<Tensor> squares,
        IReadOnlyList<Tensor> steps, double rate, double beta1, double beta2, double decay, double epsilon, Tensor? gradientScale = null)
    {
        var call = new StableCall(stackalloc ulong[15]);
        call.Add(parameters);
        call.Add(gradients);
        call.Add(averages);
        call.Add(squares);
        call.Add((IReadOnlyList<Tensor>)[]);            // the maxima, which only the variant amsgrad has
        call.Add(steps);
        call.Add(rate);
        call.Add(beta1);
        call.Add(beta2);
        call.Add(decay);
        call.Add(epsilon);
        call.Add(false);                                // amsgrad
        call.Add(false);                                // maximize
        call.Add(gradientScale, optional: true);
        call.Add(null, optional: true);                 // found_inf
        call.Invoke("aten::_fused_adamw_"u8, ""u8);
    }

    /// <summary>How often a tensor's storage was written in place since it was made: a cache built from it is stale when this changed.</summary>
    public static long Version(Tensor tensor)
    {
        var call = new StableCall(stackalloc ulong[1]);
        call.Add(tensor);
        call.Invoke("aten::_version"u8, ""u8);
        return call.Integer(0);
    }

    /// <summary>Where a dense or strided tensor's first element lies in memory; the tensor must be kept alive as long as the address is in use.</summary>
    public static nint Address(Tensor tensor)
    {
        if (tensor.numel() == 0)
        {
            return 0;
        }

        if (StableFunctions.DataPointer != null)
        {
            void* address;
            int error = StableFunctions.DataPointer(tensor.Handle, &address);
            GC.KeepAlive(tensor);
            StableFunctions.Check(error, "aoti_torch_get_data_ptr");
            return (nint)address;
        }

        long extent = 1;
        for (int i = 0; i < tensor.dim(); i++)
        {
            extent += (tensor.shape[i] - 1) * tensor.stride(i);
        }

        using Tensor flat = tensor.as_strided([extent], [1], tensor.storage_offset());
        return (nint)Unsafe.AsPointer(ref MemoryMarshal.GetReference(flat.bytes));
    }

    /// <summary>Runs <paramref name="body"/> over consecutive parts of [<paramref name="begin"/>, <paramref name="end"/>) on libtorch's own threads.</summary>
    /// <param name="begin">First index.</param>
    /// <param name="end">One past the last index.</param>
    /// <param name="grain">The least number of indices that is worth a thread of its own.</param>
    /// <param name="body">Called with the begin and the end of each part, possibly from several threads at once. It must not use tensors' autograd.</param>
    /// <remarks>The first exception of a body is thrown again here, when all parts have ended. Without libtorch's threads the body runs once, here.</remarks>
    public static void ParallelFor(long begin, long end, long grain, Action<long, long> body)
    {
        if (end <= begin)
        {
            return;
        }
        if (!HasParallelFor)
        {
            body(begin, end);
            return;
        }
        var work = new Work(body);
        var handle = GCHandle.Alloc(work);
        try
        {
            StableFunctions.Check(StableFunctions.ParallelFor(begin, end, grain, &RunPart, (void*)GCHandle.ToIntPtr(handle)), "torch_parallel_for");
        }
        finally
        {
            handle.Free();
        }
        work.Failure?.Throw();
    }

    private sealed class Work(Action<long, long> body)
    {
        private ExceptionDispatchInfo? failure;

        public ExceptionDispatchInfo? Failure => failure;

        public void Run(long begin, long end)
        {
            try
            {
                body(begin, end);
            }
            catch (Exception e)
            {
                Interlocked.CompareExchange(ref failure, ExceptionDispatchInfo.Capture(e), null);
            }
        }
    }

    [UnmanagedCallersOnly]
    private static void RunPart(long begin, long end, void* work) => Unsafe.As<Work>(GCHandle.FromIntPtr((nint)work).Target!).Run(begin, end);

    private static void CheckWidth(Tensor x, Tensor weight)
    {
        if (x.size(-1) != weight.size(-1))
        {
            throw new ArgumentException($"The input has {x.size(-1)} columns, but the weight multiplies {weight.size(-1)}.", nameof(x));
        }
    }

    // Names as oneDNN's binding in libtorch knows them (aten/src/ATen/native/mkldnn/Common.h); zero-terminated.
    private static (byte[] Name, byte[]? Algorithm) Words(FusedActivation activation) => activation switch
    {
        FusedActivation.None => (none, null),
        FusedActivation.Relu => (relu, null),
        FusedActivation.Gelu => (gelu, none),
        FusedActivation.GeluTanh => (gelu, tanh),
        FusedActivation.Silu => (swish, null),
        FusedActivation.Sigmoid => (sigmoid, null),
        FusedActivation.Tanh => (tanh, null),
        _ => throw new ArgumentOutOfRangeException(nameof(activation), activation, "The activation is none that oneDNN applies within a product."),
    };

    private static readonly byte[] none = "none\0"u8.ToArray(), relu = "relu\0"u8.ToArray(), gelu = "gelu\0"u8.ToArray(),
        swish = "swish\0"u8.ToArray(), sigmoid = "sigmoid\0"u8.ToArray(), tanh = "tanh\0"u8.ToArray();
}
