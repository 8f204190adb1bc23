using System;
using Dsl;
using Dsl.Runtime;
using TorchSharp;
using static System.Math;
using static Dsl.ScalarMath;
using static TorchSharp.torch;
using C = Zoo.TestTimeTraining.TttConfig;

namespace Zoo.TestTimeTraining;

/// <summary>TTT-Linear and TTT-MLP (Sun et al. 2024, arXiv 2407.04620): the hidden state is a model, and reading a token is a step of its training.</summary>
[ModelType("ttt"), NoEffect("max_position_embeddings", "scan_checkpoint_group_size")]
public sealed partial record TttConfig(
    [Key("vocab_size"), Range(1)] int Vocab, [Key("hidden_size"), Range(1)] int Hidden, [Key("intermediate_size"), Range(1)] int FeedForward,
    [Key("num_hidden_layers"), Range(1)] int Layers, [Key("num_attention_heads"), Range(1)] int Heads, [Key("mini_batch_size"), Range(1)] int MiniBatch = 16,
    [Key("initializer_range"), Range(0)] double Deviation = 0.02, [Key("rope_theta"), Range(0, Above = true)] double Theta = 10000,
    [Key("use_gate")] bool Gated = false, [Key("pre_conv")] bool PreConv = false, [Key("conv_kernel"), Range(1)] int Kernel = 4,
    [Key("ttt_layer_type")] string Kind = "linear", [Key("hidden_act")] Activation? ActKey = null, [Key("tie_word_embeddings")] bool Tied = true,
    [Key("ttt_base_lr"), Range(0)] double BaseRate = 1, [Key("share_qk")] bool SharesQk = false, [Key("rms_norm_eps"), Range(0)] double Eps = 1e-6)
{
    public int HeadDim => Hidden / Heads;
    public int Inner => 4 * HeadDim;
    public Activation Act => ActKey ?? Activation.Silu;
    public Type Learner => Kind == "linear" ? typeof(LinearLearner) : Kind == "mlp" ? typeof(MlpLearner)
        : throw new ConfigException("config.json", $"ttt_layer_type is '{Kind}', expected 'linear' or 'mlp'");
}

[Block<C>, Input("x", "b t h f"), Defaults(Eps = 1e-6, Deviation = 0.02)]        // LN(x W1 + b1): W1 and b1 are the state, the norm is not
[Linear("", nameof(C.HeadDim), Weight = "W1", BiasWeight = "b1", Stored = "h in out", BiasStored = "h 1 out", Fast = true)]
[LayerNorm(Weight = "ttt_norm_weight", BiasWeight = "ttt_norm_bias", Stored = "h f")]
public sealed partial class LinearLearner;

[Block<C>, Input("x", "b t h f"), Defaults(Eps = 1e-6, Deviation = 0.02)]
[Linear("", nameof(C.Inner), Weight = "W1", BiasWeight = "b1", Stored = "h in out", BiasStored = "h 1 out", Fast = true), Activate(Activation.GeluTanh)]
[Linear("", nameof(C.HeadDim), Weight = "W2", BiasWeight = "b2", Stored = "h in out", BiasStored = "h 1 out", Fast = true)]
[LayerNorm(Weight = "ttt_norm_weight", BiasWeight = "ttt_norm_bias", Stored = "h f")]
public sealed partial class MlpLearner;

[Block<C>, Defaults(Eps = 1e-6, Theta = nameof(C.Theta)), Init("learnable_token_idx", 0), Init("*lr_weight", 0.02), Init("conv_*.weight", nameof(LeCun))]
[From("x"), Linear("v_proj", nameof(C.Hidden)), Heads(nameof(C.Heads)), As("v")]
[From("x"), Linear("q_proj", nameof(C.Hidden)), As("qk")]
[When(nameof(C.SharesQk)), Conv("conv_q", nameof(C.Kernel), Bias = true)]
[Heads(nameof(C.Heads)), Rotary(Pairs = Pairs.Neighbours, Position = nameof(Place)), As("q")]
[When(nameof(C.SharesQk)), From("qk"), Conv("conv_k", nameof(C.Kernel), Bias = true)]
[Unless(nameof(C.SharesQk)), From("x"), Linear("k_proj", nameof(C.Hidden))]
[Heads(nameof(C.Heads)), Rotary(Pairs = Pairs.Neighbours, Position = nameof(Place)), As("k")]
[From("x"), Linear("", nameof(C.Heads), Weight = "learnable_ttt_lr_weight", BiasWeight = "learnable_ttt_lr_bias", Stored = "out 1 in", BiasStored = "out 1"),
    Apply(nameof(Rate)), As("rate")]
[From("v", "k"), Apply(nameof(Target)), As("target")]
[From("k", "target"),
    Learn<LinearLearner, MlpLearner>(By = nameof(C.Learner), Loss = nameof(Loss), Rate = "rate", RowRate = nameof(RowRate), Every = nameof(C.MiniBatch),
        Read = "q"), As("read")]
[Sum("q", "read"), Merge, LayerNorm("post_norm"), As("y")]
[When(nameof(C.Gated)), From("x"), Linear("g_proj", nameof(C.Hidden)), Activate(Activation.GeluTanh), Gate("y")]
[Linear("o_proj")]
public sealed partial class TttLayer
{
    private static int Place(int position, C c) => position % c.MiniBatch;
    [Pointwise] private static double Rate(double gate, C c) => c.BaseRate * Sigmoid(gate) / c.HeadDim;                  // of the token learnt from
    [Pointwise]
    private static double RowRate(int place, [Parameter("learnable_token_idx", "m")] ReadOnlySpan<double> offset) =>
        Max(0, 1.0 / (place + 1) + offset[place]);
    [Pointwise] private static double Target(double v, double k) => v - k;
    [Pointwise] private static double Loss(double f, double target) => 0.5 * (f - target) * (f - target);

    // Normal, cut at two deviations, after which the deviation is 1 / sqrt(kernel).
    internal static void LeCun(Tensor weight, C c) =>
        weight.uniform_(-Erf(Sqrt(2)), Erf(Sqrt(2))).erfinv_().mul_(Scalars.Of(Sqrt(2.0 / c.Kernel) / 0.8796256610342398));
}

[Block<C>, Defaults(Eps = nameof(C.Eps)), Init("conv.conv.weight", nameof(TttLayer.LeCun))]
[When(nameof(C.PreConv)), Residual, RmsNorm("conv.norm"), Conv("conv.conv", nameof(C.Kernel), Bias = true)]
[Residual, RmsNorm("seq_norm"), Use<TttLayer>("seq_modeling_block")]
[Residual, RmsNorm("ffn_norm"), GatedFeedForward("mlp.{gate,up,down}_proj", nameof(C.Act))]
public sealed partial class TttBlock;

[Model<C>("TTTForCausalLM"), TrainedBy("clm"), Defaults(Eps = nameof(C.Eps), Deviation = nameof(C.Deviation))]
[Embedding("model.embed_tokens", nameof(C.Vocab), nameof(C.Hidden), Padding = nameof(C.Pad))]
[Repeat<TttBlock>("model.layers", nameof(C.Layers)), RmsNorm("model.norm"), Output("hidden")]
[Head("lm_head", TiedTo = "model.embed_tokens", Tied = nameof(C.Tied)), Output("logits")]
public sealed partial class Ttt;
