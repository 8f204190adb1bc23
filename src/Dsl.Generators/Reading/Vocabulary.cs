using System.Collections.Generic;

namespace Dsl.Generators.Reading;

/// <summary>The words of the language: which attributes are dataflow and which stand before it.</summary>
internal static class Vocabulary
{
    public const string Namespace = "Dsl";

    /// <summary>Attributes that say something of the whole declaration.</summary>
    public static readonly HashSet<string> Header =
        ["Block", "Model", "Input", "Axis", "Defaults", "Derive", "Set", "Remove", "Rename", "Keys", "Same", "Ignore", "Init", "Group"];

    /// <summary>Parts: one word of dataflow each.</summary>
    public static readonly HashSet<string> Parts =
    [
        "Residual", "From", "As", "Sum", "Concat", "Slice", "Split", "Gate", "Use", "Repeat", "When", "Unless", "Output", "Take", "Splice", "Sample", "Replace",
        "Embedding", "Linear", "Conv", "LayerNorm", "RmsNorm", "Parameter",
        "Rearrange", "Heads", "Merge", "Shift", "Pool",
        "Rotary", "Positions",
        "Attend", "Product", "Head", "Route", "Experts",
        "Apply", "Activate", "Learn",
        "Dropout",
        "Attention", "PackedAttention", "FeedForward", "GatedFeedForward",
    ];

    /// <summary>Words that may only stand first in a bracket.</summary>
    public static readonly HashSet<string> Modifiers = ["Residual", "From", "When", "Unless"];
}
