namespace Dsl.Generators.Model;

/// <summary>
/// An operation that picks the rows of a product by what the rows hold: a row's result is the same whatever stands beside it, but to rounding only.
/// </summary>
internal interface IGroupsRows;
