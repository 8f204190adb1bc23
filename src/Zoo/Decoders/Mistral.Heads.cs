using Dsl;
using C = Zoo.Decoders.MistralConfig;

namespace Zoo.Decoders;

/// <summary>Labels, or a reward where there is one: a score at each token (<c>values</c>), and of a text the one at its last real token.</summary>
[Model<C>("MistralForSequenceClassification"), TrainedBy("reward"), Derive<LlamaForSequenceClassification>]
[Replace("model.layers"), Repeat<MistralBlock>("model.layers", nameof(C.Layers))]
public sealed partial class MistralForSequenceClassification;

/// <summary>A policy and its value in one trunk.</summary>
[Model<C>("MistralForCausalLMWithValueHead"), TrainedBy("ppo"), Derive<LlamaForCausalLMWithValueHead>]
[Replace("model.layers"), Repeat<MistralBlock>("model.layers", nameof(C.Layers))]
public sealed partial class MistralForCausalLMWithValueHead;

/// <summary>One label for each token.</summary>
[Model<C>("MistralForTokenClassification"), Derive<LlamaForTokenClassification>]
[Replace("model.layers"), Repeat<MistralBlock>("model.layers", nameof(C.Layers))]
public sealed partial class MistralForTokenClassification;

/// <summary>The trunk alone.</summary>
[Model<C>("MistralModel"), Derive<LlamaModel>]
[Replace("layers"), Repeat<MistralBlock>("layers", nameof(C.Layers))]
public sealed partial class MistralModel;
