using System.Linq;
using Dsl.Fuzz.Tree;

namespace Dsl.Fuzz.Writing;

/// <summary>A block of experts that was written: each token has some of them.</summary>
/// <param name="In">Width of the tokens.</param>
/// <param name="Out">Width of what each expert gives.</param>
internal sealed record UsableExperts(string Name, Size In, Size Out);

/// <summary>Writes a block over [b, t, e, d], one for all experts: parts that act on each by itself, maps with a matrix for each or one for all.</summary>
internal sealed class ExpertWriter : FlowWriter
{
    private readonly Size result;

    public ExpertWriter(ProgramWriter program, string name, Size width, Size result)
        : base(program, name, causal: true)
    {
        this.result = result;
        Entering = new Flow("x", 't', [("e", Size.Of("@e"))], width);
        Current = Entering;
        Named.Add(Entering);
    }

    protected override bool MayReadLayer => true;

    private Flow Entering { get; }

    public Declaration Write()
    {
        Header.Add(Part.Of("Block", types: ["C"]));
        Header.Add(Part.Of("Input", "\"x\"", "\"b t e d\""));
        if (Chance.OneIn(3))
        {
            Header.Add(Defaults());
        }

        int count = Chance.Next(0, 3);
        for (int i = 0; i < count; i++)
        {
            WriteBracket();
        }

        Brackets.Add(Bracket.Of(Linear(result)));
        return new Declaration(Name, Header, Brackets, Functions);
    }

    protected override Part Linear(Size? size)
    {
        Part map = base.Linear(size);
        return map.Options.Any(o => o.Name == "Stored") || !Chance.Of(true, true, false) ? map
            : map.With("Stored", Chance.Of("\"e out in\"", "\"e in out\"", "\"in e out\"")).With("BiasStored", Chance.Maybe ? "\"e out\"" : null);
    }
}
