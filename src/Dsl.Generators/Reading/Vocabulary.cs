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

    private static readonly Dictionary<string, string[]> Options = new()
    {
        ["Use"] = ["With", "Shared", "By"],
        ["Repeat"] = ["With", "Shared", "By"],
        ["Embedding"] = ["Shared", "Padding"],
        ["Linear"] = ["Bias", "Weight", "BiasWeight", "Stored", "BiasStored", "Fast"],
        ["Conv"] = ["Kind", "Bias", "Size"],
        ["LayerNorm"] = ["Eps", "Bias", "Weight", "BiasWeight", "Stored"],
        ["RmsNorm"] = ["Eps", "Weight", "Stored"],
        ["Rotary"] = ["Width", "Pairs", "Theta", "Frequency", "Position", "Context"],
        ["Positions"] = ["Offset"],
        ["Attend"] = ["Mask", "Score", "Scale", "Dropout"],
        ["Head"] = ["TiedTo", "Tied", "Bias", "BiasWeight"],
        ["Apply"] = ["Transfer", "Lengthen"],
        ["Learn"] = ["Loss", "Rate", "RowRate", "Every", "Read", "By"],
        ["Attention"] = ["Mask", "Score", "Scale", "Position", "Bias", "OutputBias"],
        ["PackedAttention"] = ["Mask", "Scale", "Bias", "Stored"],
        ["FeedForward"] = ["Bias", "Stored"],
        ["GatedFeedForward"] = ["Bias"],
    };

    /// <summary>The options of a part: the properties of its attribute that can be set. <c>Set</c> may change these.</summary>
    public static IReadOnlyList<string> OptionsOf(string part) => Options.TryGetValue(part, out var options) ? options : [];
}
