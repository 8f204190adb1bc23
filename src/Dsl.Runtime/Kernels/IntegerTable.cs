using System;
using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Dsl.Runtime;

/// <summary>
/// The values of an integer function of one integer (buckets of distances), asked once each: they are kept with the object that the function belongs to, as
/// long as that lives, and the range only grows.
/// </summary>
internal sealed class IntegerTable(Func<int, int> function)
{
    private static readonly ConditionalWeakTable<object, ConcurrentDictionary<MethodInfo, IntegerTable>> Known = [];

    private readonly object gate = new();
    private long low;
    private long[] values = [];

    /// <summary>The table of a function: that of an earlier call where it is the same method of the same object.</summary>
    public static IntegerTable Of(Func<int, int> function) => function.Target is { } target
        ? Known.GetValue(target, static _ => []).GetOrAdd(function.Method, static (_, f) => new IntegerTable(f), function)
        : new IntegerTable(function);

    /// <summary>The values from <paramref name="first"/> to <paramref name="last"/>, both included.</summary>
    public long[] Between(long first, long last)
    {
        lock (gate)
        {
            if (values.Length == 0 || first < low || last >= low + values.Length)
            {
                long from = values.Length == 0 ? first : Math.Min(first, low), to = values.Length == 0 ? last : Math.Max(last, low + values.Length - 1);
                var grown = new long[to - from + 1];
                for (long i = from; i <= to; i++)
                {
                    grown[i - from] = values.Length > 0 && i >= low && i < low + values.Length ? values[i - low] : function((int)i);
                }

                (low, values) = (from, grown);
            }

            return values[(int)(first - low)..(int)(last - low + 1)];
        }
    }
}
