using System;
using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Threading;
using Dsl.Files;

namespace Dsl.Runtime;

/// <summary>
/// Writes safetensors files as the published writer does, byte for byte: wider types first, then by name, the header padded with
/// spaces to a multiple of 8.
/// </summary>
public static class SafeTensorsWriter
{
    private static readonly JsonWriterOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>
    /// Writes a file, whole or not at all: a temporary file in the same folder, flushed to the disk, then renamed over <paramref name="path"/>.
    /// </summary>
    /// <param name="path">The file; replaced where it exists.</param>
    /// <param name="tensors">In any order; each is streamed, none is held in managed memory.</param>
    /// <param name="metadata">Becomes <c>__metadata__</c>; none where null or empty.</param>
    /// <param name="cancel">Stops between parts of a tensor; nothing is left behind.</param>
    /// <exception cref="CheckpointException">A name stands twice, the header grows over the format's limit, or the disk refuses.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static void Write(string path, IReadOnlyList<TensorSource> tensors, IReadOnlyDictionary<string, string>? metadata = null,
        CancellationToken cancel = default)
    {
        using var files = new AtomicFiles(CheckpointException.Of);
        WriteTo(files, path, tensors, metadata, cancel);
        files.Commit();
    }

    internal static void WriteTo(AtomicFiles files, string path, IReadOnlyList<TensorSource> tensors, IReadOnlyDictionary<string, string>? metadata,
        CancellationToken cancel)
    {
        var ordered = Order(path, tensors);
        Stream stream = files.Create(path);
        files.Guarded(path, () =>
        {
            stream.Write(Header(path, ordered, metadata));
            foreach (var tensor in ordered)
            {
                cancel.ThrowIfCancellationRequested();
                long before = stream.Position;
                tensor.Write(stream, cancel);
                if (stream.Position - before != tensor.Bytes)
                {
                    throw new CheckpointException(path, $"tensor {SafeTensorsHeader.Quote(tensor.Name)} wrote {stream.Position - before} bytes, "
                        + $"expected {tensor.Bytes}");
                }
            }
        });
    }

    private static List<TensorSource> Order(string path, IReadOnlyList<TensorSource> tensors)
    {
        var keyed = new List<(byte[] Utf8, TensorSource Tensor)>(tensors.Count);
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var tensor in tensors)
        {
            if (tensor.Name == "__metadata__" || !names.Add(tensor.Name))
                throw new CheckpointException(path, $"tensor {SafeTensorsHeader.Quote(tensor.Name)} listed twice, expected a name of its own");
            keyed.Add((Encoding.UTF8.GetBytes(tensor.Name), tensor));
        }
        keyed.Sort(static (a, b) => a.Tensor.Type != b.Tensor.Type ? b.Tensor.Type.CompareTo(a.Tensor.Type) : a.Utf8.AsSpan().SequenceCompareTo(b.Utf8));
        return keyed.Select(pair => pair.Tensor).ToList();
    }

    private static byte[] Header(string path, List<TensorSource> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Compact))
        {
            json.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                json.WriteStartObject("__metadata__");
                foreach (var (key, value) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal))
                    json.WriteString(key, value);
                json.WriteEndObject();
            }
            long offset = 0;
            foreach (var tensor in tensors)
            {
                json.WriteStartObject(tensor.Name);
                json.WriteString("dtype", tensor.Type.Name());
                json.WriteStartArray("shape");
                foreach (long size in tensor.Shape)
                    json.WriteNumberValue(size);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                json.WriteNumberValue(offset += tensor.Bytes);
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        int length = (buffer.WrittenCount + 7) / 8 * 8;
        if (length > SafeTensorsHeader.MaxLength)
            throw new CheckpointException(path, $"header length {length}, at most {SafeTensorsHeader.MaxLength} expected: write shards");
        byte[] header = new byte[8 + length];
        BinaryPrimitives.WriteUInt64LittleEndian(header, (ulong)length);
        buffer.WrittenSpan.CopyTo(header.AsSpan(8));
        header.AsSpan(8 + buffer.WrittenCount).Fill((byte)' ');
        return header;
    }
}
