using System;
using System.IO;
using System.Linq;
using System.Text;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Dsl.Runtime.Tests.Checkpoints;

/// <summary>Alone, since they look at the whole process's memory.</summary>
[CollectionDefinition("Memory", DisableParallelization = true)]
public sealed class MemoryCollection;

[Collection("Memory")]
public class LoadMemoryTests
{
    private const long Megabyte = 1 << 20;

    /// <summary>
    /// Loading 200 MB leaves the process with the model's memory and at most an eighth of the file beside it at any time, and next to nothing managed.
    /// </summary>
    [Theory]
    [InlineData(ElementType.F32)]
    [InlineData(ElementType.BF16)]
    [InlineData(ElementType.F64)]
    public void NoSecondCopyOfTheWeights(ElementType stored)
    {
        using var folder = new TemporaryFolder();
        const int count = 8;
        long elements = 200 * Megabyte / stored.Size() / count / 1024 * 1024;
        byte[] zeros = new byte[Megabyte];
        Checkpoint.Save(folder.Path, Enumerable.Range(0, count).Select(i => new TensorSource("t" + i, stored, [elements / 1024, 1024], (stream, _) =>
        {
            for (long left = elements * stored.Size(); left > 0; left -= zeros.Length)
                stream.Write(zeros.AsSpan(0, (int)Math.Min(left, zeros.Length)));
        })).ToList());

        using var scope = NewDisposeScope();
        // The destinations are touched before, so that their pages are not counted as the loader's.
        var targets = Enumerable.Range(0, count).Select(i => new LoadTarget("t" + i, [elements / 1024, 1024], ones([elements / 1024, 1024]))).ToList();
        using (var small = SafeTensorsFile.Open(folder.File("model.safetensors")))
            small.Read("t0", targets[0].Destination, true); // compiled, threads started
        using var checkpoint = Checkpoint.Open(folder.Path);
        GC.Collect();
        long managed = GC.GetTotalAllocatedBytes(precise: true);
        long before = ProcessMemory.ResetPeak();
        checkpoint.LoadInto(targets);
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - managed, 0, 2 * Megabyte);
        if (before > 0)
            Assert.InRange(ProcessMemory.Status("VmHWM") - before, -50 * Megabyte, 40 * Megabyte);
        Assert.Equal(0f, targets[^1].Destination.abs().sum().item<float>());
    }

    /// <summary>Offsets beyond 4 GB: a sparse file, of which only what is asked for is read.</summary>
    [Fact]
    public void FilesOverTwoGigabytes()
    {
        if (OperatingSystem.IsWindows())
            return; // files are not sparse there without asking, and 5 GB of zeros are too much for a test
        using var folder = new TemporaryFolder();
        string path = folder.File("m.safetensors");
        const long big = 5L << 30;
        string header = $$"""{"big":{"dtype":"U8","shape":[5,1073741824],"data_offsets":[0,{{big}}]},"""
            + $$""" "last":{"dtype":"F32","shape":[3],"data_offsets":[{{big}},{{big + 12}}] } }""";
        using (var stream = File.Create(path))
        {
            stream.Write(BitConverter.GetBytes((long)header.Length));
            stream.Write(Encoding.ASCII.GetBytes(header));
            stream.Position += big - 1;
            stream.WriteByte(77);
            foreach (float value in new[] { 1.5f, -2f, 3f })
                stream.Write(BitConverter.GetBytes(value));
        }
        using var file = SafeTensorsFile.Open(path);
        Assert.Equal([1.5f, -2f, 3f], file.Read<float>("last"));
        Assert.Equal(big, file["big"].Bytes);
        Assert.Equal("m.safetensors: tensor 'big' has 5368709120 bytes, expected at most 2147483647 for a span",
            Assert.Throws<CheckpointException>(() => file.Bytes("big").Length).Message);
        Assert.Equal(77, LastByte(file));
        using var last = file.ReadTensor("last", ScalarType.Float64);
        Assert.Equal(2.5, last.sum().item<double>());
    }

    private static byte LastByte(SafeTensorsFile file)
    {
        byte[] last = new byte[1];
        file.Read(file["big"], file["big"].Bytes - 1, last);
        return last[0];
    }
}
