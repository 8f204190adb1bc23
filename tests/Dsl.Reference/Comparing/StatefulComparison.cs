using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Model;
using Dsl.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Reference.Comparing;

/// <summary>The stateful form in chunks, with padding left and right, and on from there, against the parallel form of the reference.</summary>
internal static class StatefulComparison
{
    internal static void Run(Subject s, Report report)
    {
        if (s.Stepping is null || !Steps(s, report))
        {
            return;
        }

        foreach (Route route in new[] { Route.Chosen }.Concat(ParallelComparison.Ways(s).Take(1)))
        {
            string by = route == Route.Chosen ? "" : $" by {route}";
            ParallelComparison.By(route, () =>
            {
                foreach (int chunk in new[] { 1, 3, s.Length }.Distinct())
                {
                    report.Try($"advance in chunks of {chunk}{by}", () => Whole(s, report, chunk, by));
                    if (s.Stepping.Mask is not null && s.Length > 3)
                    {
                        report.Try($"advance of padded rows in chunks of {chunk}{by}", () => Padded(s, report, chunk, by));
                    }
                }
            });
        }
    }

    /// <summary>Whether there is a stateful form; it must be there where the checker says so.</summary>
    private static bool Steps(Subject s, Report report)
    {
        try
        {
            s.Model.NewState(1).Dispose();
            return true;
        }
        catch (NotSupportedException e)
        {
            if (s.Graph.NotStateful is null)
            {
                report.Say($"state: refused, though the checker sees a stateful form: {e.Message.Split('\n')[0]}");
            }

            return false;
        }
    }

    private static void Whole(Subject s, Report report, int chunk, string by)
    {
        using var scope = torch.NewDisposeScope();
        using var off = torch.no_grad();
        using ModelState state = Begin(s, s.Feed);
        NumberArray tokens = s.Feed[s.Stepping!.Name];
        int reach = s.Reference.PiecesReach(s.Feed);
        for (int from = 0; from < s.Length && (from == 0 || Math.Min(from + chunk, s.Length) <= reach); from += chunk)
        {
            int to = Math.Min(from + chunk, s.Length);
            NumberArray ours = Advance(s, tokens.Columns(from, to), state, null);
            NumberArray expected = s.Reference.Run(Cut(s, s.Feed, to))[s.StepOutput];
            report.Compare($"advance to {to} in chunks of {chunk}{by}", s.StepOutput, ours, expected.Columns(from, to));
        }

        using ModelState fresh = Begin(s, s.Feed);
        NumberArray last = s.Model.Advance(Tokens(s, tokens), fresh, last: true).ToNumbers();
        report.Compare($"advance, the last token{by}", s.StepOutput, last, s.Reference.Run(s.Feed)[s.StepOutput].Columns(s.Length - 1, s.Length));
    }

    /// <summary>Row 0 is padded left, row 1 right; then two more tokens for every row. Each row is compared with itself alone.</summary>
    private static void Padded(Subject s, Report report, int chunk, string by)
    {
        using var scope = torch.NewDisposeScope();
        using var off = torch.no_grad();
        int length = s.Length - 2, some = Math.Max(1, length / 3);
        NumberArray tokens = s.Feed[s.Stepping!.Name], mask = NumberArray.Zeros(Subject.Rows, length).Map(_ => 1);
        for (int row = 0; row < 2; row++)
        {
            for (int token = 0; token < some; token++)
            {
                mask[row, row == 0 ? token : length - 1 - token] = 0;
            }
        }

        var padded = s.Padded();
        var memory = padded.Where(pair => pair.Key != s.Stepping.Mask).ToDictionary(p => p.Key, p => p.Value);
        using ModelState state = Begin(s, memory);
        var pieces = new List<NumberArray>();
        for (int from = 0; from < length; from += chunk)
        {
            int to = Math.Min(from + chunk, length);
            pieces.Add(Advance(s, tokens.Columns(from, to), state, mask.Columns(from, to)));
        }

        NumberArray after = Advance(s, tokens.Columns(length, length + 2), state, null);
        for (int row = 0; row < Subject.Rows; row++)
        {
            int[] real = [.. Enumerable.Range(0, length).Where(t => mask[row, t] != 0)];
            int[] whole = [.. real, length, length + 1];
            var alone = memory.ToDictionary(p => p.Key, p => p.Value.Shape.Length > 0 && p.Value.Shape[0] == Subject.Rows ? p.Value.Row(row) : p.Value);
            foreach (string name in Along(s).Where(alone.ContainsKey))
            {
                alone[name] = Picked(alone[name], whole);
            }

            int alike = s.Reference.PiecesReach(Cut(s, alone, whole.Length));
            foreach (int count in Enumerable.Range(1, whole.Length))
            {
                // Each token is compared with the row as far as its chunk had read it: a rule may read the length.
                int at = whole[count - 1], reach = at >= length ? whole.Length : real.Count(t => t < Math.Min(((at / chunk) + 1) * chunk, length));
                if (reach > alike)
                {
                    break;
                }

                NumberArray expected = Expected(s, alone, reach, count);
                NumberArray ours = at >= length ? after.Row(row).Columns(at - length, at - length + 1)
                    : pieces[at / chunk].Row(row).Columns(at % chunk, (at % chunk) + 1);
                string which = $"row {row}, token {at}{(at >= length ? " (after padding)" : "")}";
                report.Compare($"advance of padded rows in chunks of {chunk}{by}, {which}", s.StepOutput, ours, expected);
            }
        }
    }

    private static NumberArray Expected(Subject s, Dictionary<string, NumberArray> alone, int reach, int count) =>
        s.Reference.Run(Cut(s, alone, reach))[s.StepOutput].Columns(count - 1, count);

    private static NumberArray Picked(NumberArray x, int[] tokens)
    {
        int size = x.Count / x.Shape[1];
        return new NumberArray([1, tokens.Length, .. x.Shape[2..]], [.. tokens.SelectMany(t => x.Values.Skip(t * size).Take(size))]);
    }

    /// <summary>Inputs along the axis that steps.</summary>
    private static IEnumerable<string> Along(Subject s) =>
        s.Graph.Inputs.Where(i => i.Output.TimeAxis == s.Stepping!.Output.TimeAxis).Select(i => i.Name);

    private static Dictionary<string, NumberArray> Cut(Subject s, IReadOnlyDictionary<string, NumberArray> feed, int to)
    {
        var cut = new Dictionary<string, NumberArray>(feed);
        foreach (string name in Along(s).Where(feed.ContainsKey))
        {
            cut[name] = feed[name].Columns(0, to);
        }

        return cut;
    }

    private static ModelState Begin(Subject s, IReadOnlyDictionary<string, NumberArray> feed) =>
        s.Graph.Inputs.Count > 1 ? s.Model.Begin(Subject.ToTensors(feed, s.Graph), 4) : s.Model.NewState(feed[s.Stepping!.Name].Shape[0], 4);

    private static Tensor Tokens(Subject s, NumberArray tokens) => tokens.ToTensor(s.Stepping!.IsIds ? ScalarType.Int64 : ScalarType.Float64);

    private static NumberArray Advance(Subject s, NumberArray tokens, ModelState state, NumberArray? mask) =>
        s.Model.Advance(Tokens(s, tokens), state, mask?.ToTensor(ScalarType.Int64)).ToNumbers();
}
