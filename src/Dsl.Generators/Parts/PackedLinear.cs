using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Model;

namespace Dsl.Generators.Parts;

/// <summary>Several linear maps of one input, in one product over their weights side by side (made by the packing pass).</summary>
internal sealed record PackedLinear(EquatableArray<Linear> Parts) : TokenOperation
{
    public override string Called => string.Join(" and ", Parts.Select(p => p.Called));

    public override WayBack? WayBack => null;

    public override string Describe(Func<Size, string> spell) => "packed (" + string.Join("; ", Parts.Select(p => p.Describe(spell))) + ")";

    public override Operation MapSizes(Func<Size, Size> map) => new PackedLinear(Parts.Select(p => (Linear)p.MapSizes(map)).ToEquatable());

    public override void Build(Construction at)
    {
        var biases = Parts.Select(p => p.Bias.ToCode()).Distinct().ToList();
        var bias = biases.Count == 1 ? biases[0] : Writing.List(Parts, p => p.Bias.ToCode());
        at.Field("Products", Name, $"weights.Products({Writing.List(Parts, p => at.Key(p.Key))}, {at.Code(Parts[0].In)}, "
            + $"{Writing.List(Parts, p => at.Code(p.Out))}, bias: {bias})");
    }

    public override void Call(Calling at) =>
        at.Results(Together(at.Node.Outputs.Select(o => o.Hint).ToList()), $"{at.Field().ToCode()}.ApplyParts({at.In()})", "one product");

    /// <summary><c>self_attn.{q,k,v}_proj</c> is <c>self_attn_q_k_v_proj</c>.</summary>
    private string Name
    {
        get
        {
            var keys = Parts.Select(p => p.Key).ToList();
            var start = 0;
            while (keys.All(k => start < k.Length && k[start] == keys[0][start]))
            {
                start++;
            }

            var end = 0;
            while (keys.All(k => end < k.Length - start && k[k.Length - 1 - end] == keys[0][keys[0].Length - 1 - end]))
            {
                end++;
            }

            var middle = string.Join("_", keys.Select(k => k.Substring(start, k.Length - start - end)));
            return keys[0].Substring(0, start) + "_" + middle + "_" + keys[0].Substring(keys[0].Length - end);
        }
    }

    /// <summary>One name for several: <c>qProj, kProj, vProj</c> is <c>qkvProj</c>, <c>up, gate</c> is <c>upGate</c>.</summary>
    private static string Together(IReadOnlyList<string> hints)
    {
        var tail = hints.Select(LastWord).Distinct().Count() == 1 ? LastWord(hints[0]) : "";
        var heads = hints.Select(h => h.Substring(0, h.Length - tail.Length)).ToList();
        if (heads.Any(h => h.Length == 0))
        {
            (tail, heads) = ("", hints.ToList());
        }

        return (heads.All(h => h.Length == 1)
            ? string.Concat(heads)
            : string.Concat(heads.Select((h, i) => i == 0 ? h : char.ToUpperInvariant(h[0]) + h.Substring(1)))) + tail;

        static string LastWord(string hint) => hint.Substring(Enumerable.Range(0, hint.Length).LastOrDefault(i => char.IsUpper(hint[i])));
    }
}
