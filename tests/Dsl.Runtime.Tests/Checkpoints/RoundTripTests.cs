using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading;
using CsCheck;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Dsl.Runtime.Tests.Checkpoints;

public class RoundTripTests
{
    private static readonly ElementType[] Types = Enum.GetValues<ElementType>();

    /// <summary>What is written is read back: all types, scalars and empty tensors among the shapes, any characters in the names.</summary>
    [Fact]
    public void WhatIsWrittenIsReadBack()
    {
        // By their methods, since the language version here has no extension properties.
        var tensor = Gen.Select(Gen.String, Gen.Int[0, Types.Length - 1], GenExtensions.get_Array(Gen.Long[0, 5])[0, 4], Gen.Int);
        using var folder = new TemporaryFolder();
        string path = folder.File("m.safetensors");
        Gen.Select(GenExtensions.get_List(tensor)[0, 6], Gen.Dictionary(Gen.String, Gen.String)[0, 3]).Sample((tensors, metadata) =>
        {
            var written = new Dictionary<string, (ElementType Type, long[] Shape, byte[] Bytes)>();
            foreach (var (name, type, shape, seed) in tensors)
            {
                string whole = WholeText(name);
                if (whole == "__metadata__" || written.ContainsKey(whole))
                    continue;
                byte[] bytes = new byte[shape.Aggregate((long)Types[type].Size(), (a, b) => a * b)];
                new Random(seed).NextBytes(bytes);
                written.Add(whole, (Types[type], shape, bytes));
            }
            var wholeMetadata = metadata.GroupBy(pair => WholeText(pair.Key)).ToDictionary(group => group.Key, group => WholeText(group.First().Value));
            SafeTensorsWriter.Write(path, written.Select(pair => TensorSource.From<byte>(pair.Key, pair.Value.Type, pair.Value.Shape,
                pair.Value.Bytes)).ToList(),
                wholeMetadata);
            using var file = SafeTensorsFile.Open(path);
            Assert.Equal(wholeMetadata, file.Metadata);
            Assert.Equal(written.Count, file.Tensors.Count);
            foreach (var (name, (type, shape, bytes)) in written)
            {
                Assert.Equal(type, file[name].Type);
                Assert.Equal(shape, file[name].Shape);
                Assert.True(file.Bytes(name).SequenceEqual(bytes));
            }
            Assert.Equal(0, (new FileInfo(path).Length - file.Tensors.Sum(entry => entry.Bytes)) % 8);
        }, iter: 2_000, threads: 1);
        Assert.Equal(["m.safetensors"], folder.Names());
    }

    // Text with halves of surrogate pairs is no Unicode text; no file can hold it.
    private static string WholeText(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));

    public static TheoryData<ScalarType> ScalarTypes() => new(Types.Select(type => type.ToScalarType()));

    /// <summary>Tensors of every type, contiguous, transposed, narrowed, scalar and empty, written and read through the tensor library.</summary>
    [Theory]
    [MemberData(nameof(ScalarTypes))]
    public void TensorsOfAnyStridesRoundTrip(ScalarType type)
    {
        using var scope = NewDisposeScope();
        var values = (randn(6, 5, 4) * Scalars.Of(40)).to(type);
        var tensors = new Dictionary<string, Tensor>
        {
            ["plain"] = values,
            ["transposed"] = values.transpose(0, 2),
            ["narrow"] = values.narrow(1, 1, 2),
            ["scalar"] = values[1, 2, 3],
            ["empty"] = values.narrow(0, 0, 0),
            ["row"] = values[2],
        };
        using var folder = new TemporaryFolder();
        string path = folder.File("m.safetensors");
        SafeTensorsWriter.Write(path, tensors.Select(pair => TensorSource.From(pair.Key, pair.Value)).ToList());
        using var file = SafeTensorsFile.Open(path);
        foreach (var (name, tensor) in tensors)
        {
            var read = file.ReadTensor(name);
            Assert.Equal(type, read.dtype);
            Assert.Equal(tensor.shape, read.shape);
            Assert.True(read.equal(tensor).all().item<bool>(), name);
            // Into a destination with the strides of a transposed tensor, and a row-contiguous view of a larger one.
            if (tensor.dim() == 3)
            {
                var transposed = zeros(tensor.shape.Reverse().ToArray(), type).permute(2, 1, 0);
                file.Read(name, transposed);
                Assert.True(transposed.equal(tensor).all().item<bool>(), name);
                var wide = zeros([tensor.shape[0] + 4, tensor.shape[1], tensor.shape[2]], type);
                file.Read(name, wide.narrow(0, 2, tensor.shape[0]));
                Assert.True(wide.narrow(0, 2, tensor.shape[0]).equal(tensor).all().item<bool>(), name);
                Assert.Equal(0, wide.narrow(0, 0, 2).to(ScalarType.Float64).abs().sum().item<double>());
                Assert.Equal(0, wide.narrow(0, tensor.shape[0] + 2, 2).to(ScalarType.Float64).abs().sum().item<double>());
            }
        }
    }

    /// <summary>
    /// Every pair of float types converts as the tensor library converts, for every bit pattern of 16 bits and for hard cases of the wide types.
    /// </summary>
    [Fact]
    public void ConversionsEqualTheLibrarys()
    {
        using var scope = NewDisposeScope();
        var random = new Random(7);
        ushort[] all16 = Enumerable.Range(0, 65536).Select(i => (ushort)i).ToArray();
        var floats = new List<float>();
        for (int i = 0; i < 40_000; i++)
        {
            floats.Add(BitConverter.Int32BitsToSingle(random.Next(int.MinValue, int.MaxValue)));
            // Around the grid of halves and brain floats: exact ties and their neighbours.
            Half one = BitConverter.UInt16BitsToHalf((ushort)random.Next(65536)), other = BitConverter.UInt16BitsToHalf((ushort)random.Next(65536));
            float tie = ((float)one + (float)other) / 2;
            floats.AddRange([tie, MathF.BitIncrement(tie), MathF.BitDecrement(tie), BitConverter.UInt32BitsToSingle(((uint)random.Next() << 16) | 0x8000)]);
        }
        floats.AddRange([0f, -0f, 65504f, 65519.996f, 65520f, 65536f, float.MaxValue, float.MinValue, float.Epsilon, 5.9604645e-8f, 2.9802322e-8f,
            2.980233e-8f, 6.1e-5f, 6.1035156e-5f, 6.0975552e-5f, float.PositiveInfinity, float.NegativeInfinity, float.NaN]);
        var sources = new Dictionary<ElementType, byte[]>
        {
            [ElementType.F16] = MemoryMarshal.AsBytes<ushort>(all16).ToArray(),
            [ElementType.BF16] = MemoryMarshal.AsBytes<ushort>(all16).ToArray(),
            [ElementType.F32] = MemoryMarshal.AsBytes<float>(floats.ToArray()).ToArray(),
            [ElementType.F64] = MemoryMarshal.AsBytes<double>(floats.Select(f => f * (1 + random.NextDouble() * 1e-9)).ToArray()).ToArray(),
        };
        using var folder = new TemporaryFolder();
        string path = folder.File("m.safetensors");
        // An odd element first in each type leaves no tensor aligned, and odd lengths leave a rest after the vectors.
        SafeTensorsWriter.Write(path, sources.Select(pair =>
            TensorSource.From<byte>(pair.Key.Name(), pair.Key, [pair.Value.Length / pair.Key.Size() - 1], pair.Value.AsMemory(pair.Key.Size()))).ToList());
        using var file = SafeTensorsFile.Open(path);
        foreach (var from in sources.Keys)
        {
            var own = file.ReadTensor(from.Name());
            foreach (var to in sources.Keys)
            {
                var expected = own.to(to.ToScalarType());
                var actual = file.ReadTensor(from.Name(), to.ToScalarType());
                Assert.True(actual.isnan().equal(expected.isnan()).all().item<bool>(), $"{from} to {to}: NaNs");
                // Bits are compared, so that a lost sign of zero shows; the payload of a NaN means nothing.
                var numbers = expected.isnan().logical_not().data<bool>().ToArray();
                byte[] actualBytes = actual.bytes.ToArray(), expectedBytes = expected.bytes.ToArray();
                int size = to.Size();
                int different = Enumerable.Range(0, numbers.Length).Count(i => numbers[i]
                    && !actualBytes.AsSpan(i * size, size).SequenceEqual(expectedBytes.AsSpan(i * size, size)));
                Assert.True(different == 0, $"{from} to {to}: {different} differ");
            }
        }
    }

    [Fact]
    public void IntegersWidenAndNothingElseConverts()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("m.safetensors");
        SafeTensorsWriter.Write(path,
        [
            TensorSource.From<byte>("u8", ElementType.U8, [2], new byte[] { 3, 255 }),
            TensorSource.From<int>("i32", ElementType.I32, [2], new[] { -5, int.MaxValue }),
            TensorSource.From<bool>("bool", ElementType.Bool, [2], new[] { true, false }),
        ]);
        using var file = SafeTensorsFile.Open(path);
        Assert.Equal([3, 255], file.Read<short>("u8"));
        Assert.Equal([3L, 255], file.Read<long>("u8"));
        Assert.Equal([-5L, int.MaxValue], file.Read<long>("i32"));
        Assert.Equal([true, false], file.Read<bool>("bool"));
        Assert.Equal("m.safetensors: 'i32': file I32, expected F32 or a type that converts to it",
            Assert.Throws<CheckpointException>(() => file.Read<float>("i32")).Message);
        Assert.Throws<CheckpointException>(() => file.Read<short>("i32"));
        Assert.Throws<CheckpointException>(() => file.Read<byte>("bool"));
    }

    [Fact]
    public void OrderAndPaddingAreThePublishedWriters()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("m.safetensors");
        SafeTensorsWriter.Write(path,
        [
            TensorSource.From<byte>("b", ElementType.U8, [1], new byte[] { 1 }),
            TensorSource.From<float>("z", ElementType.F32, [1], new float[1]),
            TensorSource.From<float>("a", ElementType.F32, [], new float[1]),
            TensorSource.From<long>("i", ElementType.I64, [0], Array.Empty<long>()),
        ], new Dictionary<string, string> { ["format"] = "pt" });
        byte[] bytes = File.ReadAllBytes(path);
        int length = (int)BitConverter.ToUInt64(bytes);
        Assert.Equal(0, length % 8);
        const string expected = """{"__metadata__":{"format":"pt"},"i":{"dtype":"I64","shape":[0],"data_offsets":[0,0]}"""
            + ""","a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}"""
            + ""","z":{"dtype":"F32","shape":[1],"data_offsets":[4,8]},"b":{"dtype":"U8","shape":[1],"data_offsets":[8,9]}}""";
        Assert.Equal(expected, Encoding.UTF8.GetString(bytes, 8, length).TrimEnd(' '));
        Assert.Equal(8 + length + 9, bytes.Length);
    }

    /// <summary>Published files written again are the same files, to the byte.</summary>
    [Theory]
    [MemberData(nameof(SafeTensorsGoldenTests.Files), MemberType = typeof(SafeTensorsGoldenTests))]
    [Trait("Category", "Goldens")]
    public void PublishedFilesAreRewrittenToTheByte(string name)
    {
        if (name.Length == 0)
            return;
        string original = Path.Combine(Goldens.Root!, name);
        using var folder = new TemporaryFolder();
        string path = folder.File("m.safetensors");
        using (var file = SafeTensorsFile.Open(original))
            SafeTensorsWriter.Write(path, file.Tensors.Reverse().Select(entry => TensorSource.From(file, entry.Name)).ToList(), file.Metadata);
        Assert.True(File.ReadAllBytes(original).AsSpan().SequenceEqual(File.ReadAllBytes(path)));
    }

    [Fact]
    public void AFailedWriteLeavesTheOldFileAndNothingElse()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Put("m.safetensors", [1, 2, 3]);
        var full = new TensorSource("x", ElementType.F32, [1 << 20], (stream, _) =>
        {
            stream.Write(new byte[1 << 20]);
            throw new IOException("No space left on device", 28);
        });
        var refusal = Assert.Throws<CheckpointException>(() => SafeTensorsWriter.Write(path, [full]));
        Assert.Equal("m.safetensors: not written (disk full), expected a folder with room that may be written", refusal.Message);
        Assert.Equal([1, 2, 3], File.ReadAllBytes(path));
        Assert.Equal(["m.safetensors"], folder.Names());

        using var cancel = new CancellationTokenSource();
        var interrupted = new TensorSource("x", ElementType.F32, [1 << 20], (stream, token) =>
        {
            stream.Write(new byte[1 << 20]);
            cancel.Cancel();
            token.ThrowIfCancellationRequested();
        });
        Assert.ThrowsAny<OperationCanceledException>(() => SafeTensorsWriter.Write(path, [interrupted], cancel: cancel.Token));
        Assert.Equal([1, 2, 3], File.ReadAllBytes(path));
        Assert.Equal(["m.safetensors"], folder.Names());

        var short4 = new TensorSource("x", ElementType.F32, [2], (stream, _) => stream.Write(new byte[4]));
        Assert.Equal("m.safetensors: tensor 'x' wrote 4 bytes, expected 8", Assert.Throws<CheckpointException>(() => SafeTensorsWriter.Write(path,
            [short4])).Message);
        var named = TensorSource.From<float>("x", ElementType.F32, [], new float[1]);
        Assert.Equal("m.safetensors: tensor 'x' listed twice, expected a name of its own",
            Assert.Throws<CheckpointException>(() => SafeTensorsWriter.Write(path, [named, named])).Message);
        Assert.Equal(["m.safetensors"], folder.Names());
    }

    [Fact]
    public void AFolderInTheWayIsNamed()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("m.safetensors"));
        Assert.Equal("m.safetensors: is a folder, expected the name of a file",
            Assert.Throws<CheckpointException>(() => SafeTensorsWriter.Write(folder.File("m.safetensors"), [])).Message);
        folder.Put("file", [1]);
        string below = Path.Combine(folder.File("file"), "m.safetensors");
        Assert.StartsWith("m.safetensors: not written (", Assert.Throws<CheckpointException>(() => SafeTensorsWriter.Write(below, [])).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void SavingConvertsWhereAsked()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var values = randn(300, 7);
        SafeTensorsWriter.Write(folder.File("m.safetensors"), [TensorSource.From("x", values.t(), ElementType.BF16)]);
        using var file = SafeTensorsFile.Open(folder.File("m.safetensors"));
        Assert.True(file.ReadTensor("x").equal(values.t().to(ScalarType.BFloat16)).all().item<bool>());
        Assert.Throws<NotSupportedException>(() => TensorSource.From("x", values, ElementType.I32));
    }
}
