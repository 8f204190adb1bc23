using System.Collections.Generic;
using System.Linq;
using Dsl.Fuzz.Tree;

namespace Dsl.Fuzz.Writing;

/// <summary>Writes one block: brackets that fit one another, from <c>x</c> to a result of the width that was asked for.</summary>
internal sealed class BlockWriter : FlowWriter
{
    private readonly Size result;
    private readonly bool encoder;
    private readonly List<string> extra = [];

    public BlockWriter(ProgramWriter program, string name, Size width, Size result, bool causal, bool encoder)
        : base(program, name, causal)
    {
        this.result = result;
        this.encoder = encoder;
        Entering = new Flow("x", 't', [], width);
        Current = Entering;
        Named.Add(Entering);
    }

    public Usable Usable { get; private set; } = null!;

    protected override bool MayReadLayer => true;

    private Flow Entering { get; }

    public Declaration Write()
    {
        Header.Add(Part.Of("Block", types: ["C"]));
        if (Chance.OneIn(3))
        {
            Header.Add(Defaults());
        }

        Inputs();
        int count = Chance.Next(1, 5);
        for (int i = 0; i < count; i++)
        {
            WriteBracket();
        }

        if (Program.Collected is { } collected && Current.IsPlain && Chance.Maybe)
        {
            Brackets.Add(Bracket.Of(Linear(collected), Part.Of("Collect", Collection)));
            Current = Current with { Name = null, Last = collected, LastName = "d" };
            Collects = true;
        }

        var parts = new List<Part>();
        Flow current = Current;
        CloseTo(parts, ref current, Entering with { Last = result }, mayLeaveOpen: false);
        if (parts.Count > 0)
        {
            Brackets.Add(Bracket.Of(parts));
        }

        if (Brackets.Count == 0)
        {
            Brackets.Add(Bracket.Of(Norm(current)));
        }

        string? handed = Causal && Program.Aside.OneIn(6) ? $"inside{Name}" : null;
        if (handed is not null)
        {
            Brackets.Insert(0, Bracket.Of(Part.Of("RmsNorm", Quoted("handed")), Part.Of("Output", Quoted(handed))));
        }

        Usable = new Usable(Name, Entering.Last, result, extra, Causal, Collects, handed);
        return new Declaration(Name, Header, Brackets, Functions);
    }

    private void Inputs()
    {
        if (Program.HasTable && Chance.OneIn(2))
        {
            Header.Add(Part.Of("Input", "\"bias\"", $"\"{Program.Table}\""));
            extra.Add("bias");
            HasTable = true;
            if (Chance.Maybe)
            {
                Header.Add(Part.Of("Axis", "\"bucket\"", "5"));
                Header.Add(Part.Of("Axis", "\"head\"", "nameof(C.Heads)"));
            }
        }

        if (Program.HasMemory && !encoder && Chance.Of(true, true, false))
        {
            Header.Add(Part.Of("Input", "\"memory\"", "\"b s m\""));
            extra.Add("memory");
            Memory = new Flow("memory", 's', [], Size.Of("@memory"));
        }

        if (!encoder && Chance.OneIn(8) && !Entering.Last.HasWidth)
        {
            Header.Add(Chance.Maybe ? Part.Of("Input", "\"side\"", "\"b t side\"") : Part.Of("Input", "\"side\""));
            extra.Add("side");
            if (Header[^1].Arguments.Count == 2)
            {
                Header.Add(Part.Of("Axis", "\"side\"", Program.Config.SourceOf(Entering.Last) ?? "nameof(C.Hidden)"));
            }

            Named.Add(new Flow("side", 't', [], Entering.Last));
        }
    }
}
