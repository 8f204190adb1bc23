using Dsl;

namespace Zoo.EncoderDecoders;

/// <summary>Published sizes (section 4 and 5 of the paper).</summary>
public sealed partial record BartConfig
{
    [Preset("bart-base", Model = typeof(Bart))] public static BartConfig Base => new(50265, 768, 6, 6, 12, 12, 3072, 3072, Activation.Gelu);

    [Preset("bart-large", Model = typeof(Bart))] public static BartConfig Large => new(50265, 1024, 12, 12, 16, 16, 4096, 4096, Activation.Gelu);

    // What is read may have grown by inserted masks: hence twice the context.
    [Small("bart", Layout = "roberta")]
    public static BartConfig Sized(SmallSize size) => new(
        size.Vocab, size.Width, 2, 2, 4, 4, size.Inner ?? 4 * size.Width, size.Inner ?? 4 * size.Width, Activation.Gelu, 2 * size.Context, Drop: 0,
        Pad: size.Pad, Deviation: SmallSize.Deviation);
}

/// <summary>Published sizes: 25 languages, and 50 (Tang et al. 2020, arXiv 2008.00401), whose fine-tuned models have ReLU.</summary>
public sealed partial record MBartConfig
{
    [Preset("mbart-large-cc25")]
    public static MBartConfig Large25 => new(true)
    {
        Vocab = 250027,
        Hidden = 1024,
        EncoderLayers = 12,
        DecoderLayers = 12,
        EncoderHeads = 16,
        DecoderHeads = 16,
        EncoderFeedForward = 4096,
        DecoderFeedForward = 4096,
        ActKey = Activation.Gelu,
        ScaleEmbedding = true,
    };

    [Preset("mbart-large-50")] public static MBartConfig Large50 => Large25 with { Vocab = 250054 };

    [Preset("mbart-large-50-many-to-many-mmt")] public static MBartConfig Large50Translating => Large50 with { ActKey = Activation.Relu };

    [Small("mbart", Layout = "roberta")]
    public static MBartConfig Sized(SmallSize size) => new(true)
    {
        Vocab = size.Vocab,
        Hidden = size.Width,
        EncoderLayers = 2,
        DecoderLayers = 2,
        EncoderHeads = 4,
        DecoderHeads = 4,
        EncoderFeedForward = size.Inner ?? 4 * size.Width,
        DecoderFeedForward = size.Inner ?? 4 * size.Width,
        ActKey = Activation.Gelu,
        Context = 2 * size.Context,
        ScaleEmbedding = true,
        Drop = 0,
        Pad = size.Pad,
        Deviation = SmallSize.Deviation,
    };
}
