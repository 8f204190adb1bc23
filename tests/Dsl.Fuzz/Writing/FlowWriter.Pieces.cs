using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Dsl.Fuzz.Tree;

namespace Dsl.Fuzz.Writing;

/// <summary>Parts within a bracket: each goes on from the value before it.</summary>
internal abstract partial class FlowWriter
{
    private static readonly string[] SmoothActivations =
        ["Activation.Gelu", "Activation.GeluTanh", "Activation.Silu", "Activation.Sigmoid", "Activation.Tanh", "Activation.Softplus", "Activation.QuickGelu",
            "Activation.Identity", "nameof(C.Act)"];

    protected virtual Part Linear(Size? size)
    {
        string? source = size is null ? null : Program.Config.SourceOf(size);
        Part part = source is null ? Part.Of("Linear", Key()) : Part.Of("Linear", Key(), source);
        switch (Chance.Next(10))
        {
            case 0 or 1:
                return part.With("Bias", Chance.Of("true", "false", "nameof(C.Biased)"));
            case 2:
                return part.With("Stored", "\"in out\"");
            case 3:
                return part.With("Stored", Chance.Of("\"out in 1\"", "\"out 1 in\""));
            case 4:
                return part.With("BiasWeight", "\"offset\"").With("Weight", Chance.Maybe ? "\"matrix\"" : null);
            default:
                return part;
        }
    }

    protected Part Norm(Flow of)
    {
        Part norm = Part.Of(Chance.Of("LayerNorm", "RmsNorm"), Chance.OneIn(5) ? [] : [Key()]);
        if (norm.Arguments.Count > 0 && of.Middle.Count == 1 && !of.IsOfExperts && Chance.Maybe)
        {
            norm = norm.With("Stored", Chance.Maybe ? $"\"{of.Middle[0].Name} {of.LastName}\"" : $"\"({of.Middle[0].Name} {of.LastName})\"");
        }

        norm = Chance.OneIn(4) ? norm.With("Eps", Chance.Of("1e-3", "nameof(C.Eps)", "1E-12")) : norm;
        return norm.Word == "LayerNorm" && norm.Arguments.Count > 0 && Chance.OneIn(4) ? norm.With("Bias", Chance.Of("false", "nameof(C.Biased)")) : norm;
    }

    protected string Activation() => Program.Smooth ? Chance.Of(SmoothActivations)
        : Chance.Of([.. SmoothActivations, "Activation.Relu", "Activation.ReluSquared"]);

    protected void Chain(List<Part> parts, ref Flow current, int count, bool mayName)
    {
        for (int i = 0; i < count; i++)
        {
            Piece(parts, ref current, mayName);
        }
    }

    /// <summary>Goes back to a shape: merges what is cut, and maps to the width.</summary>
    /// <param name="mayLeaveOpen">What follows (a residual) demands the width, so that the map need not say it.</param>
    protected void CloseTo(List<Part> parts, ref Flow current, Flow target, bool mayLeaveOpen)
    {
        if (current.Fits(target))
        {
            return;
        }

        if (LeavesOpen(target))
        {
            // A sum with what entered fixes the width.
            parts.Add(Linear(null));
            if (!mayLeaveOpen && Named.Find(n => n.Fits(target)) is { } same)
            {
                string own = NewName();
                parts.Add(Part.Of("As", Quoted(own)));
                parts.Add(Part.Of("Sum", Quoted(own), Quoted(same.Name!)));
            }
        }
        else
        {
            parts.Add(Linear(mayLeaveOpen && Chance.Maybe ? null : target.Last));
        }

        current = target with { Name = null };
    }

    /// <summary>Whether a map back to a shape cannot say its width: only what it is added to demands it.</summary>
    protected bool LeavesOpen(Flow target) => target.Last.HasWidth || Program.Config.SourceOf(target.Last) is null;

    /// <summary>A use or a repetition of a block that fits; false where none does.</summary>
    protected bool UseOrRepeat(List<Part> parts, ref Flow current, bool preferLast)
    {
        Flow x = current;
        if (!x.IsPlain)
        {
            return false;
        }

        bool mayName = !parts.Any(p => p.Word is "When" or "Unless");
        bool Fits(Usable b) => (b.HandsOver is null || (mayName && Named.All(n => n.Name != b.HandsOver))) && (!b.Collects || MayCollect) && (b.In.HasWidth || b.In.Equals(x.Last)) && (b.Causal || !Causal || x.Time == 's') && b.Extra.All(CanBind)
            && (!b.Extra.Contains("side") || Named.Any(n => n.Time == x.Time && n.IsPlain && n.Last.Equals(b.In)))
                && !(x.Time == 's' && b.Extra.Contains("memory"));
        Usable[] fitting = [.. Program.Blocks.Where(Fits)];
        if (fitting.Length == 0)
        {
            return false;
        }

        Usable block = preferLast ? fitting[^1] : Chance.Of(fitting);
        Size result = block.Out.At(x.Last);
        Usable[] alike = [.. fitting.Where(b => b != block && b.HandsOver is null && block.HandsOver is null && b.Out.At(x.Last).Equals(result) && b.Extra.SequenceEqual(block.Extra)
            && b.Collects == block.Collects)];
        Collects |= block.Collects;
        Usable? other = alike.Length > 0 && Chance.OneIn(3) ? Chance.Of(alike) : null;
        Usable[] all = other is null ? [block] : [block, other, .. alike.Where(b => b != other).TakeWhile(_ => Program.Aside.Maybe).Take(4)];
        string[] names = [.. all.Select(b => b.Name)];
        bool repeats = result.Equals(x.Last) && Chance.Maybe && block.HandsOver is null;
        string key = Key();
        Part part = repeats
            ? new Part("Repeat", names, [key, Chance.Of("nameof(C.Layers)", "2", "1")], [])
            : new Part("Use", names, [key], []);
        if (other is not null)
        {
            part = part.With("By", $"nameof(C.{Kind(names, repeats && Chance.Maybe)})");
        }

        part = part.With("With", Binding(block, x.Last));
        parts.Add(part);
        if (!repeats && Chance.OneIn(6) && result.Equals(x.Last) && block.HandsOver is null)
        {
            parts.Add(part.With("Shared", "true"));
        }

        if (block.HandsOver is { } handed)
        {
            Named.Add(new Flow(handed, x.Time, [], block.In.At(x.Last)));
        }

        current = x with { Name = null, Last = result, LastName = "d" };
        return true;
    }

    protected bool CanBind(string input) => input switch
    {
        "bias" => HasTable,
        "memory" => Memory is not null,
        _ => true,
    };

    /// <summary>What <c>With</c> says: only an input that no name here matches has to be bound.</summary>
    protected string? Binding(Usable block, Size width)
    {
        if (!block.Extra.Contains("side"))
        {
            return null;
        }

        return Named.Where(n => n.IsPlain && n.Time == 't' && n.Last.Equals(width)).ToArray() is { Length: > 0 } named
            ? Quoted($"side={Chance.Of(named).Name}")
            : null;
    }

    /// <summary>A member of the config that picks one of several blocks.</summary>
    private string Kind(string[] blocks, bool ofLayer)
    {
        string name = $"Kind{Program.Config.Members.Count(m => m.Type == "Type")}";
        string condition = ofLayer ? Chance.Of("layer % 2 == 0", "layer == 0", "P && layer > 0") : Chance.Of("P", "Q", "Either");
        string rest = $"typeof({blocks[^1]})";
        for (int i = blocks.Length - 2; i > 0; i--)
        {
            string another = ofLayer ? string.Create(CultureInfo.InvariantCulture, $"layer % {i + 2} == 1") : Program.Aside.Of("P", "Q", "Either", "Tied");
            rest = $"{another} ? typeof({blocks[i]}) : {rest}";
        }

        Program.Config.Add(new Member("Type", name, null, [$"{condition} ? typeof({blocks[0]}) : {rest}"], ofLayer ? "(int layer)" : ""));
        return name;
    }

    private void Piece(List<Part> parts, ref Flow current, bool mayName)
    {
        Flow x = current;
        switch (Chance.Next(20))
        {
            case 0 or 1 or 2:
                Size size = Program.Config.Any();
                parts.Add(Linear(size));
                current = x with { Name = null, Last = size };
                break;
            case 3 or 4:
                parts.Add(Norm(x));
                break;
            case 5 or 6:
                parts.Add(Part.Of("Activate", Activation()));
                break;
            case 7:
                parts.Add(Part.Of("Dropout", Chance.Of("0", "nameof(C.Drop)", "0.1")));
                break;
            case 8 when !x.IsOfExperts && Chance.OneIn(5):
                parts.Add(Part.Of("Softmax"));
                break;
            case 8 when x.IsPlain:
                Part conv = Part.Of("Conv", Key(), Chance.Of("nameof(C.Kernel)", "1", "3"));
                parts.Add(Chance.Maybe ? conv.With("Bias", Chance.Of("true", "nameof(C.Biased)")) : conv);
                break;
            case 9 when x.IsPlain:
                parts.Add(Part.Of("Shift"));
                break;
            case 10 when x.IsPlain && Chance.OneIn(2):
                Part positions = Part.Of("Positions", Key(), "nameof(C.Context)");
                parts.Add(Chance.OneIn(3) ? positions.With("Offset", "2") : positions);
                break;
            case 11 or 12:
                parts.Add(Part.Of("Apply", $"nameof({Pointwise(1, x)})"));
                break;
            case 13 when x.IsPlain && Chance.OneIn(5):
                Transfer(parts, ref current);
                break;
            case 13 when x.IsPlain:
                Recurrence(parts, ref current);
                break;
            case 14 when Program.Config.SourceOf(x.Last) is not null && SmallerThan(x.Last) is { } run:
                parts.Add(Part.Of("Slice", "1", Program.Config.SourceOf(run)!));
                current = x with { Name = null, Last = run };
                break;
            case 15 or 16 when x.IsPlain:
                Heads(parts, ref current);
                break;
            case 17 when Named.Where(n => n.Fits(x)).ToArray() is { Length: > 0 } fitting:
                parts.Add(Part.Of("Gate", [], [Quoted(Chance.Of(fitting).Name!), .. Chance.Maybe ? [Activation()] : System.Array.Empty<string>()]));
                break;
            case 18 when x.IsPlain:
                UseOrRepeat(parts, ref current, preferLast: false);
                break;
            case 19 when mayName && parts.Count > 0 && parts[^1].Word is not ("As" or "From" or "Residual"):
                string own = NewName();
                parts.Add(Part.Of("As", Quoted(own)));
                current = x with { Name = own };
                Named.Add(current);
                break;
            default:
                parts.Add(Norm(x));
                break;
        }

        if (!ReferenceEquals(current, x) && parts[^1].Word != "As")
        {
            current = current with { Name = null };
        }
        else if (parts.Count > 0 && parts[^1].Word != "As")
        {
            current = current with { Name = null };
        }
    }

    /// <summary>A size one less than which every sample's axis still holds.</summary>
    private Size? SmallerThan(Size whole)
    {
        Size[] fitting = [.. Enumerable.Range(0, 6).Select(_ => Program.Config.Any()).Where(
            s => Enumerable.Range(0, ConfigWriter.Samples).All(n => Program.Config.Evaluate(s, n) + 1 <= Program.Config.Evaluate(whole, n)))];
        return fitting.Length == 0 ? null : Chance.Of(fitting);
    }

    /// <summary>Cut into heads or groups, parts on these, and merged again.</summary>
    private void Heads(List<Part> parts, ref Flow current)
    {
        Flow x = current;
        (string Count, Size CountSize, string Width, Size WidthSize) = Chance.Of(
            ("nameof(C.Heads)", Size.Of("Heads"), "nameof(C.HeadDim)", HeadDim),
            ("nameof(C.KvHeads)", Size.Of("KvHeads"), "nameof(C.HeadDim)", HeadDim),
            ("nameof(C.Rank)", Size.Of("Rank"), "3", Size.Of(3)),
            ("2", Size.Of(2), "nameof(C.N)", Size.Of("N")));
        bool grouped = Chance.OneIn(3);
        (string h, string d) = grouped ? Chance.Of(("g", "r"), ("p", "e"), ("h", "f")) : ("h", "d");
        parts.Add(Linear(Chance.Maybe ? CountSize * WidthSize : null));
        parts.Add(grouped
            ? Part.Of("Rearrange", $"\"b {x.Time} ({h} {d}) -> b {x.Time} {h} {d}\"", $"\"{h}\"", Count, $"\"{d}\"", Width)
            : Part.Of("Heads", Count, Width));
        Flow cut = x with { Name = null, Middle = [(h, CountSize)], Last = WidthSize, LastName = d };
        int inner = Chance.Next(0, 3);
        for (int i = 0; i < inner; i++)
        {
            switch (Chance.Next(6))
            {
                case 0:
                    parts.Add(Norm(cut));
                    break;
                case 1 when !cut.Last.Equals(Size.Of(3)) && !cut.Last.Equals(Size.Of("N")) && cut.Last.Equals(HeadDim):
                    parts.Add(Rotary());
                    break;
                case 2:
                    Size size = Chance.Of(Size.Of("N"), Size.Of("Rank"), cut.Last);
                    Part map = Part.Of("Linear", Key(), Program.Config.SourceOf(size)!);
                    parts.Add(Chance.Maybe ? map.With("Stored", $"\"{cut.Middle[0].Name} in out\"").With("Bias", "true").With("BiasStored", $"\"{cut.Middle[0].Name} 1 out\"")
                        : map);
                    cut = cut with { Last = size };
                    break;
                case 3:
                    parts.Add(Part.Of("Apply", $"nameof({Pointwise(1, cut)})"));
                    break;
                case 4:
                    parts.Add(Part.Of("Activate", Activation()));
                    break;
                default:
                    Recurrence(parts, ref cut);
                    break;
            }
        }

        // A recurrence names the axes of what it gives.
        h = cut.Middle[0].Name;
        bool swapped = Chance.OneIn(4);
        parts.Add(swapped ? Part.Of("Rearrange", $"\"b {x.Time} {h} {cut.LastName} -> b {x.Time} ({cut.LastName} {h})\"") : Part.Of("Merge"));
        current = x with { Name = null, Middle = [], Last = cut.Middle[0].Size * cut.Last, LastName = "d" };
    }

    private Size HeadDim => Program.Config.HeadDimIsDerived ? Size.Of("Hidden/Heads") : Size.Of("HeadDim");

    private Part Rotary()
    {
        Part part = Part.Of("Rotary");
        part = Chance.OneIn(3) ? part.With("Pairs", "Pairs.Neighbours") : part;
        part = Chance.OneIn(4) ? part.With("Width", "2") : part;
        part = Chance.OneIn(4) ? part.With("Theta", Chance.Of("100", "nameof(C.Theta)")) : part;
        part = Chance.OneIn(4) ? part.With("Frequency", "nameof(C.Scaling)").With("Context", Chance.Of("nameof(C.Context)", "16")) : part;
        if (Chance.OneIn(5))
        {
            string name = $"Place{Functions.Count}";
            Functions.Add(new Function("", "int", name, ["int position", "C c"],
                [new Statement("return {0}", [Expression.Of(Chance.Of("position % c.Window", "position / 2", "position + 1"))])]));
            part = part.With("Position", $"nameof({name})");
        }

        return part;
    }
}
