using System.Collections.Generic;
using System.Linq;

namespace Dsl.Generators.Model;

/// <summary>A reading of how a file stores a weight: <c>"out 1 in"</c>, <c>"h in out"</c>, <c>"(g r)"</c>. A group in brackets is one stored axis.</summary>
internal sealed class StoredAxes
{
    private StoredAxes(IReadOnlyList<IReadOnlyList<string>> groups) => Groups = groups;

    /// <summary>Axes of the file; an axis of size one has no names.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Groups { get; }

    /// <summary>All axes by name, in the order of the file.</summary>
    public IReadOnlyList<string> Names => Groups.SelectMany(g => g).ToList();

    /// <summary>The reading, or null with what is wrong.</summary>
    public static StoredAxes? Parse(string text, out string problem)
    {
        problem = "";
        if (RearrangePattern.Side(text, ref problem) is not { Count: > 0 } groups)
        {
            problem = problem.Length > 0 ? problem : "it names no axis";
            return null;
        }

        if (groups.SelectMany(g => g).GroupBy(n => n).FirstOrDefault(g => g.Count() > 1) is { Key: var twice })
        {
            problem = $"axis '{twice}' is named twice";
            return null;
        }

        return new StoredAxes(groups);
    }
}
