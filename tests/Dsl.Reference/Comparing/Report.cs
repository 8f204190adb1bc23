using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace Dsl.Reference.Comparing;

/// <summary>What was found to differ, a short sentence each.</summary>
internal sealed class Report
{
    private readonly List<string> statements = [];

    /// <summary>How far two ways to the same numbers may differ, relative to the largest of them.</summary>
    internal double Tolerance { get; set; } = 1e-9;

    /// <summary>How far rounding alone may carry an output; asked where one differs.</summary>
    internal Func<string, double> Rounding { get; set; } = _ => 0;

    internal IReadOnlyList<string> Statements => statements;

    internal void Say(string statement) => statements.Add(statement);

    /// <summary>Does what it is told; that it throws is a disagreement.</summary>
    internal void Try(string form, Action action)
    {
        try
        {
            action();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            string first = e.Message.Split('\n').FirstOrDefault(line => line.Trim().Length > 0) ?? "", where = string.Join(
                ", ", (e.StackTrace ?? "").Split('\n').Take(4).Select(frame => frame.Trim().Split('(')[0]));
            Say($"{form}: {e.GetType().Name}: {first.Trim()} ({where})");
        }
    }

    /// <summary>Compares the elements where <paramref name="counts"/> is not 0 (all, where it is null).</summary>
    internal void Compare(string form, string output, NumberArray ours, NumberArray reference, NumberArray? counts = null)
    {
        if (!ours.Shape.SequenceEqual(reference.Shape))
        {
            Say($"{form}: '{output}' is {ours}, the reference is {reference}");
            return;
        }

        double worst = 0, largest = reference.Largest;
        int at = -1;
        for (int i = 0; i < ours.Count; i++)
        {
            double difference = Difference(ours.Values[i], reference.Values[i]);
            if ((counts is null || counts.Values[i] != 0) && difference > worst)
            {
                (worst, at) = (difference, i);
            }
        }

        if (at >= 0 && !(worst <= Tolerance * Math.Max(largest, 1e-3)) && !(worst <= Rounding(output)))
        {
            Say(string.Create(CultureInfo.InvariantCulture,
                $"{form}: '{output}' differs by {worst:g3} at {Index(ours, at)}: {ours.Values[at]:g6}, "
                    + $"the reference has {reference.Values[at]:g6} (largest {largest:g3})"));
        }
    }

    internal static double Difference(double a, double b) =>
        a.Equals(b) ? 0 : double.IsNaN(a) || double.IsNaN(b) || double.IsInfinity(a) || double.IsInfinity(b) ? double.PositiveInfinity : Math.Abs(a - b);

    private static string Index(NumberArray numbers, int at)
    {
        int[] strides = numbers.Strides();
        return $"[{string.Join(", ", numbers.Shape.Select((size, axis) => at / strides[axis] % size))}]";
    }
}
