using Dsl;
using C = Zoo.Decoders.MixtralConfig;

namespace Zoo.Decoders;

/// <summary>The trunk alone.</summary>
[Model<C>("MixtralModel"), Derive<MistralModel>]
[Replace("layers"), Repeat<MixtralBlock>("layers", nameof(C.Layers))]
[Keys("a tensor an expert", "mlp=block_sparse_moe", "experts.gate_up_proj=experts.{e}.w1.weight+experts.{e}.w3.weight",
    "experts.down_proj=experts.{e}.w2.weight")]
public sealed partial class MixtralModel;
