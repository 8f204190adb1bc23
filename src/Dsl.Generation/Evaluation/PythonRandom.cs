using System;
using System.Collections.Generic;

namespace Dsl.Generation.Evaluation;

/// <summary>
/// Python's random.Random as far as evaluations draw from it: MT19937 (Matsumoto and Nishimura 1998) seeded by init_by_array, and what the module makes of it.
/// </summary>
internal sealed class PythonRandom
{
    private const int Length = 624, Middle = 397;

    private readonly uint[] state = new uint[Length];
    private int next = Length;

    internal PythonRandom(uint seed)
    {
        state[0] = 19650218;
        for (uint i = 1; i < Length; i++)
        {
            state[i] = (1812433253 * (state[i - 1] ^ (state[i - 1] >> 30))) + i;
        }

        uint at = 1;
        for (int k = Length; k > 0; k--)
        {
            state[at] = (state[at] ^ ((state[at - 1] ^ (state[at - 1] >> 30)) * 1664525)) + seed;
            at = Next(at);
        }

        for (int k = Length - 1; k > 0; k--)
        {
            state[at] = (state[at] ^ ((state[at - 1] ^ (state[at - 1] >> 30)) * 1566083941)) - at;
            at = Next(at);
        }

        state[0] = 0x80000000;
    }

    /// <summary>random(): a multiple of 2^-53 in [0, 1).</summary>
    internal double NextDouble()
    {
        uint high = NextWord() >> 5, low = NextWord() >> 6;
        return ((high * 67108864.0) + low) / 9007199254740992.0;
    }

    /// <summary>sample(range(population), count).</summary>
    internal int[] Sample(int population, int count)
    {
        // The module keeps a pool where that is smaller than a set of what was drawn.
        int room = 21 + (count > 5 ? (int)Math.Pow(4, Math.Ceiling(Math.Log(count * 3, 4))) : 0);
        var drawn = new int[count];
        if (population <= room)
        {
            int[] pool = new int[population];
            for (int i = 0; i < population; i++)
            {
                pool[i] = i;
            }

            for (int i = 0; i < count; i++)
            {
                int place = Below(population - i);
                drawn[i] = pool[place];
                pool[place] = pool[population - i - 1];
            }

            return drawn;
        }

        var seen = new HashSet<int>();
        for (int i = 0; i < count; i++)
        {
            do
            {
                drawn[i] = Below(population);
            }
            while (!seen.Add(drawn[i]));
        }

        return drawn;
    }

    private uint Next(uint at)
    {
        if (at + 1 < Length)
        {
            return at + 1;
        }

        state[0] = state[Length - 1];
        return 1;
    }

    private int Below(int exclusive)
    {
        int bits = 32 - int.LeadingZeroCount(exclusive);
        while (true)
        {
            uint value = NextWord() >> (32 - bits);
            if (value < exclusive)
            {
                return (int)value;
            }
        }
    }

    private uint NextWord()
    {
        if (next == Length)
        {
            for (int i = 0; i < Length; i++)
            {
                uint y = (state[i] & 0x80000000) | (state[(i + 1) % Length] & 0x7FFFFFFF);
                state[i] = state[(i + Middle) % Length] ^ (y >> 1) ^ ((y & 1) == 0 ? 0 : 0x9908B0DF);
            }

            next = 0;
        }

        uint word = state[next++];
        word ^= word >> 11;
        word ^= (word << 7) & 0x9D2C5680;
        word ^= (word << 15) & 0xEFC60000;
        return word ^ (word >> 18);
    }
}
