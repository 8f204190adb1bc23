using System;
using System.Collections.Generic;
using System.IO;
using System.Runtime.InteropServices;
using System.Threading;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>A tensor to be written: its name, type and shape, and a function that streams its elements. No copy of the whole is made.</summary>
public sealed unsafe class TensorSource
{
    private const long PartBytes = 1 << 20;
    private const long StagedBytes = 32 << 20; // of tensors that are strided or on another device

    private readonly Action<Stream, CancellationToken> write;

    /// <param name="name">The key in the file.</param>
    /// <param name="type">The type of the elements.</param>
    /// <param name="shape">Sizes, outermost first.</param>
    /// <param name="write">Writes all elements, row by row, little-endian.</param>
    public TensorSource(string name, ElementType type, IReadOnlyList<long> shape, Action<Stream, CancellationToken> write)
    {
        Name = name;
        Type = type;
        Shape = shape;
        this.write = write;
        long bytes = type.Size();
        foreach (long size in shape)
            bytes = checked(bytes * (size >= 0 ? size : throw new ArgumentOutOfRangeException(nameof(shape),
                $"'{name}': size {size} is negative, expected 0 or more")));
        Bytes = bytes;
    }

    public string Name { get; }

    public ElementType Type { get; }

    public IReadOnlyList<long> Shape { get; }

    /// <summary>Number of bytes.</summary>
    public long Bytes { get; }

    /// <summary>
    /// A tensor of the tensor library, of any strides and on any device, converted where another type is asked for. It must live until it is written.
    /// </summary>
    /// <exception cref="NotSupportedException">The tensor's type cannot be stored or converted.</exception>
    public static TensorSource From(string name, Tensor tensor, ElementType? type = null)
    {
        var own = tensor.dtype.ToElementType();
        var stored = type ?? own;
        if (!own.CanFill(stored))
            throw new NotSupportedException($"'{name}': {own.Name()} cannot be stored as {stored.Name()}, expected a type that it converts to");
        return new TensorSource(name, stored, tensor.shape, (stream, cancel) => WriteTensor(tensor, own, stored, stream, cancel));
    }

    /// <summary>Elements in managed memory, row by row.</summary>
    public static TensorSource From<T>(string name, ElementType type, IReadOnlyList<long> shape, ReadOnlyMemory<T> values) where T : unmanaged =>
        new(name, type, shape, (stream, cancel) =>
        {
            cancel.ThrowIfCancellationRequested();
            stream.Write(MemoryMarshal.AsBytes(values.Span));
        });

    /// <summary>A tensor of another file, which must stay open until it is written.</summary>
    public static TensorSource From(SafeTensorsFile file, string name, string? newName = null)
    {
        var entry = file[name];
        return new TensorSource(newName ?? name, entry.Type, entry.Shape, (stream, cancel) =>
        {
            byte[] part = new byte[Math.Min(PartBytes, entry.Bytes)];
            for (long i = 0; i < entry.Bytes; i += part.Length)
            {
                cancel.ThrowIfCancellationRequested();
                Span<byte> read = part.AsSpan(0, (int)Math.Min(part.Length, entry.Bytes - i));
                file.Read(entry, i, read);
                stream.Write(read);
            }
        });
    }

    internal void Write(Stream stream, CancellationToken cancel) => write(stream, cancel);

    private static void WriteTensor(Tensor tensor, ElementType own, ElementType stored, Stream stream, CancellationToken cancel)
    {
        long count = tensor.numel();
        if (count == 0)
            return;
        using var scope = NewDisposeScope();
        using var grad = no_grad();
        if (tensor.device_type == DeviceType.CPU && tensor.is_contiguous())
        {
            WriteMemory(TensorFiller.Pointer(tensor), own, stored, count, stream, cancel);
            GC.KeepAlive(tensor);
            return;
        }
        long rows = tensor.dim() == 0 ? 1 : tensor.shape[0], row = count / rows, perPart = Math.Max(1, StagedBytes / own.Size() / row);
        for (long r = 0; r < rows; r += perPart)
        {
            using var inner = NewDisposeScope();
            var part = (tensor.dim() == 0 ? tensor : tensor.narrow(0, r, Math.Min(perPart, rows - r))).cpu().contiguous();
            WriteMemory(TensorFiller.Pointer(part), own, stored, part.numel(), stream, cancel);
            GC.KeepAlive(part);
        }
    }

    private static void WriteMemory(byte* from, ElementType own, ElementType stored, long count, Stream stream, CancellationToken cancel)
    {
        long perPart = PartBytes / Math.Max(own.Size(), stored.Size());
        byte[] converted = own == stored ? [] : new byte[perPart * stored.Size()];
        for (long i = 0; i < count; i += perPart)
        {
            cancel.ThrowIfCancellationRequested();
            int n = (int)Math.Min(perPart, count - i);
            byte* part = from + i * own.Size();
            if (own == stored)
            {
                stream.Write(new ReadOnlySpan<byte>(part, n * own.Size()));
                continue;
            }
            fixed (byte* to = converted)
                Conversion.Convert(part, own, to, stored, n);
            stream.Write(converted, 0, n * stored.Size());
        }
    }
}
