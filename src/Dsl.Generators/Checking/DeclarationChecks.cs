using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Reading;

namespace Dsl.Generators.Checking;

/// <summary>What must hold of a declaration before its brackets are read.</summary>
internal static class DeclarationChecks
{
    /// <summary>Options that <c>Set</c> may change: the options of all parts.</summary>
    private static readonly HashSet<string> Options =
    [
        "Mask", "Score", "Scale", "Dropout", "Position", "Bias", "OutputBias", "Eps", "Stored", "Width", "Pairs", "Theta", "Frequency", "Context", "Tied", "TiedTo", "Offset",
        "Shared", "With", "By", "Weight", "BiasWeight", "BiasStored", "Group", "Kind", "Size", "Loss", "Rate", "RowRate", "Every", "Read",
    ];

    public static void Run(DeclarationSpec spec, List<Problem> problems)
    {
        void Report(string id, Place place, params string[] arguments) => problems.Add(new Problem(id, place, arguments.ToEquatable()));

        if (!spec.IsPartial)
        {
            Report(Problems.NotPartial, Place.Class, spec.SimpleName);
        }

        foreach (var set in spec.HeaderParts("Set").Where(s => s.Text(1) is { } option && !Options.Contains(option)))
        {
            Report(Problems.OptionUnknown, set.Place.At(1), set.Text(1)!, Names.Nearest(set.Text(1)!, Options) is { } near ? $"did you mean '{near}'?" : "no part has it");
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
