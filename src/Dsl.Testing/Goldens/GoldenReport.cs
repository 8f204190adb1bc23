using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using static TorchSharp.torch;

namespace Dsl.Testing;

/// <summary>One comparison.</summary>
/// <param name="Check">What was compared: <c>out.logits</c>, <c>grad.&lt;key&gt;</c>, <c>advance by 3</c>, ...</param>
/// <param name="Dtype">What was computed in; null for texts and ids, which are equal or not.</param>
/// <param name="Error">The error as the check defines it; NaN or infinite where the comparison could not be made.</param>
/// <param name="Tolerance">The largest error that passes.</param>
/// <param name="Note">Why it failed, where a number doesn't say it.</param>
public sealed record GoldenRow(string Check, ScalarType? Dtype, double Error, double Tolerance, string? Note = null)
{
    /// <summary>False for NaN.</summary>
    public bool Passed => Error <= Tolerance;

    /// <inheritdoc/>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture,
            $"{Check}{(Dtype is null ? "" : $" ({Dtype})")}: error {Error:0.0e+00}, allowed {Tolerance:0.0e+00}{(Note is null ? "" : ": " + Note)}");
}

/// <summary>Answers of a case that are not compared.</summary>
/// <param name="Names">Their names, <c>*</c> for any ending.</param>
/// <param name="Why">In a few words.</param>
public sealed record GoldenOmission(string Names, string Why);

/// <summary>All comparisons of one case.</summary>
/// <param name="Case">The folder's name.</param>
/// <param name="What">What it is, in a line.</param>
/// <param name="Rows">The comparisons, in the order in which they were made.</param>
public sealed record GoldenReport(string Case, string What, IReadOnlyList<GoldenRow> Rows)
{
    /// <summary>What is not compared, and why.</summary>
    public IReadOnlyList<GoldenOmission> Omitted { get; init; } = [];

    /// <summary>Whether anything was compared and nothing missed.</summary>
    public bool Passed => Rows.Count > 0 && Rows.All(r => r.Passed);

    /// <summary>The rows that missed.</summary>
    public IEnumerable<GoldenRow> Misses => Rows.Where(r => !r.Passed);

    /// <summary>The case, and a line for each comparison, and for each reason not to make one.</summary>
    public override string ToString() => $"{Case}: {What}" + string.Concat(Rows.Select(row => $"\n  {(row.Passed ? "held  " : "missed")} {row}"))
        + string.Concat(Omissions.Select(line => $"\n  {line}"));

    /// <summary>A line for each reason not to compare, with what it is said of.</summary>
    public IEnumerable<string> Omissions =>
        Omitted.GroupBy(each => each.Why).Select(group => $"not compared: {string.Join(", ", group.Select(each => each.Names))} ({group.Key})");
}
