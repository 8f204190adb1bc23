using System;
using System.Buffers.Binary;
using System.IO;
using System.Text;

namespace Dsl.Runtime.Native;

/// <summary>
/// Reads and edits the symbol versions that a 64-bit little-endian ELF library demands of another one (its section
/// <c>.gnu.version_r</c>; System V gABI, and "Symbol Versioning" in the Linux Standard Base, 10.7).
/// </summary>
/// <remarks>
/// A demanded version is a <c>Vernaux</c> record. When its flag <c>VER_FLG_WEAK</c> is set, the loader accepts a library that lacks the version;
/// a symbol of that version then only matters when it is called.
/// </remarks>
internal static class ElfVersionNeed
{
    private const ushort WeakFlag = 2;                          // VER_FLG_WEAK
    private const int DynamicHeader = 2, LoadHeader = 1;        // PT_DYNAMIC, PT_LOAD
    private const long StringTable = 5, VersionNeed = 0x6ffffffe, VersionNeedCount = 0x6fffffff;

    /// <summary>Sets the weak flag of version <paramref name="tag"/> demanded of <paramref name="library"/>, in place.</summary>
    /// <param name="elf">The whole file.</param>
    /// <param name="library">The library of which the version is demanded, as in <c>libstdc++.so.6</c>.</param>
    /// <param name="tag">The version, as in <c>GLIBCXX_3.4.32</c>.</param>
    /// <returns>Whether such a demand was found (set or not set before).</returns>
    /// <exception cref="InvalidDataException">The bytes are no 64-bit little-endian ELF library, or its tables point outside of it.</exception>
    public static bool MakeWeak(Span<byte> elf, string library, string tag)
    {
        int flags = FindFlags(elf, library, tag);
        if (flags < 0)
        {
            return false;
        }
        BinaryPrimitives.WriteUInt16LittleEndian(elf.Slice(flags, 2), (ushort)(Half(elf, flags) | WeakFlag));
        return true;
    }

    /// <summary>The file offset of the two flag bytes (<c>vna_flags</c>) of a demanded version, or -1 when the file does not demand it.</summary>
    /// <exception cref="InvalidDataException">The bytes are no 64-bit little-endian ELF library, or its tables point outside of it.</exception>
    public static int FindFlags(ReadOnlySpan<byte> elf, string library, string tag)
    {
        if (elf.Length < 64 || !elf[..6].SequenceEqual("\u007fELF\u0002\u0001"u8))
        {
            throw new InvalidDataException("The file is no 64-bit little-endian ELF library.");
        }
        long strings = -1, needs = -1, count = 0;
        var (dynamic, dynamicSize) = Dynamic(elf);
        for (long entry = dynamic; entry + 16 <= dynamic + dynamicSize; entry += 16)
        {
            long value = Long(elf, entry + 8);
            switch (Long(elf, entry))
            {
                case StringTable: strings = FileOffset(elf, value); break;
                case VersionNeed: needs = FileOffset(elf, value); break;
                case VersionNeedCount: count = value; break;
            }
        }
        if (strings < 0 || needs < 0)
        {
            return -1;
        }

        // Verneed: u16 version, u16 count, u32 file, u32 aux, u32 next.  Vernaux: u32 hash, u16 flags, u16 other, u32 name, u32 next.
        for (long need = needs; count > 0; count--)
        {
            if (TextEquals(elf, strings + Word(elf, need + 4), library))
            {
                long aux = need + Word(elf, need + 8);
                for (int left = Half(elf, need + 2); left > 0; left--)
                {
                    if (TextEquals(elf, strings + Word(elf, aux + 8), tag))
                    {
                        return (int)(aux + 4);
                    }
                    aux += Word(elf, aux + 12);
                }
            }
            need += Word(elf, need + 12);
        }
        return -1;
    }

    private static (long Offset, long Size) Dynamic(ReadOnlySpan<byte> elf)
    {
        for (int i = 0; i < ProgramHeaderCount(elf); i++)
        {
            long header = ProgramHeader(elf, i);
            if (Word(elf, header) == DynamicHeader)
            {
                return (Long(elf, header + 8), Long(elf, header + 32));
            }
        }
        return (0, 0);
    }

    // The dynamic table holds addresses; a load segment says where in the file an address stands.
    private static long FileOffset(ReadOnlySpan<byte> elf, long address)
    {
        for (int i = 0; i < ProgramHeaderCount(elf); i++)
        {
            long header = ProgramHeader(elf, i);
            long start = Long(elf, header + 16);
            if (Word(elf, header) == LoadHeader && address >= start && address - start < Long(elf, header + 32))
            {
                return address - start + Long(elf, header + 8);
            }
        }
        throw new InvalidDataException($"The ELF library has no load segment with the address 0x{address:x}.");
    }

    private static int ProgramHeaderCount(ReadOnlySpan<byte> elf) => Half(elf, 56);

    private static long ProgramHeader(ReadOnlySpan<byte> elf, int index) => Long(elf, 32) + (long)index * Half(elf, 54);

    private static bool TextEquals(ReadOnlySpan<byte> elf, long offset, string text)
    {
        var bytes = Part(elf, offset, text.Length + 1);
        return bytes[^1] == 0 && Encoding.Latin1.GetString(bytes[..^1]) == text;
    }

    private static ushort Half(ReadOnlySpan<byte> elf, long offset) => BinaryPrimitives.ReadUInt16LittleEndian(Part(elf, offset, 2));

    private static uint Word(ReadOnlySpan<byte> elf, long offset) => BinaryPrimitives.ReadUInt32LittleEndian(Part(elf, offset, 4));

    private static long Long(ReadOnlySpan<byte> elf, long offset) => BinaryPrimitives.ReadInt64LittleEndian(Part(elf, offset, 8));

    private static ReadOnlySpan<byte> Part(ReadOnlySpan<byte> elf, long offset, int size) => offset >= 0 && offset <= elf.Length - size
        ? elf.Slice((int)offset, size)
        : throw new InvalidDataException($"The ELF library is cut off: it has no {size} bytes at offset {offset}.");
}
