using System;
using System.Buffers;

namespace Dsl.Runtime;

/// <summary>Reads a stored tensor's elements, converted, in parts that fit the cache.</summary>
internal readonly unsafe struct TensorReader(SafeTensorsFile file, TensorEntry entry)
{
    /// <summary>Bytes that are read and converted at a time.</summary>
    public const int PartBytes = 256 * 1024;

    /// <summary>Reads so many elements, from the one at <paramref name="first"/> on, into memory of another type or of the same.</summary>
    /// <exception cref="CheckpointException">The file was shortened, or cannot be read.</exception>
    public void Read(long first, byte* to, ElementType type, long count)
    {
        int stored = entry.Type.Size(), wanted = type.Size();
        long perPart = PartBytes / Math.Max(stored, wanted);
        byte[]? staged = entry.Type == type ? null : ArrayPool<byte>.Shared.Rent(PartBytes);
        try
        {
            for (long i = 0; i < count; i += perPart)
            {
                int n = (int)Math.Min(perPart, count - i);
                byte* part = to + (i * wanted);
                if (staged is null)
                {
                    file.Read(entry, (first + i) * stored, new Span<byte>(part, n * wanted));
                    continue;
                }
                file.Read(entry, (first + i) * stored, staged.AsSpan(0, n * stored));
                fixed (byte* from = staged)
                    Conversion.Convert(from, entry.Type, part, type, n);
            }
        }
        finally
        {
            if (staged is not null)
                ArrayPool<byte>.Shared.Return(staged);
        }
    }
}
