using System;
using Dsl;
using Dsl.Runtime;
using C = Zoo.StateSpaces.S4Config;

namespace Zoo.StateSpaces;

/// <summary>The classifier of the S4 repository's example.py, with layers of S4D (as there) or of S4.</summary>
[ModelType("s4"), Extend<S4dConfig>, NoEffect("sequence_length"), Only("bidirectional", false), Only("channels", 1), Only("rank", 1)]
public sealed partial record S4Config([Key("d_input"), Range(1)] int Input, [Key("d_output"), Range(1)] int Output = 10, [Key("layer")] string Layer = "S4D")
{
    public Type Kind => Layer == "S4D" ? typeof(S4dLayer) : Layer == "S4Block" || Layer.StartsWith("S4Block (DPLR", StringComparison.Ordinal) ? typeof(S4Layer)
        : throw new ConfigException("config.json", $"layer is '{Layer}', expected 'S4D' or 'S4Block (DPLR)'");
}

[Block<C>]
[When(nameof(C.PreNorm)), Residual, LayerNorm("norms.{layer}"), Use<S4dLayer, S4Layer>("s4_layers.{layer}", By = nameof(C.Kind)), Dropout(nameof(C.Drop))]
[Unless(nameof(C.PreNorm)), Residual, Use<S4dLayer, S4Layer>("s4_layers.{layer}", By = nameof(C.Kind)), Dropout(nameof(C.Drop))]
[Unless(nameof(C.PreNorm)), LayerNorm("norms.{layer}")]
public sealed partial class S4Block;

[Model<C>("S4Model")]
[Input("x", "b t i"), Axis("i", nameof(C.Input))]
[Linear("encoder", nameof(C.Hidden), Bias = true), Repeat<S4Block>("", nameof(C.Layers)), Pool("mean")]
[Linear("decoder", nameof(C.Output), Bias = true), Output("logits")]
[Group("*.kernel.*dt", Decay = 0, Rate = 0.1), Group("*.kernel.*A_*", Decay = 0, Rate = 0.1)]      // the kernel learns at 0.001, all else at 0.01
[Group("*.kernel.B", Decay = 0, Rate = 0.1), Group("*.kernel.P", Decay = 0, Rate = 0.1)]
public sealed partial class S4Model;
