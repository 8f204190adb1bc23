using System;
using System.Collections.Generic;
using System.Linq;
using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Double;

namespace Dsl.Training.Scaling;

/// <summary>
/// The objective of approach 3 (Hoffmann et al., equation 3): the sum over runs of Huber's loss of log L_hat - log L, where
/// log L_hat = logsumexp(a - alpha log N, b - beta log D, e), over the point (a, b, e, alpha, beta).
/// </summary>
internal sealed class HuberProblem(IReadOnlyList<RunLoss> runs, double delta)
{
    internal const int Dimensions = 5;

    /// <summary>How damped a step may become before it is given up.</summary>
    private const double MostDamping = 1e12;

    private readonly double[] sizes = [.. runs.Select(run => Math.Log(run.Parameters))];
    private readonly double[] tokens = [.. runs.Select(run => Math.Log(run.Tokens))];
    private readonly double[] losses = [.. runs.Select(run => Math.Log(run.Loss))];

    internal double Objective(double[] point)
    {
        double sum = 0;
        for (int i = 0; i < losses.Length; i++)
        {
            double distance = Math.Abs(Residual(point, i, out _, out _, out _));
            sum += distance <= delta ? distance * distance / 2 : delta * (distance - (delta / 2));
        }

        return sum;
    }

    /// <summary>
    /// Goes down from a point by damped Newton steps. Far away the curvature is that of reweighted squares, which is never negative; close by, with
    /// <paramref name="exact"/>, it is the objective's own, which ends in few steps.
    /// </summary>
    internal (double[] Point, double Objective, double Gradient) Descend(double[] start, int steps, bool exact)
    {
        double[] point = start;
        double value = Objective(point), damping = 1e-3;
        var gradient = new double[Dimensions];
        for (int step = 0; step < steps; step++)
        {
            Matrix<double> curvature = Derivatives(point, gradient, exact);
            bool lower = false;
            for (; damping <= MostDamping && !lower; damping *= 4)
            {
                double[]? moved = Moved(point, gradient, curvature, damping);
                double there = moved is null ? double.NaN : Objective(moved);
                if (there < value)
                {
                    (point, value, lower) = (moved!, there, true);
                    damping /= 64;
                }
            }

            if (!lower)
            {
                break;
            }

            damping = Math.Max(damping, 1e-12);
        }

        Derivatives(point, gradient, exact);
        return (point, value, gradient.Max(Math.Abs));
    }

    private static double[]? Moved(double[] point, double[] gradient, Matrix<double> curvature, double damping)
    {
        Matrix<double> damped = curvature.Clone();
        double floor = 1e-12 + (1e-9 * curvature.Diagonal().AbsoluteMaximum());
        for (int i = 0; i < Dimensions; i++)
        {
            damped[i, i] += damping * Math.Max(Math.Abs(damped[i, i]), floor);
        }

        try
        {
            Vector<double> step = damped.Cholesky().Solve(DenseVector.OfArray(gradient));
            return [.. point.Select((value, i) => value - step[i])];
        }
        catch (ArgumentException)
        {
            // Not positive definite: more damping makes it so.
            return null;
        }
    }

    /// <summary>log L_hat - log L of a run, and the shares that the three terms have in L_hat.</summary>
    private double Residual(double[] point, int i, out double ofSize, out double ofData, out double ofEntropy)
    {
        double size = point[0] - (point[3] * sizes[i]), data = point[1] - (point[4] * tokens[i]), entropy = point[2];
        double top = Math.Max(size, Math.Max(data, entropy));
        (ofSize, ofData, ofEntropy) = (Math.Exp(size - top), Math.Exp(data - top), Math.Exp(entropy - top));
        double sum = ofSize + ofData + ofEntropy;
        (ofSize, ofData, ofEntropy) = (ofSize / sum, ofData / sum, ofEntropy / sum);
        return top + Math.Log(sum) - losses[i];
    }

    /// <summary>Fills in the gradient and gives the curvature [5, 5].</summary>
    private DenseMatrix Derivatives(double[] point, double[] gradient, bool exact)
    {
        Array.Clear(gradient);
        var curvature = new DenseMatrix(Dimensions);
        Span<double> inner = stackalloc double[Dimensions], share = stackalloc double[Dimensions], by = stackalloc double[Dimensions];
        ReadOnlySpan<int> term = [0, 1, 2, 0, 1];
        for (int i = 0; i < losses.Length; i++)
        {
            double residual = Residual(point, i, out double ofSize, out double ofData, out double ofEntropy);
            double slope = Math.Clamp(residual, -delta, delta);
            double bend = Math.Abs(residual) <= delta ? 1 : exact ? 0 : delta / Math.Abs(residual);
            (share[0], share[1], share[2], share[3], share[4]) = (ofSize, ofData, ofEntropy, ofSize, ofData);
            (by[0], by[1], by[2], by[3], by[4]) = (1, 1, 1, -sizes[i], -tokens[i]);
            for (int r = 0; r < Dimensions; r++)
            {
                inner[r] = share[r] * by[r];
                gradient[r] += slope * inner[r];
            }

            for (int r = 0; r < Dimensions; r++)
            {
                for (int c = 0; c < Dimensions; c++)
                {
                    // The second derivative of a log-sum-exp: shares on the diagonal, minus the product of the shares.
                    double second = exact ? slope * ((term[r] == term[c] ? share[r] * by[r] * by[c] : 0) - (inner[r] * inner[c])) : 0;
                    curvature[r, c] += (bend * inner[r] * inner[c]) + second;
                }
            }
        }

        return curvature;
    }
}
