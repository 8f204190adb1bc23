using System.Collections.Generic;
using Dsl.Generators.Model;

namespace Dsl.Generators.Checking;

/// <summary>A core part of the language: its words, and the rule by which it turns what flows into nodes.</summary>
internal abstract class Part
{
    public abstract IReadOnlyList<Word> Words { get; }

    /// <summary>Reads one attribute: adds nodes for it, or reports what is wrong with it.</summary>
    public abstract void Check(PartSpec part, Elaborator at);
}
