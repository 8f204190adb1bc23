using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Model;
using Dsl.Generators.Reading;

namespace Dsl.Generators.Checking;

/// <summary>One run of the checker over a closed spec: each block is elaborated once.</summary>
internal sealed class Session(ClosedSpec closed, Language language)
{
    private readonly Dictionary<string, Graph> graphs = new();
    private readonly Dictionary<string, DeclarationSpec> byName = closed.Others.Append(closed.Main).ToDictionary(d => d.Name);
    private readonly Dictionary<string, IReadOnlyList<string>> uses = new();

    /// <summary>Whether a block that it uses has problems of its own: then no code is written that would not find the block's.</summary>
    private bool usesBroken;

    /// <summary>Problems of the main declaration; those of the blocks it uses are theirs.</summary>
    public List<Problem> Problems { get; private set; } = [];

    /// <summary>Whether something is known to be wrong already, so that what follows from it need not be said.</summary>
    public bool IsTroubled => usesBroken || Problems.Count > 0;

    public ClosedSpec Closed => closed;

    /// <summary>A declaration by its full name; null where it is none.</summary>
    public DeclarationSpec? Find(string name) => byName.TryGetValue(name, out var found) ? found : null;

    public Language Language => language;

    public static (Graph Graph, IReadOnlyList<Problem> Problems) Check(ClosedSpec closed, Language language)
    {
        var session = new Session(closed, language);
        var main = session.Resolve(closed.Main, report: true);
        DeclarationChecks.Run(main, session.Problems);
        var graph = session.HasEnd(main) ? new Elaborator(session, main).Run() : new Graph(main, new Members(main.Config));
        graph = graph with { UsesBroken = session.usesBroken };

        // Without a record there is no member, and one problem says so; likewise where no code can be written at all.
        var shapeless = session.Problems
            .Where(p => p.Id is Generators.Problems.ConfigNotRecord or Generators.Problems.ClassUnfit or Generators.Problems.ConfigUnfit).Take(1).ToList();
        return (graph, (shapeless.Count > 0 ? shapeless : session.Problems).Distinct().ToList());
    }

    /// <summary>The graph of a used block.</summary>
    public Graph GraphOf(DeclarationSpec spec)
    {
        if (graphs.TryGetValue(spec.Name, out var known))
        {
            return known;
        }

        var mine = Problems;
        Problems = [];
        var whole = Resolve(spec, report: spec.FromSource);
        DeclarationChecks.Run(whole, Problems);
        var graph = new Elaborator(this, whole).Run();
        usesBroken |= spec.FromSource && Problems.Count > 0;
        Problems = mine;
        return graphs[spec.Name] = graph;
    }

    /// <summary>Whether the blocks inside the declaration end, soon enough; reports where they do not, unless that is the fault of one below.</summary>
    private bool HasEnd(DeclarationSpec main)
    {
        uses[main.Name] = Uses(main);
        var nesting = new Nesting(main.Name, block => uses.TryGetValue(block, out var known)
            ? known : uses[block] = Uses(Resolve(byName[block], report: false)));
        if (!nesting.IsEndless && nesting.DepthOf(main.Name) <= Nesting.Deepest)
        {
            return true;
        }

        foreach (var part in main.Brackets.SelectMany(b => b.Parts))
        {
            if (nesting.IsEndless && part.Types.Any(nesting.Holds))
            {
                Problems.Add(new Problem(Generators.Problems.Recursive, part.Place, new[] { main.SimpleName }.ToEquatable()));
            }
            else if (!nesting.IsEndless && part.Types.Any(t => nesting.DepthOf(t) == Nesting.Deepest))
            {
                Problems.Add(new Problem(Generators.Problems.BeyondBounds, part.Place, new[]
                {
                    main.SimpleName, "blocks inside each other", Invariant.Text(Nesting.Deepest),
                }.ToEquatable()));
            }
        }

        usesBroken = true;
        return false;
    }

    private IReadOnlyList<string> Uses(DeclarationSpec whole) =>
        whole.Brackets.SelectMany(b => b.Parts).SelectMany(p => p.Types).Where(byName.ContainsKey).Distinct().ToList();

    private DeclarationSpec Resolve(DeclarationSpec spec, bool report) =>
        Derivation.Resolve(spec, Find, language.Vocabulary, (id, place, arguments) =>
        {
            if (report)
            {
                Problems.Add(new Problem(id, place, arguments.ToEquatable()));
            }
        });
}
