using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Model;

namespace Dsl.Generators.Parts;

/// <summary><c>Rearrange("b t (h d) -> b t h d", "h", heads)</c>: cuts, merges and orders axes.</summary>
internal sealed class RearrangePart : Part
{
    public override IReadOnlyList<Word> Words { get; } = [new("Rearrange")];

    public override void Check(PartSpec part, Elaborator at)
    {
        if (at.Numbers(part) is not { } x || part.Text(0) is not { } text)
        {
            return;
        }

        if (RearrangePattern.Parse(text, out var problem) is not { } pattern)
        {
            at.Report(Problems.PatternWrong, part.Place.At(0), text, problem);
            return;
        }

        if (pattern.Before.Count != x.Axes.Count)
        {
            at.Report(Problems.AxesWrong, part.Place, "the value", at.Shape(x), $"{pattern.Before.Count} axes, as '{text}' says");
            return;
        }

        if (Cut(part, pattern, x, at) is not { } sizes || Merged(part, pattern, x, sizes, at) is not { } axes)
        {
            return;
        }

        var known = sizes.Where(e => e.Value is not null).OrderBy(s => s.Key, StringComparer.Ordinal).Select(e => new NamedSize(e.Key, e.Value!)).ToEquatable();
        var hint = pattern.After.Any(g => g.Count > 1) ? "merged" : x.Hint + "Heads";
        at.Current = [at.Add(part, new Rearrange(pattern, known), [x], hint, axes)];
    }

    /// <summary>The sizes of the axes that the value's own are cut into; null where they cannot be.</summary>
    private static Dictionary<string, Size?>? Cut(PartSpec part, RearrangePattern pattern, Value x, Elaborator at)
    {
        var named = new Dictionary<string, Size>(StringComparer.Ordinal);
        for (var i = 1; i + 1 < part.Arguments.Count; i += 2)
        {
            if (at.SizeOf(part[i + 1], part.Place.At(i + 1)) is { } size)
            {
                named[part[i].Text] = size;
            }
        }

        var sizes = new Dictionary<string, Size?>(StringComparer.Ordinal);
        for (var i = 0; i < pattern.Before.Count; i++)
        {
            var (group, axis) = (pattern.Before[i], x.Axes[i]);
            if (group.Count == 0)
            {
                at.Fits(axis.Size ?? Size.Of(0), Size.Of(1), part.Place, Problems.SizesDiffer, "the axis", "1");
                continue;
            }

            if (axis.Size is null)
            {
                if (group.Count != 1)
                {
                    at.Report(Problems.PatternWrong, part.Place.At(0), pattern.Text, $"'{axis.Name}' is known only when the program runs and cannot be cut");
                    return null;
                }

                sizes[group[0]] = null;
                continue;
            }

            foreach (var name in group)
            {
                sizes[name] = named.TryGetValue(name, out var size) ? size : group.Count == 1 ? axis.Size : at.Fresh();
            }

            // Constants are divided here; what a config decides is checked where it is known.
            var known = group.Where(named.ContainsKey).Select(n => named[n]).Aggregate(Size.Of(1), (a, b) => a * b);
            if (group.Any(n => !named.ContainsKey(n)) && at.Number(axis.Size) is { } total && at.Number(known) is > 0 and var divisor && total % divisor != 0)
            {
                at.Report(Problems.AxisDivision, part.Place, at.Spell(axis.Size), $"({string.Join(" ", group)})", at.Spell(known));
                return null;
            }

            var product = group.Select(n => sizes[n]!).Aggregate((a, b) => a * b);
            if (at.Unify(axis.Size, product, $"the axis and ({string.Join(" ", group)})") == Verdict.Refuted)
            {
                at.Report(Problems.SizesDiffer, part.Place, "the axis", at.Spell(axis.Size), $"({string.Join(" ", group)})", at.Spell(product));
            }
        }

        return sizes;
    }

    /// <summary>The axes after; null where they cannot be merged.</summary>
    private static IReadOnlyList<Axis>? Merged(PartSpec part, RearrangePattern pattern, Value x, Dictionary<string, Size?> sizes, Elaborator at)
    {
        var axes = new List<Axis>();
        foreach (var group in pattern.After)
        {
            if (group.Count == 0)
            {
                axes.Add(new Axis("1", Size.Of(1)));
            }
            else if (group.Count == 1)
            {
                var run = sizes[group[0]] is null;
                axes.Add(new Axis(run ? x.Axes[pattern.Before.ToList().FindIndex(g => g.Contains(group[0]))].Name : group[0], sizes[group[0]]));
            }
            else if (group.Any(n => sizes[n] is null))
            {
                if (MergedInTime(part, pattern, x, group, sizes, at) is not { } merged)
                {
                    return null;
                }

                axes.Add(merged);
            }
            else
            {
                axes.Add(new Axis("d", group.Select(n => sizes[n]!).Aggregate((a, b) => a * b)));
            }
        }

        return axes;
    }

    /// <summary>Axes of an image, known when the program runs, as one time axis that has both their names; null where they cannot be merged.</summary>
    private static Axis? MergedInTime(
        PartSpec part, RearrangePattern pattern, Value x, IReadOnlyList<string> group, Dictionary<string, Size?> sizes, Elaborator at)
    {
        var names = group.Select(n => x.Axes[pattern.Before.ToList().FindIndex(g => g.Contains(n))].Name).ToList();
        var problem = group.Any(n => sizes[n] is not null) ? "an axis known only when the program runs cannot be merged with one that has a size"
            : names.Contains("b") ? "the batch cannot be merged"
            : names.FirstOrDefault(at.IsPadded) is { } padded ? $"'{padded}' cannot be merged: some of its tokens may be padding"
            : null;
        if (problem is not null)
        {
            at.Report(Problems.PatternWrong, part.Place.At(0), pattern.Text, problem);
            return null;
        }

        var name = string.Concat(names);
        return at.OpensAxis(part, name, part.Place.At(0), isPadded: false) ? new Axis(name, null) : null;
    }
}

/// <summary>Reshapes and transposes: views where the order of elements allows.</summary>
internal sealed record Rearrange(RearrangePattern Pattern, EquatableArray<NamedSize> Axes) : TokenOperation
{
    public override string Called => $"an axis of '{Pattern.Text}'";

    public override WayBack? WayBack => null;

    public override string Describe(Func<Size, string> spell) =>
        $"rearrange {Pattern.Text} " + string.Join(" ", Axes.Select(s => $"{s.Name}={spell(s.Size)}"));

    public override Operation MapSizes(Func<Size, Size> map) => this with { Axes = NamedSize.Map(Axes, map) };

    public override void Build(Construction at)
    {
    }

    public override void Call(Calling at)
    {
        var (x, sizes) = (at.In(), Axes.ToDictionary(a => a.Name, a => a.Size));
        var lastBefore = Pattern.Before[Pattern.Before.Count - 1];
        var lastAfter = Pattern.After[Pattern.After.Count - 1];
        var leading = Pattern.Before.Take(Pattern.Before.Count - 1).All(g => g.Count == 1);
        if (!Pattern.Transposes && leading && lastBefore.Count > 1 && Pattern.After.All(g => g.Count == 1))
        {
            at.Result($"{x}.unflatten({Pattern.Before.Count - 1}, {Writing.List(lastBefore, n => at.Code(sizes[n]))})");
        }
        else if (!Pattern.Transposes
            && lastAfter.Count > 1
            && Pattern.Before.All(g => g.Count == 1)
            && Pattern.After.Take(Pattern.After.Count - 1).All(g => g.Count == 1))
        {
            at.Result($"{x}.flatten({Pattern.Before.Count - lastAfter.Count}, {Pattern.Before.Count - 1})");
        }
        else
        {
            var elementary = Writing.List(
                Pattern.Elementary.Select((n, i) => (n, i)), e => sizes.TryGetValue(e.n, out var size) ? at.Code(size) : Kept(e.n, e.i));
            at.Result($"Slices.Rearrange({x}, {elementary}, "
                + $"{Writing.List(Pattern.Order, Text)}, {Writing.List(Pattern.After, g => Text(g.Count))})");
        }

        static string Text(int number) => Constant.Of(number).ToSource();

        // An axis that is not cut keeps its size: that of the axis at the same place, or, behind axes that are cut, of the one at its own.
        string Kept(string name, int index)
        {
            var place = Pattern.Before.ToList().FindIndex(g => g.Contains(name));
            return Text(place == index ? -1 : -1 - place);
        }
    }
}
