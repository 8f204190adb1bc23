using System;
using System.Linq;
using System.Text.RegularExpressions;
using Dsl.Generators.Model;

namespace Dsl.Reference.Interpreting;

/// <summary>y += alpha / rank B (A x) beside the maps whose keys end as one of the words says.</summary>
internal sealed record AdapterRule(Regex[] Ends, int Rank, double Scale)
{
    internal static AdapterRule Of(AdapterSetting adapter, SettingReader settings)
    {
        double rank = settings.Number(adapter.Rank.ToCode()), alpha = settings.Number(adapter.Alpha.ToCode());
        return new AdapterRule([.. adapter.Targets.Select(End)], (int)rank, alpha / (settings.Truth(adapter.RankStabilised.ToCode()) ? Math.Sqrt(rank) : rank));
    }

    internal bool Adapts(string key) => Ends.Any(end => end.IsMatch(key));

    /// <summary>The two matrices beside a map: A [rank, in] and B [out, rank].</summary>
    internal (NumberArray A, NumberArray B) Beside(Run run, string key, int width, int size) =>
        (run.Weight(key + ".lora_A.weight", [Rank, width]), run.Weight(key + ".lora_B.weight", [size, Rank]));

    private static Regex End(string target)
    {
        string text = string.Concat(target.Select(c => c switch
        {
            '*' => ".*",
            '?' => ".",
            '{' => "(",
            '}' => ")",
            ',' => "|",
            ' ' => "",
            _ => Regex.Escape(c.ToString()),
        }));
        return new Regex(@"(^|\.)" + text + "$", RegexOptions.CultureInvariant);
    }
}
