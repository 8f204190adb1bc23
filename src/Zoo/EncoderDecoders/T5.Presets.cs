using System;
using System.Linq;
using Dsl;
using Dsl.Runtime;

namespace Zoo.EncoderDecoders;

/// <summary>Published sizes: the table of section 3.7.2 of the paper; 1.1 has gated feed-forwards and a head of its own.</summary>
public sealed partial record T5Config
{
    [Preset("t5-small", Model = typeof(T5))] public static T5Config Small => new(32128, 512, 64, 2048, 8, 6);

    [Preset("t5-base", Model = typeof(T5))] public static T5Config Base => new(32128, 768, 64, 3072, 12, 12);

    [Preset("t5-large", Model = typeof(T5))] public static T5Config Large => new(32128, 1024, 64, 4096, 16, 24);

    [Preset("t5-3b", Model = typeof(T5))] public static T5Config B3 => new(32128, 1024, 128, 16384, 32, 24);

    [Preset("t5-11b", Model = typeof(T5))] public static T5Config B11 => new(32128, 1024, 128, 65536, 128, 24);

    [Preset("t5-v1.1-small", Model = typeof(T5))] public static T5Config V11Small => new(32128, 512, 64, 1024, 6, 8, Projection: "gated-gelu", Tied: false);

    [Preset("t5-v1.1-base", Model = typeof(T5))] public static T5Config V11Base => new(32128, 768, 64, 2048, 12, 12, Projection: "gated-gelu", Tied: false);

    [Preset("t5-v1.1-large", Model = typeof(T5))] public static T5Config V11Large => new(32128, 1024, 64, 2816, 16, 24, Projection: "gated-gelu", Tied: false);

    [Preset("t5-v1.1-xl", Model = typeof(T5))]
    public static T5Config V11ExtraLarge => new(32128, 2048, 64, 5120, 32, 24, Projection: "gated-gelu", Tied: false);

    [Preset("t5-v1.1-xxl", Model = typeof(T5))]
    public static T5Config V11TwiceExtraLarge => new(32128, 4096, 64, 10240, 64, 24, Projection: "gated-gelu", Tied: false);

    [Small("t5", Layout = "t5")]
    public static T5Config Sized(SmallSize size) =>
        new(size.Vocab, size.Width, size.Width / 4, size.Inner ?? 3 * size.Width, 4, 2, 2, Projection: "gated-gelu", Drop: 0);

    /// <summary>Whether a name of the feed-forward says that it is gated.</summary>
    /// <exception cref="ConfigException">It is no name of one.</exception>
    internal static bool IsGated(string projection) => projection.Split('-') switch
    {
        [var name] when Activation.Known.Contains(name) => false,
        ["gated", var name] when Activation.Known.Contains(name) => true,
        _ => throw new ConfigException("config.json", $"feed_forward_proj is '{projection}', expected NAME or gated-NAME, where NAME is one of "
            + string.Join(", ", Activation.Known)),
    };

    // Deviations of new weights, as the published code draws them.
    public double OfHidden => Factor / Math.Sqrt(Hidden);
    public double OfQuery => Factor / Math.Sqrt(Hidden * HeadDim);
    public double OfHeads => Factor / Math.Sqrt(Heads * HeadDim);
    public double OfFeedForward => Factor / Math.Sqrt(FeedForward);
}
