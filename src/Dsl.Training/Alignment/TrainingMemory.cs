using System;
using Dsl.Runtime;

namespace Dsl.Training.Alignment;

/// <summary>What training a model takes of memory before the first batch: a floor, without what its activations take.</summary>
public static class TrainingMemory
{
    private const double GigaByte = 1e9;

    // A number in NF4 with quantised magnitudes, in bytes.
    private const double FourBitNumber = 4.127 / 8;

    /// <summary>Weights in float32 (or four bits), and, of those that are trained, gradients and what the optimiser remembers.</summary>
    /// <param name="weights">Numbers of the model.</param>
    /// <param name="trained">Those that are trained.</param>
    /// <param name="fourBits">The frozen ones are in NF4.</param>
    /// <param name="remembered">Numbers of the optimiser (<see cref="Optimizer.StateCount"/>); null: the two moments of AdamW.</param>
    /// <returns>Bytes.</returns>
    public static double Needed(long weights, long trained, bool fourBits, long? remembered = null) =>
        (weights * (fourBits ? FourBitNumber : sizeof(float))) + ((trained + (remembered ?? 2.0 * trained)) * sizeof(float));

    /// <summary>Refuses what cannot be.</summary>
    /// <param name="weights">Numbers of the model.</param>
    /// <param name="adapter">Nothing else is trained; null: everything is.</param>
    /// <param name="fourBits">The model is in NF4.</param>
    /// <param name="remembered">Numbers of the optimiser, where everything is trained; null: the two moments of AdamW.</param>
    /// <param name="available">Bytes that there are; null: as the system says.</param>
    /// <exception cref="TrainingException">It takes more than there is; one sentence with both numbers.</exception>
    public static void Require(long weights, AdapterOptions? adapter, bool fourBits, long? remembered = null, double? available = null)
    {
        // A model is read in numbers before it is put into four bits.
        double needed = Math.Max(
            adapter is null ? Needed(weights, weights, fourBits, remembered) : Needed(weights, 0, fourBits), sizeof(float) * (double)weights);
        double there = available ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        if (needed > there)
        {
            string less = adapter is null ? "; --lora trains an adapter alone" : "";
            throw new TrainingException(FormattableString.Invariant(
                $"{weights / GigaByte:F1} billion weights need {needed / GigaByte:F1} GB before the first batch, there are {there / GigaByte:F1} GB{less}"));
        }
    }
}
