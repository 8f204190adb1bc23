using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Dsl.Runtime;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Dsl.Generators.Tests.Scalar;

/// <summary>
/// Diagonal state spaces with an input map, as the published code stores them (A = -exp(A_real) - i A_imag): scan, convolution and steps against its
/// kernels, outputs, final states and gradients.
/// </summary>
[Trait("Category", "Goldens")]
public sealed class StateSpaceGoldenTests
{
    private const string Diagonal = """
        [Recurrence("b t d", State = "b d [n]")]
        public static double Zoh(Span<Complex> s, double u, [Axes("d")] double invDt, [Axes("d n")] ReadOnlySpan<double> aReal, [Axes("d n")] ReadOnlySpan<double> aImag,
            [Axes("d n 2")] ReadOnlySpan<Complex> B, [Axes("d n 2")] ReadOnlySpan<Complex> C, [Axes("d")] double D)
        {
            double y = D * u;
            for (int n = 0; n < s.Length; n++)
            {
                var A = new Complex(-Exp(aReal[n]), -aImag[n]);
                var dA = Exp(invDt) * A;
                s[n] = Exp(dA) * s[n] + B[n] * ExpM1(dA) / A * u;
                y += 2 * (C[n] * s[n]).Real;
            }
            return y;
        }

        [Recurrence("b t d", State = "b d [n]")]
        public static double Bilinear(Span<Complex> s, double u, [Axes("d")] double invDt, [Axes("d n")] ReadOnlySpan<double> aReal, [Axes("d n")] ReadOnlySpan<double> aImag,
            [Axes("d n 2")] ReadOnlySpan<Complex> B, [Axes("d n 2")] ReadOnlySpan<Complex> C, [Axes("d")] double D)
        {
            double y = D * u, dt = Exp(invDt);
            for (int n = 0; n < s.Length; n++)
            {
                var half = dt / 2 * new Complex(-Exp(aReal[n]), -aImag[n]);
                s[n] = ((1 + half) * s[n] + dt * B[n] * u) / (1 - half);
                y += 2 * (C[n] * s[n]).Real;
            }
            return y;
        }
        """;

    private static readonly string[] Weights = ["inv_dt", "A_real", "A_imag", "B", "C"];

    private static readonly Dictionary<string, KernelHarness> Compiled = [];

    private static KernelHarness Harness(string discretisation) => Compiled.TryGetValue(discretisation, out KernelHarness? known)
        ? known
        : Compiled[discretisation] = new KernelHarness(Diagonal, discretisation == "zoh" ? "Zoh" : "Bilinear");

    /// <summary>Every discretisation of every init of the cases at hand.</summary>
    public static TheoryData<string, string, string> Cases
    {
        get
        {
            var cases = new TheoryData<string, string, string>();
            foreach (string folder in Directory.GetDirectories(OperatorGoldenTests.Folder()).Where(f => Path.GetFileName(f).StartsWith("s4d", StringComparison.Ordinal)).Order())
            {
                using SafeTensorsFile file = SafeTensorsFile.Open(Path.Combine(folder, "io.safetensors"));
                foreach (string[] parts in file.Tensors.Select(t => t.Name.Split('.')).Where(p => p.Length == 4 && p[0] == "out" && p[3] == "K"))
                {
                    cases.Add(Path.GetFileName(folder), parts[1], parts[2]);
                }
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Diagonal_state_spaces_equal_their_golden(string name, string init, string discretisation)
    {
        KernelHarness harness = Harness(discretisation);
        using SafeTensorsFile file = SafeTensorsFile.Open(Path.Combine(OperatorGoldenTests.Folder(), name, "io.safetensors"));
        Tensor Turned(string key) => file.ReadTensor(key).transpose(1, 2).contiguous();
        string Out(string what) => $"out.{init}.{discretisation}.{what}";
        foreach (string form in new[] { "scan", "impulse", "powers" })
        {
            Tensor[] leaves = [.. Weights.Select(w => file.ReadTensor($"in.{init}.{w}").requires_grad_()), file.ReadTensor("in.D").requires_grad_()];
            Tensor u = Turned("in.u").requires_grad_();
            Tensor[] arguments = [u, leaves[0].squeeze(-1), leaves[1], leaves[2], leaves[3].squeeze(0), leaves[4].squeeze(0), leaves[5]];
            Tensor y = form == "scan" ? harness.Run(arguments, null).Result : harness.Convolve(arguments, powers: form == "powers");
            OperatorGoldenTests.Close(Turned(Out("y")), y, 1e-5, 0, $"y by {form}");
            (y * Turned("in.gy")).sum().backward();
            foreach (var (key, leaf) in Weights.Zip(leaves).Append(("D", leaves[5])))
            {
                OperatorGoldenTests.Close(file.ReadTensor($"grad.{init}.{discretisation}.{key}"), leaf.grad!, 1e-4, 0, $"gradient of {key} by {form}");
            }

            OperatorGoldenTests.Close(Turned($"grad.{init}.{discretisation}.u"), u.grad!, 1e-4, 0, $"gradient of u by {form}");
            if (form == "scan")
            {
                Steps(harness, arguments, Turned(Out("y")), file.ReadTensor(Out("final_state")));
                continue;
            }

            // D is not in the published kernel.
            Tensor[] bare = [.. arguments[..^1], zeros_like(leaves[5])];
            Tensor impulse = zeros(1, u.shape[1], u.shape[2]);
            impulse.select(1, 0).fill_(1);
            Tensor kernel = harness.Convolve([impulse, .. bare[1..]], powers: form == "powers");
            OperatorGoldenTests.Close(file.ReadTensor(Out("K")).t().unsqueeze(0), kernel, 1e-5, 0, $"K by {form}");
        }
    }

    private static void Steps(KernelHarness harness, Tensor[] arguments, Tensor expected, Tensor final)
    {
        using IDisposable off = no_grad();
        Tensor[]? state = null;
        var read = new List<Tensor>();
        for (long t = 0; t < expected.shape[1]; t++)
        {
            var (piece, next) = harness.Run([arguments[0].narrow(1, t, 1), .. arguments[1..]], state);
            read.Add(piece);
            state = next;
        }

        OperatorGoldenTests.Close(expected, cat(read, 1), 1e-5, 0, "y step by step");
        OperatorGoldenTests.Close(final, state![0], 1e-5, 0, "final state");
    }
}
