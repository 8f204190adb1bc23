using System;
using System.Buffers.Binary;
using System.IO;
using System.IO.Compression;
using System.Text;

namespace Dsl.Images.Tests;

/// <summary>PNG files written chunk by chunk, for what no encoder writes.</summary>
internal static class PngBytes
{
    internal static byte[] Rgb(int width, int height, Func<int, int, (byte, byte, byte)> pixel, byte[]? exif = null)
    {
        byte[] rows = new byte[height * (1 + (width * 3))];
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                int at = (y * (1 + (width * 3))) + 1 + (x * 3);
                (rows[at], rows[at + 1], rows[at + 2]) = pixel(x, y);
            }
        }

        return Of(width, height, depth: 8, colour: 2, rows, exif);
    }

    /// <summary>A file of these rows, each after its filter's byte.</summary>
    internal static byte[] Of(int width, int height, byte depth, byte colour, byte[] rows, byte[]? exif = null)
    {
        using var file = new MemoryStream();
        file.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10]);
        byte[] header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9]) = (depth, colour);
        Chunk(file, "IHDR", header);
        if (exif is not null)
        {
            Chunk(file, "eXIf", exif);
        }

        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            zlib.Write(rows);
        }

        Chunk(file, "IDAT", packed.ToArray());
        Chunk(file, "IEND", []);
        return file.ToArray();
    }

    private static void Chunk(MemoryStream file, string type, byte[] data)
    {
        byte[] body = [.. Encoding.ASCII.GetBytes(type), .. data];
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        file.Write(number);
        file.Write(body);
        BinaryPrimitives.WriteUInt32BigEndian(number, Crc(body));
        file.Write(number);
    }

    private static uint Crc(byte[] bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in bytes)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) != 0 ? 0xEDB88320 ^ (crc >> 1) : crc >> 1;
            }
        }

        return ~crc;
    }
}
