using System;
using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Dsl.Runtime;

/// <summary>
/// The header of a safetensors file, checked by every rule of the format: 8 bytes of length, a JSON object, and tensors that cover the rest without gap
/// or overlap.
/// </summary>
internal sealed class SafeTensorsHeader
{
    /// <summary>The published limit on a header's length, in bytes; writers keep it too.</summary>
    public const long MaxLength = 100_000_000;

    // A file whose ranges together exceed it is refused whatever follows; so many entries are read first, to name the fault exactly in files of usual size.
    private const int EntriesBeforeEarlyRefusal = 65_536;

    private readonly string file;
    private readonly HashSet<string> names = new(StringComparer.Ordinal);

    private SafeTensorsHeader(string file) => this.file = file;

    /// <summary>In the order of the data.</summary>
    public List<TensorEntry> Entries { get; } = [];

    public Dictionary<string, string> Metadata { get; } = new(StringComparer.Ordinal);

    /// <summary>Reads the length field and checks it against the file.</summary>
    /// <param name="file">Named in messages.</param>
    /// <param name="head">The first bytes of the file, up to 512.</param>
    /// <param name="fileLength">Bytes of the whole file.</param>
    /// <exception cref="CheckpointException">The length cannot be, or the file is something else.</exception>
    public static int ReadLength(string file, ReadOnlySpan<byte> head, long fileLength)
    {
        if (fileLength < 8)
            throw new CheckpointException(file, $"{Text(fileLength)} bytes, too short for a safetensors header (8), expected the whole file");
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(head);
        bool begins = head.Length > 8 && head[8] == (byte)'{';
        if (!begins && ForeignFiles.Name(head, fileLength) is { } foreign)
            throw new CheckpointException(file, foreign);
        if (length > MaxLength)
            throw new CheckpointException(file, $"header length {Text(length)}, at most {Text(MaxLength)} expected");
        if ((long)length > fileLength - 8)
            throw new CheckpointException(file, $"header needs {Text(length + 8)} bytes, file has {Text(fileLength)}: truncated?, expected the whole file");
        return (int)length;
    }

    /// <summary>Reads and checks a header.</summary>
    /// <param name="file">Named in messages.</param>
    /// <param name="json">The header's bytes, after the length.</param>
    /// <param name="dataLength">Bytes of the file after the header.</param>
    /// <exception cref="CheckpointException">A rule of the format is broken.</exception>
    public static SafeTensorsHeader Parse(string file, ReadOnlySpan<byte> json, long dataLength)
    {
        var header = new SafeTensorsHeader(file);
        if (json.Length == 0 || json[0] != (byte)'{')
            throw header.NotJson(0);
        if (!Utf8.IsValid(json))
            throw header.NotJson(FirstInvalid(json));
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 64 });
        try
        {
            header.ReadRoot(ref reader, dataLength);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw header.NotJson(reader.BytesConsumed, e); // InvalidOperationException: an escape that is half of a pair
        }
        header.CheckRanges(dataLength);
        return header;
    }

    private void ReadRoot(ref Utf8JsonReader reader, long dataLength)
    {
        bool metadataSeen = false;
        long total = 0;
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("__metadata__"u8))
            {
                if (metadataSeen)
                    throw Fail("'__metadata__' listed twice, expected once");
                metadataSeen = true;
                ReadMetadata(ref reader);
                continue;
            }
            string name = reader.GetString()!;
            if (!names.Add(name))
                throw Fail($"tensor {Quote(name)} listed twice, expected once");
            var entry = ReadEntry(ref reader, name);
            Entries.Add(entry);
            total = entry.Bytes > long.MaxValue - total ? long.MaxValue : total + entry.Bytes;
            if (total > dataLength && Entries.Count >= EntriesBeforeEarlyRefusal)
                return;
        }
        reader.Read(); // nothing but white space may follow: the reader throws otherwise
    }

    private void ReadMetadata(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Null)
            return;
        if (reader.TokenType != JsonTokenType.StartObject)
            throw Fail($"__metadata__ is {Kind(reader.TokenType)}, expected an object of strings");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string key = reader.GetString()!;
            reader.Read();
            if (reader.TokenType != JsonTokenType.String)
                throw Fail($"__metadata__.{Printable(key)} is {Kind(reader.TokenType)}, expected a string");
            if (!Metadata.TryAdd(key, reader.GetString()!))
                throw Fail($"__metadata__.{Printable(key)} listed twice, expected once");
        }
    }

    private TensorEntry ReadEntry(ref Utf8JsonReader reader, string name)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
            throw Fail($"tensor {Quote(name)} is {Kind(reader.TokenType)}, expected an object with dtype, shape and data_offsets");
        ElementType? type = null;
        long[]? shape = null;
        (long Begin, long End)? range = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("dtype"u8))
            {
                Once(type is null, name, "dtype");
                type = ReadType(ref reader, name);
            }
            else if (reader.ValueTextEquals("shape"u8))
            {
                Once(shape is null, name, "shape");
                shape = ReadShape(ref reader, name);
            }
            else if (reader.ValueTextEquals("data_offsets"u8))
            {
                Once(range is null, name, "data_offsets");
                range = ReadRange(ref reader, name);
            }
            else
            {
                reader.Skip(); // the published reader passes over fields that it does not know
            }
        }
        if (type is null || shape is null || range is null)
        {
            string missing = type is null ? "dtype" : shape is null ? "shape" : "data_offsets";
            throw Fail($"tensor {Quote(name)}: {missing} missing, expected dtype, shape and data_offsets");
        }
        return new TensorEntry(name, type.Value, shape, range.Value.Begin, range.Value.End);
    }

    private void Once(bool first, string name, string field)
    {
        if (!first)
            throw Fail($"tensor {Quote(name)}: {field} listed twice, expected once");
    }

    private ElementType ReadType(ref Utf8JsonReader reader, string name)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.String)
            throw Fail($"tensor {Quote(name)}: dtype is {Kind(reader.TokenType)}, expected {ElementTypes.Supported}");
        string text = reader.GetString()!;
        if (ElementTypes.TryParse(text, out var type))
            return type;
        string problem = ElementTypes.IsKnown(text) ? $"{text} not supported" : $"dtype {Quote(text)} unknown";
        throw Fail($"tensor {Quote(name)}: {problem}, expected {ElementTypes.Supported}");
    }

    private long[] ReadShape(ref Utf8JsonReader reader, string name)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray)
            throw Fail($"tensor {Quote(name)}: shape is {Kind(reader.TokenType)}, expected a list of sizes");
        var sizes = new List<long>(4);
        bool negative = false;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number)
                throw Fail($"tensor {Quote(name)}: shape holds {Kind(reader.TokenType)}, expected whole numbers");
            if (!reader.TryGetInt64(out long size))
            {
                string raw = Encoding.UTF8.GetString(reader.ValueSpan);
                throw Fail(IsWhole(reader.ValueSpan)
                    ? $"tensor {Quote(name)}: shape with size {Printable(raw)} overflows, expected at most {Text(long.MaxValue)}"
                    : $"tensor {Quote(name)}: shape holds {Printable(raw)}, expected whole numbers");
            }
            negative |= reader.ValueSpan[0] == (byte)'-';
            sizes.Add(size);
        }
        if (negative)
            throw Fail($"tensor {Quote(name)}: shape {ShapeText(sizes)} has a negative size, expected 0 or more");
        return sizes.Count == 0 ? [] : sizes.ToArray();
    }

    private (long Begin, long End) ReadRange(ref Utf8JsonReader reader, string name)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray)
            throw Fail($"tensor {Quote(name)}: data_offsets must be [begin,end], got {Kind(reader.TokenType)}, expected two offsets");
        var ends = (Begin: 0L, End: 0L);
        int count = 0;
        bool bad = false;
        long start = reader.TokenStartIndex;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            long value = 0;
            bad |= reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out value) || reader.ValueSpan[0] == (byte)'-';
            if (reader.TokenType is JsonTokenType.StartArray or JsonTokenType.StartObject)
                reader.Skip();
            ends = count == 0 ? (value, 0) : count == 1 ? (ends.Begin, value) : ends;
            count++;
        }
        if (bad || count != 2 || ends.End < ends.Begin)
        {
            string got = bad ? "other values" : count switch
            {
                2 => $"[{Text(ends.Begin)},{Text(ends.End)}]",
                1 => $"[{Text(ends.Begin)}]",
                _ => $"{Text(count)} offsets",
            };
            throw Fail($"tensor {Quote(name)}: data_offsets must be [begin,end], got {got}, expected 0 <= begin <= end (byte {Text(start + 1)})");
        }
        return ends;
    }

    // Sorted by offset, each tensor must start where the last one ended: that refuses gaps, overlaps and many names on one range.
    private void CheckRanges(long dataLength)
    {
        Entries.Sort(static (a, b) =>
        {
            int order = a.Begin.CompareTo(b.Begin);
            return order != 0 ? order : (order = a.End.CompareTo(b.End)) != 0 ? order : string.CompareOrdinal(a.Name, b.Name);
        });
        long previous = 0;
        foreach (var entry in Entries)
        {
            if (entry.Begin != previous)
                throw Fail($"tensor {Quote(entry.Name)} starts at {Text(entry.Begin)}, previous ends at {Text(previous)}, expected no gap and no overlap");
            long needed = Needed(entry);
            if (needed != entry.Bytes)
            {
                throw Fail($"tensor {Quote(entry.Name)}: {entry.Type.Name()} {ShapeText(entry.ShapeArray)} needs {Text(needed)} bytes, "
                    + $"range has {Text(entry.Bytes)}, expected them equal");
            }
            previous = entry.End;
        }
        if (previous > dataLength)
            throw Fail($"tensors need {Text(previous)} bytes, file has {Text(dataLength)} after its header: truncated?, expected the whole file");
        if (previous < dataLength)
            throw Fail($"{Text(dataLength - previous)} bytes after the last tensor, expected none");
    }

    private long Needed(TensorEntry entry)
    {
        long bytes = entry.Type.Size();
        foreach (long size in entry.ShapeArray)
        {
            // As the published reader does: sizes before a zero must not overflow either.
            if (size != 0 && bytes > long.MaxValue / size)
                throw Fail($"tensor {Quote(entry.Name)}: shape {ShapeText(entry.ShapeArray)} overflows, expected at most {Text(long.MaxValue)} bytes");
            bytes *= size;
        }
        return bytes;
    }

    private CheckpointException Fail(string problem) => new(file, problem);

    private CheckpointException NotJson(long at, Exception? inner = null) =>
        new(file, $"header is not a JSON object (byte {Text(at + 1)}), expected an object of tensors in UTF-8", inner);

    private static long FirstInvalid(ReadOnlySpan<byte> text)
    {
        long at = 0;
        while (text.Length > 0 && Rune.DecodeFromUtf8(text, out _, out int used) == OperationStatus.Done)
        {
            at += used;
            text = text[used..];
        }
        return at;
    }

    private static bool IsWhole(ReadOnlySpan<byte> number) => number.IndexOfAny((byte)'.', (byte)'e', (byte)'E') < 0;

    internal static string Kind(JsonTokenType type) => type switch
    {
        JsonTokenType.Number => "a number",
        JsonTokenType.String => "a string",
        JsonTokenType.True or JsonTokenType.False => "a boolean",
        JsonTokenType.Null => "null",
        JsonTokenType.StartArray => "a list",
        JsonTokenType.StartObject => "an object",
        _ => "nothing",
    };

    private static string ShapeText(IReadOnlyList<long> shape) =>
        shape.Count <= 16 ? TensorEntry.Text(shape) : $"of {Text(shape.Count)} dimensions";

    /// <summary>A name in quotes, on one line and not longer than a line.</summary>
    internal static string Quote(string name) => "'" + Printable(name) + "'";

    internal static string Printable(string text)
    {
        const int longest = 200;
        var line = new StringBuilder(Math.Min(text.Length, longest));
        foreach (char c in text.AsSpan(0, Math.Min(text.Length, longest)))
        {
            if (char.IsControl(c) || c is '\u2028' or '\u2029' || char.IsSurrogate(c))
                line.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else
                line.Append(c);
        }
        return text.Length > longest ? line.Append("...").ToString() : line.ToString();
    }

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Text(ulong value) => value.ToString(CultureInfo.InvariantCulture);
}
