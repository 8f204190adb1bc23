using System;
using System.Linq;
using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>
/// A score rule that only adds. What it adds depends on places and tables, not on scores: it is built once a call, and all layers whose rule and tables are
/// the same share it.
/// </summary>
/// <param name="rule">Equal where the rules are: a name that no other has, with the config that it reads.</param>
/// <param name="build">
/// From a tensor without axes, of the dtype and on the device that are wanted, and the places: what is added, [b or 1, heads or 1, t or 1, s or 1].
/// </param>
/// <param name="tables">What it reads besides; the same objects mean the same values.</param>
public sealed class ScoreBias(object rule, Func<Tensor, ScorePlace, Tensor> build, params Tensor[] tables) : IEquatable<ScoreBias>
{
    private readonly object rule = rule;
    private readonly Tensor[] tables = tables;

    /// <summary>What is added.</summary>
    public Tensor Build(Tensor like, ScorePlace place) => build(like, place);

    /// <inheritdoc/>
    public bool Equals(ScoreBias? other) =>
        other is not null && rule.Equals(other.rule) && tables.Length == other.tables.Length && tables.Zip(other.tables, ReferenceEquals).All(same => same);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as ScoreBias);

    /// <inheritdoc/>
    public override int GetHashCode() =>
        tables.Aggregate(rule.GetHashCode(), (hash, table) => HashCode.Combine(hash, RuntimeHelpers.GetHashCode(table)));
}
