using Dsl;
using C = Zoo.Decoders.Qwen2Config;

namespace Zoo.Decoders;

/// <summary>Labels, or a reward where there is one: a score at each token (<c>values</c>), and of a text the one at its last real token.</summary>
[Model<C>("Qwen2ForSequenceClassification"), TrainedBy("reward"), Derive<LlamaForSequenceClassification>]
[Replace("model.layers"), Repeat<Qwen2Block>("model.layers", nameof(C.Layers))]
public sealed partial class Qwen2ForSequenceClassification;

/// <summary>A policy and its value in one trunk.</summary>
[Model<C>("Qwen2ForCausalLMWithValueHead"), TrainedBy("ppo"), Derive<LlamaForCausalLMWithValueHead>]
[Replace("model.layers"), Repeat<Qwen2Block>("model.layers", nameof(C.Layers))]
public sealed partial class Qwen2ForCausalLMWithValueHead;

/// <summary>One label for each token.</summary>
[Model<C>("Qwen2ForTokenClassification"), Derive<LlamaForTokenClassification>]
[Replace("model.layers"), Repeat<Qwen2Block>("model.layers", nameof(C.Layers))]
public sealed partial class Qwen2ForTokenClassification;

/// <summary>The trunk alone.</summary>
[Model<C>("Qwen2Model"), Derive<LlamaModel>]
[Replace("layers"), Repeat<Qwen2Block>("layers", nameof(C.Layers))]
public sealed partial class Qwen2Model;
