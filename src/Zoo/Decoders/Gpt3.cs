using System;
using Dsl;
using C = Zoo.Decoders.Gpt3Config;

namespace Zoo.Decoders;

/// <summary>
/// GPT-3 (Brown et al. 2020, arXiv 2005.14165): GPT-2 whose layers alternate dense and locally banded attention. The paper gives neither the band's width nor
/// which layers have it: both are keys here.
/// </summary>
[Extend<Gpt2Config>]
public sealed partial record Gpt3Config([Key("head_dim"), Range(1)] int? HeadDimKey = null, [Key("window_size"), Range(1)] int Window = 256,
    [Key("first_banded_layer"), Range(0, 1)] int FirstBanded = 1)
{
    public int HeadDim => HeadDimKey ?? Hidden / Heads;
    public Type Kind(int layer) => layer % 2 == FirstBanded % 2 ? typeof(Gpt3BandedBlock) : typeof(Gpt3Block);
}

[Block<C>, Derive<Gpt2Block>]
public sealed partial class Gpt3Block;

[Block<C>, Derive<Gpt2Block>, Set("attn", "Mask", nameof(Band))]
public sealed partial class Gpt3BandedBlock
{
    [Mask] static bool Band(int query, int key, C c) => key <= query && query - key < c.Window;
}

[Model<C>("GPT3LMHeadModel"), Derive<Gpt2>]
[Replace("transformer.h"), Repeat<Gpt3Block, Gpt3BandedBlock>("transformer.h", nameof(C.Layers), By = nameof(C.Kind))]
public sealed partial class Gpt3;
