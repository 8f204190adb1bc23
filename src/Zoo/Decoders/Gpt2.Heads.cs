using Dsl;
using C = Zoo.Decoders.Gpt2Config;

namespace Zoo.Decoders;

/// <summary>Labels, or a reward where there is one: a score at each token (<c>values</c>), and of a text the one at its last real token.</summary>
[Model<C>("GPT2ForSequenceClassification"), Derive<Gpt2>]
[Replace("lm_head"), Linear("score", nameof(C.Classes)), Output("values"), Pool("last")]
public sealed partial class Gpt2ForSequenceClassification;
