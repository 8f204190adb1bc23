using System.Collections.Generic;
using Dsl.Runtime;

namespace Zoo.Decoders;

/// <summary>What a published list of kinds (<c>layer_types</c>) says of a layer's attention.</summary>
public static class LayerKinds
{
    /// <summary>Whether its queries read a window of keys (<c>sliding_attention</c>), or all before them (<c>full_attention</c>).</summary>
    /// <exception cref="ConfigException">The list says nothing of the layer, or another kind.</exception>
    public static bool IsBanded(IReadOnlyList<string> kinds, int layer) => layer >= kinds.Count
        ? throw new ConfigException("config.json", $"layer_types has {kinds.Count} kinds and none for layer {layer}, expected a kind for each layer")
        : kinds[layer] switch
        {
            "sliding_attention" => true,
            "full_attention" => false,
            var other => throw new ConfigException("config.json",
                $"layer_types has '{other}' at layer {layer}, expected 'full_attention' or 'sliding_attention'"),
        };
}
