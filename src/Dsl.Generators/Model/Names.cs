using System.Collections.Generic;
using System.Linq;

namespace Dsl.Generators.Model;

/// <summary>Names as C# and as people write them.</summary>
internal static class Names
{
    /// <summary>The last segment of a full name, type arguments kept out.</summary>
    public static string Simple(string name)
    {
        // Type arguments of its own end the name; those of containers stand before it.
        var end = name.Length;
        for (var depth = 0; end > 0 && (depth > 0 || name[end - 1] == '>'); end--)
        {
            depth += name[end - 1] == '>' ? 1 : name[end - 1] == '<' ? -1 : 0;
        }

        var dot = name.LastIndexOf('.', end - 1);
        var colon = name.LastIndexOf(':', end - 1);
        return name.Substring(System.Math.Max(dot, colon) + 1, end - System.Math.Max(dot, colon) - 1);
    }

    /// <summary>A key, an output or a word as a C# name: <c>self_attn.q_proj</c> is <c>selfAttnQProj</c>.</summary>
    public static string Camel(string name)
    {
        var words = name.Split(['.', '_', '-', '{', '}', '/', ' '], System.StringSplitOptions.RemoveEmptyEntries);
        var text = string.Concat(words.Select((w, i) => i == 0 ? char.ToLowerInvariant(w[0]) + w.Substring(1) : char.ToUpperInvariant(w[0]) + w.Substring(1)));
        text = new string(text.Where(c => char.IsLetterOrDigit(c)).ToArray());
        return text.Length == 0 ? "value" : char.IsDigit(text[0]) ? "_" + text : text;
    }

    /// <summary>The same beginning with a capital letter.</summary>
    public static string Pascal(string name) => Camel(name) is var camel ? char.ToUpperInvariant(camel[0]) + camel.Substring(1) : "";

    /// <summary>The parameter through which a block hands over an output.</summary>
    public static string Out(string output) => "out" + Pascal(output);

    /// <summary>The candidate with the fewest edits, where that is few enough for a slip of the keys.</summary>
    public static string? Nearest(string name, IEnumerable<string> candidates)
    {
        // A long name is never a search: distances are counted on bounded prefixes.
        var best = candidates
            .Take(500)
            .Select(c => (Name: c, Edits: Edits(name, c)))
            .OrderBy(c => c.Edits)
            .ThenBy(c => c.Name, System.StringComparer.Ordinal)
            .FirstOrDefault();
        return best.Name is not null && best.Edits <= System.Math.Max(1, System.Math.Min(name.Length, 32) / 3) ? best.Name : null;
    }

    /// <summary>Letters to add, drop, change or swap with the next one.</summary>
    private static int Edits(string a, string b)
    {
        (a, b) = (a.Length > 64 ? a.Substring(0, 64) : a, b.Length > 64 ? b.Substring(0, 64) : b);
        var edits = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
        {
            for (var j = 0; j <= b.Length; j++)
            {
                edits[i, j] = i == 0 || j == 0
                    ? i + j
                    : System.Math.Min(System.Math.Min(edits[i - 1, j] + 1, edits[i, j - 1] + 1), edits[i - 1, j - 1] + (Like(i, j) ? 0 : 1));
                if (i > 1 && j > 1 && Like(i, j - 1) && Like(i - 1, j))
                {
                    edits[i, j] = System.Math.Min(edits[i, j], edits[i - 2, j - 2] + 1);
                }
            }
        }

        return edits[a.Length, b.Length];

        bool Like(int i, int j) => char.ToLowerInvariant(a[i - 1]) == char.ToLowerInvariant(b[j - 1]);
    }
}
