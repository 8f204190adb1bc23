using System.IO;
using System.Linq;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Dsl.Runtime.Tests.Checkpoints;

/// <summary>A weight file that another process shortens while it is open: an error of the read, not the end of the process.</summary>
public class ShrinkingFileTests
{
    private const string Sentence = "it was shortened while it was read, expected a file that no one else writes";

    [Theory]
    [InlineData(ElementType.F32, ScalarType.Float32)]
    [InlineData(ElementType.F64, ScalarType.Float32)]
    [InlineData(ElementType.BF16, ScalarType.Float64)]
    public void EveryReadSurvivesIt(ElementType stored, ScalarType wanted)
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        // Larger than what one thread takes, so that several read it.
        Tensor large = Scalars.Range(3_000_000, ScalarType.Float64).reshape(3000, 1000), small = ones(10, dtype: ScalarType.Float64);
        string path = folder.File("model.safetensors");
        SafeTensorsWriter.Write(path, [TensorSource.From("large", large, stored), TensorSource.From("again", large, stored), TensorSource.From("small", small)]);
        using var file = SafeTensorsFile.Open(path);
        using var checkpoint = Checkpoint.Open(folder.Path);
        using (var other = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete))
            other.SetLength(4096);
        Tensor target = zeros([3000, 1000], dtype: wanted), turned = zeros([1000, 3000], dtype: wanted).t();
        foreach (Tensor destination in new[] { target, turned })
        {
            Assert.Contains(Sentence, Assert.Throws<CheckpointException>(() => file.Read("large", destination, checkFinite: true)).Message);
            Assert.Contains(Sentence, Assert.Throws<CheckpointException>(
                () => checkpoint.LoadInto([new LoadTarget("large", [3000, 1000], destination) { Aliases = ["again"] }], new LoadOptions { AllowUnexpected = true }))
                .Message);
        }
        Assert.Contains(Sentence, Assert.Throws<CheckpointException>(() => file.Bytes("large").Length).Message);
        Assert.Contains(Sentence, Assert.Throws<CheckpointException>(() => file.Read<double>("large").Length).Message);
        Assert.Contains(Sentence, Assert.Throws<CheckpointException>(
            () => SafeTensorsWriter.Write(folder.File("copy.safetensors"), [TensorSource.From(file, "large")])).Message);
        Assert.Equal(["model.safetensors"], Directory.GetFiles(folder.Path).Select(Path.GetFileName));
    }
}
