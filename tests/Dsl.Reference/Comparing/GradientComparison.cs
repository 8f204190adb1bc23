using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Reference.Interpreting;
using Dsl.Runtime;
using Dsl.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Reference.Comparing;

/// <summary>Gradients of every weight, at a sample of its elements, against central differences of the reference.</summary>
internal static class GradientComparison
{
    private const double Step = 1e-5;
    private const double Relative = 2e-5;
    private const double Absolute = 2e-8;

    /// <summary>However much a run of the reference costs, of so many weights differences are taken.</summary>
    private const int Fewest = 3;

    internal static void Run(Subject s, Report report, GradientSample sample)
    {
        IReadOnlyDictionary<string, NumberArray> feed = s.Masks.Any() ? s.Padded() : s.Feed;
        var sums = s.Reference.Run(feed).Keys.ToDictionary(output => output, output => s.Reference.SumWeights(feed, output, s.Seed));
        var known = new Dictionary<(string, int), double>();
        foreach (Route route in new[] { Route.Chosen }.Concat(ParallelComparison.Ways(s)))
        {
            string form = route == Route.Chosen ? "gradient" : $"gradient by {route}";
            report.Try(form, () => ParallelComparison.By(route, () => Compare(s, report, sample, form, feed, sums, known)));
        }
    }

    private static void Compare(
        Subject s, Report report, GradientSample sample, string form, IReadOnlyDictionary<string, NumberArray> feed,
        Dictionary<string, NumberArray> sums, Dictionary<(string, int), double> known)
    {
        Dictionary<string, NumberArray?> gradients = Backward(s, feed, sums);
        s.Reference.Run(feed);
        var read = s.Reference.KeysRead.ToHashSet();
        int most = (int)Math.Min(sample.Weights, Math.Max(Fewest, sample.Work / Math.Max(1, 2 * s.Reference.Work)));
        double size = sums.Values.Sum(sum => sum.Values.Sum(Math.Abs)), noise = LastPlace(s, feed, sums) / Step;
        var random = new Random(s.Seed);
        Dictionary<string, NumberArray?>? moved = null;
        var found = new List<string>();
        bool isSharp = true;
        Weight[] all = [.. s.Model.Weights.All.Where(w => w is { IsBuffer: false, Trainable: true })];
        foreach (Weight weight in all.Where(w => !read.Contains(w.Key)))
        {
            report.Say($"weights: '{weight.Key}' is declared and nothing reads it");
        }

        Weight[] asked = [.. all.Where(w => read.Contains(w.Key))];
        foreach (Weight weight in asked.Length <= most ? asked : [.. asked.OrderBy(_ => random.Next()).Take(most)])
        {
            NumberArray? gradient = gradients[weight.Key];
            foreach (int element in Elements(weight, gradient, random, sample.Elements))
            {
                double ours = gradient?.Values[element] ?? 0;
                double At(double step) => s.Reference.Difference(feed, sums, weight.Key, element, step);
                double expected = known.TryGetValue((weight.Key, element), out double before) ? before : known[(weight.Key, element)] = At(Step);
                double allowed = (Relative * Math.Max(Math.Abs(ours), Math.Abs(expected))) + (Absolute * Math.Max(1, size)) + noise;
                if (!IsNear(ours, expected, allowed) && Settled(At, expected, allowed) is { } sure && !IsNear(ours, sure, allowed)
                    && sums.Keys.All(output => double.IsFinite(s.Rounding(output))))
                {
                    moved ??= Moved(s, feed, sums);
                    isSharp &= IsNear(ours, moved[weight.Key]?.Values[element] ?? 0, allowed / 2);
                    found.Add(FormattableString.Invariant(
                        $"{form}: of '{weight.Key}' at {element} it is {(gradient is null ? "none" : ours.ToString("g6", null))}, by differences {sure:g6}"));
                    break;
                }
            }
        }

        // One that moves far tells that all of them are sums of larger numbers.
        if (isSharp)
        {
            found.ForEach(report.Say);
        }
    }

    /// <summary>What the sum is known to: of large numbers a small difference is lost in their last places.</summary>
    private static double LastPlace(Subject s, IReadOnlyDictionary<string, NumberArray> feed, Dictionary<string, NumberArray> sums)
    {
        IReadOnlyDictionary<string, NumberArray> outputs = s.Reference.Run(feed);
        return Math.Pow(2, -52) * sums.Sum(sum => sum.Value.Values.Zip(outputs[sum.Key].Values, (w, x) => w == 0 ? 0 : Math.Abs(w * x)).Where(double.IsFinite).Sum());
    }

    /// <summary>
    /// The gradients where each weight is moved by some hundred units of its last place. One that moves far is made of larger ones that cancel, as at a
    /// softmax that is 1 at one place, and known to no more than that.
    /// </summary>
    private static Dictionary<string, NumberArray?> Moved(Subject s, IReadOnlyDictionary<string, NumberArray> feed, Dictionary<string, NumberArray> sums)
    {
        using var scope = torch.NewDisposeScope();
        var rounding = new Rounding(s.Seed);
        (Weight Weight, Tensor Value)[] kept = [.. s.Model.Weights.All.Where(w => torch.is_floating_point(w.Value)).Select(w => (w, w.Value.detach().clone()))];
        try
        {
            Set(pair => pair.Value.ToNumbers().Map(x => rounding.Move(x, x)).ToTensor(ScalarType.Float64));
            return Backward(s, feed, sums);
        }
        finally
        {
            Set(pair => pair.Value);
        }

        void Set(Func<(Weight Weight, Tensor Value), Tensor> to)
        {
            using IDisposable off = torch.no_grad();
            foreach ((Weight Weight, Tensor Value) pair in kept)
            {
                using Tensor value = to(pair);
                pair.Weight.Value.copy_(value);
            }

            s.Model.Weights.Changed();
        }
    }

    private static bool IsNear(double a, double b, double allowed) => a.Equals(b) || Math.Abs(a - b) <= allowed;

    /// <summary>
    /// What two ways of taking the difference agree on: of second order close by, of fourth order (Richardson 1911) from further away, where rounding counts
    /// for less. Near a kink they disagree, and say nothing: null.
    /// </summary>
    private static double? Settled(Func<double, double> at, double close, double allowed)
    {
        double Fourth(double step) => ((4 * at(step / 2)) - at(step)) / 3;
        double near = Fourth(5e-4), far = Fourth(2e-3);
        return IsNear(near, far, allowed / 2) || IsNear(near, close, allowed / 2) ? near : null;
    }

    /// <summary>The element with the largest gradient, and one drawn, or either.</summary>
    private static IEnumerable<int> Elements(Weight weight, NumberArray? gradient, Random random, int most)
    {
        int count = (int)weight.Count;
        if (count == 0)
        {
            return [];
        }

        int largest = gradient is null ? 0 : Enumerable.Range(0, count).MaxBy(i => Math.Abs(gradient.Values[i]));
        int drawn = random.Next(count);
        return most > 1 ? new[] { largest, drawn }.Distinct() : [random.Next(2) == 0 ? largest : drawn];
    }

    private static Dictionary<string, NumberArray?> Backward(
        Subject s, IReadOnlyDictionary<string, NumberArray> feed, Dictionary<string, NumberArray> sums)
    {
        using var scope = torch.NewDisposeScope();
        foreach (Weight weight in s.Model.Weights.All)
        {
            weight.Value.grad = null;
        }

        IReadOnlyDictionary<string, Tensor> results = s.Model.Run(Subject.ToTensors(feed, s.Graph));
        Tensor total = torch.zeros([], dtype: ScalarType.Float64);
        foreach ((string output, NumberArray sum) in sums)
        {
            // A padded token counts for nothing, whatever its number is: also where that is none.
            Tensor weights = sum.ToTensor(ScalarType.Float64);
            Tensor counted = sum.Map(w => w == 0 ? 0 : 1).ToTensor(ScalarType.Bool);
            total = total.Plus(torch.where(counted, results[output] * weights, torch.zeros_like(weights)).sum());
        }

        // Ids alone have no gradient.
        if (total.requires_grad)
        {
            FusedFunction.Differentiate(total);
        }

        return s.Model.Weights.All.ToDictionary(w => w.Key, w => w.Value.grad?.ToNumbers());
    }
}
