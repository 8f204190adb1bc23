using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Dsl.Fuzz.Tree;

namespace Dsl.Fuzz.Writing;

/// <summary>What blocks and models share: names, keys, and brackets of every kind that go on from the current value.</summary>
internal abstract partial class FlowWriter(ProgramWriter program, string name, bool causal)
{
    // Words that generated code uses, keywords and phrases are names like any other.
    private static readonly string[] NamePool =
        ["a", "b1", "c", "u", "v1", "gate", "hidden", "return", "this", "a b", "1st", "normed",
            "h", "pass", "result", "config", "scale", "sum", "weights", "state",
            "d", "q", "k", "v", "lastLayer", "merged", "attended", "rotary", "class", "step", "tokens", "layer", "batch", "time"];

    private static readonly string[] KeyPool =
        ["w", "proj", "in", "out", "norm", "config", "weights", "pass", "x", "scale", "layer",
            "block", "h", "double", "self.attn", "a.b.c", "State", "training",
            "Forward", "state", "conv", "mlp", "0", "module", "parameters", "bias", "weight", "rotary", "q", "length", "name", "Masks", "buffer_x", "to"];

    private readonly HashSet<string> usedKeys = ["shared"];

    protected ProgramWriter Program { get; } = program;

    protected Chance Chance { get; } = program.Chance;

    protected string Name { get; } = name;

    /// <summary>Nothing may look ahead along t.</summary>
    protected bool Causal { get; } = causal;

    protected List<Part> Header { get; } = [];

    protected List<Bracket> Brackets { get; } = [];

    protected List<Function> Functions { get; } = [];

    protected List<Flow> Named { get; } = [];

    protected HashSet<string> UsedNames { get; } = ["x", "bias", "memory", "side", "input_ids"];

    protected Flow Current { get; set; } = null!;

    /// <summary>The encoder's result, where it can be read.</summary>
    protected Flow? Memory { get; set; }

    /// <summary>The value <c>bias</c> can be read.</summary>
    protected bool HasTable { get; set; }

    protected abstract bool MayReadLayer { get; }

    /// <summary>Blocks that collect for the model may be used here.</summary>
    protected virtual bool MayCollect => true;

    /// <summary>Something here collects for the model.</summary>
    protected bool Collects { get; set; }

    protected static string Quoted(string text) => $"\"{text}\"";

    protected string Key()
    {
        string key = Chance.Of(KeyPool);
        if (!usedKeys.Add(key.Split('.')[0]))
        {
            key = string.Create(CultureInfo.InvariantCulture, $"k{usedKeys.Count}");
            usedKeys.Add(key);
        }

        return Quoted(key);
    }

    /// <summary>A key of several: <c>"attn.{q,k,v,o}"</c>.</summary>
    protected string Keys(params string[] last)
    {
        string key = Key().Trim('"');
        return Quoted($"{key}.{{{string.Join(',', last)}}}");
    }

    protected string NewName()
    {
        string name = Chance.Of(NamePool);
        while (!UsedNames.Add(name))
        {
            name = string.Create(CultureInfo.InvariantCulture, $"y{UsedNames.Count}");
        }

        return name;
    }

    protected Part Defaults()
    {
        Part part = Part.Of("Defaults");
        part = Chance.Maybe ? part.With("Eps", "nameof(C.Eps)") : part;
        part = Chance.OneIn(3) ? part.With("Bias", Chance.Of("true", "nameof(C.Biased)")) : part;
        part = Chance.OneIn(4) ? part.With("Dropout", "nameof(C.Drop)") : part;
        part = Chance.OneIn(3) ? part.With("Theta", "nameof(C.Theta)") : part;
        part = Chance.OneIn(4) ? part.With("Frequency", "nameof(C.Scaling)").With("Context", "nameof(C.Context)") : part;
        part = Chance.OneIn(6) ? part.With("Width", Chance.Of("2", "1")).With("Pairs", Chance.Maybe ? "Pairs.Neighbours" : null) : part;
        return part.Options.Count == 0 ? part.With("Eps", "1e-4") : part;
    }

    /// <summary>One more bracket (or the few that one thing needs).</summary>
    protected void WriteBracket()
    {
        bool plain = Current.IsPlain;
        if (plain && Program.Experts.Count > 0 && Chance.OneIn(5) && Routed())
        {
            return;
        }

        switch (Chance.Next(20))
        {
            case 0 or 1 or 2 or 3:
                Preserving([Part.Of("Residual")]);
                break;
            case 4 or 5:
                Free();
                break;
            case 6 when Named.Count > 0:
                Branch();
                break;
            case 7:
                Combine();
                break;
            case 8 or 9 or 10 when plain:
                WriteAttention();
                break;
            case 11 or 12:
                Preserving(Chance.Maybe ? [Condition()] : [Condition(), Part.Of("Residual")]);
                break;
            case 13:
                Choice();
                break;
            case 14 when plain:
                Paired();
                break;
            case 15 or 16 when plain:
                ApplyBracket();
                break;
            case 17 when plain && Program.Learners.Count > 0:
                Learn();
                break;
            case 18 when plain:
                SplitBracket();
                break;
            default:
                Preserving([]);
                break;
        }
    }

    protected Part Condition() => Part.Of(
        Chance.Of("When", "Unless"), $"nameof(C.{Chance.Of<string>(MayReadLayer && Chance.OneIn(4) ? ["Odd"] : ["P", "Q", "Either", "Biased"])})");

    /// <summary>A bracket whose result has the shape of what enters it.</summary>
    private void Preserving(IReadOnlyList<Part> modifiers)
    {
        var parts = modifiers.ToList();
        Flow current = Current, entering = Current;
        bool conditional = modifiers.Any(m => m.Word is "When" or "Unless");
        bool residual = modifiers.Any(m => m.Word == "Residual");

        // The width of what is built with could be demanded again by a sum with its like alone.
        bool returns = residual || !LeavesOpen(entering) || Named.Any(n => n.Fits(entering));
        if (Chance.Maybe || !returns)
        {
            parts.Add(Norm(current));
        }

        if (returns)
        {
            Chain(parts, ref current, Chance.Next(1, 4), mayName: !conditional);
            CloseTo(parts, ref current, entering, mayLeaveOpen: residual);
        }

        // A block that nothing fits is no part.
        if (parts.Count == 0)
        {
            parts.Add(Norm(current));
        }

        Add(parts, current with { Name = null }, mayName: !conditional);
    }

    private void Free()
    {
        var parts = new List<Part>();
        Flow current = Current;
        Chain(parts, ref current, Chance.Next(1, 4), mayName: true);
        if (parts.Count > 0)
        {
            Add(parts, current, mayName: true);
        }
    }

    private void Branch()
    {
        Flow from = Chance.Of(Named);
        var parts = new List<Part> { Part.Of("From", Quoted(from.Name!)) };
        Flow current = from;
        Chain(parts, ref current, Chance.Next(1, 4), mayName: true);
        if (parts.Count > 1)
        {
            Add(parts, current, mayName: true);
        }
    }

    /// <summary>Sum or gate of values of one shape, or values side by side.</summary>
    private void Combine()
    {
        if (Named.Count == 0)
        {
            Preserving([]);
            return;
        }

        Flow first = Chance.Of(Named);
        Flow[] alike = [.. Named.Where(n => n.Fits(first))], beside = [.. Named.Where(n => n.FitsBeforeLast(first))];
        if (Chance.Maybe)
        {
            Flow[] terms = [.. Enumerable.Range(0, Chance.Next(1, 4)).Select(_ => Chance.Of(alike))];
            Add([new Part("Sum", [], [.. terms.Select(t => Quoted(t.Name!))], [])], first with { Name = null }, mayName: true);
        }
        else
        {
            Flow[] terms = [.. Enumerable.Range(0, Chance.Next(2, 4)).Select(_ => Chance.Of(beside))];
            Size total = terms.Aggregate(Size.Of(0), (sum, t) => sum + t.Last);
            Add([new Part("Concat", [], [.. terms.Select(t => Quoted(t.Name!))], [])], first with { Name = null, Last = total }, mayName: true);
        }
    }

    /// <summary>A bracket under a condition and one under its negation, of one shape that may differ from what enters.</summary>
    private void Paired()
    {
        Part first = Condition();
        if (Brackets.LastOrDefault()?.Parts.Any(p => p.Word is "When" or "Unless" && p.Arguments.SequenceEqual(first.Arguments)) == true)
        {
            // The bracket before would be taken for the other side.
            Brackets.Add(Bracket.Of(Norm(Current)));
        }

        Part second = first with { Word = first.Word == "When" ? "Unless" : "When" };
        Size size = Program.Config.Any();
        Flow entering = Current, target = entering with { Name = null, Last = size, LastName = "d" };
        foreach (Part condition in new[] { first, second })
        {
            var parts = new List<Part> { condition };
            Flow current = entering;
            if (Named.Count > 0 && Chance.OneIn(3) && Named.Where(n => n.IsPlain && n.Time == entering.Time).ToArray() is { Length: > 0 } named)
            {
                current = Chance.Of(named);
                parts.Add(Part.Of("From", Quoted(current.Name!)));
            }

            Chain(parts, ref current, Chance.Next(0, 3), mayName: false);
            parts.Add(Linear(size));
            Current = current;
            Brackets.Add(Bracket.Of(parts));
        }

        Current = target;
        if (Chance.OneIn(3))
        {
            Add([Norm(target)], target, mayName: true);
        }
    }

    /// <summary>One of two blocks, or one block under a condition.</summary>
    private void Choice()
    {
        var parts = new List<Part>();
        Flow current = Current;
        if (UseOrRepeat(parts, ref current, preferLast: false))
        {
            Add(parts, current with { Name = null }, mayName: true);
        }
        else
        {
            Preserving([]);
        }
    }

    private void SplitBracket()
    {
        (Size Whole, Size[] Pieces) = Chance.Of<(Size, Size[])>(
            (Program.Config.Any() is { HasWidth: false } any ? Size.Of(2) * any : Size.Of(2), []),
            (Size.Of("Rank") + (Size.Of(2) * Size.Of("N")), [Size.Of("Rank"), Size.Of("N"), Size.Of("N")]),
            (Size.Of("Hidden") + Size.Of("FeedForward"), [Size.Of("Hidden"), Size.Of("FeedForward")]),
            (Size.Of(3) * Size.Of("Rank"), [Size.Of("Rank"), Size.Of("Rank"), Size.Of("Rank")]));
        var arguments = new List<string>();
        var named = new List<Flow>();
        if (Pieces.Length == 0)
        {
            // Equal parts, whose whole may have no name: then the map before takes what the parts demand of it only where something fixes them.
            if (Program.Config.SourceOf(Whole) is null)
            {
                Whole = Size.Of(2) * Size.Of("Hidden");
            }

            Size half = Whole.Constant is { } n ? Size.Of(n / 2) : Size.Of("Hidden");
            Pieces = [half, half];
            if (!Whole.Equals(half + half))
            {
                Whole = half + half;
            }

            foreach (Size piece in Pieces)
            {
                string own = NewName();
                named.Add(new Flow(own, Current.Time, [], piece));
                arguments.Add(Quoted(own));
            }
        }
        else
        {
            foreach (Size piece in Pieces)
            {
                string own = NewName();
                named.Add(new Flow(own, Current.Time, [], piece));
                arguments.Add(Quoted(own));
                arguments.Add(Program.Config.SourceOf(piece)!);
            }
        }

        bool sized = Program.Config.SourceOf(Whole) is not null && (arguments.Count == named.Count || Chance.Maybe);
        Part linear = sized || arguments.Count > named.Count ? Linear(sized ? Whole : null) : Linear(Whole);
        Brackets.Add(Bracket.Of(linear, new Part("Split", [], arguments, [])));
        Named.AddRange(named);
        Current = named[0] with { Name = null };
    }

    protected void Add(IReadOnlyList<Part> parts, Flow result, bool mayName)
    {
        Current = result;
        if (mayName && Chance.OneIn(3))
        {
            string own = NewName();
            Brackets.Add(Bracket.Of([.. parts, Part.Of("As", Quoted(own))]));
            Named.Add(result with { Name = own });
        }
        else
        {
            Brackets.Add(Bracket.Of(parts));
        }
    }

    /// <summary>The current value under a name: a norm that is named.</summary>
    protected Flow Nominate()
    {
        if (Current.Name is { } known && Named.Any(n => n.Name == known))
        {
            return Current;
        }

        string own = NewName();
        Brackets.Add(Bracket.Of(Norm(Current), Part.Of("As", Quoted(own))));
        Current = Current with { Name = own };
        Named.Add(Current);
        return Current;
    }
}
