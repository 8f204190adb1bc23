using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Dsl.Files;
using MathNet.Numerics;
using MathNet.Numerics.LinearRegression;
using MathNet.Numerics.Statistics;

namespace Dsl.Training.Scaling;

/// <summary>How one training run ended, or stood on its way.</summary>
/// <param name="Parameters">N.</param>
/// <param name="Tokens">D.</param>
/// <param name="Loss">Nats a token.</param>
public readonly record struct RunLoss(double Parameters, double Tokens, double Loss)
{
    /// <summary>C = 6 N D, FLOP.</summary>
    public double Compute => 6 * Parameters * Tokens;
}

/// <summary>Runs as a table: comma-separated, a header that names at least <c>parameters</c>, <c>tokens</c> and <c>loss</c>, a run a line.</summary>
public static class RunTable
{
    private const long MostBytes = 256L << 20;

    private static readonly string[] Columns = ["parameters", "tokens", "loss"];

    /// <summary>Reads a table.</summary>
    /// <exception cref="TrainingException">It is none, or a cell is no positive number; the message names the line.</exception>
    public static IReadOnlyList<RunLoss> Read(string path)
    {
        string[] lines = [.. UserFile.ReadText(path, MostBytes, FileErrors.Plain).Split('\n').Where(line => line.Trim().Length > 0)];
        string[] header = lines.Length == 0 ? [] : [.. lines[0].Split(',').Select(cell => cell.Trim())];
        int[] places = Array.ConvertAll(Columns, column => Array.IndexOf(header, column));
        if (Array.IndexOf(places, -1) is >= 0 and int missing)
        {
            throw new TrainingException($"{path}: no column '{Columns[missing]}' in its first line, expected {string.Join(",", Columns)}");
        }

        var runs = new List<RunLoss>();
        for (int i = 1; i < lines.Length; i++)
        {
            string[] cells = lines[i].Split(',');
            double Cell(int column)
            {
                string cell = places[column] < cells.Length ? cells[places[column]].Trim() : "";
                return double.TryParse(cell, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && value > 0 && double.IsFinite(value)
                    ? value
                    : throw new TrainingException($"{path}: line {i + 1}: {Columns[column]} '{cell}', expected a number above 0");
            }

            runs.Add(new RunLoss(Cell(0), Cell(1), Cell(2)));
        }

        return runs;
    }

    /// <summary>Refuses runs that no law can be fitted to.</summary>
    /// <exception cref="TrainingException">Too few sizes or token counts, or losses that rise with size or data.</exception>
    public static void RequireFalling(IReadOnlyList<RunLoss> runs)
    {
        const int Least = 3;
        int sizes = runs.Select(run => run.Parameters).Distinct().Count(), budgets = runs.Select(run => run.Tokens).Distinct().Count();
        if (sizes < Least)
        {
            throw new TrainingException($"{Counted(sizes, "size")} of models, expected at least {Least} to fit a law");
        }

        if (budgets < Least)
        {
            throw new TrainingException($"{Counted(budgets, "number")} of tokens, expected at least {Least} different ones to fit a law");
        }

        if (runs.Count < 6)
        {
            throw new TrainingException($"{runs.Count} runs, expected at least 6 to fit the law's 5 numbers");
        }

        double[] sizesOf = [.. runs.Select(run => Math.Log(run.Parameters))], tokensOf = [.. runs.Select(run => Math.Log(run.Tokens))];
        if (Math.Abs(Correlation.Pearson(sizesOf, tokensOf)) > 1 - 1e-9)
        {
            throw new TrainingException("sizes and tokens of all runs lie on one line, expected runs that differ in each by itself");
        }

        // The trend of all runs together: single ones may be off by their noise.
        double[] trend = Fit.MultiDim(
            [.. sizesOf.Zip(tokensOf, (size, count) => new[] { size, count })], [.. runs.Select(run => Math.Log(run.Loss))], intercept: true,
            DirectRegressionMethod.QR);
        foreach ((double slope, string of) in new[] { (trend[1], "parameters"), (trend[2], "tokens") })
        {
            if (!(slope < 0))
            {
                throw new TrainingException(FormattableString.Invariant(
                    $"losses rise with the number of {of} (by {(Math.Pow(2, slope) - 1) * 100:F2} % where it doubles), expected losses that fall"));
            }
        }
    }

    private static string Counted(int count, string noun) => $"{count} {noun}{(count == 1 ? "" : "s")}";
}
