using System;
using System.Collections.Generic;
using System.Linq;

namespace Zoo.Cli.Drawing;

/// <summary>A node's box: its centre and its size in pixels; y grows downwards.</summary>
internal readonly record struct Box(double X, double Y, double Width, double Height)
{
    internal double Top => Y - (Height / 2);

    internal double Bottom => Y + (Height / 2);

    internal double Right => X + (Width / 2);
}

/// <summary>
/// Where the nodes of a panel stand: in ranks, what is read below what reads it, as figures in papers are drawn. An arrow over several ranks keeps a place
/// in each of them; what passes by goes up at the right side.
/// </summary>
internal sealed class PanelLayout
{
    private const double RankGap = 34, NodeGap = 18, LetterWidth = 6.4, LaneGap = 14, Bend = 12;
    private readonly DiagramPanel panel;
    private readonly List<Slot> slots = [];
    private readonly int[] ranks;

    internal PanelLayout(DiagramPanel panel)
    {
        this.panel = panel;
        ranks = Ranks();
        slots.AddRange(panel.Nodes.Select((node, i) => new Slot(ranks[i], WidthOf(node), HeightOf(node))));
        List<int[]> paths = [.. panel.Arrows.Select(Path)];
        Place(paths);
        Boxes = [.. slots.Take(panel.Nodes.Count).Select(s => s.Box)];
        Routes = [.. panel.Arrows.Select((arrow, i) => arrow.Passes ? [] : (IReadOnlyList<Box>)[.. paths[i].Select(s => slots[s].Box)])];
        Lanes = LanesOf();
        double left = slots.Min(s => s.Box.X - (s.Box.Width / 2)), right = slots.Max(s => s.Box.Right);
        Left = left;
        Width = Math.Max(right, Lanes.Values.DefaultIfEmpty(right).Max() + Bend) - left;
        Height = slots.Max(s => s.Box.Bottom);
    }

    /// <summary>Of each node.</summary>
    internal IReadOnlyList<Box> Boxes { get; }

    /// <summary>What each arrow goes through, its ends included; empty for one that passes by.</summary>
    internal IReadOnlyList<IReadOnlyList<Box>> Routes { get; }

    /// <summary>Where an arrow that passes by goes up, by its number.</summary>
    internal IReadOnlyDictionary<int, double> Lanes { get; }

    internal double Left { get; }

    internal double Width { get; }

    internal double Height { get; }

    /// <summary>A node, or the place that an arrow keeps in a rank between its ends.</summary>
    private sealed class Slot(int rank, double width, double height)
    {
        internal int Rank { get; } = rank;

        internal Box Box { get; set; } = new(0, 0, width, height);

        internal List<int> Below { get; } = [];
    }

    private static double WidthOf(DiagramNode node) =>
        node.Kind == NodeKind.Sign && node.Detail.Length == 0 ? 22 : Math.Max(60, 18 + (LetterWidth * Math.Max(node.Name.Length, node.Detail.Length)));

    private static double HeightOf(DiagramNode node) => node.Kind == NodeKind.Sign && node.Detail.Length == 0 ? 22 : node.Detail.Length > 0 ? 36 : 24;

    /// <summary>One more than what it reads; nodes come after what they read.</summary>
    private int[] Ranks()
    {
        var all = new int[panel.Nodes.Count];
        foreach (DiagramArrow arrow in panel.Arrows.OrderBy(a => a.To))
        {
            all[arrow.To] = Math.Max(all[arrow.To], all[arrow.From] + 1);
        }

        // What nothing comes into stands right below its first reader.
        for (int node = 0; node < all.Length; node++)
        {
            if (panel.Arrows.All(a => a.To != node) && panel.Arrows.Any(a => a.From == node))
            {
                all[node] = panel.Arrows.Where(a => a.From == node).Min(a => all[a.To]) - 1;
            }
        }

        return all;
    }

    private int[] Path(DiagramArrow arrow)
    {
        if (arrow.Passes)
        {
            return [];
        }

        var path = new List<int> { arrow.From };
        for (int rank = ranks[arrow.From] + 1; rank < ranks[arrow.To]; rank++)
        {
            slots.Add(new Slot(rank, 8, 8));
            slots[^1].Below.Add(path[^1]);
            path.Add(slots.Count - 1);
        }

        slots[arrow.To].Below.Add(path[^1]);
        path.Add(arrow.To);
        return [.. path];
    }

    /// <summary>Rank by rank from below: each as near as may be over what it reads, in that order, then each rank in the middle of it.</summary>
    private void Place(List<int[]> paths)
    {
        int top = slots.Max(s => s.Rank);
        double y = 0;
        for (int rank = top; rank >= 0; rank--)
        {
            double height = slots.Where(s => s.Rank == rank).Max(s => s.Box.Height);
            foreach (Slot slot in slots.Where(s => s.Rank == rank))
            {
                slot.Box = slot.Box with { Y = y + (height / 2) };
            }

            y += height + RankGap;
        }

        for (int rank = 0; rank <= top; rank++)
        {
            var row = slots.Select((slot, i) => (Slot: slot, Number: i)).Where(s => s.Slot.Rank == rank)
                .Select(s => (s.Slot, s.Number, Wish: s.Slot.Below.Count > 0 ? s.Slot.Below.Average(b => slots[b].Box.X) : Above(s.Number, paths)))
                .OrderBy(s => s.Wish).ThenBy(s => s.Number).ToList();
            double width = row.Sum(s => s.Slot.Box.Width) + (NodeGap * (row.Count - 1)), x = row.Average(s => s.Wish) - (width / 2);
            foreach ((Slot slot, _, _) in row)
            {
                slot.Box = slot.Box with { X = x + (slot.Box.Width / 2) };
                x += slot.Box.Width + NodeGap;
            }
        }
    }

    /// <summary>What reads nothing stands beside what its reader reads besides.</summary>
    private double Above(int number, List<int[]> paths)
    {
        int[] readers = [.. paths.Where(p => p.Length > 1 && p[0] == number).Select(p => p[1])];
        double[] beside = [.. readers.SelectMany(r => slots[r].Below).Where(b => b != number && slots[b].Rank < slots[number].Rank)
            .Select(b => slots[b].Box.X)];
        return beside.Length > 0 ? beside.Average() + 60 : 0;
    }

    /// <summary>Right of everything between its ends, and of other arrows that pass there.</summary>
    private Dictionary<int, double> LanesOf()
    {
        var lanes = new Dictionary<int, double>();
        IEnumerable<int> passing = Enumerable.Range(0, panel.Arrows.Count).Where(i => panel.Arrows[i].Passes);
        foreach (int i in passing.OrderBy(i => ranks[panel.Arrows[i].To] - ranks[panel.Arrows[i].From]))
        {
            (int from, int to) = (ranks[panel.Arrows[i].From], ranks[panel.Arrows[i].To]);
            double right = slots.Where(s => s.Rank >= from && s.Rank <= to).Max(s => s.Box.Right);
            double[] crossed = [.. lanes.Where(l => ranks[panel.Arrows[l.Key].From] < to && ranks[panel.Arrows[l.Key].To] > from).Select(l => l.Value)];
            lanes[i] = Math.Max(right, crossed.DefaultIfEmpty(right).Max()) + LaneGap;
        }

        return lanes;
    }
}
