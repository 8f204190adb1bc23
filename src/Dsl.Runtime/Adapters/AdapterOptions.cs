using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl.Runtime;

/// <summary>
/// What a low-rank adapter is (LoRA: Hu et al., arXiv 2106.09685): beside each chosen map y = x W^T + b stand two small matrices, A [rank, in] and
/// B [out, rank], and y gets scale (x A^T) B^T more. The words are those of peft's <c>adapter_config.json</c>.
/// </summary>
public sealed record AdapterOptions
{
    /// <summary>The one target that means every linear map but the heads.</summary>
    public const string AllLinear = "all-linear";

    /// <summary>
    /// Which maps: ends of keys (<c>q_proj</c>, <c>self_attn.q_proj</c>), or patterns over them with <c>*</c>, <c>?</c> and lists
    /// (<c>model.layers.?.*.{q,v}_proj</c>); or <see cref="AllLinear"/> alone.
    /// </summary>
    public IReadOnlyList<string> Targets { get; init; } = [];

    /// <summary>Maps that are left as they are though a target means them: ends of keys or patterns.</summary>
    public IReadOnlyList<string> Exclude { get; init; } = [];

    /// <summary>Rows of A and columns of B.</summary>
    public int Rank { get; init; } = 8;

    /// <summary>The scale is alpha / rank.</summary>
    public double Alpha { get; init; } = 8;

    /// <summary>The scale is alpha / sqrt(rank) (rsLoRA: Kalajdzievski, arXiv 2312.03732).</summary>
    public bool RankStabilised { get; init; }

    /// <summary>Probability of dropping a number of x before A, in training.</summary>
    public double Dropout { get; init; }

    /// <summary>Other ranks for some maps, by regular expressions over the end of a key; the first that fits counts, as in peft.</summary>
    public IReadOnlyDictionary<string, int> RankPattern { get; init; } = new Dictionary<string, int>();

    /// <summary>Other alphas for some maps, in the same way.</summary>
    public IReadOnlyDictionary<string, double> AlphaPattern { get; init; } = new Dictionary<string, double>();

    /// <summary>A regular expression over whole keys in place of <see cref="Targets"/>, as peft's files may have it.</summary>
    internal string? TargetExpression { get; init; }

    /// <summary>Layers that it is restricted to, by the first number in a key; null: all.</summary>
    internal IReadOnlyList<int>? Layers { get; init; }

    /// <summary>Throws where a value makes no sense.</summary>
    /// <exception cref="ArgumentException">One sentence that names the value and what was expected.</exception>
    public void Validate()
    {
        Require(Rank >= 1 && RankPattern.Values.All(rank => rank >= 1), FormattableString.Invariant(
            $"the rank {RankPattern.Values.Append(Rank).Min()}, expected 1 or more"));
        double alpha = AlphaPattern.Values.Append(Alpha).FirstOrDefault(value => !double.IsFinite(value), 0);
        Require(double.IsFinite(alpha), FormattableString.Invariant($"the alpha {alpha}, expected a finite number"));
        Require(Dropout is >= 0 and < 1, FormattableString.Invariant($"the dropout {Dropout}, expected from 0 to less than 1"));
        Require(Targets.Count > 0 || TargetExpression is not null, "no targets, expected ends of keys of linear maps");
        Require(!Targets.Contains(AllLinear) || Targets.Count == 1, $"'{AllLinear}' beside other targets, expected it alone");
    }

    /// <summary>Whether the map of a key gets matrices.</summary>
    /// <param name="key">The map's key, without <c>.weight</c>.</param>
    /// <param name="head">Whether it is a head of its model.</param>
    internal bool Adapts(string key, bool head) =>
        (TargetExpression is { } expression ? TargetPatterns.Whole(expression, key)
            : Targets is [AllLinear] ? !head
            : Targets.Any(target => TargetPatterns.Fits(target, key)))
        && !Exclude.Any(pattern => TargetPatterns.Fits(pattern, key))
        && (Layers is null || (TargetPatterns.LayerOf(key) is { } layer && Layers.Contains(layer)));

    /// <summary>The rank at a key.</summary>
    internal int RankAt(string key) => TargetPatterns.First(RankPattern, key, Rank);

    /// <summary>What (x A^T) B^T is multiplied with at a key.</summary>
    internal double ScaleAt(string key)
    {
        double alpha = TargetPatterns.First(AlphaPattern, key, Alpha), rank = RankAt(key);
        return alpha / (RankStabilised ? Math.Sqrt(rank) : rank);
    }

    private static void Require(bool holds, string problem)
    {
        if (!holds)
        {
            throw new ArgumentException($"adapter: {problem}");
        }
    }
}
