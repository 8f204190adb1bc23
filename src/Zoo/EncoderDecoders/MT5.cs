using System;
using Dsl;
using C = Zoo.EncoderDecoders.MT5Config;

namespace Zoo.EncoderDecoders;

/// <summary>mT5 (Xue et al. 2020, arXiv 2010.11934): T5 1.1 in 101 languages; where its head is tied, what comes before it is not scaled.</summary>
[ModelType("mt5"), Extend<T5Config>]
public sealed partial record MT5Config([Key("feed_forward_proj")] string Projection = "gated-gelu", [Key("tie_word_embeddings")] bool Tied = false)
{
    public double HeadScale => ScaledKey == true ? 1 / Math.Sqrt(Hidden) : 1;
}

[Model<C>("MT5ForConditionalGeneration"), Derive<T5>]
public sealed partial class MT5;
