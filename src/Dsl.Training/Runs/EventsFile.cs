using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Numerics;
using Dsl.Files;
using Google.Protobuf;
using Tensorboard;

namespace Dsl.Training;

/// <summary>
/// The figures of a run as TensorBoard reads them: a file of records, each a length, an event of <c>event.proto</c>, and the masked CRC-32C of both
/// (tensorflow/core/lib/io/record_writer). It is written anew, whole, from the table that it stands beside, and grows with it.
/// </summary>
public sealed class EventsFile : IDisposable
{
    private const string Version = "brain.Event:2";

    // What the record format adds to a rotated sum, so that a sum of bytes that hold sums is none of theirs.
    private const uint Mask = 0xa282ead8;

    private readonly GrowingFile file;
    private readonly double began;

    /// <param name="path">Replaced; TensorBoard looks for <c>tfevents</c> in the name.</param>
    /// <param name="rows">What it begins with.</param>
    /// <param name="began">When the run began, in seconds of Unix time: a row's time is this and its seconds.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public EventsFile(string path, IEnumerable<MetricsRow> rows, double began)
    {
        this.began = began;
        using var start = new MemoryStream();
        Write(start, new Event { WallTime = began, FileVersion = Version });
        foreach (MetricsRow row in rows)
        {
            Write(start, Of(row));
        }

        file = new GrowingFile(path, start.ToArray(), FileErrors.Plain);
    }

    /// <summary>Adds a row, on disk after <see cref="Flush"/>.</summary>
    public void Add(MetricsRow row)
    {
        using var record = new MemoryStream();
        Write(record, Of(row));
        file.Add(record.ToArray());
    }

    /// <summary>Puts what was added on disk.</summary>
    public void Flush() => file.Flush();

    /// <inheritdoc/>
    public void Dispose() => file.Dispose();

    /// <summary>The figures of each event, in order; a last record that was cut short is left out.</summary>
    /// <exception cref="InvalidDataException">A sum is none of its bytes.</exception>
    public static IReadOnlyList<(long Step, string Tag, float Value)> Read(string path)
    {
        var figures = new List<(long, string, float)>();
        ReadOnlySpan<byte> bytes = UserFile.ReadBytes(path, 1 << 30, FileErrors.Plain);
        while (bytes.Length >= 12)
        {
            ulong length = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
            Require(bytes[..8], bytes[8..], path);
            if (length + 16 > (ulong)bytes.Length)
            {
                break;
            }

            ReadOnlySpan<byte> record = bytes.Slice(12, (int)length);
            Require(record, bytes[(12 + (int)length)..], path);
            Event read = Event.Parser.ParseFrom(record.ToArray());
            figures.AddRange((read.Summary?.Value ?? []).Select(value => (read.Step, value.Tag, value.SimpleValue)));
            bytes = bytes[(16 + (int)length)..];
        }

        return figures;
    }

    private Event Of(MetricsRow row)
    {
        var summary = new Summary();
        void Add(string tag, double value) => summary.Value.Add(new Summary.Types.Value { Tag = tag, SimpleValue = (float)value });

        Add("train/loss", row.Loss);
        Add("train/rate", row.Rate);
        Add("train/gradient_norm", row.GradientNorm);
        Add("train/tokens_per_second", row.TokensPerSecond);
        foreach (LossPart part in row.Parts)
        {
            Add($"train/{part.Name}", part.Value);
        }

        if (row.HeldOutLoss is { } heldOut)
        {
            Add("held_out/loss", heldOut);
        }

        return new Event { WallTime = began + row.Seconds, Step = row.Step, Summary = summary };
    }

    private static void Write(Stream to, Event one)
    {
        byte[] record = one.ToByteArray();
        Span<byte> length = stackalloc byte[8], sum = stackalloc byte[4];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)record.Length);
        to.Write(length);
        BinaryPrimitives.WriteUInt32LittleEndian(sum, Sum(length));
        to.Write(sum);
        to.Write(record);
        BinaryPrimitives.WriteUInt32LittleEndian(sum, Sum(record));
        to.Write(sum);
    }

    private static void Require(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> sum, string path)
    {
        if (BinaryPrimitives.ReadUInt32LittleEndian(sum) != Sum(bytes))
        {
            throw new InvalidDataException($"{path}: a record's sum is not that of its bytes, expected an events file as it was written");
        }
    }

    private static uint Sum(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte one in bytes)
        {
            crc = BitOperations.Crc32C(crc, one);
        }

        return BitOperations.RotateRight(~crc, 15) + Mask;
    }
}
