using System;
using System.Collections.Generic;
using System.IO.Enumeration;
using System.Linq;

namespace Dsl.Runtime;

/// <summary>A tensor that a model asks for.</summary>
/// <param name="Key">Its key in the model.</param>
/// <param name="Aliases">Other keys that name the same weight.</param>
/// <param name="Shape">The shape that a file must have.</param>
/// <param name="Type">What its values are converted to; null: any float.</param>
internal sealed record KeyTarget(string Key, IReadOnlyList<string> Aliases, IReadOnlyList<long> Shape, ElementType? Type)
{
    /// <summary>A file may do without it.</summary>
    public bool Optional { get; init; }

    /// <summary>What a weight asks of a file, second names included; touches no tensor.</summary>
    public static KeyTarget Of(Weight weight, KeyRules rules) => new(
        weight.Key, [.. weight.Aliases, .. rules.SecondNames(weight.Key)], weight.Shape, weight.IsBuffer ? ElementType.I64 : null)
    {
        Optional = weight is { IsBuffer: false, RateFactor: 0 } or { MayBeMissing: true },
    };

    /// <summary>Every name under which a file in one of these layouts may hold it, or its pieces.</summary>
    public IEnumerable<string> Names(KeyLayout layout) => layout.PiecesOf(Key, Shape).SelectMany(piece => Names(layout, piece));

    /// <summary>Every name under which a file in one of these layouts may hold a piece of it (null: the whole).</summary>
    public IEnumerable<string> Names(KeyLayout layout, KeyPiece? piece) =>
        Aliases.Prepend(Key).SelectMany(key => layout.NamesOf(key, piece)).Distinct(StringComparer.Ordinal);
}

/// <summary>What a layout has of a target: all of it, or a piece.</summary>
/// <param name="Target">Which target.</param>
/// <param name="Piece">Null: all of it.</param>
/// <param name="Names">The names that the file holds it under, the likeliest first.</param>
internal sealed record KeyPart(int Target, KeyPiece? Piece, IReadOnlyList<string> Names);

/// <summary>How the tensors of a file, by name, fit a model's in one layout. Where only an index is there, names are all that is known of them.</summary>
internal sealed class KeyFit
{
    // So many of each kind are named in a message; the rest is counted.
    private const int Named = 20;

    // One that lacks a few of its pieces is there for the most part.
    private readonly double missingTargets;

    private KeyFit(KeyLayout layout, IReadOnlyList<KeyTarget> targets, IReadOnlyDictionary<string, TensorEntry?> file, IReadOnlyList<string> ignore)
    {
        Layout = layout;
        var used = new HashSet<string>(StringComparer.Ordinal);
        for (int i = 0; i < targets.Count; i++)
        {
            var target = targets[i];
            var parts = layout.PiecesOf(target.Key, target.Shape)
                .Select(piece => new KeyPart(i, piece, piece is { IsZero: true } ? [] : [.. target.Names(layout, piece).Where(file.ContainsKey)])).ToList();
            Parts.AddRange(parts);
            if (!target.Optional || parts.Any(part => part.Names.Count > 0))
            {
                var without = parts.Where(part => part.Names.Count == 0 && part.Piece is not { IsZero: true }).ToList();
                Missing.AddRange(without.Select(part => layout.NamesOf(target.Key, part.Piece)[0]));
                missingTargets += (double)without.Count / parts.Count;
            }
            foreach (var (_, piece, names) in parts)
            {
                used.UnionWith(names);
                foreach (var entry in names.Select(name => file[name]).OfType<TensorEntry>())
                    CheckFit(target, piece?.ShapeOf(target.Shape) ?? target.Shape, entry);
            }
        }
        foreach (string name in file.Keys.Where(name => !used.Contains(name)))
            (ignore.Any(pattern => FileSystemName.MatchesSimpleExpression(pattern, name, ignoreCase: false)) ? Ignored : Unexpected).Add(name);
    }

    public KeyLayout Layout { get; }

    /// <summary>The targets in their order, those that the layout has in pieces piece by piece.</summary>
    public List<KeyPart> Parts { get; } = [];

    public List<string> Missing { get; } = [];

    /// <summary>Tensors of another shape or type, each a sentence.</summary>
    public List<string> Misfits { get; } = [];

    /// <summary>Names that nothing asks for.</summary>
    public List<string> Unexpected { get; private set; } = [];

    /// <summary>Names that the declaration says are no weights.</summary>
    public List<string> Ignored { get; } = [];

    /// <summary>Names that belong to another head of the family.</summary>
    public List<string> PassedOver { get; private set; } = [];

    /// <summary>The layout that leaves the fewest tensors missing.</summary>
    /// <exception cref="ArgumentException">There is no layout.</exception>
    public static KeyFit Best(
        IReadOnlyList<KeyLayout> layouts, IReadOnlyList<KeyTarget> targets, IReadOnlyDictionary<string, TensorEntry?> file, IReadOnlyList<string> ignore) =>
        layouts.Select(layout => new KeyFit(layout, targets, file, ignore)).MinBy(fit => (fit.missingTargets, fit.Misfits.Count, fit.Unexpected.Count))
            ?? throw new ArgumentException("no layout given, expected at least one", nameof(layouts));

    /// <summary>What nothing asks for and other heads of the family have is passed over.</summary>
    public void PassOver(Func<IReadOnlySet<string>>? otherHeads)
    {
        if (Unexpected.Count == 0 || otherHeads is null)
            return;
        var theirs = otherHeads();
        PassedOver = Unexpected.Where(theirs.Contains).ToList();
        Unexpected = Unexpected.Where(name => !theirs.Contains(name)).ToList();
    }

    /// <summary>All that keeps the file from being loaded, as the parts of one sentence; empty where nothing does.</summary>
    public IReadOnlyList<string> Problems(bool allowUnexpected)
    {
        var problems = new List<string>();
        if (Missing.Count > 0)
            problems.Add($"{Missing.Count} tensor{(Missing.Count == 1 ? "" : "s")} missing: {Listed(Missing.Select(SafeTensorsHeader.Quote))}");
        if (Unexpected.Count > 0 && !allowUnexpected)
            problems.Add($"{Unexpected.Count} unexpected: {Listed(Unexpected.Select(SafeTensorsHeader.Quote))}");
        if (Misfits.Count > 0)
            problems.Add(Listed(Misfits));
        return problems;
    }

    /// <summary>Items, the first of them named and the rest counted.</summary>
    public static string Listed(IEnumerable<string> items)
    {
        var all = items.ToList();
        string named = string.Join(", ", all.Take(Named));
        return all.Count > Named ? $"{named} and {all.Count - Named} more" : named;
    }

    private void CheckFit(KeyTarget target, IReadOnlyList<long> shape, TensorEntry entry)
    {
        string name = SafeTensorsHeader.Quote(entry.Name);
        if (!entry.Shape.SequenceEqual(shape))
            Misfits.Add($"{name}: file {TensorEntry.Text(entry.Shape)}, model {TensorEntry.Text(shape)}");
        else if (!(target.Type is { } type ? entry.Type.CanFill(type) : entry.Type.IsFloat()))
            Misfits.Add($"{name}: file {entry.Type.Name()}, model {target.Type?.Name() ?? "a float type"}");
    }
}
