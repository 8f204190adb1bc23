using Dsl;
using C = Zoo.Decoders.Gemma2Config;

namespace Zoo.Decoders;

public sealed partial record Gemma2Config
{
    [Count("id2label")] public int Classes { get; init; } = 2;
}

/// <summary>Labels, or a reward where there is one: a score at each token (<c>values</c>), and of a text the one at its last real token.</summary>
[Model<C>("Gemma2ForSequenceClassification"), Derive<Gemma2>, Remove("lm_head.apply")]
[Replace("lm_head"), Linear("score", nameof(C.Classes)), Output("values"), Pool("last")]
public sealed partial class Gemma2ForSequenceClassification;

/// <summary>The trunk alone.</summary>
[Model<C>("Gemma2Model"), Derive<Gemma2>, Rename("model", ""), Remove("lm_head.output"), Remove("lm_head.apply"), Remove("lm_head")]
[Keys("with prefix", "embed_tokens", "layers", "norm", Under = "model")]
public sealed partial class Gemma2Model;
