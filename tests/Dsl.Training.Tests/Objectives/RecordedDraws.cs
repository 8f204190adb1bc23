using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json;
using Dsl.Training.Objectives;
using Xunit;

namespace Dsl.Training.Tests.Objectives;

/// <summary>Draws that a published run made. Each kind is asked for in the order in which it was recorded; asking for more fails.</summary>
internal sealed class RecordedDraws : IDraws
{
    private readonly Queue<int[]> permutations = [];
    private readonly Queue<int> choices = [];
    private readonly Queue<(int? Least, int? Most, int Value)> integers = [];
    private readonly Queue<double> uniforms = [];

    public double Uniform() => uniforms.Dequeue();

    public int Integer(int least, int most)
    {
        (int? expectedLeast, int? expectedMost, int value) = integers.Dequeue();
        Assert.Equal((expectedLeast ?? least, expectedMost ?? most), (least, most));
        return value;
    }

    public int[] Permutation(int count)
    {
        int[] order = permutations.Dequeue();
        Assert.True(order.Length <= count, $"{order.Length} of {count} places recorded");

        // A rule may use only the first places, and only those are recorded.
        return order.Length == count ? order : [.. order, .. Enumerable.Range(0, count).Except(order)];
    }

    public int Choice(IReadOnlyList<double> weights) => choices.Dequeue();

    internal RecordedDraws Uniforms(params IEnumerable<double> values) => Add(() => Fill(uniforms, values));

    internal RecordedDraws Integers(params IEnumerable<int> values) => Add(() => Fill(integers, values.Select(value => ((int?)null, (int?)null, value))));

    internal RecordedDraws Order(params IEnumerable<int> order) => Add(() => permutations.Enqueue([.. order]));

    internal RecordedDraws Choices(params IEnumerable<int> values) => Add(() => Fill(choices, values));

    /// <summary>Python's random: shuffle, random and randint(a, b).</summary>
    internal static RecordedDraws Python(JsonElement draws)
    {
        var recorded = new RecordedDraws();
        foreach (JsonElement draw in draws.EnumerateArray())
        {
            switch (draw[0].GetString())
            {
                case "random":
                    recorded.uniforms.Enqueue(draw[1].GetDouble());
                    break;
                case "randint":
                    recorded.integers.Enqueue((draw[1].GetInt32(), draw[2].GetInt32(), draw[3].GetInt32()));
                    break;
                case "shuffle":
                    recorded.permutations.Enqueue(draw[1].Ints());
                    break;
                default:
                    throw new NotSupportedException($"nothing known of the draw {draw}");
            }
        }

        return recorded;
    }

    /// <summary>Nothing that was recorded is left, but permutations that only decide what is thrown away.</summary>
    internal void RequireUsed() => Assert.Equal((0, 0, 0), (choices.Count, integers.Count, uniforms.Count));

    private RecordedDraws Add(Action add)
    {
        add();
        return this;
    }

    private static void Fill<T>(Queue<T> queue, IEnumerable<T> values)
    {
        foreach (T value in values)
        {
            queue.Enqueue(value);
        }
    }
}

/// <summary>Arrays of a golden's JSON.</summary>
internal static class JsonArrays
{
    internal static int[] Ints(this JsonElement array) => array.EnumerateArray().Select(item => item.GetInt32()).ToArray();

    internal static double[] Numbers(this JsonElement array) => array.EnumerateArray().Select(item => item.GetDouble()).ToArray();

    internal static string[] Strings(this JsonElement array) => array.EnumerateArray().Select(item => item.GetString()!).ToArray();

    internal static int[] Ints(this JsonElement from, string name) => from.GetProperty(name).Ints();

    internal static double Number(this JsonElement from, string name) => from.GetProperty(name).GetDouble();

    internal static string Text(this JsonElement from, string name) => from.GetProperty(name).GetString()!;
}
