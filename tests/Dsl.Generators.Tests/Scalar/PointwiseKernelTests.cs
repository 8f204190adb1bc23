using System;
using System.Linq;
using Dsl.Generators.Scalar;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Dsl.Generators.Tests.Scalar;

public sealed class PointwiseKernelTests
{
    [Theory]
    [InlineData(2, 3, 5)]
    [InlineData(1, 1, 1)]
    [InlineData(4, 64, 24)]
    [InlineData(2, 0, 8)]
    public void A_pointwise_kernel_equals_whole_tensors_with_its_gradients(int b, int t, int d)
    {
        string kernel = KernelEmitter.Emit(ScalarSource.Read(ScalarReaderTests.Declared, "Mix"), "K", "public");
        var assembly = ScalarSource.Load(
            ScalarReaderTests.Declared,
            "using System;\nusing System.Numerics;\nusing System.Runtime.CompilerServices;\nusing Dsl;\nusing Dsl.Runtime;\nusing TorchSharp;\nusing static TorchSharp.torch;\nnamespace User;\n" + kernel
            + "public static class Entry { public static Tensor Run(Tensor x, Tensor last, Tensor mu) => Pointwise.Run<K>([], x, last, mu); }\n");
        var run = ScalarSource.Method<Func<Tensor, Tensor, Tensor, Tensor>>(assembly, "Run", "User.Entry");
        Tensor[] own =
        [
            torch.randn(b, t, d, dtype: ScalarType.Float64),
            torch.randn(b, 1, d, dtype: ScalarType.Float64),
            torch.randn(1, 1, d, dtype: ScalarType.Float64),
        ];
        Tensor[] ours = [.. own.Select(x => x.clone().requires_grad_())];
        Tensor[] theirs = [.. own.Select(x => x.clone().requires_grad_())];
        Tensor y = run(ours[0], ours[1], ours[2]);
        Tensor expected = (theirs[0] * theirs[2]) + (theirs[1] * (1 - theirs[2]));
        Assert.Equal(expected.shape, y.shape);
        Assert.True(torch.allclose(expected, y, 1e-12, 1e-12));
        Tensor weights = torch.randn_like(expected);
        (y * weights).sum().backward();
        (expected * weights).sum().backward();
        foreach (var (mine, other) in ours.Zip(theirs))
        {
            Assert.True(torch.allclose(other.grad!, mine.grad!, 1e-10, 1e-10), kernel);
        }
    }
}
