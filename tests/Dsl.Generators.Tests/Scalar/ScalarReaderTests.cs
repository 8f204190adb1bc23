using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Scalar;
using Xunit;

namespace Dsl.Generators.Tests.Scalar;

public sealed class ScalarReaderTests
{
    public const string Declared = """
        [Recurrence("b t d", State = "b d [n]")]
        public static double SelectiveScan(Span<double> h, double delta, double u, [Axes("b t n")] ReadOnlySpan<double> B, [Axes("b t n")] ReadOnlySpan<double> C,
            [Parameter("A_log", "d n")] ReadOnlySpan<double> aLog, [Parameter("D", "d")] double D)
        {
            double y = D * u;
            for (int n = 0; n < h.Length; n++) { h[n] = Exp(-delta * Exp(aLog[n])) * h[n] + delta * B[n] * u; y += h[n] * C[n]; }
            return y;
        }

        [Recurrence("b t d", State = "b d")]
        public static double Wkv(ref double a, ref double b, [Start(-1e38)] ref double p, double k, double v,
            [Parameter("time_decay", "d")] double decay, [Parameter("time_first", "d")] double first)
        {
            double w = -Exp(decay), q = Max(p, first + k), past = Exp(p - q), now = Exp(first + k - q);
            double y = (past * a + now * v) / (past * b + now);
            q = Max(p + w, k); past = Exp(p + w - q); now = Exp(k - q);
            a = past * a + now * v; b = past * b + now; p = q;
            return y;
        }

        [Recurrence("b h t v", State = "b h v [k]")]
        public static double Retention(Span<double> s, [Axes("b h t k")] ReadOnlySpan<double> q, [Axes("b h t k")] ReadOnlySpan<double> k, double v, [Axes("h")] double gamma)
        {
            double y = 0;
            for (int i = 0; i < s.Length; i++) { s[i] = gamma * s[i] + k[i] * v; y += q[i] * s[i]; }
            return y / Sqrt(s.Length);
        }

        [Recurrence("b h t v", State = "b h v [k]")]
        public static double Gla(Span<double> s, [Axes("b h t k")] ReadOnlySpan<double> q, [Axes("b h t k")] ReadOnlySpan<double> k, double v, [Axes("b h t k")] ReadOnlySpan<double> logGate)
        {
            double y = 0;
            for (int i = 0; i < s.Length; i++) { s[i] = Exp(logGate[i]) * s[i] + k[i] * v; y += q[i] * s[i]; }
            return y / Sqrt(s.Length);
        }

        [Recurrence("b h t v", State = "b h v [k]")]
        public static double DeltaRule(Span<double> s, [Axes("b h t k")] ReadOnlySpan<double> q, [Axes("b h t k")] ReadOnlySpan<double> k, double v, [Axes("b h t")] double beta)
        {
            double read = 0, y = 0;
            for (int i = 0; i < s.Length; i++) read += k[i] * s[i];
            for (int i = 0; i < s.Length; i++) { s[i] += beta * k[i] * (v - read); y += q[i] * s[i]; }
            return y / Sqrt(s.Length);
        }

        [Recurrence("b t d", State = "b d")]
        public static double Hgrn(ref double h, double x, double logForget) => h = Exp(logForget) * h + x;

        [Recurrence("b t d", State = "b d [n]")]
        public static double StateSpace(Span<Complex> s, double u, [Parameter("kernel.log_dt", "d")] double logStep, [Parameter("kernel.log_A_real", "d n")] ReadOnlySpan<double> logReal,
            [Parameter("kernel.A_imag", "d n")] ReadOnlySpan<double> imaginary, [Parameter("kernel.C", "d n 2")] ReadOnlySpan<Complex> C)
        {
            double y = 0;
            for (int n = 0; n < s.Length; n++)
            {
                var A = new Complex(-Exp(logReal[n]), imaginary[n]);
                var dA = Exp(logStep) * A;
                s[n] = Exp(dA) * s[n] + ExpM1(dA) / A * u;
                y += 2 * (C[n] * s[n]).Real;
            }
            return y;
        }

        [Recurrence("b t d", State = "b d [n]")]
        public static double Step(Span<Complex> s, double u, [Parameter("step", "d")] double step, [Parameter("A", "d n 2")] ReadOnlySpan<Complex> A, [Parameter("B", "d n 2")] ReadOnlySpan<Complex> B,
            [Parameter("P", "d n 2")] ReadOnlySpan<Complex> P, [Parameter("C", "d n 2")] ReadOnlySpan<Complex> C)
        {
            double h = step / 2, p = 0, g = 0, t = 0, y = 0;
            for (int n = 0; n < s.Length; n++) p += 2 * (Conj(P[n]) * s[n]).Real;
            for (int n = 0; n < s.Length; n++) s[n] = (s[n] + h * (A[n] * s[n] - P[n] * p) + step * B[n] * u) / (1 - h * A[n]);
            for (int n = 0; n < s.Length; n++) { g += 2 * (Conj(P[n]) * P[n] / (1 - h * A[n])).Real; t += 2 * (Conj(P[n]) * s[n]).Real; }
            for (int n = 0; n < s.Length; n++) { s[n] -= P[n] / (1 - h * A[n]) * h * t / (1 + h * g); y += 2 * (C[n] * s[n]).Real; }
            return y;
        }

        [Pointwise] public static double Mix(double x, double last, [Parameter("", "1 1 d")] double mu) => x * mu + last * (1 - mu);
        [Score] public static double SoftCap(double score, C c) => c.Cap * Tanh(score / c.Cap);
        [Score] public static double BothWays(double score, int head, int query, int key, [Table] Matrix bias, C c) => score + bias[Bucket(key - query, true, c), head];
        [Score] public static double Backwards(double score, int head, int query, int key, [Table] Matrix bias, C c) => score + bias[Bucket(key - query, false, c), head];

        static int Bucket(int distance, bool bothWays, C c)
        {
            int n = bothWays ? c.Buckets / 2 : c.Buckets, exact = n / 2, side = bothWays && distance > 0 ? n : 0;
            int d = bothWays ? Abs(distance) : Max(-distance, 0);
            return side + (d < exact ? d : Min(exact + (int)(Log((double)d / exact) / Log((double)c.MaxDistance / exact) * (n - exact)), n - 1));
        }
        """;

    [Theory]
    [InlineData("SelectiveScan")]
    [InlineData("Wkv")]
    [InlineData("Retention")]
    [InlineData("Gla")]
    [InlineData("DeltaRule")]
    [InlineData("Hgrn")]
    [InlineData("StateSpace")]
    [InlineData("Step")]
    [InlineData("Mix")]
    [InlineData("SoftCap")]
    [InlineData("BothWays")]
    [InlineData("Backwards")]
    public void Every_declared_function_reads_and_round_trips(string name)
    {
        var function = ScalarSource.Read(Declared, name);
        Assert.Equal("global::User.F." + name, function.FullName);
        Assert.NotEqual(ScalarForm.Helper, function.Form);
    }

    [Fact]
    public void Parameters_know_their_roles()
    {
        var scan = ScalarSource.Read(Declared, "SelectiveScan");
        Assert.Equal("b t d", scan.Axes);
        Assert.Equal("b d [n]", scan.State);
        Assert.Equal(
            new ScalarParameter("aLog", ScalarKind.Double, ScalarRole.Parameter, Span: true, Axes: "d n", Key: "A_log"),
            scan.Parameters.Single(p => p.Name == "aLog"));
        Assert.Equal(ScalarRole.State, scan.Parameters[0].Role);
        var wkv = ScalarSource.Read(Declared, "Wkv");
        Assert.Equal(-1e38, wkv.Parameters[2].Start.Value);
        Assert.True(wkv.Parameters[2].ByRef);
        var score = ScalarSource.Read(Declared, "BothWays");
        Assert.Equal(
            [ScalarRole.Value, ScalarRole.Index, ScalarRole.Index, ScalarRole.Index, ScalarRole.Table, ScalarRole.Config],
            score.Parameters.Select(p => p.Role));
        Assert.Equal("global::User.C", score.Parameters[5].Type);
        Assert.Equal(["Bucket"], score.Helpers.Select(h => h.Name));
        Assert.Equal("private", score.Helpers[0].Access);
    }

    [Fact]
    public void The_copy_computes_what_the_original_does()
    {
        var function = ScalarSource.Read(Declared, "BothWays");
        var copy = string.Join("\n", HostEmitter.Methods(function, "Copy", "global::User.G"));
        var inlined = string.Join("\n", HostEmitter.Method(function with { Body = Inliner.Inline(function) }, "Inlined", new Dictionary<string, string>()));
        var assembly = ScalarSource.Load(Declared, ScalarSource.Using + "namespace User;\npublic static class G\n{\n" + copy + inlined + "\n}\n");
        var matrix = new double[8, 3];
        for (var i = 0; i < 24; i++)
        {
            matrix[i / 3, i % 3] = i * i;
        }

        object config = Activator.CreateInstance(assembly.GetType("User.C")!, 4, null, false, 2, 30.0, 8, 20, "a")!;
        foreach (var (query, key) in from q in Enumerable.Range(0, 30) from k in Enumerable.Range(0, 30) select (q, k))
        {
            object[] arguments = [0.5, 1, query, key, new Matrix(matrix), config];
            var original = assembly.GetType("User.F")!.GetMethod("BothWays")!.Invoke(null, arguments);
            foreach (var name in new[] { "Copy", "Inlined" })
            {
                Assert.Equal(
                    original,
                    assembly.GetType("User.G")!.GetMethod(
                        name, System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Static)!.Invoke(null, arguments));
            }
        }
    }

    [Theory]
    [InlineData("1e-5")]
    [InlineData("-0.0")]
    [InlineData("double.NaN")]
    [InlineData("double.NegativeInfinity")]
    [InlineData("0.1 + 0.2")]
    [InlineData("double.Epsilon")]
    [InlineData("1e300")]
    [InlineData("PI")]
    public void Numbers_survive_to_the_bit(string number)
    {
        var members = $"[Pointwise] public static double G(double x) => {number};";
        var function = ScalarSource.Read(members, "G");
        var copy = ScalarSource.Load(
            members,
            ScalarSource.Using + "namespace User;\npublic static class H\n{\n" + string.Join("\n", HostEmitter.Methods(function, "Copy", "")) + "\n}\n");
        var expected = ScalarSource.Method<Func<double, double>>(copy, "G")(0);
        var actual = ScalarSource.Method<Func<double, double>>(copy, "Copy", "User.H")(0);
        Assert.Equal(BitConverter.DoubleToInt64Bits(expected), BitConverter.DoubleToInt64Bits(actual));
    }

    [Theory]
    [InlineData("static double G(double x) { while (x > 1) x /= 2; return x; }", "while (x > 1) x /= 2;")]
    [InlineData("static double G(double x) => Console.ReadLine()!.Length + x;", "Console.ReadLine()!.Length")]
    [InlineData("static double G(double x) { var a = new double[3]; return x; }", "a = new double[3]")]
    [InlineData("static double G(double x) { Func<double, double> f = y => y; return f(x); }", "f = y => y")]
    [InlineData("static double G(double x) => x > 0 ? G(x - 1) : 0;", "G(x - 1)")]
    [InlineData("static double G(double x) { throw new Exception(); }", "throw new Exception();")]
    [InlineData("static double G(double x, double y) => x + (y = 2);", "y = 2")]
    [InlineData(
        "static double G(ReadOnlySpan<double> s) { double y = 0; for (int i = 0; i < s.Length; i += 2) y += s[i]; return y; }",
        "for (int i = 0; i < s.Length; i += 2) y += s[i];")]
    [InlineData("static double G(double x) { for (int i = 0; i < 3; i++) { if (x > 2) break; x += i; } return x; }", "break;")]
    [InlineData("static double G(double x) => Math.BitIncrement(x);", "Math.BitIncrement(x)")]
    public void What_is_not_allowed_is_named_at_its_place(string member, string token)
    {
        var reading = ScalarSource.ReadWithProblems("[Mask] public " + member, "G");
        Assert.Null(reading.Function);
        var problem = reading.Problems[0];
        Assert.Equal(token, problem.Location.SourceTree!.GetText().ToString(problem.Location.SourceSpan));
        Assert.EndsWith(".", problem.Message);
    }

    [Fact]
    public void Half_typed_functions_give_problems_and_no_exception()
    {
        var random = new Random(1);
        for (var seed = 0; seed < 60; seed++)
        {
            var text = Declared;
            for (var i = 0; i < 3; i++)
            {
                var at = random.Next(text.Length - 12);
                text = random.Next(2) == 0 ? text.Remove(at, random.Next(1, 12)) : text.Insert(at, text.Substring(at, random.Next(1, 12)));
            }

            var compilation = ScalarSource.Compile(text);
            foreach (var method in compilation.GetTypeByMetadataName("User.F")!.GetMembers().OfType<Microsoft.CodeAnalysis.IMethodSymbol>())
            {
                var reading = ScalarReader.Read(method, compilation);
                Assert.True(reading.Function is not null || reading.Problems.Length > 0);
                if (reading.Function is { } function)
                {
                    Assert.Equal(function, ScalarText.Read(ScalarText.Write(function)));
                }
            }
        }
    }

    [Fact]
    public void A_text_of_another_version_or_cut_short_is_refused()
    {
        var text = ScalarText.Write(ScalarSource.Read(Declared, "Wkv"));
        Assert.Null(ScalarText.Read(text.Replace("scalar1", "scalar2")));
        for (var length = 0; length < text.Length; length += 7)
        {
            Assert.Null(ScalarText.Read(text[..length]));
        }
    }
}
