using Dsl;
using C = Zoo.StateSpaces.S4Config;

namespace Zoo.StateSpaces;

/// <summary>The small classifier of the S4 repository: a state space for each channel (Gu et al. 2021, arXiv 2111.00396).</summary>
[Extend<S4dConfig>, Only("layer", "S4D"), NoEffect("sequence_length")]
public sealed partial record S4Config([Key("d_input")] int Input, [Key("d_output")] int Output = 10);

[Block<C>]
[When(nameof(C.PreNorm)), Residual, LayerNorm("norms.{layer}"), Use<S4dLayer>("s4_layers.{layer}"), Dropout(nameof(C.Drop))]
[Unless(nameof(C.PreNorm)), Residual, Use<S4dLayer>("s4_layers.{layer}"), Dropout(nameof(C.Drop))]
[Unless(nameof(C.PreNorm)), LayerNorm("norms.{layer}")]
public sealed partial class S4Block;

[Model<C>("S4Model")]
[Input("x", "b t i"), Axis("i", nameof(C.Input))]
[Linear("encoder", nameof(C.Hidden), Bias = true), Repeat<S4Block>("", nameof(C.Layers)), Pool("mean"), Linear("decoder", nameof(C.Output), Bias = true), Output("logits")]
public sealed partial class S4Model;
