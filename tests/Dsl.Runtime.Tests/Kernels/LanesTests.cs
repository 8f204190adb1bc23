using System;
using System.Collections.Generic;
using System.Linq;
using System.Numerics;
using Xunit;

namespace Dsl.Runtime.Tests.Kernels;

public sealed class LanesTests
{
    private static readonly Dictionary<string, (Func<Vector<float>, Vector<float>> Single, Func<Vector<double>, Vector<double>> Double, Func<double, double> Exact)> Functions = new()
    {
        ["Exp"] = (Lanes.Exp, Lanes.Exp, Math.Exp),
        ["ExpM1"] = (Lanes.ExpM1, Lanes.ExpM1, Dsl.ScalarMath.ExpM1),
        ["Log"] = (Lanes.Log, Lanes.Log, Math.Log),
        ["Log1P"] = (Lanes.Log1P, Lanes.Log1P, Dsl.ScalarMath.Log1P),
        ["Tanh"] = (Lanes.Tanh, Lanes.Tanh, Math.Tanh),
        ["Sigmoid"] = (Lanes.Sigmoid, Lanes.Sigmoid, Dsl.ScalarMath.Sigmoid),
        ["Softplus"] = (Lanes.Softplus, Lanes.Softplus, Dsl.ScalarMath.Softplus),
        ["Sin"] = (Lanes.Sin, Lanes.Sin, Math.Sin),
        ["Cos"] = (Lanes.Cos, Lanes.Cos, Math.Cos),
        ["Sqrt"] = (Lanes.Sqrt, Lanes.Sqrt, Math.Sqrt),
        ["Erf"] = (Lanes.Erf, Lanes.Erf, Dsl.ScalarMath.Erf),
        ["Floor"] = (Lanes.Floor, Lanes.Floor, Math.Floor),
        ["Ceiling"] = (Lanes.Ceiling, Lanes.Ceiling, Math.Ceiling),
        ["Truncate"] = (Lanes.Truncate, Lanes.Truncate, Math.Truncate),
        ["Round"] = (Lanes.Round, Lanes.Round, Math.Round),
        ["Sign"] = (Lanes.Sign, Lanes.Sign, x => double.IsNaN(x) ? x : Math.Sign(x)),
    };

    /// <summary>Units in the last place of a float that the functions are allowed to be off by, over all floats (every 1,009th of them).</summary>
    [Theory]
    [InlineData("Exp", 1.4)]
    [InlineData("ExpM1", 3)]
    [InlineData("Log", 2)]
    [InlineData("Log1P", 3)]
    [InlineData("Tanh", 4.5)]
    [InlineData("Sigmoid", 3)]
    [InlineData("Softplus", 4)]
    [InlineData("Sin", 2)]
    [InlineData("Cos", 2)]
    [InlineData("Sqrt", 0.5)]
    [InlineData("Erf", 1)]
    [InlineData("Floor", 0)]
    [InlineData("Ceiling", 0)]
    [InlineData("Truncate", 0)]
    [InlineData("Round", 0)]
    [InlineData("Sign", 0)]
    public void Float_functions_keep_their_word_over_the_whole_range(string name, double ulps)
    {
        var (single, _, exact) = Functions[name];
        double worst = 0;
        float at = 0;
        var inputs = new float[Vector<float>.Count];
        int filled = 0;
        void Check(float x)
        {
            inputs[filled++] = x;
            if (filled < inputs.Length)
            {
                return;
            }

            filled = 0;
            Vector<float> y = single(new Vector<float>(inputs));
            for (int i = 0; i < inputs.Length; i++)
            {
                // Far out, the argument's own rounding is all that a sine of it means.
                if (name is "Sin" or "Cos" && Math.Abs(inputs[i]) > 1e5f && float.IsFinite(inputs[i]))
                {
                    continue;
                }

                double error = Ulps(exact(inputs[i]), y[i]);
                if (error > worst)
                {
                    (worst, at) = (error, inputs[i]);
                }
            }
        }

        for (uint bits = 0; bits < 0xFFFFF000; bits += 1009)
        {
            Check(BitConverter.UInt32BitsToSingle(bits));
        }

        foreach (float x in Special.Concat(Enumerable.Range(-3000, 6000).Select(i => i * 0.037f)).Concat(new float[inputs.Length]))
        {
            Check(x);
        }

        Assert.True(worst <= ulps, $"{name} is off by {worst} ulp at {at:R}: {single(new Vector<float>(at))[0]:R} for {exact(at):R}");
    }

    /// <summary>The same in double, against .NET's own and ScalarMath's.</summary>
    [Theory]
    [InlineData("Exp", 2)]
    [InlineData("ExpM1", 6)]
    [InlineData("Log", 2)]
    [InlineData("Log1P", 4)]
    [InlineData("Tanh", 5)]
    [InlineData("Sigmoid", 4)]
    [InlineData("Softplus", 6)]
    [InlineData("Sin", 2)]
    [InlineData("Cos", 2)]
    public void Double_functions_keep_their_word(string name, double ulps)
    {
        var (_, vector, exact) = Functions[name];
        double worst = 0;
        double at = 0;
        var random = new Random(1);
        IEnumerable<double> points = Special.Select(x => (double)x).Concat(Enumerable.Range(0, 200_000).Select(i => (i % 4) switch
        {
            0 => (random.NextDouble() - 0.5) * 4,
            1 => (random.NextDouble() - 0.5) * 60,
            2 => (random.NextDouble() - 0.5) * 1400,
            _ => Math.Pow(10, (random.NextDouble() * 40) - 38) * (random.Next(2) == 0 ? 1 : -1),
        }));
        foreach (double x in points)
        {
            double error = Math.Abs(x) > 1e5 && name is "Sin" or "Cos" ? 0 : Ulps(exact(x), vector(new Vector<double>(x))[0]);
            if (error > worst)
            {
                (worst, at) = (error, x);
            }
        }

        Assert.True(worst <= ulps, $"{name} is off by {worst} ulp at {at:R}: {vector(new Vector<double>(at))[0]:R} for {exact(at):R}");
    }

    private static readonly float[] Special =
    [
        0f, -0f, 1f, -1f, float.Epsilon, -float.Epsilon, 1.17549435e-38f, float.MaxValue, float.MinValue, float.PositiveInfinity, float.NegativeInfinity, float.NaN,
        88.72283f, 88.72284f, -87.33654f, -87.33655f, -103.97f, -103.98f, 0.5f, -0.5f, 1e-7f, -1e-7f, 20f, -20f, 1e-20f, -1e-20f, 9.01f, -9.01f,
    ];

    private static double Ulps(double exact, float actual)
    {
        float rounded = (float)exact;
        if (float.IsNaN(rounded) || float.IsInfinity(rounded) || float.IsNaN(actual) || float.IsInfinity(actual))
        {
            // The largest finite number's border to infinity may be missed by the last place.
            return rounded.Equals(actual) || (float.IsNaN(rounded) && float.IsNaN(actual)) || (float.IsInfinity(actual) && Math.Abs(exact) > 3.4028232e38) ? 0 : double.PositiveInfinity;
        }

        double ulp = Math.Max(Math.BitIncrement(Math.Abs(rounded)) - (double)Math.Abs(rounded), float.Epsilon);
        return float.IsInfinity((float)(Math.Abs(rounded) + ulp)) ? 0 : Math.Abs(exact - actual) / Math.Max((double)MathF.BitIncrement(Math.Abs(rounded)) - Math.Abs(rounded), float.Epsilon);
    }

    private static double Ulps(double exact, double actual)
    {
        if (!double.IsFinite(exact) || !double.IsFinite(actual))
        {
            return exact.Equals(actual) ? 0 : double.PositiveInfinity;
        }

        return Math.Abs(exact - actual) / Math.Max(Math.BitIncrement(Math.Abs(exact)) - Math.Abs(exact), double.Epsilon);
    }
}
