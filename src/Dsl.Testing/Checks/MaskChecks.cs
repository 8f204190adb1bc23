using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.RegularExpressions;
using Dsl.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Testing;

/// <summary>Which tokens reach which positions is what the declared masks say, with what shifts, convolutions and recurrences carry.</summary>
internal static partial class MaskChecks
{
    /// <summary>As many tokens as are tried one by one, unless one window is wider.</summary>
    private const int Tried = 48;

    internal static void Masks(ModelSession s)
    {
        using IDisposable off = torch.no_grad();
        IModel model = s.Model(ScalarType.Float64);

        // A model that steps attends along its steps causally; what else it reads is the memory, which the tokens do not reach.
        (string Place, MaskRule Mask)[] masks = [.. model.Masks().Where(place => !s.Steps || place.Mask.IsCausal)];
        // What is read there as numbers or as a picture has no other token.
        if (masks.Length == 0 || !s.Facts.Value.Vocabularies.ContainsKey(s.StepInput))
        {
            return;
        }

        Carried carried = Carried.By(s, model, s.Feed(1, 1));

        // Beyond all that bounded masks and carriers can reach together, so that one that reaches further is seen; within reason.
        long reach = masks.Sum(place => (long)(place.Mask.Window - 1 ?? 0)) + (carried.Bounded ? carried.Steps : 0);
        int length = s.Fit((int)Math.Max(Math.Max(9, s.Windows.DefaultIfEmpty(0).Max() + 4), Math.Min(Tried, reach + 4)));
        Dictionary<string, Tensor> one = s.Feed(1, length);
        bool[,] least = Least(masks, length);
        bool[,]? most = carried.Unknown ? null : Most([.. masks.Select(place => place.Mask)], carried, length);
        bool[,] seen = Seen(s, model, one, length, (name, query, key) => s.Expect(most is null || most[query, key],
            $"'{name}' at position {query} changes with token {key}, which nothing that is declared lets it read"));
        for (int query = 0; query < length; query++)
        {
            int[] read = [.. Enumerable.Range(0, length).Where(key => seen[query, key])];
            int[] missing = [.. Enumerable.Range(0, length).Where(key => least[query, key] && !seen[query, key])];
            if (carried.Steps == 0)
            {
                s.Expect(missing.Length == 0,
                    $"no output at position {query} changes with token {missing.FirstOrDefault()}, which the declared masks let it read");
            }
            else if (missing.Length > 0)
            {
                // What is carried may stand at other places (a shift moves all by one), but as far back as the masks it must reach.
                int first = Enumerable.Range(0, length).First(key => least[query, key]);
                s.Expect(query < carried.Steps || (read.Length > 0 && read[0] <= first + carried.Steps),
                    $"no output at position {query} changes with a token near {first}, which the declared masks let it read");
            }
        }
    }

    /// <summary>Whether some output at a position changes with a token: [query, key]. Each change is also told of.</summary>
    private static bool[,] Seen(ModelSession s, IModel model, Dictionary<string, Tensor> one, int length, Action<string, int, int> changes)
    {
        Dictionary<string, Tensor> feed = ModelSession.Pick(one, new long[length + 1]);
        Tensor tokens = feed[s.StepInput].clone();
        for (int at = 0; at < length; at++)
        {
            tokens.narrow(0, at + 1, 1).copy_(FormChecks.Changed(s, one[s.StepInput], at));
        }

        // An output before the last attention sees less than all of them together, never more.
        var seen = new bool[length, length];
        foreach ((string name, Tensor value) in model.Run(s.With(feed, tokens))
            .Where(pair => ModelSession.IsAlong(pair.Value, length) && pair.Value.numel() > 0))
        {
            Tensor flat = value.dim() > 2 ? value.flatten(2) : value.unsqueeze(-1);
            Tensor change = (flat - flat.narrow(0, 0, 1)).abs().amax([2]) / flat.abs().max();
            double[] changed = change.contiguous().data<double>().ToArray();
            for (int at = 0; at < length * length; at++)
            {
                (int key, int query) = (at / length, at % length);
                if (changed[length + at] > 1e-13)
                {
                    seen[query, key] = true;
                    changes(name, query, key);
                }
            }
        }

        return seen;
    }

    /// <summary>
    /// What must be reached, whatever stands between the attentions: layers of one repetition follow one another; attentions of one layer, and repetitions,
    /// may stand side by side.
    /// </summary>
    private static bool[,] Least(IReadOnlyList<(string Place, MaskRule Mask)> masks, int length)
    {
        var least = new bool[length, length];
        foreach (var stack in masks.GroupBy(place => Layer().Match(place.Place) is { Success: true } layer ? layer.Groups[1].Value : place.Place))
        {
            bool[,]? through = null;
            foreach (var layer in stack.GroupBy(place => Layer().Match(place.Place).Value))
            {
                bool[,] own = Table(length, (query, key) => layer.Any(place => place.Mask.Allows(query, key)));
                through = through is null ? own : Compose(own, through, length);
            }

            least = Table(length, (query, key) => least[query, key] || through![query, key]);
        }

        return least;
    }

    /// <summary>What can be reached at most: every attention and all that is carried, one after the other, each beside a residual.</summary>
    private static bool[,] Most(IReadOnlyList<MaskRule> masks, Carried carried, int length)
    {
        // Without knowing which stands where: the carriers between any two attentions, unless the state says the order.
        bool[,] most = Table(length, (query, key) => query == key);
        foreach (Func<int, int, bool> allows in carried.Among(masks))
        {
            most = Compose(Table(length, (query, key) => query == key || allows(query, key)), most, length);
        }

        return most;
    }

    /// <summary>What the later one reads of what the earlier one has read.</summary>
    private static bool[,] Compose(bool[,] later, bool[,] earlier, int length) => Table(length, (query, key) =>
        Enumerable.Range(0, length).Any(through => later[query, through] && earlier[through, key]));

    private static bool[,] Table(int length, Func<int, int, bool> holds)
    {
        var table = new bool[length, length];
        for (int query = 0; query < length; query++)
        {
            for (int key = 0; key < length; key++)
            {
                table[query, key] = holds(query, key);
            }
        }

        return table;
    }

    /// <summary>A place up to the last number in it: "model.layers.3" of "model.layers.3.self_attn".</summary>
    [GeneratedRegex(@"^(.*?)\.?(\d+)(?=\.|$)(?!.*\.\d+(\.|$))")]
    private static partial Regex Layer();

    /// <summary>What a model's parts other than attention carry along time, as its state shows it.</summary>
    private sealed partial class Carried
    {
        private const int Everything = int.MaxValue / 4;
        private readonly List<IStatePart> parts = [];
        private readonly Dictionary<IStatePart, int> reach = [];

        /// <summary>Tokens that all of it can move a token by; the largest number where nothing bounds it; 0 where nothing is carried.</summary>
        internal int Steps => (int)Math.Min(int.MaxValue / 2, reach.Values.Sum(n => (long)n));

        /// <summary>Something bounds what is carried.</summary>
        internal bool Bounded => reach.Values.All(n => n < Everything);

        /// <summary>There may be something that no state shows.</summary>
        internal bool Unknown { get; private set; }

        internal static Carried By(ModelSession s, IModel model, Dictionary<string, Tensor> feed)
        {
            var carried = new Carried();
            if (!s.Steps)
            {
                // Without a stateful form, the words of the declaration that look along time.
                carried.Unknown = Words().IsMatch(s.Entry.Declaration);
                return carried;
            }

            ModelState state = s.Begin(model, feed);
            model.Advance(feed[s.StepInput].narrow(1, 0, 1), state);
            foreach (IStatePart part in state.Parts.Where(part => part is not HeldValue))
            {
                carried.parts.Add(part);
                if (part is not KeyValueCache)
                {
                    // A shift and a convolution keep what they look back on; a recurrence, a learner and what is not known here may carry all.
                    carried.reach[part] = part is PastInputs { Values: { } past } ? (int)past.shape[1] : Everything;
                }
            }

            return carried;
        }

        /// <summary>What each reads, in the order of the declaration; where caches and masks are not one to one, carriers around each mask.</summary>
        internal IEnumerable<Func<int, int, bool>> Among(IReadOnlyList<MaskRule> masks)
        {
            Func<int, int, bool> Carrier(int n) => (query, key) => key <= query && query - key <= n;
            if (parts.Count(part => part is KeyValueCache) == masks.Count)
            {
                int next = 0;
                return [.. parts.Select(part => part is KeyValueCache ? masks[next++].Allows : Carrier(reach[part]))];
            }

            Func<int, int, bool>[] carriers = [.. reach.Values.Select(Carrier)];
            return masks.SelectMany(mask => carriers.Append(mask.Allows)).Concat(carriers);
        }

        [GeneratedRegex(@"\b(Shift|Conv|Apply|Learn)\b")]
        private static partial Regex Words();
    }
}
