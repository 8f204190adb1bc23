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

/// <summary>A recurrence compiled to a kernel, and the function itself called in nested loops.</summary>
internal sealed class KernelHarness
{
    private delegate (Tensor Result, Tensor[] States) Runner(Tensor[] arguments, Tensor[]? states, double[]? settings, Tensor? real, bool tensors, Tensor? positions);

    private readonly Runner run;
    private readonly Func<double[][], double[][], int, object, double> call;
    private readonly Func<Tensor[], double[], bool, Tensor> convolve;
    private readonly object config;

    public KernelHarness(string members, string name)
    {
        Function = ScalarSource.Read(members, name);
        Text = KernelEmitter.Emit(Function, "K", "public");
        int value = 0;
        int state = 0;
        var arguments = Function.Parameters.Select(p =>
        {
            string From(string array, int index)
            {
                string elements = p.Kind == ScalarKind.Complex
                    ? $"System.Runtime.InteropServices.MemoryMarshal.Cast<double, Complex>({array}[{index}].AsSpan())"
                    : $"{array}[{index}].AsSpan()";
                return (p.ByRef ? "ref " : "") + elements + (p.Span ? "" : "[0]");
            }

            return p.Role switch
            {
                ScalarRole.Config => "(C)config",
                ScalarRole.Index => "position",
                ScalarRole.State => From("s", state++),
                _ => From("a", value++),
            };
        }).ToList();
        Values = [.. Function.Parameters.Where(p => p.Role is not (ScalarRole.Config or ScalarRole.State or ScalarRole.Index))];
        States = [.. Function.Parameters.Where(p => p.Role == ScalarRole.State)];
        string source = ScalarSource.Using + "using System.Runtime.CompilerServices;\nusing TorchSharp;\nusing Dsl.Runtime;\nusing static TorchSharp.torch;\nnamespace User;\n" + Text
            + "public static class Entry\n{\n"
            + "public static (Tensor Result, Tensor[] States) Run(Tensor[] arguments, Tensor[]? states, double[]? settings, Tensor? real, bool tensors, Tensor? positions) => Scan<K>.Run(arguments, states, settings, real, tensors, positions);\n"
            + "public static Tensor Convolve(Tensor[] a, double[] settings, bool powers) { var layout = K.Layout; if (layout.Signal < 0) { return a[0]; } var u = a[layout.Operands[layout.Signal].Argument]; int t = System.Array.IndexOf(System.Linq.Enumerable.ToArray(layout.Axes), \"t\"); "
            + "return Convolution.Apply(u, Convolution.Kernel<K>(a, settings, u.shape[t], powers), t); }\n"
            + $"public static double Call(double[][] a, double[][] s, int position, object config) => F.{name}({string.Join(", ", arguments)});\n"
            + $"public static double[] Settings(object c) {{ var config = (C)c; return [{string.Join(", ", KernelEmitter.Settings(Function))}]; }}\n}}\n";
        Assembly assembly = ScalarSource.Load(members, source.Replace("using static System.Math;", "").Replace("using static Dsl.ScalarMath;", ""));
        run = ScalarSource.Method<Runner>(assembly, "Run", "User.Entry");
        call = ScalarSource.Method<Func<double[][], double[][], int, object, double>>(assembly, "Call", "User.Entry");
        convolve = ScalarSource.Method<Func<Tensor[], double[], bool, Tensor>>(assembly, "Convolve", "User.Entry");
        config = Activator.CreateInstance(assembly.GetType("User.C")!, 4, null, false, 2, 3.0, 8, 20, "a")!;
        Settings = ScalarSource.Method<Func<object, double[]>>(assembly, "Settings", "User.Entry")(config);
        Axes = Function.Axes.Split(' ');
        StateAxes = [.. Axes.Where(a => a != "t")];
    }

    public ScalarFunction Function { get; }

    public string Text { get; }

    public ScalarParameter[] Values { get; }

    public ScalarParameter[] States { get; }

    public string[] Axes { get; }

    public string[] StateAxes { get; }

    public double[] Settings { get; }

    public string[] AxesOf(ScalarParameter p)
    {
        string[] own = p.Role == ScalarRole.State
            ? [.. StateAxes, .. p.Span ? Function.State.Split(' ').Where(a => a[0] == '[').Select(a => a.Trim('[', ']')) : []]
            : p.Axes.Length == 0 ? Axes : p.Axes.Split(' ');
        return own.LastOrDefault() == "2" ? own[..^1] : own;
    }

    public long[] ShapeOf(ScalarParameter p, IReadOnlyDictionary<string, int> sizes) =>
        [.. AxesOf(p).Select(a => (long)sizes[a]), .. p.Kind == ScalarKind.Complex ? [2L] : Array.Empty<long>()];

    public (Tensor Result, Tensor[] States) Run(Tensor[] arguments, Tensor[]? states, Tensor? real = null, bool tensors = false, Tensor? positions = null) =>
        run(arguments, states, Settings, real, tensors, positions);

    /// <summary>The convolution with the answer to an impulse, which the scan makes, or powers of its transition.</summary>
    public Tensor Convolve(Tensor[] arguments, bool powers) => convolve(arguments, Settings, powers);

    /// <summary>The function in nested loops: the result, and the states after the last step.</summary>
    public (double[] Result, double[][] States) Oracle(double[][] arguments, double[][] states, IReadOnlyDictionary<string, int> sizes, bool[]? real = null, long[]? positions = null)
    {
        int[] parallel = [.. StateAxes.Select(a => sizes[a])];
        int total = parallel.Aggregate(1, (x, y) => x * y);
        int time = sizes["t"];
        double[] result = new double[total * time];
        double[][] finals = [.. states.Select(s => s.ToArray())];
        for (int place = 0; place < total; place++)
        {
            var at = new Dictionary<string, int>();
            int rest = place;
            for (int i = parallel.Length - 1; i >= 0; i--)
            {
                at[StateAxes[i]] = rest % parallel[i];
                rest /= parallel[i];
            }

            double[][] own = [.. States.Select((p, i) => finals[i].AsSpan(place * Width(p, sizes), Width(p, sizes)).ToArray())];
            for (int t = 0; t < time; t++)
            {
                at["t"] = t;
                if (real is not null && !real[(at[Axes[0]] * time) + t])
                {
                    continue;
                }

                double[][] values = [.. Values.Select((p, i) => Slice(p, arguments[i], at, sizes))];
                result[Index(Axes, at, sizes)] = call(
                    values, own, positions is null ? t : (int)positions[positions.Length > time ? (at[Axes[0]] * time) + t : t], config);
            }

            for (int i = 0; i < own.Length; i++)
            {
                own[i].CopyTo(finals[i].AsSpan(place * own[i].Length));
            }
        }

        return (result, finals);
    }

    private int Width(ScalarParameter p, IReadOnlyDictionary<string, int> sizes) =>
        (p.Span ? sizes[AxesOf(p)[^1]] : 1) * (p.Kind == ScalarKind.Complex ? 2 : 1);

    private double[] Slice(ScalarParameter p, double[] all, Dictionary<string, int> at, IReadOnlyDictionary<string, int> sizes)
    {
        string[] axes = AxesOf(p);
        int width = Width(p, sizes);
        return all.AsSpan(Index(p.Span ? axes[..^1] : axes, at, sizes) * width, width).ToArray();
    }

    private static int Index(string[] axes, Dictionary<string, int> at, IReadOnlyDictionary<string, int> sizes) =>
        axes.Aggregate(0, (index, axis) => (index * sizes[axis]) + at[axis]);

    /// <summary>
    /// Everything at once, in double: the kernel equals the function, in all its forms, and its gradients equal those of the tensor form and central
    /// differences of the function.
    /// </summary>
    public void Check(
        IReadOnlyDictionary<string, int> sizes,
        int seed,
        Func<ScalarParameter, Tensor, Tensor>? shape = null,
        bool padded = false,
        int differences = 25,
        double tolerance = 1e-9,
        bool kinks = false)
    {
        torch.manual_seed(seed);
        Tensor Fill(ScalarParameter p) => (shape ?? ((_, x) => x))(p, torch.randn(ShapeOf(p, sizes), dtype: ScalarType.Float64) * Scalars.Of(0.7));
        Tensor[] arguments = [.. Values.Select(Fill)];
        Tensor[] states = [.. States.Select(Fill)];
        Tensor? real = padded ? torch.rand(sizes[Axes[0]], sizes["t"]).gt(Scalars.Of(0.3)) : null;
        bool[]? realBits = real is null || real.numel() == 0 ? null : real.data<bool>().ToArray();

        // Counted from each row's first real token, as a pass counts them.
        Tensor? positions = Function.Parameters.Any(p => p.Name == "position") && real is not null
            ? torch.cumsum(real.cumsum(1).gt(Scalars.Of(0)).to(ScalarType.Int64), 1).sub(Scalars.Of(1)).clamp_min(Scalars.Of(0)) : null;
        long[]? places = positions is null || positions.numel() == 0 ? null : positions.data<long>().ToArray();
        double[][] numbers = [.. arguments.Select(Numbers)];
        double[][] starts = [.. states.Select(Numbers)];
        var (expected, expectedFinals) = Oracle(numbers, starts, sizes, realBits, places);

        Tensor weights = torch.randn([.. Axes.Select(a => (long)sizes[a])], dtype: ScalarType.Float64);
        Tensor[] finalWeights = [.. states.Select(s => torch.randn_like(s))];
        var gradients = new Dictionary<bool, double[][]>();
        foreach (bool tensors in new[] { false, true })
        {
            Tensor[] leaves = [.. arguments.Select(a => a.clone().requires_grad_())];
            Tensor[] stateLeaves = [.. states.Select(a => a.clone().requires_grad_())];
            var (result, finals) = Run(leaves, stateLeaves, real, tensors, positions);
            Equal(expected, Numbers(result), 1e-11, $"result ({(tensors ? "tensors" : "kernel")})");
            for (int i = 0; i < finals.Length; i++)
            {
                Equal(expectedFinals[i], Numbers(finals[i]), 1e-11, $"final {States[i].Name}");
            }

            Tensor loss = (result * weights).sum();
            for (int i = 0; i < finals.Length; i++)
            {
                loss = loss.Plus((finals[i] * finalWeights[i]).sum());
            }

            loss.backward();
            gradients[tensors] = [.. leaves.Concat(stateLeaves).Select(l => l.grad is { } g ? Numbers(g) : new double[l.numel()])];
        }

        ScalarParameter[] all = [.. Values, .. States];
        for (int i = 0; i < all.Length; i++)
        {
            Equal(gradients[true][i], gradients[false][i], tolerance, $"gradient of {all[i].Name}, kernel against tensors");
        }

        // Some elements of each argument, by central differences of the function itself.
        double[] w = Numbers(weights);
        double[][] fw = [.. finalWeights.Select(Numbers)];
        double Loss()
        {
            var (y, s) = Oracle(numbers, starts, sizes, realBits, places);
            return y.Zip(w, (a, b) => a * b).Sum() + s.Zip(fw, (a, b) => a.Zip(b, (c, d) => c * d).Sum()).Sum();
        }

        var random = new Random(seed);
        for (int i = 0; i < all.Length; i++)
        {
            double[] own = i < numbers.Length ? numbers[i] : starts[i - numbers.Length];
            for (int check = 0; own.Length > 0 && check < differences / all.Length + 1; check++)
            {
                int at = random.Next(own.Length);
                double saved = own[at];
                double At(double shift)
                {
                    own[at] = saved + shift;
                    double loss = Loss();
                    own[at] = saved;
                    return loss;
                }

                Assert.True(
                    Differences.Agree(At, gradients[false][i][at], kinks),
                    $"gradient of {all[i].Name}[{at}]: {gradients[false][i][at]}, differences say {Differences.Central(At, 1e-5)}\n{Text}");
            }
        }
    }

    public static double[] Numbers(Tensor tensor) => tensor.numel() == 0 ? [] : tensor.detach().to(ScalarType.Float64).contiguous().data<double>().ToArray();

    public void Equal(double[] expected, double[] actual, double tolerance, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        double scale = 1 + expected.Select(Math.Abs).DefaultIfEmpty(0).Max();
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.True(
                Math.Abs(expected[i] - actual[i]) <= tolerance * scale || expected[i].Equals(actual[i]), $"{what}[{i}]: {actual[i]} for {expected[i]}\n{Text}");
        }
    }
}
