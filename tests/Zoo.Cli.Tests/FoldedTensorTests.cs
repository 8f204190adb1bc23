using System.Linq;
using Dsl.Runtime;
using TorchSharp;
using Xunit;

namespace Zoo.Cli.Tests;

/// <summary>Equal layers are told as one.</summary>
public sealed class FoldedTensorTests
{
    [Theory]
    [InlineData("a.0.w:2 a.1.w:2 a.2.w:2", "a.{0..2}.w x3")]
    [InlineData("a.0.w:2 a.1.w:3 a.2.w:2", "a.{0,2}.w x2, a.1.w")]
    [InlineData("a.0.w:2 a.0.v:1 a.1.w:2 a.2.w:2 a.2.v:1", "a.{0,2}.w x2, a.{0,2}.v x2, a.1.w")]
    [InlineData("a.0.w:1 a.1.w:2 a.2.w:1 a.3.w:2 a.4.w:1 a.5.w:2", "a.{0,2..4}.w x3, a.{1,3..5}.w x3")]
    [InlineData("a.0.w:1 a.1.w:1 a.2.w:2 a.3.w:1 a.4.w:1", "a.{0..1,3..4}.w x4, a.2.w")]
    [InlineData("a.0.e.0.w:2 a.0.e.1.w:2 a.1.e.0.w:2 a.1.e.1.w:2 b:1", "a.{0..1}.e.{0..1}.w x4, b")]
    [InlineData("a.0.layer.0.w:2 a.0.layer.1.w:3 a.1.layer.0.w:2 a.1.layer.1.w:3", "a.{0..1}.layer.0.w x2, a.{0..1}.layer.1.w x2")]
    [InlineData("0:2 1:2 w.0:3", "{0..1} x2, w.0")]
    [InlineData("a:1 a.w:2 a.00.w:1 a.01.w:1", "a, a.w, a.00.w, a.01.w")]
    public void Layers_with_equal_tensors_are_one(string tensors, string expected)
    {
        var weights = new Weights(torch.ScalarType.Float32, torch.META);
        foreach (string[] tensor in tensors.Split(' ').Select(t => t.Split(':')))
        {
            weights.Tensor(tensor[0], [long.Parse(tensor[1], System.Globalization.CultureInfo.InvariantCulture)]);
        }

        var folded = FoldedTensors.Of(weights.All);
        Assert.Equal(expected, string.Join(", ", folded.Select(f => f.Key + (f.Times > 1 ? $" x{f.Times}" : ""))));
        Assert.Equal(weights.All.Sum(w => w.Count), folded.Sum(f => f.Times * f.Count));
    }
}
