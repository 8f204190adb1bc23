using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Model;

namespace Dsl.Generators.Reading;

/// <summary>Finds parts by their addresses and changes what stands there, also within what a sugar attribute stands for.</summary>
/// <param name="vocabulary">The words, and which of them have keys.</param>
/// <param name="spec">Whose defaults and config sugar reads.</param>
/// <param name="report">Is told what is wrong: id, place, arguments.</param>
internal sealed class Addresses(Vocabulary vocabulary, DeclarationSpec spec, Action<string, Place, string[]> report)
{
    /// <summary>Where an address leads: a part, or, with an address of its own, something within a sugar part.</summary>
    private sealed record Found(int Bracket, int Index, string? Inside);

    /// <summary>The brackets that a sugar part stands for, with the changes that were made within; null where it is a core part.</summary>
    public IReadOnlyList<BracketSpec>? Opened(PartSpec part)
    {
        if (Sugar.Expand(part, spec) is not { } expansion)
        {
            return null;
        }

        var brackets = expansion.ToList();
        foreach (var change in part.Inside)
        {
            Change(brackets, change);
        }

        return [.. brackets.Where(b => b.Parts.Count > 0)];
    }

    /// <summary>Carries out one change: <c>[Replace(address), ...]</c>, or <c>Set</c> or <c>Remove</c> alone in a bracket.</summary>
    public void Change(List<BracketSpec> brackets, BracketSpec change)
    {
        var head = change.Parts[0];
        var address = head.Text(0) ?? "";
        var found = Find(brackets, address);
        if (found.Count != 1)
        {
            var name = spec.Base.Length > 0 ? Names.Simple(spec.Base) : spec.SimpleName;
            report(
                found.Count == 0 ? Problems.AddressUnknown : Problems.AddressAmbiguous,
                head.Place.At(0),
                [address, name, found.Count == 0 ? Suggestion(address, brackets) : Invariant.Text(found.Count)]);
            return;
        }

        var (bracket, index, inside) = (found[0].Bracket, found[0].Index, found[0].Inside);
        var parts = brackets[bracket].Parts.ToList();
        if (inside is not null)
        {
            var within = head with { Arguments = head.Arguments.Select((a, i) => i == 0 ? Constant.OfText(inside) : a).ToEquatable() };
            var later = new BracketSpec(change.Parts.Skip(1).Prepend(within).ToEquatable());
            parts[index] = parts[index] with { Inside = parts[index].Inside.Append(later).ToEquatable() };
        }
        else if (head.Name == "Set")
        {
            if (head.Text(1) is { } option && !vocabulary.OptionsOf(parts[index].Name).Contains(option))
            {
                report(
                    Problems.OptionUnknown, head.Place.At(1),
                    [option, parts[index].Name, Problem.Suggest(option, vocabulary.OptionsOf(parts[index].Name))]);
                return;
            }

            parts[index] = parts[index].StandingAt(head.Place).With(head.Text(1) ?? "", head[2], argument: head.Place.Whole ? -1 : 2);
        }
        else
        {
            parts.RemoveAt(index);
            parts.InsertRange(index, change.Parts.Skip(1));
        }

        brackets[bracket] = new BracketSpec(parts.ToEquatable());
    }

    /// <summary>What a name that no part has was probably meant to be.</summary>
    public string Suggestion(string address, IEnumerable<BracketSpec> brackets)
    {
        var addresses = brackets.SelectMany(b => b.Parts)
            .SelectMany(p => vocabulary.KeyOf(p) is { Length: > 0 } key ? Sugar.Keys(key).Prepend(key) : [p.Name.ToLowerInvariant()]).Distinct().ToList();
        return Problem.Suggest(address, addresses);
    }

    /// <summary>
    /// Whatever has the address: a key (or a run of a key's first segments), else an <c>As</c> name, else a word; the same within sugar; else the address of a
    /// part and a word that stands in its bracket, or within it. An address is good where that is one part.
    /// </summary>
    private IReadOnlyList<Found> Find(IReadOnlyList<BracketSpec> brackets, string address)
    {
        var places = brackets.SelectMany((b, i) => b.Parts.Select((p, j) => (Part: p, Bracket: i, Index: j))).ToList();
        List<Found> Where(Func<PartSpec, bool> holds, int before = 0) =>
            [.. places.Where(p => p.Index >= before && holds(p.Part)).Select(p => new Found(p.Bracket, p.Index - before, null))];
        bool IsWord(PartSpec part, string word) => string.Equals(part.Name, word, StringComparison.OrdinalIgnoreCase);
        string Key(PartSpec part) => vocabulary.KeyOf(part) ?? "";
        if (address.Length == 0)
        {
            return [];
        }

        foreach (var found in new[]
        {
            Where(p => Key(p) == address),
            Where(p => Key(p).StartsWith(address + ".", StringComparison.Ordinal)),
            Where(p => p.Name == "As" && p.Text(0) == address, before: 1),
            Where(p => IsWord(p, address)),
        })
        {
            if (found.Count > 0)
            {
                return found;
            }
        }

        List<Found> Within(int bracket, int index, string inner) => Opened(brackets[bracket].Parts[index]) is { } opened
            ? [.. Find(opened, inner).Select(f => new Found(bracket, index, inner))]
            : [];
        var held = places.SelectMany(p => Within(p.Bracket, p.Index, address)).ToList();
        var dot = address.LastIndexOf('.');
        var owners = held.Count > 0 || dot <= 0 ? [] : Find(brackets, address.Substring(0, dot));
        if (owners.Count != 1)
        {
            return held;
        }

        var owner = owners[0];
        var word = address.Substring(dot + 1);
        return owner.Inside is { } deeper
            ? Within(owner.Bracket, owner.Index, deeper + "." + word)
            : [.. Where(p => IsWord(p, word)).Where(f => f.Bracket == owner.Bracket), .. Within(owner.Bracket, owner.Index, word)];
    }
}
