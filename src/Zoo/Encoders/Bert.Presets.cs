using Dsl;

namespace Zoo.Encoders;

/// <summary>
/// Published sizes: the paper's section 3, and the miniatures of Turc et al. 2019 (arXiv 1908.08962); the feed-forward is four times as wide, heads are 64
/// wide.
/// </summary>
public sealed partial record BertConfig
{
    [Preset("bert-tiny", Model = typeof(BertForPreTraining))] public static BertConfig Tiny => new(30522, 128, 2, 2, 512, Activation.Gelu);

    [Preset("bert-mini", Model = typeof(BertForPreTraining))] public static BertConfig Mini => new(30522, 256, 4, 4, 1024, Activation.Gelu);

    [Preset("bert-small", Model = typeof(BertForPreTraining))] public static BertConfig Small => new(30522, 512, 4, 8, 2048, Activation.Gelu);

    [Preset("bert-medium", Model = typeof(BertForPreTraining))] public static BertConfig Medium => new(30522, 512, 8, 8, 2048, Activation.Gelu);

    [Preset("bert-base-uncased", Model = typeof(BertForPreTraining))] public static BertConfig BaseUncased => new(30522, 768, 12, 12, 3072, Activation.Gelu);

    [Preset("bert-base-cased", Model = typeof(BertForPreTraining))] public static BertConfig BaseCased => BaseUncased with { Vocab = 28996 };

    [Preset("bert-base-multilingual-cased", Model = typeof(BertForPreTraining))]
    public static BertConfig BaseMultilingual => BaseUncased with { Vocab = 119547 };

    [Preset("bert-base-chinese", Model = typeof(BertForPreTraining))] public static BertConfig BaseChinese => BaseUncased with { Vocab = 21128 };

    [Preset("bert-large-uncased", Model = typeof(BertForPreTraining))] public static BertConfig LargeUncased => new(30522, 1024, 24, 16, 4096, Activation.Gelu);

    [Preset("bert-large-cased", Model = typeof(BertForPreTraining))] public static BertConfig LargeCased => LargeUncased with { Vocab = 28996 };

    [Small("bert", Layout = "bert", First = true)]
    public static BertConfig Sized(SmallSize size) => new(
        size.Vocab, size.Width, 2, 4, size.Inner ?? 4 * size.Width, Activation.Gelu, size.Context, Drop: 0, AttentionDrop: 0, Pad: size.Pad,
        Deviation: SmallSize.Deviation);
}

/// <summary>Published sizes: two rows of positions more than tokens, one token type, and another epsilon than the class's default.</summary>
public sealed partial record RobertaConfig
{
    [Preset("roberta-base", Model = typeof(Roberta))]
    public static RobertaConfig Base => new(1)
    {
        Vocab = 50265,
        Hidden = 768,
        Layers = 12,
        Heads = 12,
        FeedForward = 3072,
        Act = Activation.Gelu,
        Context = 514,
        Types = 1,
        Eps = 1e-5,
    };

    [Preset("roberta-large", Model = typeof(Roberta))]
    public static RobertaConfig Large => Base with { Hidden = 1024, Layers = 24, Heads = 16, FeedForward = 4096 };

    [Small("roberta", Layout = "roberta")]
    public static RobertaConfig Sized(SmallSize size) => new(size.Pad)
    {
        Vocab = size.Vocab,
        Hidden = size.Width,
        Layers = 2,
        Heads = 4,
        FeedForward = size.Inner ?? 4 * size.Width,
        Act = Activation.Gelu,
        Context = size.Context + 2,
        Types = 1,
        Drop = 0,
        AttentionDrop = 0,
        Deviation = SmallSize.Deviation,
    };
}

/// <summary>Published sizes (table 1 of the paper). Version 2 has no dropout and the tanh form of GELU.</summary>
public sealed partial record AlbertConfig
{
    [Preset("albert-base-v1", Model = typeof(AlbertForPreTraining))]
    public static AlbertConfig BaseV1 => new(30000, 128, 768, 12, 12, 3072, Activation.Gelu) { Drop = 0.1, AttentionDrop = 0.1 };

    [Preset("albert-large-v1", Model = typeof(AlbertForPreTraining))]
    public static AlbertConfig LargeV1 => BaseV1 with { Hidden = 1024, Layers = 24, Heads = 16, FeedForward = 4096 };

    [Preset("albert-xlarge-v1", Model = typeof(AlbertForPreTraining))]
    public static AlbertConfig ExtraLargeV1 => BaseV1 with { Hidden = 2048, Layers = 24, Heads = 16, FeedForward = 8192 };

    [Preset("albert-xxlarge-v1", Model = typeof(AlbertForPreTraining))]
    public static AlbertConfig TwiceExtraLargeV1 => BaseV1 with { Hidden = 4096, Heads = 64, FeedForward = 16384, Drop = 0, AttentionDrop = 0 };

    [Preset("albert-base-v2", Model = typeof(AlbertForPreTraining))]
    public static AlbertConfig BaseV2 => new(30000, 128, 768, 12, 12, 3072, Activation.GeluTanh);

    [Preset("albert-large-v2", Model = typeof(AlbertForPreTraining))]
    public static AlbertConfig LargeV2 => BaseV2 with { Hidden = 1024, Layers = 24, Heads = 16, FeedForward = 4096 };

    [Preset("albert-xlarge-v2", Model = typeof(AlbertForPreTraining))]
    public static AlbertConfig ExtraLargeV2 => BaseV2 with { Hidden = 2048, Layers = 24, Heads = 16, FeedForward = 8192 };

    [Preset("albert-xxlarge-v2", Model = typeof(AlbertForPreTraining))]
    public static AlbertConfig TwiceExtraLargeV2 => BaseV2 with { Hidden = 4096, Heads = 64, FeedForward = 16384 };

    [Small("albert", Layout = "bert")]
    public static AlbertConfig Sized(SmallSize size) => new(
        size.Vocab, 64, size.Width, 2, 4, size.Inner ?? 4 * size.Width, Activation.Gelu, Context: size.Context, Pad: size.Pad, Deviation: SmallSize.Deviation);
}

/// <summary>
/// Published sizes (table 6 of the paper). The released small generator is as large as its discriminator; those of base and large are a third and a quarter.
/// </summary>
public sealed partial record ElectraConfig
{
    [Preset("electra-small-discriminator", Model = typeof(ElectraForPreTraining))]
    public static ElectraConfig Small => new(128) { Vocab = 30522, Hidden = 256, Layers = 12, Heads = 4, FeedForward = 1024, Act = Activation.Gelu };

    [Preset("electra-base-discriminator", Model = typeof(ElectraForPreTraining))]
    public static ElectraConfig Base => new(768) { Vocab = 30522, Hidden = 768, Layers = 12, Heads = 12, FeedForward = 3072, Act = Activation.Gelu };

    [Preset("electra-large-discriminator", Model = typeof(ElectraForPreTraining))]
    public static ElectraConfig Large => new(1024) { Vocab = 30522, Hidden = 1024, Layers = 24, Heads = 16, FeedForward = 4096, Act = Activation.Gelu };

    [Preset("electra-small-generator", Model = typeof(ElectraForMaskedLM))] public static ElectraConfig SmallGenerator => Small with { };

    [Preset("electra-base-generator", Model = typeof(ElectraForMaskedLM))]
    public static ElectraConfig BaseGenerator => Base with { Hidden = 256, Heads = 4, FeedForward = 1024 };

    [Preset("electra-large-generator", Model = typeof(ElectraForMaskedLM))]
    public static ElectraConfig LargeGenerator => Large with { Hidden = 256, Heads = 4, FeedForward = 1024 };

    [Small("electra", Layout = "bert")]
    public static ElectraConfig Sized(SmallSize size) => new(64)
    {
        Vocab = size.Vocab,
        Hidden = size.Width,
        Layers = 2,
        Heads = 4,
        FeedForward = size.Inner ?? 4 * size.Width,
        Act = Activation.Gelu,
        Context = size.Context,
        Drop = 0,
        AttentionDrop = 0,
        Pad = size.Pad,
        Deviation = SmallSize.Deviation,
    };
}
