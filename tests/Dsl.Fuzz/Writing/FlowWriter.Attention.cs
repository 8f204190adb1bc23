using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Dsl.Fuzz.Tree;

namespace Dsl.Fuzz.Writing;

/// <summary>Attention: sugar and core parts, masks, scores, of one value and across.</summary>
internal abstract partial class FlowWriter
{
    private void WriteAttention()
    {
        bool across = Memory is not null && Current.Time == 't' && Chance.Maybe;
        if (!across && Chance.Maybe)
        {
            Sugar();
            return;
        }

        Flow source = Nominate(), memory = across ? Memory! : source;
        Condition();
        Core(source, memory, across, condition: Chance.OneIn(5) ? Condition() : null);
    }

    private void Sugar()
    {
        var parts = new List<Part>();
        Flow entering = Current, current = Current;
        bool residual = Chance.Of(true, true, false);
        if (residual)
        {
            if (Chance.OneIn(4))
            {
                parts.Add(Condition());
            }

            parts.Add(Part.Of("Residual"));
            if (Chance.Maybe)
            {
                parts.Add(Norm(current));
            }
        }

        switch (Chance.Next(5))
        {
            case 0:
                parts.Add(Part.Of("FeedForward", Keys("up", "down"), Activation()).With("Bias", Chance.Maybe ? "true" : null)
                    .With("Stored", Chance.OneIn(4) ? "\"in out\"" : null));
                break;
            case 1:
                parts.Add(Part.Of("GatedFeedForward", Keys("gate", "up", "down"), Activation()).With("Bias", Chance.OneIn(3) ? "nameof(C.Biased)" : null));
                break;
            case 2:
                parts.Add(Part.Of("PackedAttention", Keys("in", "out")).With("Mask", Mask()).With("Scale", Scale()).With("Bias", Chance.Maybe ? "true" : null)
                    .With("Stored", Chance.OneIn(3) ? "\"in out\"" : null));
                break;
            default:
                parts.Add(Part.Of("Attention", Keys("q", "k", "v", "o")).With("Mask", Mask()).With("Score", Chance.OneIn(3) ? $"nameof({Score()})" : null)
                    .With("Scale", Scale()).With("Position", Chance.OneIn(3) ? "Position.Rotary" : null).With("Bias", Chance.OneIn(3) ? "true" : null)
                    .With("OutputBias", Chance.OneIn(4) ? "false" : null));
                break;
        }

        // The last map has no size of its own.
        if (!residual)
        {
            parts.Insert(0, Part.Of("Residual"));
        }

        Add(parts, entering with { Name = null }, mayName: parts[0].Word == "Residual");
        _ = current;
    }

    private void Core(Flow source, Flow memory, bool across, Part? condition)
    {
        bool rotated = !across && Chance.OneIn(3);
        (string heads, string kvHeads) = Chance.Of(("nameof(C.Heads)", "nameof(C.Heads)"),
            ("nameof(C.Heads)", "nameof(C.KvHeads)"), ("nameof(C.Heads)", "1"), ("4", "2"), ("1", "1"));
        (string width, Size widthSize) = Chance.Of(("nameof(C.HeadDim)", HeadDim), ("nameof(C.HeadDim)", HeadDim), ("6", Size.Of(6)));
        string valueWidth = Chance.Weighted((3, width), (1, "3"), (1, "nameof(C.Rank)"));
        _ = widthSize;
        string[] own = [NewName(), NewName(), NewName()];
        bool one = !across && Chance.OneIn(10) && heads == kvHeads;
        var pieces = new List<Bracket>();
        Part rotary = Rotary();
        void Projected(Flow of, string count, string size, string named, bool rotate)
        {
            var parts = new List<Part> { Part.Of("From", Quoted(of.Name!)), Linear(null), Part.Of("Heads", count, size) };
            if (rotate)
            {
                parts.Add(rotary);
            }

            if (Chance.OneIn(8))
            {
                parts.Insert(rotate ? 3 : parts.Count, Part.Of(Chance.Of("RmsNorm", "LayerNorm"), Key()));
            }

            parts.Add(Part.Of("As", Quoted(named)));
            pieces.Add(Bracket.Of(parts));
        }

        Projected(source, heads, width, own[0], rotated);
        if (!one)
        {
            Projected(memory, kvHeads, width, own[1], rotated);
            Projected(memory, kvHeads, valueWidth, own[2], false);
        }

        string[] triple = one ? [own[0], own[0], own[0]] : own;
        Brackets.AddRange(pieces);
        IReadOnlyList<Computed> computed = Chance.OneIn(4) ? ScoreTables(triple[0], triple[1], heads == kvHeads || one) : [];
        Part Attend() =>
            Part.Of("Attend", Quoted(triple[0]), Quoted(triple[1]), Quoted(triple[2])).With("Mask", across ? Chance.OneIn(4) ? "Mask.None" : null : Mask())
            .With("Score", computed.Count > 0 || Chance.OneIn(3) ? $"nameof({Score(computed, heads != "4")})" : null).With("Scale", Scale())
            .With("Dropout", Chance.OneIn(6) ? "nameof(C.Drop)" : null);
        if (condition is not null && condition.Arguments[0] != "nameof(C.Odd)" || condition is not null && Chance.Maybe)
        {
            // Two attentions under a condition and its negation, as local and global layers are declared.
            Brackets.Add(Bracket.Of(condition, Attend(), Part.Of("Merge")));
            Brackets.Add(Bracket.Of(condition with { Word = condition.Word == "When" ? "Unless" : "When" }, Attend(), Part.Of("Merge")));
        }
        else
        {
            Brackets.Add(Bracket.Of(Attend(), Part.Of("Merge")));
        }

        Size size = Program.Config.Any();
        Current = source with { Name = null, Last = size, LastName = "d" };
        Flow result = Current;
        if (source.Last.HasWidth || Chance.Maybe)
        {
            string merged = NewName();
            Brackets.Add(Bracket.Of(Linear(null), Part.Of("As", Quoted(merged))));
            Brackets.Add(Bracket.Of(Part.Of("Sum", Quoted(merged), Quoted(source.Name!))));
            Current = source with { Name = null };
            Named.Add(source with { Name = merged });
        }
        else
        {
            Add([Linear(size)], result, mayName: true);
        }
    }

    /// <summary>A value that a score reads by index: its parameter, and what the score reads of it.</summary>
    private sealed record Computed(string Parameter, string Read);

    /// <summary>Values made of queries and of keys, for a score to read by index.</summary>
    private List<Computed> ScoreTables(string query, string key, bool evenHeads)
    {
        var tables = new List<Computed>();
        void Add(string axes, string index, params Part[] parts)
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"read{UsedNames.Count}");
            UsedNames.Add(name);
            Brackets.Add(Bracket.Of([.. parts, Part.Of("As", Quoted(name))]));
            tables.Add(new($"[Table(\"{axes}\")] ReadOnlySpan<double> {name}", $"{name}[{string.Format(CultureInfo.InvariantCulture, index, name)}]"));
        }

        Part[] Mapped(string of) => [Part.Of("From", Quoted(of)), Part.Of("Linear", Key(), "5")];
        Part[] Contracted(string of) => [Part.Of("Product", Quoted(of), Quoted(of), Quoted("b t h d, b t h d -> b t h"))];
        if (Chance.Maybe)
        {
            Add("b query head n", Chance.Of("Min(Abs(query - key), 4)", "Clamp(query - key + 2, 0, {0}.Length - 1)", "3"), Mapped(query));
        }

        if (evenHeads && Chance.Maybe)
        {
            Add("b key head n", Chance.Of("Min(Abs(query - key), 4)", "(query + key) % 5", "0"), Mapped(key));
        }

        if (tables.Count == 0 || Chance.OneIn(3))
        {
            Add(Chance.Maybe ? "b key n" : "b key h", "head % {0}.Length", Contracted(key));
        }

        return tables;
    }

    private string? Scale() => Chance.Weighted<string?>((5, null), (1, "1"), (1, "0.3"), (1, "nameof(C.Cap)"), (1, MayReadLayer ? "nameof(C.Scale)" : null));

    private string? Mask()
    {
        if (Current.Time == 't' && Causal)
        {
            return Chance.Of(true, true, false) ? "Mask.Causal" : $"nameof({MaskFunction(causal: true)})";
        }

        return Chance.Weighted<string?>((2, null), (1, "Mask.None"), (1, "Mask.Causal"), (3, $"nameof({MaskFunction(causal: false)})"));
    }

    private string MaskFunction(bool causal)
    {
        string name = $"Mask{Functions.Count}";
        string window = Chance.Of("c.Window", "c.Window", "1", "3", "7");
        string rule = causal
            ? Chance.Of(
                $"key <= query && query - key < {window}", $"query >= key && key > query - {window}", $"key <= query && (key < {window} || query - key < 2)",
                "key <= query && (query == key || (query - key) % 2 == 1)", $"!(key > query) && query - key <= {window}", "key == query",
                $"key <= query && key / {window} == query / {window}", "(c.P || key == query) && key <= query",
                    $"query - key >= 0 && Abs(query - key) < {window}")
            : Chance.Of(
                $"Abs(query - key) < {window}", $"key <= query || key < {window}", "true",
                    "query == key || (query + key) % 3 != 0", $"key >= query && key - query < {window}",
                $"key / {window} == query / {window}", "c.P ? key <= query : key >= query");
        List<string> parameters = ["int query", "int key"];
        if (rule.Contains("c.", System.StringComparison.Ordinal) || Chance.OneIn(4))
        {
            parameters.Add("C c");
        }

        if (MayReadLayer && Chance.OneIn(5))
        {
            parameters.Insert(Chance.Next(2, parameters.Count + 1), "int layer");
            rule = $"({rule}) && (layer % 2 == 0 || query - key < 4)";
        }

        Functions.Add(new Function("Mask", "bool", name, parameters, [new Statement("return {0}", [Expression.If(rule)])]));
        return name;
    }

    /// <param name="computed">Computed values that it reads.</param>
    /// <param name="hasBiasOfHeads">The model's table of biases has a column for each head here.</param>
    private string Score(IReadOnlyList<Computed>? computed = null, bool hasBiasOfHeads = true)
    {
        string name = $"Score{Functions.Count}";
        var writer = new FunctionWriter(Chance, Program.Smooth);
        List<string> parameters = ["double score"];
        var integers = new List<string>();
        foreach (string index in new[] { "head", "query", "key" })
        {
            if (computed?.Count > 0 || Chance.Of(true, true, false))
            {
                parameters.Add("int " + index);
                integers.Add(index);
            }
        }

        Expression added = Expression.Of("0.5");
        bool distance = integers.Contains("query") && integers.Contains("key");
        if (HasTable && hasBiasOfHeads && integers.Contains("head") && distance && Chance.Of(true, true, false))
        {
            parameters.Add("[Table] Matrix bias");
            added = Expression.Of(Chance.Of(
                "bias[Min(Max(query - key, 0), 4), head]", "bias[Min(Abs(query - key), 4), head]", "bias[Clamp(query - key + 2, 0, 4), head]",
                "Tanh(bias[Min(Abs(key - query), 4), head])"));
        }
        else if (integers.Count > 0)
        {
            added = distance && Chance.Maybe
                ? Expression.Of(integers.Contains("head") ? "(-0.1 * (head + 1) * Abs(query - key))" : "(-0.25 * Abs(query - key))")
                : writer.Number(new Reads(distance ? ["(0.1 * (query - key))"] : [], integers.Where(i => i == "head").ToArray(), []), 2);
        }

        foreach (Computed table in computed ?? [])
        {
            parameters.Add(table.Parameter);
            added = Expression.Of(Chance.Of("({0} + " + table.Read + ")", "({0} - 0.5 * " + table.Read + ")", "({0} + Tanh(" + table.Read + "))"), added);
        }

        bool config = Chance.Maybe;
        if (config)
        {
            parameters.Add("C c");
        }

        Reads reads = new(["score", .. config ? new[] { "c.Cap" } : []], [], []);
        Expression body = Chance.Next(4) switch
        {
            0 or 1 => Expression.Of("score + {0}", added),
            2 => Expression.Of("{0} + {1}", Expression.Of(config ? "c.Cap * Tanh(score / c.Cap)" : "2.5 * Tanh(score / 2.5)"), added),
            _ => Expression.Of("{0} + {1}", writer.Number(reads, 2), added),
        };
        Functions.Add(new Function("Score", "double", name, parameters, [new Statement("return {0}", [body])]));
        return name;
    }
}
