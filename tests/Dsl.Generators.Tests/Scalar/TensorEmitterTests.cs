using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using Dsl.Generators.Scalar;
using Dsl.Runtime;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Dsl.Generators.Tests.Scalar;

public sealed class TensorEmitterTests
{
    private static MethodInfo Emit(string members, string name, out Assembly assembly, out TensorCode code)
    {
        var function = ScalarSource.Read(members, name);
        var names = function.Parameters.Where(p => p.Role != ScalarRole.Config).ToDictionary(p => p.Name, p => p.Name);
        code = TensorEmitter.Emit(function, names, "config", "global::User.G");
        var source = ScalarSource.Using + "using TorchSharp;\nusing Dsl.Runtime;\nusing static TorchSharp.torch;\nnamespace User;\npublic static class G\n{\n"
            + $"public static Tensor Whole({string.Join(", ", names.Keys.Select(n => "Tensor " + n))}, C config)\n{{\n{code.Body}}}\n{string.Join("\n", code.Methods)}\n}}\n";
        assembly = ScalarSource.Load(members, source.Replace("using static System.Math;", "").Replace("using static Dsl.ScalarMath;", ""));
        return assembly.GetType("User.G")!.GetMethod("Whole")!;
    }

    /// <summary>The function over whole tensors, the function itself, a config for both, and the code.</summary>
    public static (MethodInfo Whole, MethodInfo Function, object Config, string Code) Compile(string members, string name)
    {
        var whole = Emit(members, name, out var assembly, out var code);
        return (whole, assembly.GetType("User.F")!.GetMethod(name)!, Config(assembly), code.Body);
    }

    private static object Config(Assembly assembly) => Activator.CreateInstance(assembly.GetType("User.C")!, 4, null, false, 2, 3.0, 8, 20, "a")!;

    [Theory]
    [InlineData("x * 2 + 1 / (x * x + 1)")]
    [InlineData("c.Cap * Tanh(x / c.Cap)")]
    [InlineData("x > 0 ? Sqrt(x) : -Sqrt(-x)")]
    [InlineData("x > 0 ? Log(x) * x : x / (x - 1)")]
    [InlineData("x == 0 ? 1 : Sin(x) / x")]
    [InlineData("x < -1 ? 0 : x > 1 ? 1 : 0.5 * (1 + x)")]
    [InlineData("Max(x, 0.25) * Min(x, 3) + Abs(x)")]
    [InlineData("Exp(x - Detach(Max(x, 0)))")]
    [InlineData("Softplus(x) * Sigmoid(x) + Erf(x / 2)")]
    [InlineData("Pow(Abs(x) + 1, 1.5) + Pow(2, x)")]
    [InlineData("Log1P(ExpM1(x)) + Sign(x) * x")]
    [InlineData("c.Sliding ? x : c.Window * x / 2")]
    [InlineData("1")]
    [InlineData("x")]
    [InlineData("x > 1e30 ? Exp(x * 1e3) : Exp(-x)")]
    public void Pointwise_equals_the_function_and_its_derivative(string expression)
    {
        var members = $"[Pointwise] public static double G(double x, C c) => {expression};";
        var whole = Emit(members, "G", out var assembly, out var code);
        var function = assembly.GetType("User.F")!.GetMethod("G")!;
        var config = Config(assembly);
        double[] points = [-3.1, -1.7, -0.9, -0.3, 0.4, 0.7, 1.3, 2.2, 3.6, 20];
        using var x = torch.tensor(points, requires_grad: true);
        using var y = (Tensor)whole.Invoke(null, [x, config])!;
        double Oracle(double at) => (double)function.Invoke(null, [at, config])!;
        var values = y.detach().data<double>().ToArray();
        for (var i = 0; i < points.Length; i++)
        {
            Assert.True(Math.Abs(Oracle(points[i]) - values[i]) <= 1e-12 * (1 + Math.Abs(values[i])), code.Body);
        }

        if (!y.requires_grad)
        {
            return;
        }

        y.sum().backward();
        if (expression.Contains("Detach"))
        {
            return;
        }

        var gradient = x.grad!.data<double>().ToArray();
        for (var i = 0; i < points.Length; i++)
        {
            var expected = (Oracle(points[i] + 1e-6) - Oracle(points[i] - 1e-6)) / 2e-6;
            Assert.True(Math.Abs(expected - gradient[i]) <= 1e-6 * (1 + Math.Abs(expected)), $"{gradient[i]} for {expected} at {points[i]} of\n{code.Body}");
        }
    }

    [Fact]
    public void An_infinite_branch_that_is_not_taken_leaves_no_trace_in_the_gradient()
    {
        var members = """
            [Pointwise] public static double G(double x, double z)
            {
                double y = 0;
                if (x > 0) { double l = Log(x); y = l * z + Part(x); } else y = Exp(-z * 1000) > 5 ? 1 / z : z / (x + 7);
                return y * z;
            }
            static double Part(double x) { if (x < 0.5) return Sqrt(0.5 - x); return Pow(x - 0.5, 0.5); }
            """;
        var whole = Emit(members, "G", out _, out var code);
        using var x = torch.tensor(new double[] { 0, -1, 0.25, 2 }, requires_grad: true);
        using var z = torch.tensor(new double[] { 0.5, 3, 2, 1 }, requires_grad: true);
        using var y = (Tensor)whole.Invoke(null, [x, z, null])!;
        y.sum().backward();
        Assert.True(x.grad!.isfinite().all().item<bool>() && z.grad!.isfinite().all().item<bool>(), code.Body + x.grad + z.grad);
        Assert.Equal(-0.25 / 49, x.grad![0].item<double>(), 12);
    }

    [Theory]
    [InlineData("BothWays")]
    [InlineData("Backwards")]
    public void A_relative_score_reads_its_table(string name)
    {
        var whole = Emit(ScalarReaderTests.Declared, name, out var assembly, out var code);
        Assert.Contains("Tabulate(key - query, i => Bucket(i, ", code.Body);
        using var scores = torch.randn(2, 3, 6, 9, dtype: ScalarType.Float64, requires_grad: true);
        using var query = Scalars.Range(6, ScalarType.Int64).Plus(5).view(1, 1, 6, 1);
        using var key = Scalars.Range(9, ScalarType.Int64).view(1, 1, 1, 9);
        using var head = Scalars.Range(3, ScalarType.Int64).view(1, 3, 1, 1);
        using var bias = torch.randn(8, 3, dtype: ScalarType.Float64, requires_grad: true);
        var config = Config(assembly);
        using var changed = (Tensor)whole.Invoke(null, [scores, head, query, key, bias, config])!;
        var numbers = new double[8, 3];
        for (var i = 0; i < 24; i++)
        {
            numbers[i / 3, i % 3] = bias[i / 3, i % 3].item<double>();
        }

        var function = assembly.GetType("User.F")!.GetMethod(name)!;
        foreach (var (b, h, q, k) in from b in Enumerable.Range(0, 2)
                                     from h in Enumerable.Range(0, 3)
                                     from q in Enumerable.Range(0, 6)
                                     from k in Enumerable.Range(0, 9)
                                     select (b, h, q, k))
        {
            var expected = (double)function.Invoke(null, [scores[b, h, q, k].item<double>(), h, q + 5, k, new Matrix(numbers), config])!;
            Assert.Equal(expected, changed[b, h, q, k].item<double>(), 12);
        }

        changed.sum().backward();
        Assert.Equal(2.0 * 3 * 54, bias.grad!.sum().item<double>(), 8);
    }

    [Fact]
    public void The_body_reads_as_a_person_would_write_it()
    {
        Emit(ScalarReaderTests.Declared, "SoftCap", out _, out var code);
        Assert.Equal(
            """
            using var scope = torch.NewDisposeScope();
            return (Scalars.Of(config.Cap) * (score / Scalars.Of(config.Cap)).tanh()).MoveToOuterDisposeScope();

            """,
            code.Body);
    }
}
