namespace Dsl.Generators.Model;

/// <summary>A part's word: what an attribute of its name may say.</summary>
/// <param name="Name">The attribute's name.</param>
/// <param name="HasKey">Whether its first argument is a checkpoint key, which then is its address.</param>
/// <param name="Options">The properties that can be set; <c>Set</c> may change these.</param>
internal sealed record Word(string Name, bool HasKey = false, params string[] Options);
