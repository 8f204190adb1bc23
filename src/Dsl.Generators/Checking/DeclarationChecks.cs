using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Model;
using Dsl.Generators.Reading;

namespace Dsl.Generators.Checking;

/// <summary>What must hold of a declaration before its brackets are read.</summary>
internal static class DeclarationChecks
{
    public static void Run(DeclarationSpec spec, List<Problem> problems)
    {
        void Report(string id, Place place, params string[] arguments) => problems.Add(new Problem(id, place, arguments.ToEquatable()));

        foreach (var fault in spec.Faults.Concat(spec.Config.Faults))
        {
            Report(fault.Id, Place.Class, fault.Subject, fault.Reason, fault.Member);
        }

        if (!spec.IsPartial)
        {
            Report(Problems.NotPartial, Place.Class, spec.SimpleName);
        }

        if (GeneratedMembers.IsPublic(spec.SimpleName, spec.IsModel))
        {
            Report(Problems.NameOfMember, Place.Class, spec.SimpleName);
        }

        if (spec.IsSpread)
        {
            Report(Problems.SpreadDataflow, Place.Class, spec.SimpleName);
        }

        foreach (var change in spec.Header.Where(p => p.Name is "Set" or "Remove" or "Rename" && spec.Base.Length == 0))
        {
            Report(Problems.ReplaceAlone, change.Place, change.Name);
        }

        foreach (var stray in spec.Header.Where(p => Vocabulary.OfConfigs.Contains(p.Name)))
        {
            Report(Problems.PartPlace, stray.Place, stray.Name, $"at the config record {spec.Config.SimpleName}, which it says something of");
        }

        foreach (var member in spec.Config.Members.Where(m => m is { Stored: true, OfLayer: false } && m.Paths.Count == 0))
        {
            Report(Problems.MemberWithoutKey, Place.Class, member.Name, spec.Config.SimpleName);
        }

        if (spec.Config is { Base.Length: > 0, Partial: false })
        {
            Report(Problems.ExtendNotPartial, Place.Class, spec.Config.SimpleName);
        }

        if (spec.Config.Members.Count == 0)
        {
            Report(Problems.ConfigNotRecord, Place.Class, spec.Config.SimpleName);
        }
    }
}
