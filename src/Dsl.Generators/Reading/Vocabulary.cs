using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Model;

namespace Dsl.Generators.Reading;

/// <summary>The words of the language: which attributes are dataflow and which stand before it.</summary>
internal sealed class Vocabulary
{
    public const string Namespace = "Dsl";

    /// <summary>Attributes that say something of the whole declaration.</summary>
    public static readonly HashSet<string> Header =
        ["Block", "Model", "Input", "Axis", "Defaults", "Derive", "Set", "Remove", "Rename", "Keys", "Same", "Ignore", "Folder", "Init", "Group",
            "Adapt"];

    /// <summary>Attributes of a config record, which say nothing on a declaration.</summary>
    public static readonly HashSet<string> OfConfigs = ["Only", "NoEffect", "Key", "Range", "Preset", "Extend", "ModelType"];

    /// <summary>Words that may only stand first in a bracket.</summary>
    public static readonly HashSet<string> Modifiers = ["Residual", "From", "When", "Unless"];

    private readonly Dictionary<string, Word> words;

    /// <param name="parts">The words of the parts, beside which stand those of brackets themselves.</param>
    public Vocabulary(IEnumerable<Word> parts) =>
        words = parts.Concat(new[] { "As", "Replace" }.Concat(Modifiers).Select(w => new Word(w))).Append(new Word("Output", false, "Loss"))
            .ToDictionary(w => w.Name);

    /// <summary>Words of dataflow.</summary>
    public IReadOnlyCollection<string> Parts => words.Keys;

    public bool IsPart(string word) => words.ContainsKey(word);

    /// <summary>The options of a part: the properties of its attribute that can be set. <c>Set</c> may change these.</summary>
    public IReadOnlyList<string> OptionsOf(string part) => words.TryGetValue(part, out var word) ? word.Options : [];

    /// <summary>A part's checkpoint key; null where its word has none.</summary>
    public string? KeyOf(PartSpec part) => words.TryGetValue(part.Name, out var word) && word.HasKey ? part.Text(0) : null;
}
