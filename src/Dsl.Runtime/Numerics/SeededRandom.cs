using System;

namespace Dsl.Runtime;

/// <summary>
/// A generator whose whole state is one number, so that a checkpoint can keep it: SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number
/// generators", OOPSLA 2014). Nothing here touches torch's global generator.
/// </summary>
public sealed class SeededRandom(ulong state)
{
    private const ulong Golden = 0x9E3779B97F4A7C15;

    /// <summary>All there is to save; setting it goes on from there.</summary>
    public ulong State { get; set; } = state;

    /// <summary>The next 64 bits.</summary>
    public ulong NextBits() => Mix(State += Golden);

    /// <summary>A number in [0, 1), a multiple of 2^-53.</summary>
    public double NextDouble() => (NextBits() >> 11) * (1.0 / (1UL << 53));

    /// <summary>An integer in [0, <paramref name="exclusive"/>), every one equally likely.</summary>
    public long NextLong(long exclusive)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(exclusive);
        ulong n = (ulong)exclusive;
        ulong high = Math.BigMul(NextBits(), n, out ulong low);
        if (low < n)
        {
            // Lemire's rejection: without it the first values would be likelier by up to n / 2^64.
            for (ulong threshold = (0 - n) % n; low < threshold;)
            {
                high = Math.BigMul(NextBits(), n, out low);
            }
        }

        return (long)high;
    }

    /// <summary>A generator that depends on a seed and on what it is used for, and on nothing else.</summary>
    public static SeededRandom For(ulong seed, ReadOnlySpan<int> key, int occurrence = 0)
    {
        ulong state = Mix(seed + Golden);
        foreach (int part in key)
        {
            state = Mix(state ^ (uint)part) + Golden;
        }

        return new SeededRandom(Mix(state + (ulong)occurrence * Golden));
    }

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
