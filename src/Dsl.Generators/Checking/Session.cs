using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Model;
using Dsl.Generators.Reading;

namespace Dsl.Generators.Checking;

/// <summary>One run of the checker over a closed spec: each block is elaborated once.</summary>
internal sealed class Session(ClosedSpec closed, Language language)
{
    private readonly Dictionary<string, Graph?> graphs = new();
    private readonly HashSet<string> open = [];

    /// <summary>Whether a block that it uses has problems of its own: then no code is written that would not find the block's.</summary>
    private bool usesBroken;

    /// <summary>Problems of the main declaration; those of the blocks it uses are theirs.</summary>
    public List<Problem> Problems { get; private set; } = [];

    /// <summary>Whether something is known to be wrong already, so that what follows from it need not be said.</summary>
    public bool IsTroubled => usesBroken || Problems.Count > 0;

    public ClosedSpec Closed => closed;

    public Language Language => language;

    public static (Graph Graph, IReadOnlyList<Problem> Problems) Check(ClosedSpec closed, Language language)
    {
        var session = new Session(closed, language);
        var main = session.Resolve(closed.Main, report: true);
        session.open.Add(main.Name);
        DeclarationChecks.Run(main, session.Problems);
        var graph = new Elaborator(session, main).Run() with { UsesBroken = session.usesBroken };

        // Without a record there is no member, and one problem says so; likewise where no code can be written at all.
        var shapeless = session.Problems
            .Where(p => p.Id is Generators.Problems.ConfigNotRecord or Generators.Problems.ClassUnfit or Generators.Problems.ConfigUnfit).Take(1).ToList();
        return (graph, (shapeless.Count > 0 ? shapeless : session.Problems).Distinct().ToList());
    }

    /// <summary>The graph of a used block; null where it uses itself.</summary>
    public Graph? GraphOf(DeclarationSpec spec)
    {
        if (graphs.TryGetValue(spec.Name, out var known))
        {
            return known;
        }

        if (!open.Add(spec.Name))
        {
            return null;
        }

        var mine = Problems;
        Problems = [];
        var whole = Resolve(spec, report: spec.FromSource);
        DeclarationChecks.Run(whole, Problems);
        var graph = new Elaborator(this, whole).Run();
        usesBroken |= spec.FromSource && Problems.Count > 0;
        Problems = mine;
        open.Remove(spec.Name);
        return graphs[spec.Name] = graph;
    }

    private DeclarationSpec Resolve(DeclarationSpec spec, bool report) =>
        Derivation.Resolve(spec, closed.Find, language.Vocabulary, (id, place, arguments) =>
        {
            if (report)
            {
                Problems.Add(new Problem(id, place, arguments.ToEquatable()));
            }
        });
}
