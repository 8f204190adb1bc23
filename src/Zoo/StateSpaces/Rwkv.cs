using Dsl;
using TorchSharp;
using static System.Math;
using static Dsl.ScalarMath;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using C = Zoo.StateSpaces.RwkvConfig;

namespace Zoo.StateSpaces;

/// <summary>RWKV-4 (Peng et al. 2023, arXiv 2305.13048).</summary>
[ModelType("rwkv")]
public sealed partial record RwkvConfig(
    [Key("vocab_size"), Range(1)] int Vocab,
    [Key("hidden_size"), Range(1)] int Hidden,
    [Key("num_hidden_layers"), Range(1)] int Layers,
    [Key("attention_hidden_size"), Range(1)] int? AttentionKey = null,
    [Key("intermediate_size"), Range(1)] int? FeedForwardKey = null,
    [Key("layer_norm_epsilon"), Range(0)] double Eps = 1e-5,
    [Key("context_length"), Range(1)] int Context = 1024,
    [Key("tie_word_embeddings")] bool Tied = false,
    [Key("rescale_every"), Range(0)] int RescaleEvery = 0)
{
    public int Attention => AttentionKey ?? Hidden;
    public int FeedForward => FeedForwardKey ?? 4 * Hidden;
    public double Part(int layer) => layer / Max(1.0, Layers - 1);             // 0 in the first layer, 1 in the last
    // The published code halves the residual stream after so many layers, for float16's sake. Norms undo it but for what they add to the variance.
    public double BlockEps(int layer) => Eps * Pow(4, RescaleEvery > 0 ? layer / RescaleEvery : 0);
    public double LastEps => BlockEps(Layers);
    public double Left(int layer) => 1 - layer / (double)Layers;
}

[Block<C>, Input("last")]                                      // x_t mu + x_{t-1} (1 - mu)
[From("x", "last"), Apply(nameof(Mix))]
public sealed partial class TokenShift
{
    // "": the key of the Use itself
    [Pointwise] private static double Mix(double x, double last, [Parameter("", "1 1 d")] double mu) => x * mu + last * (1 - mu);
}

[Block<C>]
[Init("time_decay", nameof(Decay)), Init("time_first", nameof(First)), Init("time_mix_*", nameof(MixShare)), Init("time_mix_value", nameof(MixValue))]
[Init("time_mix_receptance", nameof(MixReceptance)), Init("*.weight", 0), Init("value.weight", nameof(Rwkv.Orthogonal))]
[Shift, As("last")]
[From("x"), Use<TokenShift>("time_mix_key", With = "last=last"), Linear("key", nameof(C.Attention)), As("k")]
[From("x"), Use<TokenShift>("time_mix_value", With = "last=last"), Linear("value", nameof(C.Attention)), As("v")]
[From("x"), Use<TokenShift>("time_mix_receptance", With = "last=last"), Linear("receptance", nameof(C.Attention)), Activate(Activation.Sigmoid), As("r")]
[From("k", "v"), Apply(nameof(Wkv)), Gate("r"), Linear("output")]
public sealed partial class TimeMix
{
    [Recurrence("b t d", State = "b d")]
    private static double Wkv(ref double a, ref double b, [Start(-1e38)] ref double p, double k, double v,
        [Parameter("time_decay", "d")] double decay, [Parameter("time_first", "d")] double first)
    {
        double w = -Exp(decay), q = Max(p, first + k), past = Exp(p - q), now = Exp(first + k - q);
        double y = (past * a + now * v) / (past * b + now);
        q = Max(p + w, k);
        past = Exp(p + w - q);
        now = Exp(k - q);
        a = past * a + now * v;
        b = past * b + now;
        p = q;
        return y;
    }

    private static double Decay(int channel, int layer, C c) => -5 + 8 * Pow(channel / Max(1.0, c.Attention - 1), 0.7 + 1.3 * c.Part(layer));
    private static double First(int channel) => Log(0.3) + 0.5 * ((channel + 1) % 3 - 1);
    internal static double MixShare(int channel, int layer, C c) => Pow(channel / (double)c.Hidden, c.Left(layer));
    private static double MixValue(int channel, int layer, C c) => MixShare(channel, layer, c) + 0.3 * c.Part(layer);
    private static double MixReceptance(int channel, int layer, C c) => Pow(channel / (double)c.Hidden, 0.5 * c.Left(layer));
}

[Block<C>]
[Init("time_mix_*", nameof(TimeMix.MixShare)), Init("*.weight", 0), Init("key.weight", nameof(Rwkv.Orthogonal))]
[Shift, As("last")]
[From("x"), Use<TokenShift>("time_mix_receptance", With = "last=last"), Linear("receptance", nameof(C.Hidden)), Activate(Activation.Sigmoid), As("r")]
[From("x"), Use<TokenShift>("time_mix_key", With = "last=last"), Linear("key", nameof(C.FeedForward)), Activate(Activation.ReluSquared)]
[Linear("value"), Gate("r")]
public sealed partial class ChannelMix;

[Block<C>, Defaults(Eps = nameof(C.BlockEps))]
[Residual, LayerNorm("ln1"), Use<TimeMix>("attention")]
[Residual, LayerNorm("ln2"), Use<ChannelMix>("feed_forward")]
public sealed partial class RwkvBlock;

[Model<C>("RwkvForCausalLM"), TrainedBy("clm"), Defaults(Eps = nameof(C.Eps))]
[Embedding("rwkv.embeddings", nameof(C.Vocab), nameof(C.Hidden)), LayerNorm("rwkv.blocks.0.pre_ln")]
[Repeat<RwkvBlock>("rwkv.blocks", nameof(C.Layers)), LayerNorm("rwkv.ln_out", Eps = nameof(C.LastEps)), Output("hidden")]
[Head("head", TiedTo = "rwkv.embeddings", Tied = nameof(C.Tied)), Output("logits")]
[Keys("BlinkDL", "rwkv.embeddings=emb", "rwkv.blocks=blocks", "rwkv.ln_out=ln_out", "pre_ln=ln0", "attention=att", "feed_forward=ffn",
    "time_mix_key=time_mix_k", "time_mix_value=time_mix_v", "time_mix_receptance=time_mix_r")]
[Init("rwkv.embeddings.weight", nameof(Tiny)), Init("head.weight", nameof(HalfOrthogonal))]
public sealed partial class Rwkv
{
    private static double Tiny(double uniform) => 1e-4 * (2 * uniform - 1);
    internal static void Orthogonal(Tensor weight) => init.orthogonal_(weight, Gain(weight));
    private static void HalfOrthogonal(Tensor weight) => init.orthogonal_(weight, 0.5 * Gain(weight));
    private static double Gain(Tensor weight) => Sqrt(Max(1.0, weight.shape[0] / (double)weight.shape[1]));
}
