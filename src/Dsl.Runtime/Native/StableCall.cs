using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime.Native;

/// <summary>
/// One call of any registered operator of libtorch by name, autograd included, through <c>torch_call_dispatcher</c>
/// (<c>torch/csrc/stable/c/shim.h</c>). Add every argument in the order of the operator's schema, then <see cref="Invoke"/>, then take the results.
/// </summary>
/// <remarks>
/// Arguments and results are 64-bit slots. A tensor, a list and a string are owned handles, which the call consumes; a double is its bits; a missing
/// optional is 0, a present one a heap slot. An argument of schema type <c>Scalar</c> cannot be passed: the interface has no form for it.
/// A failing operator prints a C++ trace to standard error, so callers check shapes first.
/// </remarks>
/// <param name="slots">Room for the arguments or the results, whichever are more.</param>
public unsafe ref struct StableCall(Span<ulong> slots)
{
    private readonly Span<ulong> slots = slots;
    private int count;

    public void Add(Tensor value) => Push(Own(value));

    public void Add(Tensor? value, bool optional) => Push(!optional ? Own(value!) : value is null ? 0 : Boxed(Own(value)));

    public void Add(double value) => Push(BitConverter.DoubleToUInt64Bits(value));

    public void Add(double? value) => Push(value is { } present ? Boxed(BitConverter.DoubleToUInt64Bits(present)) : 0);

    public void Add(long value) => Push((ulong)value);

    public void Add(long? value) => Push(value is { } present ? Boxed((ulong)present) : 0);

    public void Add(bool value) => Push(value ? 1UL : 0UL);

    public void Add(ScalarType value) => Push((ulong)(uint)(int)(sbyte)value);

    public void Add(ScalarType? value) => Push(value is { } present ? Boxed((ulong)(uint)(int)(sbyte)present) : 0);

    public void Add(string value)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(value);
        nint handle;
        fixed (byte* start = bytes)
        {
            StableFunctions.Check(StableFunctions.NewString(start, (nuint)bytes.Length, &handle), "torch_new_string_handle");
        }
        Push((ulong)handle);
    }

    /// <summary>Adds a list of integers (schema types <c>int[]</c> and <c>SymInt[]</c>).</summary>
    public void Add(ReadOnlySpan<long> values)
    {
        nint list = NewList(values.Length);
        foreach (long value in values)
        {
            Append(list, (ulong)value);
        }
        Push((ulong)list);
    }

    /// <summary>Adds a list of tensors (schema type <c>Tensor[]</c>).</summary>
    public void Add(IReadOnlyList<Tensor> values)
    {
        nint list = NewList(values.Count);
        for (int i = 0; i < values.Count; i++)
        {
            Append(list, Own(values[i]));
        }
        Push((ulong)list);
    }

    /// <summary>Calls the operator; the slots then hold its results.</summary>
    /// <param name="name">Its full name, zero-terminated UTF-8, as in <c>"aten::rms_norm"u8</c>.</param>
    /// <param name="overload">Its overload, zero-terminated UTF-8; empty for the only one.</param>
    /// <exception cref="TorchOperatorException">The operator failed, or libtorch does not offer the interface.</exception>
    public readonly void Invoke(ReadOnlySpan<byte> name, ReadOnlySpan<byte> overload)
    {
        int error;
        fixed (byte* nameStart = name)
        fixed (byte* overloadStart = overload.IsEmpty ? "\0"u8 : overload)    // a pointer to an empty span would be null
        fixed (ulong* stack = slots)
        {
            error = StableFunctions.CallDispatcher(nameStart, overloadStart, stack, StableFunctions.Version);
        }
        if (error != 0)
        {
            string text = Encoding.UTF8.GetString(name);
            throw new TorchOperatorException(text, $"libtorch's operator {text} failed; it wrote the cause to standard error.");
        }
    }

    /// <summary>The tensor in result slot <paramref name="index"/>, now the caller's. Take each one once.</summary>
    public readonly Tensor TakeTensor(int index) => Tensor.UnsafeCreateTensor((nint)slots[index]);

    /// <summary>The integer in result slot <paramref name="index"/>.</summary>
    public readonly long Integer(int index) => (long)slots[index];

    private void Push(ulong slot) => slots[count++] = slot;

    internal static ulong Own(Tensor tensor)
    {
        nint handle;
        StableFunctions.Check(StableFunctions.NewTensorHandle(tensor.Handle, &handle), "aoti_torch_new_tensor_handle");
        GC.KeepAlive(tensor);
        return (ulong)handle;
    }

    // libtorch frees the slot with the C++ operator delete, which is the C runtime's free on every platform that it is built for.
    private static ulong Boxed(ulong slot)
    {
        ulong* box = (ulong*)NativeMemory.Alloc(sizeof(ulong));
        *box = slot;
        return (ulong)box;
    }

    private static nint NewList(int length)
    {
        nint list;
        StableFunctions.Check(StableFunctions.NewList((nuint)length, &list), "torch_new_list_reserve_size");
        return list;
    }

    private static void Append(nint list, ulong slot) => StableFunctions.Check(StableFunctions.ListPushBack(list, slot), "torch_list_push_back");
}
