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
            foreach (string folder in Directory.GetDirectories(OperatorGoldenTests.Folder())
                .Where(f => Path.GetFileName(f).StartsWith("s4d", StringComparison.Ordinal))
                .Order())
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
            impulse.select(1, 0).fill_(Scalars.Of(1));
            Tensor kernel = harness.Convolve([impulse, .. bare[1..]], powers: form == "powers");
            OperatorGoldenTests.Close(file.ReadTensor(Out("K")).t().unsqueeze(0), kernel, 1e-5, 0, $"K by {form}");
        }
    }

    private const string LowRank = """
        [Recurrence("b t d", State = "b d [n]")]
        public static double Step(Span<Complex> s, double u, [Parameter("inv_dt", "d")] double invDt, [Parameter("A_real", "d n")] ReadOnlySpan<double> aReal, [Parameter("A_imag", "d n")] ReadOnlySpan<double> aImag,
            [Parameter("B", "d n 2")] ReadOnlySpan<Complex> B, [Parameter("P", "d n 2")] ReadOnlySpan<Complex> P, [Parameter("C", "d n 2")] ReadOnlySpan<Complex> C)
        {
            double step = Exp(invDt), h = step / 2, p = 0, g = 0, t = 0, y = 0;
            for (int n = 0; n < s.Length; n++) p += 2 * (Conj(P[n]) * s[n]).Real;
            for (int n = 0; n < s.Length; n++) s[n] = (s[n] + h * (A(aReal[n], aImag[n]) * s[n] - P[n] * p) + step * B[n] * u) / (1 - h * A(aReal[n], aImag[n]));
            for (int n = 0; n < s.Length; n++) { g += 2 * (Conj(P[n]) * P[n] / (1 - h * A(aReal[n], aImag[n]))).Real; t += 2 * (Conj(P[n]) * s[n]).Real; }
            for (int n = 0; n < s.Length; n++) { s[n] -= P[n] / (1 - h * A(aReal[n], aImag[n])) * h * t / (1 + h * g); y += 2 * (C[n] * s[n]).Real; }
            return y;
        }

        [Transfer("d", Nodes = "length")]
        public static Complex Kernel(Complex w, [Parameter("inv_dt", "d 1")] double invDt, [Parameter("A_real", "d n")] ReadOnlySpan<double> aReal, [Parameter("A_imag", "d n")] ReadOnlySpan<double> aImag,
            [Parameter("B", "1 d n 2")] ReadOnlySpan<Complex> B, [Parameter("P", "1 d n 2")] ReadOnlySpan<Complex> P, [Parameter("C", "1 d n 2")] ReadOnlySpan<Complex> C)
        {
            Complex cb = 0, cp = 0, pb = 0, pp = 0;
            double step = Exp(invDt);
            for (int n = 0; n < C.Length; n++)
            {
                var a = step * A(aReal[n], aImag[n]);
                cb += Cauchy(step * C[n] * B[n], a, w);
                cp += Cauchy(step * C[n] * P[n], a, w);
                pb += Cauchy(step * Conj(P[n]) * B[n], a, w);
                pp += Cauchy(step * Conj(P[n]) * P[n], a, w);
            }

            return 2 * (cb - (1 + w) * cp * pb / (1 + (1 + w) * pp));
        }

        static Complex A(double real, double imaginary) => new Complex(-Exp(real), -imaginary);
        static Complex Cauchy(Complex v, Complex a, Complex w) => v / (2 * (1 - w) - a * (1 + w)) + Conj(v) / (2 * (1 - w) - Conj(a) * (1 + w));
        """;

    private delegate Tensor KernelAt(long nodes, Tensor[] arguments);

    private static readonly Lazy<KernelAt> Frequencies = new(() => ScalarSource.Method<KernelAt>(ScalarSource.Load(LowRank,
        ScalarSource.Using
            .Replace("using static System.Math;", "", StringComparison.Ordinal)
            .Replace("using static Dsl.ScalarMath;", "", StringComparison.Ordinal)
        + "using TorchSharp;\nusing Dsl.Runtime;\nusing static TorchSharp.torch;\nnamespace User;\n" + Generators.Scalar.KernelEmitter.EmitTransfer(
            ScalarSource.Read(LowRank, "Kernel"), "K", "public")
        + "public static class Entry { public static Tensor Kernel(long nodes, Tensor[] arguments) => Transfer.Kernel<K>(nodes, [], arguments); }\n"), "Kernel", "User.Entry"));

    private static readonly Lazy<KernelHarness> LowRankStep = new(() => new KernelHarness(LowRank, "Step"));

    public static TheoryData<string> LowRankCases =>
        [.. Directory.GetDirectories(OperatorGoldenTests.Folder())
            .Select(f => Path.GetFileName(f)!)
            .Where(n => n.StartsWith("s4_kernel", StringComparison.Ordinal))
            .Order()];

    [Theory]
    [MemberData(nameof(LowRankCases))]
    public void Low_rank_state_spaces_equal_their_golden_by_transfer_by_scan_and_by_powers(string name)
    {
        using SafeTensorsFile file = SafeTensorsFile.Open(Path.Combine(OperatorGoldenTests.Folder(), name, "io.safetensors"));
        string[] keys = ["inv_dt", "A_real", "A_imag", "B", "P", "C"];
        long length = file.ReadTensor("out.K").shape[1];
        Tensor weights = file.ReadTensor("in.gK");

        // C itself: the step, and the convolutions that follow from it.
        foreach (bool powers in new[] { false, true })
        {
            Tensor[] leaves = [.. keys.Select(k => file.ReadTensor("in." + k).requires_grad_())];
            Tensor[] arguments = [leaves[0].squeeze(-1), leaves[1], leaves[2], leaves[3].squeeze(0), leaves[4].squeeze(0), leaves[5].squeeze(0)];
            Tensor impulse = zeros(1, length, leaves[0].shape[0]);
            impulse.select(1, 0).fill_(Scalars.Of(1));
            Tensor kernel = LowRankStep.Value.Convolve([impulse, .. arguments], powers).squeeze(0).t();
            OperatorGoldenTests.Close(file.ReadTensor("out.K"), kernel, 1e-5, 0, "K of the step");
            (kernel * weights).sum().backward();
            foreach (var (key, leaf) in keys.Zip(leaves))
            {
                OperatorGoldenTests.Close(file.ReadTensor("grad.dense." + key), leaf.grad!, 1e-4, 0, $"gradient of {key} by the step");
            }

            using IDisposable off = no_grad();
            Tensor u = file.ReadTensor("in.u").transpose(1, 2).contiguous();
            Tensor skipped = u * file.ReadTensor("in.D");
            Tensor y = file.ReadTensor("out.y").transpose(1, 2);
            OperatorGoldenTests.Close(y, LowRankStep.Value.Convolve([u, .. arguments], powers).Plus(skipped), 1e-5, 0, "y by convolution");
            var (scanned, finals) = LowRankStep.Value.Run([u, .. arguments], null);
            OperatorGoldenTests.Close(y, scanned.Plus(skipped), 1e-5, 0, "y by scan");
            OperatorGoldenTests.Close(file.ReadTensor("out.final_state").narrow(2, 0, leaves[1].shape[1]), finals[0], 1e-5, 0, "final state");
        }

        // C~: the transfer function at the length that it was made for.
        Tensor[] tilde = [.. keys.Select(k => file.ReadTensor(k == "C" ? "in.C_tilde" : "in." + k).requires_grad_())];
        Tensor[] read = [tilde[0].squeeze(-1), tilde[1], tilde[2], tilde[3].squeeze(0), tilde[4].squeeze(0), tilde[5].squeeze(0)];
        Tensor own = Frequencies.Value(length, read);
        OperatorGoldenTests.Close(file.ReadTensor("out.K_tilde"), own, 1e-5, 0, "K of C~");
        (own * weights).sum().backward();
        foreach (var (key, leaf) in keys.Zip(tilde))
        {
            OperatorGoldenTests.Close(
                file.ReadTensor("grad.tilde." + (key == "C" ? "C_tilde" : key)), leaf.grad!, 1e-4, 0, $"gradient of {key} by the transfer function");
        }

        using IDisposable none = no_grad();
        Tensor shorter = file.ReadTensor("out.K_short");
        OperatorGoldenTests.Close(shorter, own.narrow(1, 0, shorter.shape[1]), 1e-5, 0, "a shorter K is cut");
        Tensor halved = file.ReadTensor("out.K_rate2");
        OperatorGoldenTests.Close(
            halved, Frequencies.Value(halved.shape[1], [read[0].Plus(Math.Log(2)), .. read[1..]]), 1e-5, 0, "K at twice the step and half the nodes");
        Assert.True(Frequencies.Value(2, read).isfinite().all().item<bool>() && Frequencies.Value(1, read).isfinite().all().item<bool>());
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
