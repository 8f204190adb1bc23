using Dsl;
using C = Zoo.EncoderDecoders.T0Config;

namespace Zoo.EncoderDecoders;

/// <summary>
/// T0 (Sanh et al. 2021, arXiv 2110.08207): T5 1.1 trained further on prompted tasks. Its files call themselves T5, so that T5 opens them by their name.
/// </summary>
[ModelType("t5", Architecture = "T5ForConditionalGeneration"), Extend<T5Config>]
public sealed partial record T0Config([Key("feed_forward_proj")] string Projection = "gated-gelu", [Key("tie_word_embeddings")] bool Tied = false);

[Model<C>, Derive<T5>]
public sealed partial class T0;
