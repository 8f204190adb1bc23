using System;
using System.Collections.Generic;
using Dsl.Runtime;

namespace Dsl.Training.Objectives;

/// <summary>
/// Every random decision that a noise rule may ask for. Rules are functions of ids and of these answers alone, so that a published run can be replayed
/// from its recorded draws.
/// </summary>
public interface IDraws
{
    /// <summary>A number in [0, 1).</summary>
    double Uniform();

    /// <summary>An integer from <paramref name="least"/> to <paramref name="most"/>, both included.</summary>
    int Integer(int least, int most);

    /// <summary>The numbers from 0 to <paramref name="count"/> - 1 in a random order.</summary>
    int[] Permutation(int count);

    /// <summary>An index, each with a chance in proportion to its weight.</summary>
    int Choice(IReadOnlyList<double> weights);
}

/// <summary>Draws that a seed decides.</summary>
public sealed class SeededDraws(SeededRandom random) : IDraws
{
    /// <inheritdoc/>
    public double Uniform() => random.NextDouble();

    /// <inheritdoc/>
    public int Integer(int least, int most) => least + (int)random.NextLong(most - least + 1L);

    /// <inheritdoc/>
    public int[] Permutation(int count)
    {
        var order = new int[count];
        for (int i = 0; i < count; i++)
        {
            // Fisher and Yates, from the inside out.
            int j = (int)random.NextLong(i + 1);
            order[i] = order[j];
            order[j] = i;
        }

        return order;
    }

    /// <inheritdoc/>
    public int Choice(IReadOnlyList<double> weights)
    {
        double total = 0;
        foreach (double weight in weights)
        {
            total += weight;
        }

        double left = random.NextDouble() * total;
        for (int i = 0; i < weights.Count - 1; i++)
        {
            left -= weights[i];
            if (left < 0)
            {
                return i;
            }
        }

        return weights.Count - 1;
    }
}
