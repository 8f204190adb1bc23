using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Model;

namespace Dsl.Generators.Reading;

/// <summary>
/// What each sugar attribute stands for: text in core parts, read by the same reader as a declaration. The expansion is an anonymous block: its
/// <c>x</c> is the value before the attribute, and its names are its own. This is the one place that knows sugar.
/// </summary>
internal static class Sugar
{
    /// <summary>The attributes that are sugar.</summary>
    public static readonly IReadOnlyList<Word> Words =
    [
        new("Attention", true, "Mask", "Score", "Scale", "Position", "Bias", "OutputBias"),
        new("PackedAttention", true, "Mask", "Scale", "Bias", "Stored"),
        new("FeedForward", true, "Bias", "Stored"),
        new("GatedFeedForward", true, "Bias"),
        new("Heads"),
        new("Merge"),
    ];

    /// <summary>How many linear maps a sugar attribute names, and an example of their keys; null where it names none.</summary>
    public static (int Count, string Example)? KeysOf(string word) => word switch
    {
        "Attention" => (4, "a.{q,k,v,o}"),
        "PackedAttention" => (2, "a.{in,out}"),
        "FeedForward" => (2, "a.{in,out}"),
        "GatedFeedForward" => (3, "a.{gate,up,down}"),
        _ => null,
    };

    /// <summary>The option of a sugar attribute that takes one of some words, what those are called, and the words; null where none does.</summary>
    public static (string Option, string Called, string[] Words)? WordsOf(string word) =>
        word == "Attention" ? ("Position", "kind of position", ["none", "rotary"]) : null;

    /// <summary>The brackets that a part stands for, or null where it is a core part.</summary>
    public static EquatableArray<BracketSpec>? Expand(PartSpec part, DeclarationSpec spec)
    {
        var text = Text(part, spec);
        return text is null
            ? null
            : PartReader.ReadText(text, part.Place with { Whole = true }).Select(b => new BracketSpec(b.Parts.Select(Placed).ToEquatable())).ToEquatable();

        // An option that the attribute passes on is told of where the attribute says it.
        PartSpec Placed(PartSpec inner) => inner with
        {
            Options = inner.Options
                .Select(o =>
                    o with
                    {
                        Argument = part.Options.FirstOrDefault(
                        p => p.Value == o.Value && (p.Name == o.Name || p.Name == "Output" + o.Name))?.Argument ?? -1
                    })
                .ToEquatable(),
        };
    }

    /// <summary>The spelled-out form of a sugar attribute, as source.</summary>
    public static string? Text(PartSpec part, DeclarationSpec spec)
    {
        string Option(string name, string? from = null) => part[from ?? name] is { IsNull: false } value ? $", {name} = {value.ToSource()}" : "";
        string Size(string name) => spec.Default(name) is { IsNull: false } value ? value.ToSource() : $"nameof(C.{name})";
        var (heads, width) = (Size("Heads"), Size("HeadDim"));
        var keys = Keys(part.Text(0) ?? "");
        string Key(int index) => Constant.OfText(index < keys.Length ? keys[index] : "").ToSource();
        var activation = part[1].ToSource();
        switch (part.Name)
        {
            case "Attention":
                var rotary = part.Text("Position") == "rotary" ? ", Rotary" : "";
                var kvHeads = spec.Default("Heads").IsNull && spec.Config.Member("KvHeads") is not null ? "nameof(C.KvHeads)" : heads;
                var outputBias = part["OutputBias"].IsNull ? Option("Bias") : Option("Bias", "OutputBias");
                return $"""
                    [From("x"), Linear({Key(0)}{Option("Bias")}), Heads({heads}, {width}){rotary}, As("q")]
                    [From("x"), Linear({Key(1)}{Option("Bias")}), Heads({kvHeads}, {width}){rotary}, As("k")]
                    [From("x"), Linear({Key(2)}{Option("Bias")}), Heads({kvHeads}, {width}), As("v")]
                    [Attend("q", "k", "v"{Option("Mask")}{Option("Score")}{Option("Scale")}), Merge, Linear({Key(3)}{outputBias})]
                    """;
            case "PackedAttention":
                return $"""
                    [From("x"), Linear({Key(0)}{Option("Bias")}{Option("Stored")}), Split("query", "key", "value")]
                    [From("query"), Heads({heads}, {width}), As("q")]
                    [From("key"), Heads({heads}, {width}), As("k")]
                    [From("value"), Heads({heads}, {width}), As("v")]
                    [Attend("q", "k", "v"{Option("Mask")}{Option("Scale")}), Merge, Linear({Key(1)}{Option("Bias")}{Option("Stored")})]
                    """;
            case "FeedForward":
                return $"[Linear({Key(0)}, nameof(C.FeedForward){Option("Bias")}{Option("Stored")}), Activate({activation}), Linear({Key(1)}"
                    + $"{Option("Bias")}{Option("Stored")})]";
            case "GatedFeedForward":
                return $"""
                    [From("x"), Linear({Key(1)}, nameof(C.FeedForward){Option("Bias")}), As("up")]
                    [From("x"), Linear({Key(0)}, nameof(C.FeedForward){Option("Bias")}), Activate({activation}), Gate("up"), Linear({Key(2)}{Option("Bias")})]
                    """;
            case "Heads" when part.Arguments.Count < 2:
                return $"[Rearrange(\"b t (h d) -> b t h d\", \"h\", {part[0].ToSource()})]";
            case "Heads":
                return $"[Rearrange(\"b t (h d) -> b t h d\", \"h\", {part[0].ToSource()}, \"d\", {part[1].ToSource()})]";
            case "Merge":
                return "[Rearrange(\"b t h d -> b t (h d)\")]";
            default:
                return null;
        }
    }

    /// <summary><c>"a.{q,k}_proj"</c> is <c>a.q_proj</c>, <c>a.k_proj</c>. A brace without a comma is an index and stays.</summary>
    public static string[] Keys(string pattern)
    {
        var open = pattern.IndexOf('{');
        while (open >= 0)
        {
            var close = pattern.IndexOf('}', open);
            if (close < 0)
            {
                break;
            }

            var inside = pattern.Substring(open + 1, close - open - 1);
            if (inside.Contains(','))
            {
                return inside.Split(',').Select(word => pattern.Substring(0, open) + word.Trim() + pattern.Substring(close + 1)).ToArray();
            }

            open = pattern.IndexOf('{', close);
        }

        return [pattern];
    }
}
