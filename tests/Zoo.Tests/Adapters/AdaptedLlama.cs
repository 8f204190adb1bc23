using Dsl;
using Zoo.Decoders;

namespace Zoo.Tests.Adapters;

/// <summary>A family with an adapter by derivation.</summary>
[Model<LlamaConfig>, Derive<Llama>, Adapt("{q,v}_proj", "lm_head", Rank = 3, Alpha = 6)]
public sealed partial class AdaptedLlama;
