using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Dsl.Runtime;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Dsl.Generators.Tests.Scalar;

/// <summary>Operators as published implementations answer them: outputs, final states and gradients, from the functions as a user writes them.</summary>
[Trait("Category", "Goldens")]
public sealed class OperatorGoldenTests
{
    private const string Selective = """
        [Recurrence("b t d", State = "b d [n]")]
        public static double Selective(Span<double> h, double u, double delta, double z, [Axes("d n")] ReadOnlySpan<double> A, [Axes("b t n")] ReadOnlySpan<double> B, [Axes("b t n")] ReadOnlySpan<double> C,
            [Axes("d")] double D, [Axes("d")] double bias)
        {
            double dt = Softplus(delta + bias), y = D * u;
            for (int n = 0; n < h.Length; n++) { h[n] = Exp(dt * A[n]) * h[n] + dt * B[n] * u; y += h[n] * C[n]; }
            return y * z * Sigmoid(z);
        }
        """;

    private static readonly Dictionary<string, KernelHarness> Compiled = [];

    public static IEnumerable<object[]> Cases() =>
        Directory.GetDirectories(Folder())
            .Select(d => Path.GetFileName(d)!)
            .Where(n => Operator(n) is not null && File.Exists(Path.Combine(Folder(), n, "io.safetensors")))
            .Order()
            .Select(n => new object[] { n });

    internal static string Folder()
    {
        if (Environment.GetEnvironmentVariable("DSL_GOLDENS") is { Length: > 0 } named)
        {
            return named;
        }

        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string goldens = Path.Combine(folder.FullName, "tests", "goldens");
            if (Directory.Exists(goldens))
            {
                return goldens;
            }
        }

        throw new DirectoryNotFoundException("tests/goldens not found above the test's folder; DSL_GOLDENS may name it.");
    }

    private static string? Operator(string name) =>
        new[] { "wkv", "selective_scan", "retention", "gla", "delta_rule", "hgrn" }.FirstOrDefault(p => name.StartsWith(p, StringComparison.Ordinal));

    private static KernelHarness Harness(string members, string name)
    {
        if (!Compiled.TryGetValue(name, out KernelHarness? harness))
        {
            Compiled[name] = harness = new KernelHarness(members, name);
        }

        return harness;
    }

    /// <summary>Golden names of the arguments and states, and how the golden's layout becomes the function's.</summary>
    private sealed record Binding(KernelHarness Harness, string[] Arguments, string[] States, string[] Finals, Dictionary<string, long[]> Permute);

    private static Binding Bind(string name) => Operator(name) switch
    {
        "wkv" => new Binding(Harness(ScalarReaderTests.Declared, "Wkv"), ["k", "v", "time_decay", "u"], ["aa", "bb", "pp"], ["aa", "bb", "pp"], []),
        "selective_scan" => new Binding(
            Harness(Selective, "Selective"), ["u", "delta", "z", "A", "B", "C", "D", "delta_bias"], [], ["last_state"],
            new[] { "u", "delta", "z", "B", "C", "y", "gy" }.ToDictionary(k => k, _ => new long[] { 0, 2, 1 })),
        "retention" => new Binding(Harness(ScalarReaderTests.Declared, "Retention"), ["q", "k", "v", "gamma"], ["S0"], ["S"], Swapped()),
        "gla" => new Binding(Harness(ScalarReaderTests.Declared, "Gla"), ["q", "k", "v", "g"], ["S0"], ["S"], Swapped()),
        "delta_rule" => new Binding(Harness(ScalarReaderTests.Declared, "DeltaRule"), ["q", "k", "v", "beta"], ["S0"], ["S"], Swapped()),
        _ => new Binding(Harness(ScalarReaderTests.Declared, "Hgrn"), ["x", "g"], ["h0"], ["h"], []),
    };

    private static Dictionary<string, long[]> Swapped() => new() { ["S0"] = [0, 1, 3, 2], ["S"] = [0, 1, 3, 2] };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Operator_equals_its_golden(string name)
    {
        Binding binding = Bind(name);
        using SafeTensorsFile file = SafeTensorsFile.Open(Path.Combine(Folder(), name, "io.safetensors"));
        Tensor Read(string key, string plain) =>
            binding.Permute.TryGetValue(plain, out long[]? order) ? file.ReadTensor(key).permute(order) : file.ReadTensor(key);
        foreach (bool tensors in new[] { false, true })
        {
            Tensor In(string key) =>
                (key == "time_decay" && !file.Contains("in.time_decay")
                    ? (-Read("in.w", "w").to(ScalarType.Float64)).log().to(ScalarType.Float32)
                    : Read("in." + key, key))
                    .detach()
                    .requires_grad_();
            Tensor[] arguments = [.. binding.Arguments.Select(In)];
            Tensor[]? states = binding.States.Length > 0 && file.Contains("in." + binding.States[0]) ? [.. binding.States.Select(In)] : null;
            var (result, finals) = binding.Harness.Run(arguments, states, null, tensors);
            Close(Read("out.y", "y"), result, 1e-5, 0, $"{name}: y");
            for (int i = 0; i < finals.Length; i++)
            {
                Close(Read("out." + binding.Finals[i], binding.Finals[i]), finals[i], 1e-5, 0, $"{name}: {binding.Finals[i]}");
            }

            Tensor weights = Read("in.gy", "gy");
            (result * weights).sum().backward();
            double floor = 1e-2 * weights.abs().max().item<float>();
            foreach (var (key, leaf) in binding.Arguments.Zip(arguments).Concat(states is null ? [] : binding.States.Zip(states)))
            {
                if (file.Contains("grad." + key))
                {
                    Close(Read("grad." + key, key), leaf.grad!, 1e-4, floor, $"{name}: gradient of {key} ({(tensors ? "tensors" : "kernel")})");
                }
            }

            // The first part, then the rest from its state.
            using (torch.no_grad())
            {
                long length = result.shape[^2];
                long cut = length / 3;
                Tensor Piece(Tensor x, int i, long from, long count) =>
                    binding.Harness.AxesOf(binding.Harness.Values[i]).ToList().IndexOf("t") is var axis and >= 0 ? x.narrow(axis, from, count) : x;
                var (head, middle) = binding.Harness.Run([.. arguments.Select((x, i) => Piece(x, i, 0, cut))], states, null, tensors);
                var (tail, last) = binding.Harness.Run([.. arguments.Select((x, i) => Piece(x, i, cut, length - cut))], middle, null, tensors);
                Close(result, torch.cat([head, tail], -2), 2e-6, 0, $"{name}: in two parts");
                for (int i = 0; i < last.Length; i++)
                {
                    Close(finals[i], last[i], 2e-6, 0, $"{name}: {binding.Finals[i]} in two parts");
                }
            }
        }
    }

    internal static void Close(Tensor expected, Tensor actual, double tolerance, double floor, string what)
    {
        Assert.Equal(expected.shape, actual.shape);
        double scale = Math.Max(expected.abs().max().item<float>(), floor);
        double error = (expected - actual).abs().max().item<float>();
        Assert.True(error <= tolerance * scale, $"{what}: off by {error} at a scale of {scale}");
    }
}
