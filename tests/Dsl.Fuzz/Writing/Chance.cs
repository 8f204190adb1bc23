using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl.Fuzz.Writing;

/// <summary>Random choices; a seed and an index decide them all.</summary>
internal sealed class Chance(int seed, int index)
{
    private readonly Random random = new(unchecked((seed * 1_000_003) + index));

    public int Next(int below) => random.Next(below);

    public int Next(int from, int below) => random.Next(from, below);

    /// <summary>True in one of so many.</summary>
    public bool OneIn(int many) => random.Next(many) == 0;

    public bool Maybe => random.Next(2) == 0;

    public T Of<T>(params IReadOnlyList<T> all) => all[random.Next(all.Count)];

    /// <summary>One of them, each with its weight.</summary>
    public T Weighted<T>(params (int Weight, T Value)[] all)
    {
        int at = random.Next(all.Sum(a => a.Weight));
        foreach ((int weight, T value) in all)
        {
            at -= weight;
            if (at < 0)
            {
                return value;
            }
        }

        throw new InvalidOperationException("weights add up to nothing");
    }
}
