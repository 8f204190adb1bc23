using System.Collections.Generic;
using System.Linq;
using Dsl.Fuzz.Tree;

namespace Dsl.Fuzz.Writing;

/// <summary>Writes a block that derives from another one, with changes that leave its shapes as they were.</summary>
internal static class DerivedWriter
{
    /// <summary>Null where the base has nothing that can be changed.</summary>
    public static Declaration? Write(ProgramWriter program, Declaration of, string name)
    {
        Chance chance = program.Chance;
        var header = new List<Part> { Part.Of("Block", types: ["C"]), Part.Of("Derive", types: [of.Name]) };
        var brackets = new List<Bracket>();
        Part[] keyed = [.. of.Brackets.SelectMany(b => b.Parts)
            .Where(p => p.Arguments.Count > 0 && Is(p, "Linear", "LayerNorm", "RmsNorm", "Conv", "Attention") && IsAlone(p, of))];
        if (keyed.Length == 0)
        {
            return null;
        }

        var used = new HashSet<string>();
        int count = chance.Next(1, 4);
        for (int i = 0; i < count; i++)
        {
            Part part = chance.Of(keyed);
            string address = part.Arguments[0].Contains('{', System.StringComparison.Ordinal)
                ? part.Arguments[0][..part.Arguments[0].IndexOf(".{", System.StringComparison.Ordinal)] + "\""
                : part.Arguments[0];
            if (!used.Add(address))
            {
                continue;
            }

            switch (part.Word)
            {
                case "Linear" when part.Options.All(o => o.Name is not ("Stored" or "BiasWeight")):
                    header.Add(Part.Of("Set", address, "\"Bias\"", chance.Of("true", "false", "nameof(C.Biased)")));
                    break;
                case "LayerNorm" or "RmsNorm" when part.Options.Count == 0 && chance.Maybe:
                    brackets.Add(Bracket.Of(Part.Of("Replace", address), Part.Of(chance.Of("LayerNorm", "RmsNorm"), address)));
                    break;
                case "LayerNorm" or "RmsNorm" when chance.Maybe && of.Brackets.Sum(b => b.Parts.Count) > count:
                    header.Add(Part.Of("Remove", address));
                    break;
                case "LayerNorm" or "RmsNorm":
                    header.Add(Part.Of("Set", address, "\"Eps\"", chance.Of("1e-3", "nameof(C.Eps)")));
                    break;
                case "Attention" when chance.Maybe:
                    string map = $"{address.TrimEnd('"')}.{chance.Of("q", "k", "v", "o")}\"";
                    if (chance.Maybe)
                    {
                        header.Add(Part.Of("Set", map, "\"Bias\"", chance.Of("true", "false", "nameof(C.Biased)")));
                    }
                    else
                    {
                        brackets.Add(Bracket.Of(Part.Of("Replace", map), Part.Of("Linear", map).With("Bias", chance.Maybe ? "true" : null)));
                    }

                    break;
                case "Attention":
                    header.Add(Part.Of("Set", address, chance.Of("\"Bias\"", "\"OutputBias\""), chance.Of("true", "false")));
                    break;
                default:
                    string first = address.Trim('"').Split('.')[0];
                    header.Insert(2, Part.Of("Rename", $"\"{first}\"", $"\"renamed_{first}\""));
                    return new Declaration(name, header.Take(3).ToArray(), [], []);
            }
        }

        return header.Count + brackets.Count == 2 ? null : new Declaration(name, header, brackets, []);
    }

    /// <summary>Whether no other part has its key: what two places share has no address.</summary>
    private static bool IsAlone(Part part, Declaration of) =>
        of.Brackets.SelectMany(b => b.Parts).Count(p => p.Arguments.Count > 0 && p.Arguments[0] == part.Arguments[0] && p.Word is not ("As" or "From")) == 1;

    private static bool Is(Part part, params string[] words) => words.Contains(part.Word);
}
