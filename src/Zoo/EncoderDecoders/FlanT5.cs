using Dsl;
using C = Zoo.EncoderDecoders.FlanT5Config;

namespace Zoo.EncoderDecoders;

/// <summary>
/// Flan-T5 (Chung et al. 2022, arXiv 2210.11416): T5 1.1 trained further on instructions. Its files call themselves T5, so that T5 opens them by their name.
/// </summary>
[ModelType("t5", Architecture = "T5ForConditionalGeneration"), Extend<T5Config>]
public sealed partial record FlanT5Config([Key("feed_forward_proj")] string Projection = "gated-gelu", [Key("tie_word_embeddings")] bool Tied = false);

[Model<C>, Derive<T5>]
public sealed partial class FlanT5;
