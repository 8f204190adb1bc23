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
                    var near = new Addresses(vocabulary, spec, report).Suggestion(from, brackets);
                    report(Problems.AddressUnknown, part.Place, [from, Names.Simple(spec.Base), near]);
                }
            }
        }

        // Sugar reads the defaults and the config that are the derived declaration's.
        var at = new Addresses(vocabulary, spec with { Header = header.Concat(spec.Header).ToEquatable() }, report);
        foreach (var part in spec.Header.Where(p => p.Name is "Set" or "Remove"))
        {
            at.Change(brackets, new BracketSpec(new[] { part }.ToEquatable()));
        }

        var added = new List<BracketSpec>();
        foreach (var own in spec.Brackets)
        {
            if (own.Parts[0].Name != "Replace")
            {
                added.Add(own);
            }
            else
            {
                at.Change(brackets, own);
            }
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

    private static PartSpec RenameKeys(Vocabulary vocabulary, PartSpec part, string from, string to, ref bool changed)
    {
        var renamed = part;
        if (vocabulary.KeyOf(part) is { } key && Segments(key, from, to) is { } other)
        {
            renamed = part with { Arguments = part.Arguments.Select((a, i) => i == 0 ? Constant.OfText(other) : a).ToEquatable() };
            changed = true;
        }
        else if (part.Name is "Replace" or "Set" or "Remove" && Segments(part[0].Text, from, to) is { } moved)
        {
            // Of a change within sugar: what it finds has another key now.
            renamed = part with { Arguments = part.Arguments.Select((a, i) => i == 0 ? Constant.OfText(moved) : a).ToEquatable() };
        }
        else if (part.Name is "Same" or "Ignore")
        {
            renamed = part with { Arguments = part.Arguments.Select(a => Segments(a.Text, from, to) is { } o ? Constant.OfText(o) : a).ToEquatable() };
            changed |= !renamed.Equals(part);
        }

        foreach (var option in new[] { "TiedTo", "BiasWeight", "Under" })
        {
            if (part.Text(option) is { } other2 && Segments(other2, from, to) is { } elsewhere)
            {
                renamed = renamed.With(option, Constant.OfText(elsewhere));
                changed = true;
            }
        }

        foreach (var change in renamed.Inside)
        {
            var parts = new List<PartSpec>();
            foreach (var inner in change.Parts)
            {
                parts.Add(RenameKeys(vocabulary, inner, from, to, ref changed));
            }

            renamed = renamed with { Inside = renamed.Inside.Select(c => c == change ? new BracketSpec(parts.ToEquatable()) : c).ToEquatable() };
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
