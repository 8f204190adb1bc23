using System;
using System.Linq;
using System.Reflection;
using Dsl.Generators.Scalar;
using Dsl.Runtime;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Dsl.Generators.Tests.Scalar;

/// <summary>Pointwise functions in each of their forms: by their kernel, over whole tensors with the derived adjoint, and over few elements.</summary>
public sealed class PointwiseKernelTests
{
    private static (Func<bool, Tensor[], Tensor> Run, string Text) Compile(string members, string name, double[]? settings = null)
    {
        string kernel = KernelEmitter.Emit(ScalarSource.Read(members, name), "K", "public");
        var assembly = ScalarSource.Load(
            members,
            "using System;\nusing System.Numerics;\nusing System.Runtime.CompilerServices;\nusing Dsl;\nusing Dsl.Runtime;\nusing TorchSharp;\nusing static TorchSharp.torch;\nnamespace User;\n" + kernel);
        var run = typeof(Pointwise).GetMethod("Run", BindingFlags.NonPublic | BindingFlags.Static)!.MakeGenericMethod(assembly.GetType("User.K")!);
        return ((tensors, arguments) => (Tensor)run.Invoke(null, [settings ?? [], tensors, arguments])!, kernel);
    }

    [Theory]
    [InlineData(2, 3, 5)]
    [InlineData(1, 1, 1)]
    [InlineData(4, 64, 24)]
    [InlineData(2, 0, 8)]
    public void Every_form_equals_whole_tensors_with_its_gradients(int b, int t, int d)
    {
        var (run, kernel) = Compile(ScalarReaderTests.Declared, "Mix");
        Tensor[] own =
        [
            torch.randn(b, t, d, dtype: ScalarType.Float64),
            torch.randn(b, 1, d, dtype: ScalarType.Float64),
            torch.randn(1, 1, d, dtype: ScalarType.Float64),
        ];
        foreach (bool tensors in new[] { false, true })
        {
            Tensor[] ours = [.. own.Select(x => x.clone().requires_grad_())];
            Tensor[] theirs = [.. own.Select(x => x.clone().requires_grad_())];
            Tensor y = run(tensors, ours);
            Tensor expected = (theirs[0] * theirs[2]).Plus(theirs[1] * theirs[2].neg().Plus(1));
            Assert.Equal(expected.shape, y.shape);
            Assert.True(torch.allclose(expected, y, 1e-12, 1e-12));
            using (torch.no_grad())
            {
                Assert.True(torch.allclose(expected, run(tensors, own), 1e-12, 1e-12));
            }

            Tensor weights = torch.randn_like(expected);
            (y * weights).sum().backward();
            (expected * weights).sum().backward();
            foreach (var (mine, other) in ours.Zip(theirs))
            {
                Assert.True(torch.allclose(other.grad!, mine.grad!, 1e-10, 1e-10), kernel);
            }
        }
    }

    [Theory]
    [InlineData("[Pointwise] public static double G(double x, [Parameter(\"w\", \"h d\")] double w) => x * w + x;", "more than one axis")]
    [InlineData("[Pointwise] public static double G(double x, [Parameter(\"w\", \"h 1\")] double w) => x * w + x;", "does not lie along the last axis")]
    public void What_has_no_kernel_goes_over_whole_tensors(string member, string why)
    {
        var function = ScalarSource.Read(member, "G");
        Assert.False(KernelEmitter.Pays(function));
        Assert.Contains(why, KernelEmitter.WhyNot(function));
    }

    [Theory]
    [InlineData("x * 3", false)]
    [InlineData("x * c.Cap", false)]
    [InlineData("x * c.Cap / 2 + 1", true)]
    [InlineData("x > 0 ? x : Exp(x) - 1", true)]
    public void One_operation_by_itself_needs_no_kernel(string expression, bool pays) =>
        Assert.Equal(pays, KernelEmitter.Pays(ScalarSource.Read($"[Pointwise] public static double G(double x, C c) => {expression};", "G")));

    [Fact]
    public void A_sign_keeps_the_type_of_the_tensor() =>
        CheckAgainstTheFunction("[Pointwise] public static double G(double x, double z, [Parameter(\"w\", \"d\")] double w, C c) => Sign(x) * 0.1 * Exp(0.3) + z * w;", 3);

    /// <summary>A function of x, z and a weight w along the last axis: kernel, whole tensors and autograd equal it, and its gradients its
    /// differences.</summary>
    internal static void CheckAgainstTheFunction(string members, int seed)
    {
        torch.manual_seed(seed);
        var (whole, function, config, body) = TensorEmitterTests.Compile(members, "G");
        double At(double x, double z, double w) => (double)function.Invoke(null, [x, z, w, config])!;
        int rows = 1 + (seed % 5), width = 1 + (seed % 23);
        Tensor[] own = [torch.randn(rows, width, dtype: ScalarType.Float64), torch.randn(rows, width, dtype: ScalarType.Float64), torch.randn(width, dtype: ScalarType.Float64)];
        double[][] numbers = [.. own.Select(KernelHarness.Numbers)];
        double[] expected = [.. numbers[0].Select((x, i) => At(x, numbers[1][i], numbers[2][i % width]))];
        var kernels = Kernel(members, config);
        var forms = new (string Name, Func<Tensor[], Tensor> Run)[]
        {
            ("kernel", a => kernels(false, a)),
            ("whole tensors", a => kernels(true, a)),
            ("autograd", a => (Tensor)whole.Invoke(null, [a[0], a[1], a[2], config])!),
        };
        foreach (var (name, run) in forms)
        {
            Tensor[] leaves = [.. own.Select(x => x.clone().requires_grad_())];
            Tensor y = run(leaves);
            double[] got = KernelHarness.Numbers(y.expand(rows, width));
            for (int i = 0; i < expected.Length; i++)
            {
                Assert.True(Math.Abs(expected[i] - got[i]) <= 1e-11 * (1 + Math.Abs(expected[i])), $"{name}: {got[i]} for {expected[i]}\n{body}");
            }

            if (!y.requires_grad)
            {
                continue;
            }

            y.expand(rows, width).sum().backward();
            for (int i = 0; i < expected.Length; i++)
            {
                var (x, z, w) = (numbers[0][i], numbers[1][i], numbers[2][i % width]);
                Assert.True(Differences.Agree(s => At(x + s, z, w), Gradient(leaves[0], i), kinks: true), $"{name}: x[{i}]\n{body}");
                Assert.True(Differences.Agree(s => At(x, z + s, w), Gradient(leaves[1], i), kinks: true), $"{name}: z[{i}]\n{body}");
            }

            for (int j = 0; j < width; j++)
            {
                double Sum(double s) => Enumerable.Range(0, rows).Sum(r => At(numbers[0][(r * width) + j], numbers[1][(r * width) + j], numbers[2][j] + s));
                Assert.True(Differences.Agree(Sum, Gradient(leaves[2], j), kinks: true), $"{name}: w[{j}]\n{body}");
            }
        }
    }

    private static double Gradient(Tensor leaf, int index) => leaf.grad is { } g ? g.flatten()[index].item<double>() : 0;

    private static Func<bool, Tensor[], Tensor> Kernel(string members, object config)
    {
        // The settings are texts over a config: of this one, numbers.
        double[] settings = [.. KernelEmitter.Settings(ScalarSource.Read(members, "G")).Select(text => text switch
        {
            "config.Cap" => 3.0,
            "config.Window" => 4.0,
            "(config.Sliding) ? 1 : 0" => 0.0,
            _ => throw new InvalidOperationException(text + " of " + config),
        })];
        return Compile(members, "G", settings).Run;
    }
}
