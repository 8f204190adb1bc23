using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Model;

namespace Dsl.Generators.Emitting;

/// <summary>The lines of a constructor that say how an optimiser treats weights, from the <c>Group</c> parts of a block's or a model's header, in their
/// order: a later one counts, and a user's come after those of its blocks.</summary>
internal static class TrainingGroups
{
    public static IEnumerable<string> Of(DeclarationSpec spec)
    {
        foreach (var group in spec.HeaderParts("Group"))
        {
            if (group["Rate"].Text is "0" or "0.0")
            {
                yield return $"weights.Fix({group[0].ToSource()});  // rate 0";
            }
            else if (!(group["Rate"].IsNull && group["Decay"].IsNull))
            {
                var factors = new[] { "Decay", "Rate" }.Where(o => !group[o].IsNull).Select(o => $", {o.ToLowerInvariant()}: {group[o].ToSource()}");
                yield return $"weights.Group({group[0].ToSource()}{string.Concat(factors)});";
            }
        }
    }
}
