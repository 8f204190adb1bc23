using System;
using System.Collections.Generic;
using System.Globalization;

namespace Zoo.Cli;

/// <summary>Ticks at 1, 2 and 5 times powers of ten for an axis of logarithms.</summary>
internal static class LogAxis
{
    private static readonly (double Size, string Letter)[] Units = [(1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")];

    /// <summary>Puts the ticks of values between two on an axis.</summary>
    internal static void Put(ScottPlot.IAxis axis, double low, double high)
    {
        var places = new List<double>();
        var labels = new List<string>();
        bool wide = Math.Log10(high / low) > 4;
        for (int power = (int)Math.Floor(Math.Log10(low)); power <= Math.Ceiling(Math.Log10(high)); power++)
        {
            foreach (int factor in wide ? new[] { 1 } : [1, 2, 5])
            {
                double value = factor * Math.Pow(10, power);
                if (value >= low / 1.3 && value <= high * 1.3)
                {
                    places.Add(Math.Log10(value));
                    labels.Add(Spell(value));
                }
            }
        }

        axis.TickGenerator = new ScottPlot.TickGenerators.NumericManual([.. places], [.. labels]);
    }

    /// <summary>20k, 1.4M, 5E+18.</summary>
    internal static string Spell(double value)
    {
        foreach ((double size, string letter) in Units)
        {
            if (value >= size && value < 1e15)
            {
                return (value / size).ToString("G3", CultureInfo.InvariantCulture) + letter;
            }
        }

        return value.ToString("G3", CultureInfo.InvariantCulture);
    }
}
