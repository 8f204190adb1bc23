using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Dsl.Runtime;

namespace Zoo.Cli;

/// <summary>Tensors that differ in the number of a layer alone, told as one: <c>model.layers.{0..31}.mlp.up_proj.weight</c>.</summary>
/// <param name="Key">The key, with the numbers that it stands for in braces.</param>
/// <param name="Shape">Of each.</param>
/// <param name="Aliases">Other keys of the same weight.</param>
/// <param name="Times">How many there are.</param>
/// <param name="Count">Numbers in each.</param>
internal sealed record FoldedTensors(string Key, IReadOnlyList<long> Shape, IReadOnlyList<string> Aliases, int Times, long Count)
{
    /// <summary>The tensors of a model in their order; layers with equal tensors are folded, also within layers.</summary>
    internal static IReadOnlyList<FoldedTensors> Of(IEnumerable<Weight> weights) =>
        Fold([.. weights.Select(w => new FoldedTensors(w.Key, w.Shape, w.Aliases, 1, w.Count))]);

    /// <summary>The same with the keys' first segments taken away, which are what they are grouped by.</summary>
    private static List<FoldedTensors> Fold(List<FoldedTensors> all)
    {
        var children = all.GroupBy(tensor => Head(tensor.Key), StringComparer.Ordinal)
            .Select(child => (Head: child.Key, Tensors: child.All(t => t.Key == child.Key) ? [.. child.Select(t => t with { Key = "" })]
                : Fold([.. child.Select(t => t with { Key = t.Key.Length > child.Key.Length ? t.Key[(child.Key.Length + 1)..] : "" })])))
            .ToList();
        var folded = new List<FoldedTensors>();
        var told = new HashSet<string>();
        foreach ((string head, List<FoldedTensors> tensors) in children.Where(child => !told.Contains(child.Head)))
        {
            // Layers are alike where all their tensors are; what another key shares is nobody else's.
            List<int> alike = Number(head) is { } first && tensors.All(t => t.Aliases.Count == 0)
                ? [.. children.Where(c => Number(c.Head) is not null && Alike(c.Tensors, tensors)).Select(c => Number(c.Head)!.Value)]
                : [];
            told.UnionWith(alike.Select(n => n.ToString(CultureInfo.InvariantCulture)));
            string name = alike.Count > 1 ? "{" + Runs(alike) + "}" : head;
            folded.AddRange(tensors.Select(t => t with
            {
                Key = t.Key.Length == 0 ? name : $"{name}.{t.Key}",
                Times = t.Times * Math.Max(1, alike.Count),
            }));
        }

        return folded;
    }

    private static bool Alike(List<FoldedTensors> one, List<FoldedTensors> other) =>
        one.Count == other.Count && one.Zip(other).All(pair => pair.First.Key == pair.Second.Key && pair.First.Shape.SequenceEqual(pair.Second.Shape)
            && pair.First.Times == pair.Second.Times && pair.First.Aliases.Count == 0 && pair.Second.Aliases.Count == 0);

    /// <summary>0, 1, 2, 3 is <c>0..3</c>; 1, 3, 5 is <c>1,3..5</c>.</summary>
    private static string Runs(List<int> numbers)
    {
        numbers.Sort();
        if (numbers.Count > 2 && numbers[1] - numbers[0] is > 1 and var step && numbers.Zip(numbers.Skip(1)).All(pair => pair.Second - pair.First == step))
        {
            return string.Create(CultureInfo.InvariantCulture, $"{numbers[0]},{numbers[1]}..{numbers[^1]}");
        }

        var runs = new List<string>();
        for (int from = 0, to; from < numbers.Count; from = to)
        {
            for (to = from + 1; to < numbers.Count && numbers[to] == numbers[to - 1] + 1; to++)
            {
            }

            runs.Add(to - from == 1 ? string.Create(CultureInfo.InvariantCulture, $"{numbers[from]}")
                : string.Create(CultureInfo.InvariantCulture, $"{numbers[from]}..{numbers[to - 1]}"));
        }

        return string.Join(',', runs);
    }

    private static string Head(string key) => key.IndexOf('.', StringComparison.Ordinal) is > 0 and var dot ? key[..dot] : key;

    private static int? Number(string segment) =>
        int.TryParse(segment, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            && number.ToString(CultureInfo.InvariantCulture) == segment ? number : null;
}
