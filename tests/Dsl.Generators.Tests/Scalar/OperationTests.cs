using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Scalar;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Dsl.Generators.Tests.Scalar;

/// <summary>Every operation that a scalar function may use, in every form, with its derivative by each of its operands.</summary>
public sealed class OperationTests
{
    [Theory]
    [InlineData("x + z")]
    [InlineData("x - z")]
    [InlineData("x * z")]
    [InlineData("x / (2 + z * z)")]
    [InlineData("x % 0.7")]
    [InlineData("x % (1.1 + z * z) * z")]
    [InlineData("3.3 % (0.4 + x * x)")]
    [InlineData("-x * z")]
    [InlineData("Exp(x) * z")]
    [InlineData("ExpM1(x) * z")]
    [InlineData("Log(2.5 + Tanh(x)) * z")]
    [InlineData("Log1P(0.5 + x * x)")]
    [InlineData("Log2(1.5 + x * x)")]
    [InlineData("Log10(1.5 + x * x)")]
    [InlineData("Sqrt(0.5 + x * x)")]
    [InlineData("Cbrt(x)")]
    [InlineData("Pow(0.5 + x * x, z)")]
    [InlineData("Pow(x, 3)")]
    [InlineData("Pow(x, 0)")]
    [InlineData("Pow(1.5, x)")]
    [InlineData("Tanh(x)")]
    [InlineData("Sinh(x)")]
    [InlineData("Cosh(x)")]
    [InlineData("Sin(x)")]
    [InlineData("Cos(x)")]
    [InlineData("Tan(0.4 * Tanh(x))")]
    [InlineData("Asin(0.9 * Tanh(x))")]
    [InlineData("Acos(0.9 * Tanh(x))")]
    [InlineData("Atan(x)")]
    [InlineData("Atan2(x, z)")]
    [InlineData("Atan2(x, 1.5)")]
    [InlineData("Atan2(1.5, x)")]
    [InlineData("Asinh(x)")]
    [InlineData("Acosh(1.5 + x * x)")]
    [InlineData("Atanh(0.9 * Tanh(x))")]
    [InlineData("Abs(x) * z")]
    [InlineData("Min(x, z)")]
    [InlineData("Max(x, z)")]
    [InlineData("Min(x, 0.1) * Max(0.2, z)")]
    [InlineData("Sign(x) * z")]
    [InlineData("Floor(2 * x) * z")]
    [InlineData("Ceiling(2 * x) * z")]
    [InlineData("Round(2 * x) * z")]
    [InlineData("Truncate(2 * x) * z")]
    [InlineData("Clamp(x, -0.3, 0.4) * z")]
    [InlineData("Clamp(x, z, 0.4)")]
    [InlineData("Clamp(x, -0.3, z)")]
    [InlineData("Clamp(x, Min(z, 0.1), Max(z, 0.2))")]
    [InlineData("Sigmoid(x)")]
    [InlineData("Softplus(x)")]
    [InlineData("Erf(x)")]
    [InlineData("Detach(x) * z")]
    [InlineData("(x > z ? 1 : -1) * x")]
    [InlineData("(x < z || x > 0.5 && z != 0 ? x : z * z)")]
    [InlineData("(!(x >= z) ? x : z)")]
    [InlineData("(x == z ? 3 : 2) * x")]
    [InlineData("(c.Window / 3 + c.Window % 3) * x")]
    public void Every_operation_has_its_derivative_in_every_form(string expression)
    {
        // The bounds of Clamp may cross: the function itself then says so.
        if (expression is "Clamp(x, z, 0.4)" or "Clamp(x, -0.3, z)")
        {
            expression = expression.Replace("z", expression.Contains("0.4") ? "Min(z, 0.3)" : "Max(z, -0.2)");
        }

        var harness = new KernelHarness(
            $"[Recurrence(\"b t d\", State = \"b d\")] public static double G(ref double h, double x, [Axes(\"b t\")] double z, C c) {{ h = 0.5 * h + {expression}; return h; }}", "G");
        // What passes nothing on has differences none the less.
        if (!expression.Contains("Detach"))
        {
            harness.Check(KernelTests.Sizes("b=2 t=5 d=3"), 3, kinks: true);
        }

        var members = $"[Pointwise] public static double G(double x, double z, C c) => {expression};";
        var (whole, function, config, code) = TensorEmitterTests.Compile(members, "G");
        double[] xs = [-1.3, -0.7, -0.2, 0.31, 0.9, 2.1], zs = [0.4, -0.6, 0.8, -0.33, 1.4, 0.12];
        using var x = torch.tensor(xs, requires_grad: true);
        using var z = torch.tensor(zs, requires_grad: true);
        using var y = (Tensor)whole.Invoke(null, [x, z, config])!;
        double At(double a, double b) => (double)function.Invoke(null, [a, b, config])!;
        Assert.Equal(xs.Zip(zs, At), KernelHarness.Numbers(y), (e, a) => Math.Abs(e - a) <= 1e-12 * (1 + Math.Abs(e)));
        if (expression.Contains("Detach"))
        {
            return;
        }

        y.sum().backward();
        for (int i = 0; i < xs.Length; i++)
        {
            Assert.True(Differences.Agree(s => At(xs[i] + s, zs[i]), x.grad is { } g ? g[i].item<double>() : 0, kinks: true), code);
            Assert.True(Differences.Agree(s => At(xs[i], zs[i] + s), z.grad is { } h ? h[i].item<double>() : 0, kinks: true), code);
        }
    }

    [Theory]
    [InlineData("Abs(x)", 0)]
    [InlineData("Max(x, 0)", 1)]
    [InlineData("Max(0, x)", 1)]
    [InlineData("Min(0, x)", 1)]
    [InlineData("Pow(x, 0)", 0)]
    [InlineData("Pow(x, 2)", 0)]
    [InlineData("Pow(x, Abs(x) + 2)", 0)]
    [InlineData("x % 0.5", 1)]
    public void At_zero_every_form_passes_on_the_same(string expression, double expected)
    {
        var harness = new KernelHarness(
            $"[Recurrence(\"b t d\", State = \"b d\")] public static double G(ref double h, double x) {{ h = {expression}; return h; }}", "G");
        foreach (bool tensors in new[] { false, true })
        {
            using var x = torch.zeros([1, 2, 3], ScalarType.Float64).requires_grad_();
            harness.Run([x], null, null, tensors).Result.sum().backward();
            Assert.All(KernelHarness.Numbers(x.grad!), g => Assert.Equal(expected, g));
        }

        var (whole, _, config, code) = TensorEmitterTests.Compile($"[Pointwise] public static double G(double x, C c) => {expression};", "G");
        using var leaf = torch.zeros([3], ScalarType.Float64).requires_grad_();
        ((Tensor)whole.Invoke(null, [leaf, config])!).sum().backward();
        Assert.All(KernelHarness.Numbers(leaf.grad!), g => Assert.True(g == expected, g + "\n" + code));
    }

    /// <summary>A row of the table is no operation yet: here each is tested above, and the runtime has what it calls.</summary>
    [Fact]
    public void Every_row_of_the_table_is_tested_and_stands_in_the_runtime()
    {
        var tested = typeof(OperationTests).GetMethod(nameof(Every_operation_has_its_derivative_in_every_form))!
            .GetCustomAttributes(typeof(InlineDataAttribute), false).Cast<InlineDataAttribute>().Select(d => (string)d.GetData(null!).Single()[0]).ToList();
        foreach (string name in ScalarOperations.Names.Where(n => n != "Conj"))
        {
            Assert.Contains(tested, expression => expression.Contains(name + "("));
            var operation = ScalarOperations.Function(name);
            Assert.True(operation.Derivative is not null || operation.Expansion is not null);
            Assert.True(operation.Expansion is not null || typeof(Dsl.Runtime.Lanes).GetMethods().Any(m => "Lanes." + m.Name == operation.Lanes), operation.Lanes);
            Type host = operation.Host.StartsWith("Math.", StringComparison.Ordinal) ? typeof(Math) : typeof(ScalarMath);
            Assert.Contains(host.GetMethods(), m => m.Name == name);
            Assert.True(
                operation.Tensor[0] == '.' ? typeof(Tensor).GetMethods().Any(m => "." + m.Name == operation.Tensor)
                    : typeof(Dsl.Runtime.TensorScalar).GetMethods().Any(m => "TensorScalar." + m.Name == operation.Tensor), operation.Tensor);
        }
    }
}
