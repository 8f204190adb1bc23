using System;
using System.IO;
using System.Linq;
using System.Numerics;
using Dsl.Testing;
using Dsl.Tests;
using TorchSharp;
using Xunit;
using Zoo.StateSpaces;
using Zoo.Tests.Goldens;
using static TorchSharp.torch;

namespace Zoo.Tests.Models;

/// <summary>The textbook state space and HiPPO against their references: discrete matrices, kernels, recurrence and convolution, gradients.</summary>
[Trait("Category", "Goldens")]
public sealed class StateSpaceGoldens
{
    /// <summary>Folders whose name begins so.</summary>
    private static TheoryData<string> Named(string prefix) =>
        [.. Directory.GetDirectories(GoldenFolder.Path).Select(f => Path.GetFileName(f)!).Where(n => n.StartsWith(prefix, StringComparison.Ordinal)).Order()];

    public static TheoryData<string> Forms => Named("ssm_forms");

    public static TheoryData<string> Legs => Named("hippo_legs");

    public static TheoryData<string> Kernels => Named("s4_kernel");

    [Theory]
    [MemberData(nameof(Forms))]
    public void Textbook_forms_equal_their_golden(string name)
    {
        using var scope = NewDisposeScope();
        var golden = GoldenCase.Read(Path.Combine(GoldenFolder.Case(name), "io.safetensors"));
        foreach (ScalarType dtype in new[] { ScalarType.Float32, ScalarType.Float64 })
        {
            foreach (string how in golden.Keys
                .Where(k => k.StartsWith("out.", StringComparison.Ordinal) && k.EndsWith(".K", StringComparison.Ordinal)).Select(k => k.Split('.')[1]))
            {
                foreach (bool convolves in new[] { false, true })
                {
                    Tensor In(string key) => golden["in." + key].to(dtype).detach().requires_grad_();
                    Tensor a = In("A"), b = In("B"), c = In("C"), d = In("D"), step = In("step"), u = In("u");
                    var continuous = new LinearStateSpace(a, b, c, d);
                    DiscreteStateSpace discrete = how switch
                    {
                        "bilinear" => continuous.Bilinear(step),
                        "zoh" => continuous.ZeroOrderHold(step),
                        _ => throw new FormatException($"{name}: the discretisation '{how}' is not known, expected bilinear or zoh"),
                    };
                    Near(golden[$"out.{how}.Ab"], discrete.A);
                    Near(golden[$"out.{how}.Bb"], discrete.B);
                    Near(golden[$"out.{how}.K"], discrete.Kernel(u.shape[1]));
                    var (y, states) = discrete.Run(u);
                    Near(golden[$"out.{how}.states"], states);
                    y = convolves ? discrete.Convolve(u) : y;
                    Near(golden[$"out.{how}.y"], y);
                    (y * golden["in.gy"].to(dtype)).sum().backward();
                    foreach (var (key, leaf) in new[] { ("A", a), ("B", b), ("C", c), ("D", d), ("step", step), ("u", u) })
                    {
                        Near(golden[$"grad.{how}.{key}"], leaf.grad!, 1e-4);
                    }
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Legs))]
    public void Hippo_and_its_forms_equal_their_golden(string name)
    {
        using var scope = NewDisposeScope();
        var golden = GoldenCase.Read(Path.Combine(GoldenFolder.Case(name), "io.safetensors"));
        int size = (int)golden["out.A"].shape[0];
        Near(golden["out.A"], tensor(Hippo.Legs(size)));
        Near(golden["out.B"], tensor(Hippo.LegsInput(size)));
        Near(golden["out.P"], tensor(Hippo.LegsCorrection(size)));

        // Eigenvectors are known up to a phase: only what no phase changes is compared.
        var (lambda, v, b, p) = Hippo.Nplr(size);
        Near(golden["out.lambda"], view_as_real(tensor(lambda)));
        Near(golden["out.absP"], tensor(p.Select(x => x.Magnitude).ToArray()));
        Near(golden["out.lambda64_imag"], tensor(Hippo.Nplr(2 * (int)golden["out.lambda64_imag"].shape[0]).Lambda.Select(l => l.Imaginary).ToArray()));
        Tensor vectors = tensor(v.Cast<Complex>().ToArray()).reshape(size, size / 2);
        Tensor low = tensor(p).unsqueeze(1);
        Tensor reference = view_as_complex(golden["out.V"].to(ScalarType.Float64).contiguous());
        Near((reference.conj() * vectors).sum(dim: 0).abs(), ones(size / 2, dtype: ScalarType.Float64));
        Assert.All(b.Zip(p), pair => Assert.InRange((pair.First - (Math.Sqrt(2) * pair.Second)).Magnitude, 0, 1e-9));

        // V (Lambda - P P*) V* over both halves of each pair is A again.
        Tensor all = cat([vectors, vectors.conj()], 1), both = cat([low, low.conj()], 0);
        Tensor diagonal = eye(size, dtype: ScalarType.ComplexFloat64) * tensor((Complex[])[.. lambda, .. lambda.Select(Complex.Conjugate)]);
        Tensor middle = diagonal - both.matmul(both.conj().t());
        Near(golden["out.A"], view_as_real(all.matmul(middle).matmul(all.conj().t()).contiguous()).select(-1, 0));

        var legs = new LinearStateSpace(tensor(Hippo.Legs(size)), tensor(Hippo.LegsInput(size)).unsqueeze(1),
            golden["in.C"].to(ScalarType.Float64).unsqueeze(0), zeros(1, dtype: ScalarType.Float64));
        DiscreteStateSpace discrete = legs.Bilinear(golden["in.step"].to(ScalarType.Float64));
        Near(golden["out.Ab"], discrete.A);
        Near(golden["out.Bb"], discrete.B.squeeze(1));
        Near(golden["out.K"], discrete.Kernel(golden["out.K"].shape[0]));
        Assert.Throws<ArgumentException>(() => Hippo.Nplr(3));
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void The_read_out_follows_the_kernels_length(string name)
    {
        using var scope = NewDisposeScope();
        var golden = GoldenCase.Read(Path.Combine(GoldenFolder.Case(name), "io.safetensors"));
        int length = (int)golden["out.K"].shape[1];
        for (int channel = 0; channel < golden["in.A_real"].shape[0]; channel++)
        {
            double Number(string key) => golden[key].to(ScalarType.Float64).reshape(-1)[channel].item<double>();
            double[] Numbers(string key) => golden[key].to(ScalarType.Float64).select(0, channel).contiguous().data<double>().ToArray();
            Complex[] Pairs(string key) =>
            [
                .. golden[key].to(ScalarType.Float64).select(1, channel).contiguous().data<double>().ToArray().Chunk(2).Select(x => new Complex(x[0], x[1])),
            ];
            Complex[] Changed(Complex[] c, int from, int to)
            {
                Complex[] own = [.. c];
                S4Layer.Lengthen(own, from, to, Number("in.inv_dt"), Numbers("in.A_real"), Numbers("in.A_imag"), Pairs("in.P"));
                return own;
            }

            void Same(Complex[] expected, Complex[] actual, double tolerance) => Assert.All(expected.Zip(actual), pair =>
                Assert.InRange((pair.First - pair.Second).Magnitude / expected.Max(x => x.Magnitude), 0, tolerance));
            Complex[] tilde = Changed(Pairs("in.C"), 0, length);
            Same(Pairs("out.C_tilde"), tilde, 1e-6);
            Same(Pairs("in.C"), Changed(tilde, length, 0), 1e-9);
            Same(Changed(Pairs("in.C"), 0, 2 * length), Changed(tilde, length, 2 * length), 1e-9);
        }
    }

    private static void Near(Tensor expected, Tensor actual, double tolerance = 1e-5)
    {
        Assert.Equal(expected.shape, actual.shape);
        double error = GoldenTolerance.Error(actual.detach(), expected);
        Assert.True(error <= tolerance, $"off by {error}");
    }
}
