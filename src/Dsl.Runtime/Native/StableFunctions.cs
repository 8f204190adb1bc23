using System.Runtime.InteropServices;
using TorchSharp;

namespace Dsl.Runtime.Native;

/// <summary>The functions of libtorch's stable C interface that this library calls, found once by name in the loaded libtorch_cpu.</summary>
/// <remarks>Signatures: <c>torch/csrc/stable/c/shim.h</c>, <c>torch/csrc/inductor/aoti_torch/c/shim.h</c> and <c>shim_cpu.h</c> of libtorch 2.10.
/// A tensor handle is what <see cref="torch.Tensor.Handle"/> is: a pointer to a heap-held <c>at::Tensor</c>. What libtorch lacks is null.</remarks>
internal static unsafe class StableFunctions
{
    public static readonly ulong Version;
    public static readonly delegate* unmanaged<byte*, byte*, ulong*, ulong, int> CallDispatcher;
    public static readonly delegate* unmanaged<nint, nint*, int> NewTensorHandle;
    public static readonly delegate* unmanaged<nint, void**, int> DataPointer;
    public static readonly delegate* unmanaged<nuint, nint*, int> NewList;
    public static readonly delegate* unmanaged<nint, ulong, int> ListPushBack;
    public static readonly delegate* unmanaged<byte*, nuint, nint*, int> NewString;
    public static readonly delegate* unmanaged<long, long, long, delegate* unmanaged<long, long, void*, void>, void*, int> ParallelFor;
    // X, W, bias, activation, scalars, how many, algorithm, result
    public static readonly delegate* unmanaged<nint, nint, nint*, byte*, double**, long, byte**, nint*, int> LinearPointwise;
    // X, other, W, bias, binary operation, result
    public static readonly delegate* unmanaged<nint, nint, nint, nint*, byte*, nint*, int> LinearPointwiseBinary;

    static StableFunctions()
    {
        TorchLibrary.Load();
        if (!NativeLibrary.TryLoad("torch_cpu", typeof(torch).Assembly, null, out nint library))
        {
            return;
        }
        CallDispatcher = (delegate* unmanaged<byte*, byte*, ulong*, ulong, int>)Find("torch_call_dispatcher");
        NewTensorHandle = (delegate* unmanaged<nint, nint*, int>)Find("aoti_torch_new_tensor_handle");
        DataPointer = (delegate* unmanaged<nint, void**, int>)Find("aoti_torch_get_data_ptr");
        NewList = (delegate* unmanaged<nuint, nint*, int>)Find("torch_new_list_reserve_size");
        ListPushBack = (delegate* unmanaged<nint, ulong, int>)Find("torch_list_push_back");
        NewString = (delegate* unmanaged<byte*, nuint, nint*, int>)Find("torch_new_string_handle");
        ParallelFor = (delegate* unmanaged<long, long, long, delegate* unmanaged<long, long, void*, void>, void*, int>)Find("torch_parallel_for");
        LinearPointwise = (delegate* unmanaged<nint, nint, nint*, byte*, double**, long, byte**, nint*, int>)Find("aoti_torch_cpu__linear_pointwise");
        LinearPointwiseBinary = (delegate* unmanaged<nint, nint, nint, nint*, byte*, nint*, int>)Find("aoti_torch_cpu__linear_pointwise_binary");
        var version = (delegate* unmanaged<ulong>)Find("aoti_torch_abi_version");
        Version = version == null ? 0 : version();

        nint Find(string name) => NativeLibrary.TryGetExport(library, name, out nint address) ? address : 0;
    }

    /// <summary>Whether operators can be called by name.</summary>
    public static bool CanCall =>
        CallDispatcher != null && NewTensorHandle != null && NewList != null && ListPushBack != null && NewString != null && Version != 0;

    /// <summary>Turns an error code into an exception that names the function.</summary>
    public static void Check(int error, string name)
    {
        if (error != 0)
        {
            throw new TorchOperatorException(name, $"libtorch's function {name} failed; it wrote the cause to standard error.");
        }
    }
}
