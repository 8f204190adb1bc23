using System;

namespace Dsl.Training;

/// <summary>
/// An option of a run, in one place: the member of an options record that carries this is what a command's word sets, what a checkpoint keeps, and what a
/// resumed run is held to.
/// </summary>
/// <param name="name">The word, without dashes.</param>
/// <param name="help">What it does, in a sentence.</param>
/// <param name="value">What follows the word, as help calls it; empty for a switch.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class OptionAttribute(string name, string help, string value = "") : Attribute
{
    /// <summary>The word, without dashes.</summary>
    public string Name { get; } = name;

    /// <summary>What it does, in a sentence.</summary>
    public string Help { get; } = help;

    /// <summary>What follows the word, as help calls it; empty for a switch.</summary>
    public string Value { get; } = value;
}
