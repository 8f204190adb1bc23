using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Dsl.Fuzz.Tree;

namespace Dsl.Fuzz.Writing;

/// <summary>A block that was written, as its users see it.</summary>
/// <param name="In">Width of <c>x</c>.</param>
/// <param name="Out">Width of the result; both have the axes [b, t, width].</param>
/// <param name="Extra">Its other inputs: named values that a user must have or bind.</param>
/// <param name="Causal">A model that steps may use it.</param>
/// <param name="Collects">It, or a block in it, collects for the model.</param>
/// <param name="HandsOver">The name under which whoever uses it has a value inside it, as wide as what it reads; null: none.</param>
internal sealed record Usable(string Name, Size In, Size Out, IReadOnlyList<string> Extra, bool Causal, bool Collects, string? HandsOver);

/// <summary>Writes a whole program: a config, some blocks that may use one another, a model of them.</summary>
internal sealed class ProgramWriter
{
    /// <summary>Ways to be not smooth, or not in every form: what the judge must know beside the text.</summary>
    private readonly List<Declaration> declarations = [];

    private ProgramWriter(Chance chance, Chance aside)
    {
        (Chance, Aside) = (chance, aside);
        Smooth = chance.OneIn(2);
        Config = new ConfigWriter(chance);
        HasMemory = chance.OneIn(6);
        HasTable = chance.OneIn(4);
        Steps = HasMemory || !chance.OneIn(5);
        Collected = chance.OneIn(5) ? chance.Of(Size.Of(3), Size.Of("Rank")) : null;
    }

    public Chance Chance { get; }

    /// <summary>Decides what came into the language later: all else of a program stays as it was.</summary>
    public Chance Aside { get; }

    public ConfigWriter Config { get; }

    /// <summary>No function has a kink or a jump.</summary>
    public bool Smooth { get; }

    /// <summary>The model is an encoder and a decoder.</summary>
    public bool HasMemory { get; }

    /// <summary>The model holds a table of biases <c>bias</c>, [bucket, head].</summary>
    public bool HasTable { get; }

    /// <summary>Nothing of it looks ahead along the steps.</summary>
    public bool Steps { get; }

    public List<Usable> Blocks { get; } = [];

    /// <summary>Learners: blocks over [b, t, h, f] with fast weights.</summary>
    public List<string> Learners { get; } = [];

    /// <summary>Blocks of experts.</summary>
    public List<UsableExperts> Experts { get; } = [];

    /// <summary>What layers collect for the model is so wide; null where none do.</summary>
    public Size? Collected { get; }

    public string Table { get; } = "bucket head";

    public static Program Write(int seed, int index)
    {
        var writer = new ProgramWriter(new Chance(seed, index), new Chance(seed + 31, index));
        return writer.Write(string.Create(CultureInfo.InvariantCulture, $"Fuzz.S{seed}N{index}"), index);
    }

    private Program Write(string space, int index)
    {
        if (Aside.OneIn(8))
        {
            Blocks.Add(new Usable(OwnLayer.Name, Size.Width, Size.Width, [], Causal: true, Collects: false, HandsOver: null));
        }

        if (Chance.OneIn(7))
        {
            WriteLearner();
        }

        if (!Smooth && Chance.OneIn(3))
        {
            // Who is chosen jumps.
            WriteExperts();
        }

        int count = Chance.Next(1, 4);
        for (int i = 0; i < count; i++)
        {
            bool encoder = HasMemory && i == 0;
            Size width = Chance.Weighted((6, Size.Of("Hidden")), (3, Size.Width), (1, Config.Any()));
            bool preserves = encoder || i == count - 1 || !Chance.OneIn(4);
            Size result = preserves ? width : Config.Any();
            var block = new BlockWriter(this, $"Block{i}", width, result, causal: Steps && !encoder, encoder);
            declarations.Add(block.Write());
            Blocks.Add(block.Usable);
            if (Chance.OneIn(4) && DerivedWriter.Write(this, declarations[^1], $"Derived{i}") is { } derived)
            {
                declarations.Add(derived);
                Blocks.Add(block.Usable with { Name = derived.Name });
            }
        }

        declarations.Add(new ModelWriter(this, string.Create(CultureInfo.InvariantCulture, $"Whole{index}")).Write());
        return new Program(space, index, null, ConfigWriter.Samples, Config.Members, declarations);
    }

    private void WriteExperts()
    {
        int count = Chance.Next(1, 3);
        for (int i = 0; i < count; i++)
        {
            Size width = Chance.Of(Size.Width, Size.Of("Hidden"));
            Size result = Chance.Of(width.HasWidth ? Size.Of("Hidden") : width, Config.Any());
            string name = $"Experts{i}";
            declarations.Add(new ExpertWriter(this, name, width, result).Write());
            Experts.Add(new UsableExperts(name, width, result));
        }
    }

    private void WriteLearner()
    {
        var brackets = new List<Bracket>();
        var parts = new List<Part>();
        int maps = Chance.Next(1, 3);
        string inner = Chance.Of("nameof(C.FeedForward)", "nameof(C.HeadDim)", "3");
        for (int i = 0; i < maps; i++)
        {
            Part map = Part.Of("Linear", $"\"map{i}\"", i == maps - 1 ? "nameof(C.HeadDim)" : inner).With("Stored", "\"h in out\"").With("Fast", "true");
            parts.Add(Chance.Maybe ? map.With("Bias", "true").With("BiasStored", "\"h 1 out\"") : map);
            if (i < maps - 1)
            {
                parts.Add(Part.Of("Activate", Chance.Of("Activation.GeluTanh", "Activation.Silu", "Activation.Tanh")));
            }
        }

        brackets.Add(Bracket.Of(Chance.OneIn(4) ? parts.Prepend(Part.Of("Residual")) : parts));
        if (Chance.Maybe)
        {
            brackets.Add(Bracket.Of(Part.Of(Chance.Of("LayerNorm", "RmsNorm"), "\"norm\"").With("Stored", "\"h f\"")));
        }

        declarations.Add(new Declaration("Learner", [Part.Of("Block", types: ["C"]), Part.Of("Input", "\"x\"", "\"b t h f\"")], brackets, []));
        Learners.Add("Learner");
    }
}
