namespace Dsl.Generators.Model;

/// <summary>
/// An operation that can run on rows that each belong to one element of an axis, as tokens do that are grouped by expert: what it gives for an element depends
/// on no other one, and where it has weights for each element it takes those of the row's. An operation that does not say so is not run in that way.
/// </summary>
internal interface IForEach
{
    /// <summary>Why it cannot along this axis, as the rest of a sentence; null where it can.</summary>
    string? WhyNotForEach(string axis);
}
