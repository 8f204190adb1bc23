using System;
using System.Collections.Generic;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>
/// A safetensors file, memory-mapped. The header is checked whole when the file is opened (the published format's rules, no exception);
/// tensors are read straight from the map. The file must not be shortened by others while it is open.
/// </summary>
public sealed unsafe class SafeTensorsFile : IDisposable
{
    private readonly MappedFile map;
    private readonly Dictionary<string, TensorEntry> byName = new(StringComparer.Ordinal);
    private readonly SafeTensorsHeader header;
    private readonly long dataStart;

    private SafeTensorsFile(MappedFile map)
    {
        this.map = map;
        int length = SafeTensorsHeader.ReadLength(map.Path, new ReadOnlySpan<byte>(map.Start, (int)Math.Min(map.Length, 512)), map.Length);
        dataStart = 8L + length;
        header = SafeTensorsHeader.Parse(map.Path, new ReadOnlySpan<byte>(map.Start + 8, length), map.Length - dataStart);
        byName.EnsureCapacity(header.Entries.Count);
        foreach (var entry in header.Entries)
            byName.Add(entry.Name, entry);
    }

    /// <summary>Opens and checks a file.</summary>
    /// <exception cref="CheckpointException">The file cannot be read or breaks a rule of the format; the message says which, on one line.</exception>
    public static SafeTensorsFile Open(string path)
    {
        var map = MappedFile.Open(path);
        try
        {
            return new SafeTensorsFile(map);
        }
        catch
        {
            map.Dispose();
            throw;
        }
    }

    /// <summary>The path it was opened by.</summary>
    public string Path => map.Path;

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

    /// <summary>The stored bytes of a tensor of at most 2 GB, in the mapped file itself: valid until the file is closed.</summary>
    /// <exception cref="CheckpointException">No such tensor, or it is larger than a span.</exception>
    public ReadOnlySpan<byte> Bytes(string name)
    {
        var entry = this[name];
        if (entry.Bytes > int.MaxValue)
            throw new CheckpointException(Path, $"tensor {SafeTensorsHeader.Quote(name)} has {entry.Bytes} bytes, expected at most {int.MaxValue} for a span");
        return new ReadOnlySpan<byte>(Data(entry), (int)entry.Bytes);
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
            Conversion.Convert(Data(entry), entry.Type, (byte*)to, target, values.Length);
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

    public void Dispose() => map.Dispose();

    internal byte* Data(TensorEntry entry) => map.Start + dataStart + entry.Begin;

    /// <summary>Lets the system take back the pages of a part of a tensor that has been read.</summary>
    internal void Release(TensorEntry entry, long offset, long length) => map.Release(dataStart + entry.Begin + offset, length);

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
