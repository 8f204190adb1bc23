using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Model;

namespace Dsl.Generators.Reading;

/// <summary>Carries out <c>Derive</c>: the base's brackets with the changes that the declaration names.</summary>
internal static class Derivation
{
    /// <summary>More than any family has: every user of a derived declaration resolves the whole chain.</summary>
    public const int Deepest = 32;

    /// <summary>The declaration as if it had been written in full. Problems are reported through <paramref name="report"/> (id, place, arguments).</summary>
    public static DeclarationSpec Resolve(
        DeclarationSpec spec,
        System.Func<string, DeclarationSpec?> find,
        Vocabulary vocabulary,
        System.Action<string, Place, string[]> report)
    {
        if (spec.Base.Length == 0)
        {
            return spec;
        }

        var derive = spec.HeaderParts("Derive").First();
        var chain = new List<DeclarationSpec> { spec };
        var names = new HashSet<string> { spec.Name };
        for (var at = spec; at.Base.Length > 0; chain.Add(at))
        {
            if (find(at.Base) is not { } next)
            {
                report(Problems.BaseUnknown, derive.Place, [Names.Simple(at.Base)]);
                return spec;
            }

            if (!names.Add(next.Name))
            {
                report(Problems.DerivesItself, derive.Place, [next.SimpleName]);
                return spec;
            }

            at = next;
        }

        if (chain.Count - 1 > Deepest)
        {
            report(Problems.BeyondBounds, derive.Place, [spec.SimpleName, "bases one after another", Invariant.Text(Deepest)]);
            return spec;
        }

        var whole = chain[chain.Count - 1];
        for (var i = chain.Count - 2; i >= 0; i--)
        {
            // Problems of the base are the base's.
            whole = Changed(chain[i], whole, vocabulary, i == 0 ? report : (_, _, _) => { });
        }

        return whole;
    }

    /// <summary>A base that is whole, with the changes that a declaration derived from it names.</summary>
    private static DeclarationSpec Changed(
        DeclarationSpec spec, DeclarationSpec origin, Vocabulary vocabulary, System.Action<string, Place, string[]> report)
    {
        // The base's parts stand at the Derive attribute.
        var derive = spec.HeaderParts("Derive").First();
        var brackets = origin.Brackets.Select(b => new BracketSpec(b.Parts.Select(p => p.StandingAt(derive.Place)).ToEquatable())).ToList();
        var header = origin.Header.Where(p => p.Name is not ("Derive" or "Set" or "Remove" or "Rename" or "Block" or "Model"))
            .Where(p => p.Name is not ("Defaults" or "Adapt") || !spec.HeaderParts(p.Name).Any())
            .Select(p => p.StandingAt(derive.Place)).ToList();

        foreach (var part in spec.Header.Where(p => p.Name == "Rename"))
        {
            if (part.Text(0) is { } from && part.Text(1) is { } to)
            {
                var changed = false;
                brackets = brackets.Select(b => new BracketSpec(b.Parts.Select(p => RenameKeys(vocabulary, p, from, to, ref changed)).ToEquatable())).ToList();
                header = header.Select(p => RenameKeys(vocabulary, p, from, to, ref changed)).ToList();
                if (!changed)
                {
                    report(Problems.AddressUnknown, part.Place, [from, Names.Simple(spec.Base), Suggestion(vocabulary, from, brackets)]);
                }
            }
        }

        foreach (var part in spec.Header.Where(p => p.Name is "Set" or "Remove"))
        {
            var address = part.Text(0) ?? "";
            if (Find(vocabulary, brackets, address) is not var (bracket, index))
            {
                report(Problems.AddressUnknown, part.Place.At(0), [address, Names.Simple(spec.Base), Suggestion(vocabulary, address, brackets)]);
                continue;
            }

            var parts = brackets[bracket].Parts.ToList();
            if (part.Name == "Remove")
            {
                parts.RemoveAt(index);
            }
            else if (part.Text(1) is { } option && !vocabulary.OptionsOf(parts[index].Name).Contains(option))
            {
                report(Problems.OptionUnknown, part.Place.At(1), [option, parts[index].Name, Problem.Suggest(option, vocabulary.OptionsOf(parts[index].Name))]);
            }
            else
            {
                parts[index] = parts[index].StandingAt(part.Place).With(part.Text(1) ?? "", part[2], argument: 2);
            }

            brackets[bracket] = new BracketSpec(parts.ToEquatable());
        }

        var added = new List<BracketSpec>();
        foreach (var own in spec.Brackets)
        {
            if (own.Parts[0].Name != "Replace")
            {
                added.Add(own);
                continue;
            }

            var address = own.Parts[0].Text(0) ?? "";
            if (Find(vocabulary, brackets, address) is not var (bracket, index))
            {
                report(Problems.AddressUnknown, own.Parts[0].Place.At(0), [address, Names.Simple(spec.Base), Suggestion(vocabulary, address, brackets)]);
                continue;
            }

            var parts = brackets[bracket].Parts.ToList();
            parts.RemoveAt(index);
            parts.InsertRange(index, own.Parts.Skip(1));
            brackets[bracket] = new BracketSpec(parts.ToEquatable());
        }

        header.AddRange(spec.Header.Where(p => p.Name is not ("Set" or "Remove" or "Rename")));
        return spec with
        {
            Header = header.ToEquatable(),
            Brackets = brackets.Where(b => b.Parts.Count > 0).Concat(added).ToEquatable(),
            Functions = spec.Functions.Concat(origin.Functions.Where(f => spec.Functions.All(o => (o.Owner, o.Name) != (f.Owner, f.Name)))).ToEquatable(),
            Uses = spec.Uses.Concat(origin.Uses).Distinct().ToEquatable(),
        };
    }

    /// <summary>
    /// A part's address: its key (or a run of the key's first segments), else its <c>As</c> name, else its word, with a number from the second on.
    /// </summary>
    private static (int Bracket, int Index)? Find(Vocabulary vocabulary, IReadOnlyList<BracketSpec> brackets, string address)
    {
        var places = brackets.SelectMany((b, i) => b.Parts.Select((p, j) => (Part: p, Bracket: i, Index: j))).ToList();
        foreach (var (part, bracket, index) in places)
        {
            if (vocabulary.KeyOf(part) is { Length: > 0 } key && (key == address || key.StartsWith(address + ".", System.StringComparison.Ordinal)))
            {
                return (bracket, index);
            }
        }

        foreach (var (part, bracket, index) in places)
        {
            if (part.Name == "As" && part.Text(0) == address && index > 0)
            {
                return (bracket, index - 1);
            }
        }

        var dot = address.LastIndexOf('.');
        var (word, number) = dot > 0 && Invariant.TryRead(address.Substring(dot + 1), out int n) ? (address.Substring(0, dot), n) : (address, 1);
        var ofWord = places.Where(p => string.Equals(p.Part.Name, word, System.StringComparison.OrdinalIgnoreCase)).Skip(number - 1).ToList();
        return ofWord.Count > 0 ? (ofWord[0].Bracket, ofWord[0].Index) : null;
    }

    private static string Suggestion(Vocabulary vocabulary, string address, IEnumerable<BracketSpec> brackets)
    {
        var addresses = brackets.SelectMany(b => b.Parts)
            .Select(p => vocabulary.KeyOf(p) is { Length: > 0 } key ? key : p.Name.ToLowerInvariant()).Distinct().ToList();
        return Problem.Suggest(address, addresses);
    }

    private static PartSpec RenameKeys(Vocabulary vocabulary, PartSpec part, string from, string to, ref bool changed)
    {
        var renamed = part;
        if (vocabulary.KeyOf(part) is { } key && Segments(key, from, to) is { } other)
        {
            renamed = part with { Arguments = part.Arguments.Select((a, i) => i == 0 ? Constant.OfText(other) : a).ToEquatable() };
            changed = true;
        }
        else if (part.Name is "Same" or "Ignore")
        {
            renamed = part with { Arguments = part.Arguments.Select(a => Segments(a.Text, from, to) is { } o ? Constant.OfText(o) : a).ToEquatable() };
            changed |= !renamed.Equals(part);
        }

        foreach (var option in new[] { "TiedTo", "BiasWeight" })
        {
            if (part.Text(option) is { } other2 && Segments(other2, from, to) is { } moved)
            {
                renamed = renamed.With(option, Constant.OfText(moved));
                changed = true;
            }
        }

        return renamed;
    }

    private static string? Segments(string key, string from, string to)
    {
        var dotted = "." + key + ".";
        var at = dotted.IndexOf("." + from + ".", System.StringComparison.Ordinal);
        return at < 0 ? null : (dotted.Substring(0, at) + "." + to + dotted.Substring(at + from.Length + 1)).Trim('.');
    }
}
