using Dsl;
using C = Zoo.Decoders.Qwen3Config;

namespace Zoo.Decoders;

/// <summary>Labels, or a reward where there is one: a score at each token (<c>values</c>), and of a text the one at its last real token.</summary>
[Model<C>("Qwen3ForSequenceClassification"), TrainedBy("reward"), Derive<LlamaForSequenceClassification>]
[Replace("model.layers"), Repeat<Qwen3Block>("model.layers", nameof(C.Layers))]
public sealed partial class Qwen3ForSequenceClassification;

/// <summary>A policy and its value in one trunk.</summary>
[Model<C>("Qwen3ForCausalLMWithValueHead"), TrainedBy("ppo"), Derive<LlamaForCausalLMWithValueHead>]
[Replace("model.layers"), Repeat<Qwen3Block>("model.layers", nameof(C.Layers))]
public sealed partial class Qwen3ForCausalLMWithValueHead;

/// <summary>One label for each token.</summary>
[Model<C>("Qwen3ForTokenClassification"), Derive<LlamaForTokenClassification>]
[Replace("model.layers"), Repeat<Qwen3Block>("model.layers", nameof(C.Layers))]
public sealed partial class Qwen3ForTokenClassification;

/// <summary>The trunk alone.</summary>
[Model<C>("Qwen3Model"), Derive<LlamaModel>]
[Replace("layers"), Repeat<Qwen3Block>("layers", nameof(C.Layers))]
public sealed partial class Qwen3Model;
