using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl.Generation;

/// <summary>The beams of one prompt: one group of them, or several that avoid one another's tokens.</summary>
internal sealed class BeamRow
{
    private readonly BeamOptions options;
    private readonly BeamGroup[] groups;

    public BeamRow(int[] prompt, BeamOptions options)
    {
        this.options = options;
        groups = [.. Enumerable.Range(0, options.Groups).Select(_ => new BeamGroup(prompt, options))];
    }

    /// <summary>Running beams, group after group: tokens, and the row's beam that each goes on from.</summary>
    public IEnumerable<(int[] Tokens, int From)> Beams =>
        groups.SelectMany((group, g) => group.Beams.Select(beam => (beam.Tokens, (g * group.Beams.Length) + beam.From)));

    /// <summary>Whether nothing better can come.</summary>
    public bool Done => groups.All(group => group.Done);

    /// <summary>One token on, from the logits after each beam.</summary>
    public void Step(ReadOnlySpan<double[]> logits)
    {
        int size = options.Beams / options.Groups;
        var chosen = new Dictionary<int, int>();
        for (int g = 0; g < groups.Length; g++)
        {
            groups[g].Step(logits.Slice(g * size, size), chosen);
            foreach (int token in groups[g].Chosen)
            {
                chosen[token] = chosen.GetValueOrDefault(token) + 1;
            }
        }
    }

    /// <summary>The best hypotheses of all groups, best first.</summary>
    public IReadOnlyList<Hypothesis> Finish() => [.. groups.SelectMany(group => group.Finish()).OrderByDescending(h => h.Score).Take(options.Return)];
}
