using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Model;

namespace Dsl.Generators.Parts;

/// <summary><c>Product("a", "b", "b t h d, n h d -> b t h n")</c>: contracts two values.</summary>
internal sealed class ProductPart : Part
{
    public override IReadOnlyList<Word> Words { get; } = [new("Product")];

    public override void Check(PartSpec part, Elaborator at)
    {
        var values = Enumerable.Range(0, 2).Select(i => at.Named(part.Text(i) ?? "", part.Place.At(i))).OfType<Value>().ToList();
        if (values.Count < 2 || part.Text(2) is not { } text)
        {
            return;
        }

        if (ContractionPattern.Parse(text, out var problem) is not { } pattern)
        {
            at.Report(Problems.PatternWrong, part.Place.At(2), text, problem);
            return;
        }

        var known = new Dictionary<string, (Axis Axis, int Operand)>(StringComparer.Ordinal);
        for (var i = 0; i < 2; i++)
        {
            if (pattern.Operands[i].Count != values[i].Axes.Count)
            {
                at.Report(
                    Problems.AxesWrong, part.Place.At(i), $"'{part.Text(i)}'", at.Shape(values[i]),
                    $"{pattern.Operands[i].Count} axes, as '{text}' says");
                return;
            }

            foreach (var (name, axis) in pattern.Operands[i].Zip(values[i].Axes, (n, a) => (n, a)))
            {
                if (known.TryGetValue(name, out var other) && !Same(part, name, other.Axis, axis, at))
                {
                    return;
                }

                known[name] = known.ContainsKey(name) ? other : (axis, i);
            }
        }

        if (known.FirstOrDefault(k => k.Value.Axis.Size is null && !pattern.Result.Contains(k.Key)).Key is { } summed)
        {
            at.Report(Problems.PatternWrong, part.Place.At(2), text, $"'{summed}' is known only when the program runs and cannot be summed over");
            return;
        }

        var times = values.Select(v => v.Axes.Where(a => a.IsTime).Select(a => a.Name).ToList()).ToList();
        if (times[0].Except(times[1]).Any() && times[1].Except(times[0]).Any())
        {
            at.Report(Problems.PatternWrong, part.Place.At(2), text, "its values run along two time axes: what one token reads of others, Attend says");
            return;
        }

        var axes = pattern.Result.Select(n => known[n].Axis is { Size: { } size } ? new Axis(n, size) : known[n].Axis).ToList();
        at.Current = [at.Add(part, new Product(pattern.Text, pattern.Equation), values, "product", axes)];
    }

    private static bool Same(PartSpec part, string name, Axis first, Axis second, Elaborator at)
    {
        if (first.Size is { } a && second.Size is { } b)
        {
            return at.Fits(b, a, part.Place.At(1), Problems.SizesDiffer, $"'{name}' of '{part.Text(1)}'", $"that of '{part.Text(0)}'");
        }

        if (first.Size is null && second.Size is null && first.Name == second.Name)
        {
            return true;
        }

        string Said(Axis axis) => axis.Size is { } size ? at.Spell(size) : $"the axis {axis.Name}";
        at.Report(Problems.SizesDiffer, part.Place.At(1), $"'{name}' of '{part.Text(1)}'", Said(second), $"that of '{part.Text(0)}'", Said(first));
        return false;
    }
}

/// <summary>A reading of <c>"b t h d, n h d -> b t h n"</c>: the axes of two values and of what they give.</summary>
internal sealed class ContractionPattern
{
    private ContractionPattern(string text, IReadOnlyList<IReadOnlyList<string>> operands, IReadOnlyList<string> result)
    {
        (Text, Operands, Result) = (text, operands, result);
    }

    public string Text { get; }

    public IReadOnlyList<IReadOnlyList<string>> Operands { get; }

    public IReadOnlyList<string> Result { get; }

    /// <summary>The same with a letter an axis, its own where it is one: <c>bthd,nhd->bthn</c>.</summary>
    public string Equation
    {
        get
        {
            var letters = new Dictionary<string, char>(StringComparer.Ordinal);
            foreach (var name in Operands.SelectMany(o => o).Distinct().OrderBy(n => IsLetter(n) ? 0 : 1))
            {
                letters[name] = IsLetter(name) ? name[0] : "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".First(c => !letters.ContainsValue(c));
            }

            string Side(IEnumerable<string> names) => string.Concat(names.Select(n => letters[n]));
            return $"{Side(Operands[0])},{Side(Operands[1])}->{Side(Result)}";
        }
    }

    private static bool IsLetter(string name) => name.Length == 1 && name[0] < 128;

    /// <summary>The pattern, or null with what is wrong.</summary>
    public static ContractionPattern? Parse(string text, out string problem)
    {
        var sides = text.Split(["->"], StringSplitOptions.None);
        var operands = sides[0].Split(',').Select(Names).ToList();
        var result = sides.Length == 2 ? Names(sides[1]) : [];
        var all = operands.SelectMany(o => o).ToList();
        problem = sides.Length != 2 || operands.Count != 2 ? "it is not of the form \"b t h d, n h d -> b t h n\""
            : all.Concat(result).FirstOrDefault(n => !n.All(c => char.IsLetterOrDigit(c) || c == '_') || !char.IsLetter(n[0])) is { } strange
                ? $"'{strange}' is no name of an axis"
            : operands.Append(result).Any(o => o.Distinct().Count() != o.Count) ? "an axis is named twice in one place"
            : result.FirstOrDefault(n => !all.Contains(n)) is { } lonely ? $"axis '{lonely}' of the result is in neither value"
            : all.FirstOrDefault(n => !result.Contains(n) && all.Count(a => a == n) < 2) is { } lost
                ? $"axis '{lost}' is in one value alone and not in the result: summed over is what both have"
            : all.Distinct().Count() > 52 ? "it has too many axes"
            : "";
        return problem.Length > 0 ? null : new ContractionPattern(text.Trim(), operands, result);
    }

    private static IReadOnlyList<string> Names(string side) => side.Split([' '], StringSplitOptions.RemoveEmptyEntries);
}

/// <summary>The sum of products over the axes that both inputs have and the result has not.</summary>
/// <param name="Pattern">As it is declared.</param>
/// <param name="Equation">As <c>einsum</c> has it.</param>
internal sealed record Product(string Pattern, string Equation) : TokenOperation
{
    public override string Called => $"an axis of '{Pattern}'";

    public override WayBack? WayBack => null;

    public override string Describe(Func<Size, string> spell) => $"product {Pattern}";

    public override Operation MapSizes(Func<Size, Size> map) => this;

    public override void Build(Construction at)
    {
    }

    public override void Call(Calling at) => at.Result($"torch.einsum({Writing.Text(Equation)}, {at.In(0)}, {at.In(1)})");
}
