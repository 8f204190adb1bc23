using System;
using System.Collections.Generic;
using System.IO;
using Dsl.Files;
using Microsoft.Win32.SafeHandles;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>
/// A safetensors file. The header is checked whole when the file is opened (the published format's rules, no exception); tensors are read by their position,
/// straight into the memory that they are for. A file that is shortened while it is open is an error of the next read, and no more: a mapped one would end
/// the process.
/// </summary>
public sealed unsafe class SafeTensorsFile : IDisposable
{
    private readonly SafeFileHandle handle;
    private readonly Dictionary<string, TensorEntry> byName = new(StringComparer.Ordinal);
    private readonly SafeTensorsHeader header;
    private readonly long dataStart;

    private SafeTensorsFile(string path, SafeFileHandle handle)
    {
        Path = path;
        this.handle = handle;
        long whole = RandomAccess.GetLength(handle);
        byte[] head = new byte[Math.Min(whole, 512)];
        UserFile.Read(path, handle, 0, head, CheckpointException.Of);
        byte[] json = new byte[SafeTensorsHeader.ReadLength(path, head, whole)];
        UserFile.Read(path, handle, 8, json, CheckpointException.Of);
        dataStart = 8L + json.Length;
        header = SafeTensorsHeader.Parse(path, json, whole - dataStart);
        byName.EnsureCapacity(header.Entries.Count);
        foreach (var entry in header.Entries)
            byName.Add(entry.Name, entry);
    }

    /// <summary>Opens and checks a file.</summary>
    /// <exception cref="CheckpointException">The file cannot be read or breaks a rule of the format; the message says which, on one line.</exception>
    public static SafeTensorsFile Open(string path)
    {
        SafeFileHandle handle = UserFile.Open(path, CheckpointException.Of);
        try
        {
            return new SafeTensorsFile(path, handle);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>The path it was opened by.</summary>
    public string Path { get; }

    /// <summary>All tensors, in the order of their data.</summary>
    public IReadOnlyList<TensorEntry> Tensors => header.Entries;

    /// <summary>The header's <c>__metadata__</c>; empty where there is none.</summary>
    public IReadOnlyDictionary<string, string> Metadata => header.Metadata;

    public bool Contains(string name) => byName.ContainsKey(name);

    /// <summary>The tensor of that name; null where there is none.</summary>
    public TensorEntry? Find(string name) => byName.GetValueOrDefault(name);

    /// <summary>The tensor of that name.</summary>
    /// <exception cref="CheckpointException">There is none.</exception>
    public TensorEntry this[string name] => Find(name)
        ?? throw new CheckpointException(Path, $"no tensor {SafeTensorsHeader.Quote(name)}, expected one of the {Tensors.Count} names in the file");

    /// <summary>The stored bytes of a tensor of at most 2 GB, read into memory of their own.</summary>
    /// <exception cref="CheckpointException">No such tensor, it is larger than a span, or the file ends before.</exception>
    public ReadOnlySpan<byte> Bytes(string name)
    {
        var entry = this[name];
        if (entry.Bytes > int.MaxValue)
            throw new CheckpointException(Path, $"tensor {SafeTensorsHeader.Quote(name)} has {entry.Bytes} bytes, expected at most {int.MaxValue} for a span");
        byte[] bytes = new byte[entry.Bytes];
        Read(entry, 0, bytes);
        return bytes;
    }

    /// <summary>
    /// All elements, row by row, converted to <typeparamref name="T"/> (a float type from any float, an integer from an equal or narrower one).
    /// </summary>
    /// <exception cref="CheckpointException">No such tensor, or its values do not fit the type.</exception>
    public T[] Read<T>(string name) where T : unmanaged
    {
        var entry = this[name];
        var target = TypeOf<T>();
        CheckFills(entry, target);
        var values = new T[checked((int)entry.Count)];
        fixed (T* to = values)
            new TensorReader(this, entry).Read(0, (byte*)to, target, values.Length);
        return values;
    }

    /// <summary>Fills a tensor of the same shape, whatever its strides, device and (fitting) type, without a second copy of the data.</summary>
    /// <returns>Whether every value is finite; true without looking where <paramref name="checkFinite"/> is off.</returns>
    /// <exception cref="CheckpointException">No such tensor, another shape, or values that do not fit the type.</exception>
    public bool Read(string name, Tensor destination, bool checkFinite = false)
    {
        var entry = this[name];
        CheckFills(entry, destination.dtype.ToElementType());
        if (!destination.shape.AsSpan().SequenceEqual(entry.ShapeArray))
            throw new CheckpointException(Path, $"{SafeTensorsHeader.Quote(name)}: file {TensorEntry.Text(entry.Shape)}, "
                + $"expected {TensorEntry.Text(destination.shape)}");
        return TensorFiller.Fill(this, entry, destination, checkFinite);
    }

    /// <summary>A new tensor with the stored shape, of the stored type unless another is asked for.</summary>
    /// <exception cref="CheckpointException">No such tensor, or its values do not fit the type.</exception>
    public Tensor ReadTensor(string name, ScalarType? type = null, Device? device = null)
    {
        var entry = this[name];
        var tensor = empty(entry.ShapeArray, type ?? entry.Type.ToScalarType(), device);
        try
        {
            Read(name, tensor);
            return tensor;
        }
        catch
        {
            tensor.Dispose();
            throw;
        }
    }

    public void Dispose() => handle.Dispose();

    /// <summary>Fills a span from a byte of a tensor on.</summary>
    /// <exception cref="CheckpointException">The file was shortened, or cannot be read.</exception>
    internal void Read(TensorEntry entry, long offset, Span<byte> into) =>
        UserFile.Read(Path, handle, dataStart + entry.Begin + offset, into, CheckpointException.Of);

    private void CheckFills(TensorEntry entry, ElementType target)
    {
        if (!entry.Type.CanFill(target))
            throw new CheckpointException(Path, $"{SafeTensorsHeader.Quote(entry.Name)}: file {entry.Type.Name()}, "
                + $"expected {target.Name()} or a type that converts to it");
    }

    private static ElementType TypeOf<T>() where T : unmanaged =>
        typeof(T) == typeof(float) ? ElementType.F32
        : typeof(T) == typeof(double) ? ElementType.F64
        : typeof(T) == typeof(Half) ? ElementType.F16
        : typeof(T) == typeof(long) ? ElementType.I64
        : typeof(T) == typeof(int) ? ElementType.I32
        : typeof(T) == typeof(short) ? ElementType.I16
        : typeof(T) == typeof(sbyte) ? ElementType.I8
        : typeof(T) == typeof(byte) ? ElementType.U8
        : typeof(T) == typeof(bool) ? ElementType.Bool
        : throw new NotSupportedException($"elements of type {typeof(T).Name} are not stored, "
            + "expected float, double, Half, long, int, short, sbyte, byte or bool");
}
