using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using Dsl.Runtime.Native;
using Xunit;

namespace Dsl.Runtime.Tests.Native;

public class ElfVersionNeedTests
{
    // A library that demands VERS_1 and VERS_2 of libone.so and VERS_2 of libtwo.so; its one segment is mapped 0x1000 above its place in the file.
    private static byte[] Library()
    {
        const int dynamic = 176, strings = 256, needs = 384;
        byte[] elf = new byte[512];
        "\u007fELF\u0002\u0001"u8.CopyTo(elf);
        Long(32, 64);                                   // program headers
        Half(54, 56);
        Half(56, 2);
        Word(64, 1);                                    // PT_LOAD
        Long(64 + 8, 0);
        Long(64 + 16, 0x1000);
        Long(64 + 32, 512);
        Word(120, 2);                                   // PT_DYNAMIC
        Long(120 + 8, dynamic);
        Long(120 + 32, 64);
        Entry(0, 5, 0x1000 + strings);
        Entry(1, 0x6ffffffe, 0x1000 + needs);
        Entry(2, 0x6fffffff, 2);
        Encoding.Latin1.GetBytes("\0libone.so\0libtwo.so\0VERS_1\0VERS_2\0").CopyTo(elf, strings);
        Need(needs, count: 2, file: 1, next: 48);
        Aux(needs + 16, name: 21, next: 16);
        Aux(needs + 32, name: 28, next: 0);
        Need(needs + 48, count: 1, file: 11, next: 0);
        Aux(needs + 64, name: 28, next: 0);
        return elf;

        void Half(int at, int value) => BinaryPrimitives.WriteUInt16LittleEndian(elf.AsSpan(at), (ushort)value);
        void Word(int at, int value) => BinaryPrimitives.WriteInt32LittleEndian(elf.AsSpan(at), value);
        void Long(int at, long value) => BinaryPrimitives.WriteInt64LittleEndian(elf.AsSpan(at), value);
        void Entry(int index, long tag, long value)
        {
            Long(dynamic + 16 * index, tag);
            Long(dynamic + 16 * index + 8, value);
        }
        void Need(int at, int count, int file, int next)
        {
            Half(at, 1);
            Half(at + 2, count);
            Word(at + 4, file);
            Word(at + 8, 16);
            Word(at + 12, next);
        }
        void Aux(int at, int name, int next)
        {
            Word(at + 8, name);
            Word(at + 12, next);
        }
    }

    [Theory]
    [InlineData("libone.so", "VERS_1", 384 + 16 + 4)]
    [InlineData("libone.so", "VERS_2", 384 + 32 + 4)]
    [InlineData("libtwo.so", "VERS_2", 384 + 64 + 4)]
    public void Only_the_flag_of_the_demand_changes(string library, string tag, int flags)
    {
        byte[] before = Library();
        byte[] after = Library();
        Assert.True(ElfVersionNeed.MakeWeak(after, library, tag));
        Assert.Equal([flags], Differences(before, after));
        Assert.Equal(2, after[flags]);
    }

    [Theory]
    [InlineData("libtwo.so", "VERS_1")]
    [InlineData("libone.so", "VERS")]
    [InlineData("libthree.so", "VERS_1")]
    public void What_is_not_demanded_is_not_found_and_nothing_changes(string library, string tag)
    {
        byte[] elf = Library();
        Assert.False(ElfVersionNeed.MakeWeak(elf, library, tag));
        Assert.Equal(Library(), elf);
    }

    [Fact]
    public void A_demand_that_is_weak_stays_weak()
    {
        byte[] elf = Library();
        ElfVersionNeed.MakeWeak(elf, "libone.so", "VERS_1");
        byte[] once = [.. elf];
        Assert.True(ElfVersionNeed.MakeWeak(elf, "libone.so", "VERS_1"));
        Assert.Equal(once, elf);
    }

    [Fact]
    public void What_is_no_library_is_refused()
    {
        var e = Assert.Throws<InvalidDataException>(() => ElfVersionNeed.FindFlags("#!/bin/sh"u8, "libone.so", "VERS_1"));
        Assert.Equal("The file is no 64-bit little-endian ELF library.", e.Message);
    }

    [Fact]
    public void A_library_cut_off_anywhere_is_refused_or_has_no_such_demand()
    {
        byte[] whole = Library();
        for (int length = 0; length < 384 + 76; length++)
        {
            try
            {
                Assert.Equal(-1, ElfVersionNeed.FindFlags(whole.AsSpan(0, length), "libtwo.so", "VERS_2"));
            }
            catch (InvalidDataException)
            {
            }
        }
    }

    [Fact]
    public void In_TorchSharps_own_library_two_bytes_at_most_change()
    {
        string? path = Directory.EnumerateFiles(AppContext.BaseDirectory, "libLibTorchSharp.so", SearchOption.AllDirectories).FirstOrDefault();
        if (path is null)
        {
            Assert.False(OperatingSystem.IsLinux(), "The tests' output folder has no libLibTorchSharp.so.");
            return;
        }
        byte[] before = File.ReadAllBytes(path);
        byte[] after = [.. before];
        Assert.True(ElfVersionNeed.MakeWeak(after, "libstdc++.so.6", "GLIBCXX_3.4.32"));
        Assert.Equal([ElfVersionNeed.FindFlags(before, "libstdc++.so.6", "GLIBCXX_3.4.32")], Differences(before, after));
        Assert.Equal(before, File.ReadAllBytes(path));
    }

    private static IEnumerable<int> Differences(byte[] a, byte[] b) => Enumerable.Range(0, a.Length).Where(i => a[i] != b[i]);
}
