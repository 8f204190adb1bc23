using System.Linq;

namespace Dsl.Generators.Model;

/// <summary>Two small matrices beside each linear map that is meant, and the map's own weight frozen (LoRA).</summary>
/// <param name="Targets">Ends of keys, or patterns over them.</param>
/// <param name="Rank">Rows of the first, columns of the second.</param>
/// <param name="Alpha">The scale is alpha / rank.</param>
/// <param name="RankStabilised">The scale is alpha / sqrt(rank).</param>
/// <param name="Dropout">Probability of dropping a number before the first, in training.</param>
internal sealed record AdapterSetting(EquatableArray<string> Targets, Setting Rank, Setting Alpha, Setting RankStabilised, Setting Dropout)
{
    public string Describe() => $"adapt {string.Join(", ", Targets.Select(Writing.Text))} rank {Rank.ToCode()} alpha {Alpha.ToCode()} "
        + $"stabilised {RankStabilised.ToCode()} dropout {Dropout.ToCode()}";

    /// <summary>The line of the constructor.</summary>
    public string ToCode() => $"weights.Adapt({Writing.List(Targets, Writing.Text)}, rank: {Rank.ToCode()}, alpha: {Alpha.ToCode()}"
        + (RankStabilised.IsFalse ? "" : $", rankStabilised: {RankStabilised.ToCode()}")
        + (Dropout.ToCode() == "0.0" ? "" : $", dropout: {Dropout.ToCode()}") + ");";
}
