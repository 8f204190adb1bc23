using Zoo.Decoders;
using Zoo.EncoderDecoders;
using Zoo.Encoders;
using Zoo.StateSpaces;
using Zoo.TestTimeTraining;

namespace Zoo.Tests.Models;

/// <summary>How many numbers a model holds, worked out from its published sizes and from nothing of its declaration.</summary>
internal static class ClosedForms
{
    internal static long? Count(object config, string model) => config switch
    {
        // Embedding, layers of (q and o, k and v, three feed-forward matrices, two norms), the last norm, the head.
        LlamaConfig c => Llama(c.Vocab, c.Hidden, c.FeedForward, c.Layers, c.Heads, c.KvHeadsKey, c.HeadDimKey, c.Tied),
        MistralConfig c => Llama(c.Vocab, c.Hidden, c.FeedForward, c.Layers, c.Heads, c.KvHeadsKey, c.HeadDimKey, c.Tied),

        // The same; a bias on q, k and v; a norm for the heads of q and of k; two more norms in a layer.
        Qwen3Config c => Llama(c.Vocab, c.Hidden, c.FeedForward, c.Layers, c.Heads, c.KvHeadsKey, c.HeadDimKey ?? 128, c.Tied)
            + (2L * c.Layers * (c.HeadDimKey ?? 128)),
        Qwen2Config c => Llama(c.Vocab, c.Hidden, c.FeedForward, c.Layers, c.Heads, c.KvHeadsKey, c.HeadDimKey, c.Tied)
            + ((long)c.Layers * (c.Heads + (2 * (c.KvHeadsKey ?? c.Heads))) * (c.HeadDimKey ?? (c.Hidden / c.Heads))),

        // Experts in the place of one feed-forward (three matrices each), and a router.
        MixtralConfig c => Llama(c.Vocab, c.Hidden, c.FeedForward, c.Layers, c.Heads, c.KvHeadsKey, c.HeadDimKey, c.Tied)
            + Experts(c.Layers, c.Hidden, c.FeedForward, c.Experts, c.FeedForward),
        OlmoeConfig c => Llama(c.Vocab, c.Hidden, c.FeedForward, c.Layers, c.Heads, c.KvHeadsKey, c.HeadDimKey, c.Tied)
            + Experts(c.Layers, c.Hidden, c.FeedForward, c.Experts, c.FeedForward)
            + ((long)c.Layers * (c.Hidden + (c.Hidden / c.Heads * (c.KvHeadsKey ?? c.Heads)))),
        Qwen3MoeConfig c => Llama(c.Vocab, c.Hidden, c.FeedForward, c.Layers, c.Heads, c.KvHeadsKey, c.HeadDimKey ?? 128, c.Tied)
            + (2L * c.Layers * (c.HeadDimKey ?? 128)) + Experts(c.Layers, c.Hidden, c.FeedForward, c.Experts, c.ExpertWidth),
        Gemma2Config c => Llama(c.Vocab, c.Hidden, c.FeedForward, c.Layers, c.Heads, c.KvHeadsKey, c.HeadDimKey ?? 256, c.Tied)
            + (2L * c.Layers * c.Hidden),

        // Embedding, layers of four maps and two of the feed-forward, with biases; one norm a layer (two with parallel branches), one after them; the head.
        PhiConfig c => ((long)c.Vocab * c.Hidden) + Dense(c.Hidden, c.Vocab) + (2 * c.Hidden)
            + (c.Layers * ((4 * Square(c.Hidden)) + Dense(c.Hidden, c.FeedForward) + Dense(c.FeedForward, c.Hidden) + (2 * c.Hidden))),
        GptNeoXConfig c => (2L * c.Vocab * c.Hidden) + (2 * c.Hidden)
            + (c.Layers * ((4 * Square(c.Hidden)) + Dense(c.Hidden, c.FeedForward) + Dense(c.FeedForward, c.Hidden) + (4 * c.Hidden))),
        Gpt1Config c => Gpt(c.Vocab, c.Context, c.Hidden, c.Layers, c.Hidden),
        Gpt2Config c => Gpt(c.Vocab, c.Context, c.Hidden, c.Layers, c.Hidden) + (2 * c.Hidden),
        Gpt3Config c => Gpt(c.Vocab, c.Context, c.Hidden, c.Layers, c.HeadDimKey is { } dim ? (long)c.Heads * dim : c.Hidden) + (2 * c.Hidden),

        // Masked words: a dense layer, its norm, a bias for each word; the next sentence: the pooler and two classes.
        BertConfig c when model == nameof(BertForPreTraining) =>
            Bert(c.Vocab, c.Context, c.Types, c.Hidden, c.Hidden, c.Layers, c.FeedForward) + Square(c.Hidden) + (2 * c.Hidden) + c.Vocab + Square(c.Hidden)
                + Dense(c.Hidden, 2),
        RobertaConfig c => Bert(c.Vocab, c.Context, c.Types, c.Hidden, c.Hidden, c.Layers, c.FeedForward) + Square(c.Hidden) + (2 * c.Hidden) + c.Vocab,
        AlbertConfig c => Bert(c.Vocab, c.Context, c.Types, c.EmbeddingWidth, c.Hidden, 1, c.FeedForward) + Dense(c.EmbeddingWidth, c.Hidden)
            + Dense(c.Hidden, c.EmbeddingWidth) + (2 * c.EmbeddingWidth) + c.Vocab + Square(c.Hidden) + Dense(c.Hidden, 2),
        ElectraConfig c => Bert(c.Vocab, c.Context, c.Types, c.EmbeddingWidth, c.Hidden, c.Layers, c.FeedForward)
            + (c.EmbeddingWidth == c.Hidden ? 0 : Dense(c.EmbeddingWidth, c.Hidden))
            + (model == nameof(ElectraForPreTraining) ? Square(c.Hidden) + Dense(c.Hidden, 1)
                : Dense(c.Hidden, c.EmbeddingWidth) + (2 * c.EmbeddingWidth) + c.Vocab),

        // No token types, no pooler; a table of distances and its norm.
        DebertaV2Config c => Bert(c.Vocab, c.HasPositions ? c.Context : 0, 0, c.Hidden, c.Hidden, c.Layers, c.FeedForward)
            + (2L * c.Span * c.Hidden) + (2 * c.Hidden) + Dense(c.Hidden, c.Hidden) + (2 * c.Hidden) + c.Vocab,

        // No bias anywhere; a table of positions in each stack; four matrices an attention.
        T5Config c => T5(c.Vocab, c.Hidden, c.FeedForward, c.Layers, c.Heads * c.HeadDim, c.Heads, c.Projection == "gated-gelu", c.Tied),
        MT5Config c => T5(c.Vocab, c.Hidden, c.FeedForward, c.Layers, c.Heads * c.HeadDim, c.Heads, gated: true, tied: false),
        FlanT5Config c => T5(c.Vocab, c.Hidden, c.FeedForward, c.Layers, c.Heads * c.HeadDim, c.Heads, gated: true, tied: false),
        T0Config c => T5(c.Vocab, c.Hidden, c.FeedForward, c.Layers, c.Heads * c.HeadDim, c.Heads, gated: true, tied: false),
        BartConfig c => Bart(c.Vocab, c.Hidden, c.EncoderLayers, c.EncoderFeedForward),
        MBartConfig c => Bart(c.Vocab, c.Hidden, c.EncoderLayers, c.EncoderFeedForward) + (4 * c.Hidden),

        // Embedding and head, the norm after the first and before the second; a layer's five matrices of [width, width] and two of four times that, two
        // norms, five shares, decay and first.
        RwkvConfig c => (2L * c.Vocab * c.Hidden) + (4 * c.Hidden)
            + (c.Layers * ((5L * c.Hidden * c.Hidden) + (2L * c.Hidden * 4 * c.Hidden) + (11 * c.Hidden))),

        // The tied embedding; a layer's way in (twice the inner width) and out, convolution of 4, selection of a step's rank and two states of 16, the step
        // itself, A, D and the norm.
        MambaConfig c => ((long)c.Vocab * c.Hidden) + c.Hidden
            + (c.Layers * (c.Hidden + (3L * c.Hidden * c.Inner) + (5 * c.Inner) + (c.Inner * (c.Rank + 32L)) + Dense(c.Rank, c.Inner) + (17L * c.Inner))),

        // Maps of z, of what is convolved (u, B and C) and of the steps; the convolution; three numbers a head; two norms.
        Mamba2Config c => Mamba2(c.Vocab, c.Hidden, c.Layers, c.Heads, c.Heads * c.HeadDim, 2L * c.Groups * c.State, c.Tied),

        // Four matrices: q, v, o, and g (then k is q's) or k; three convolutions and the norm of one of them, or none; the fast maps, their norm and rates;
        // the feed-forward layer; two norms without bias and one with.
        TttConfig c => ((c.Tied ? 1 : 2) * (long)c.Vocab * c.Hidden) + c.Hidden
            + (c.Layers * ((4L * c.Hidden * c.Hidden) + (c.PreConv ? 16L * c.Hidden : 0) + Fast(c.Hidden, c.Heads, c.Kind) + (2L * c.Hidden)
            + Dense(c.Hidden, c.Heads) + 16 + (3L * c.Hidden * c.FeedForward) + (4L * c.Hidden))),

        // Step and skip, decays and frequencies, Complex read-outs, a map to twice the width, a norm; encoder and decoder.
        S4Config c => Dense(c.Input, c.Hidden) + Dense(c.Hidden, c.Output)
            + (c.Layers * ((2L * c.Hidden) + (4L * c.Hidden * c.Half) + Dense(c.Hidden, 2L * c.Hidden) + (2L * c.Hidden))),
        _ => null,
    };

    private static long T5(long vocab, long hidden, long inner, long layers, long width, long heads, bool gated, bool tied) =>
        ((tied ? 1 : 2) * vocab * hidden) + (2 * 32 * heads) + (2 * hidden)
        + (layers * ((3 * 4 * hidden * width) + (2 * (gated ? 3 : 2) * hidden * inner) + (5 * hidden)));

    private static long Mamba2(long vocab, long hidden, long layers, long heads, long inner, long mapped, bool tied) =>
        ((tied ? 1 : 2) * vocab * hidden) + hidden
        + (layers * ((hidden * ((2 * inner) + mapped + heads)) + (5 * (inner + mapped)) + (3 * heads) + inner + (inner * hidden) + hidden));

    private static long Fast(long hidden, long heads, string kind) =>
        heads * (kind == "mlp" ? Dense(hidden / heads, 4 * (hidden / heads)) + Dense(4 * (hidden / heads), hidden / heads)
            : Dense(hidden / heads, hidden / heads));

    /// <summary>What experts add to layers of one feed-forward.</summary>
    private static long Experts(long layers, long hidden, long inner, long count, long width) =>
        layers * ((3 * hidden * ((count * width) - inner)) + (count * hidden));

    private static long Llama(long vocab, long hidden, long inner, long layers, long heads, int? groups, int? dim, bool tied)
    {
        long width = dim ?? (hidden / heads), kv = groups ?? heads;
        return ((tied ? 1 : 2) * vocab * hidden) + hidden
            + (layers * ((2 * hidden * heads * width) + (2 * hidden * kv * width) + (3 * hidden * inner) + (2 * hidden)));
    }

    private static long Gpt(long vocab, long context, long hidden, long layers, long attended) =>
        ((vocab + context) * hidden)
        + (layers * ((3 * Dense(hidden, attended)) + Dense(attended, hidden) + Dense(hidden, 4 * hidden) + Dense(4 * hidden, hidden) + (4 * hidden)));

    private static long Bert(long vocab, long context, long types, long width, long hidden, long layers, long inner) =>
        ((vocab + context + types + 2) * width) + (layers * ((4 * Square(hidden)) + Dense(hidden, inner) + Dense(inner, hidden) + (4 * hidden)));

    private static long Bart(long vocab, long hidden, long layers, long inner) =>
        (vocab * hidden) + vocab + (2 * 1026 * hidden) + (2 * 2 * hidden)
            + (layers * ((3 * 4 * Square(hidden)) + (2 * (Dense(hidden, inner) + Dense(inner, hidden))) + (5 * 2 * hidden)));

    private static long Dense(long from, long to) => (from * to) + to;

    private static long Square(long width) => Dense(width, width);
}
