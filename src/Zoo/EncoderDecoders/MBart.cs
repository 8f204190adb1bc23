using Dsl;
using C = Zoo.EncoderDecoders.MBartConfig;

namespace Zoo.EncoderDecoders;

/// <summary>mBART (Liu et al. 2020, arXiv 2001.08210): BART with norms before the branches and one more at the end of each stack.</summary>
[ModelType("mbart"), Extend<BartConfig>]
public sealed partial record MBartConfig([Key("normalize_before")] bool PreNorm = true);

[Model<C>("MBartForConditionalGeneration"), TrainedBy("denoise", "infill=0.35", "mean-span=3.5", "language=en_XX"), Derive<Bart>]
public sealed partial class MBart;
