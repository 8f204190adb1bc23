namespace Dsl.Generators.Tests.Declarations;

/// <summary>Whole declarations as they were first written on paper, before there was a compiler, in the spelling that the attributes have now.</summary>
internal static class Papers
{
    public const string Using = """
        using System;
        using System.Numerics;
        using Dsl;
        using Dsl.Runtime;
        using static System.Math;
        using static Dsl.ScalarMath;


        """;

    public const string Llama = """
        using C = Papers.LlamaConfig;
        namespace Papers;

        public sealed partial record LlamaConfig(
            [Key("vocab_size")] int Vocab, [Key("hidden_size")] int Hidden, [Key("intermediate_size")] int FeedForward, [Key("num_hidden_layers")] int Layers, [Key("num_attention_heads")] int Heads,
            [Key("num_key_value_heads")] int? KvHeadsKey, [Key("head_dim")] int? HeadDimKey, [Key("rms_norm_eps")] double Eps, [Key("rope_parameters.rope_theta", "rope_theta")] double Theta,
            [Key("rope_parameters", "rope_scaling")] RopeScaling? Scaling, [Key("hidden_act")] Activation Act, [Key("attention_bias")] bool AttentionBias, [Key("mlp_bias")] bool FeedForwardBias, [Key("tie_word_embeddings")] bool Tied)
        {
            public int KvHeads => KvHeadsKey ?? Heads;
            public int HeadDim => HeadDimKey ?? Hidden / Heads;
        }

        [Block<C>, Defaults(Eps = nameof(C.Eps), Theta = nameof(C.Theta), Frequency = nameof(C.Scaling))]
        [Residual, RmsNorm("input_layernorm"), Attention("self_attn.{q,k,v,o}_proj", Mask = Mask.Causal, Position = Position.Rotary, Bias = nameof(C.AttentionBias))]
        [Residual, RmsNorm("post_attention_layernorm"), GatedFeedForward("mlp.{gate,up,down}_proj", nameof(C.Act), Bias = nameof(C.FeedForwardBias))]
        public sealed partial class LlamaBlock;

        [Model<C>("LlamaForCausalLM"), Defaults(Eps = nameof(C.Eps))]
        [Embedding("model.embed_tokens", nameof(C.Vocab), nameof(C.Hidden))]
        [Repeat<LlamaBlock>("model.layers", nameof(C.Layers)), RmsNorm("model.norm"), Output("hidden")]
        [Head("lm_head", TiedTo = "model.embed_tokens", Tied = nameof(C.Tied)), Output("logits")]
        public sealed partial class Llama;
        """;

    public const string Mistral = """
        using C = Papers.MistralConfig;
        namespace Papers;

        [Extend<LlamaConfig>] public sealed partial record MistralConfig([Key("sliding_window")] int? Window);

        [Block<C>, Derive<LlamaBlock>, Set("self_attn", "Mask", nameof(Band))]
        public sealed partial class MistralBlock { [Mask] static bool Band(int query, int key, C c) => key <= query && (c.Window is null || query - key < c.Window); }

        [Model<C>("MistralForCausalLM"), Derive<Llama>]
        [Replace("model.layers"), Repeat<MistralBlock>("model.layers", nameof(C.Layers))]
        public sealed partial class Mistral;
        """;

    public const string Mamba = """
        using C = Papers.MambaConfig;
        namespace Papers;

        public sealed partial record MambaConfig(
            [Key("vocab_size")] int Vocab, [Key("hidden_size")] int Hidden, [Key("num_hidden_layers")] int Layers, [Key("intermediate_size")] int Inner, [Key("time_step_rank")] int Rank, [Key("state_size")] int State,
            [Key("conv_kernel")] int Kernel, [Key("hidden_act")] Activation Act, [Key("layer_norm_epsilon")] double Eps, [Key("use_bias")] bool Bias, [Key("use_conv_bias")] bool ConvBias, [Key("tie_word_embeddings")] bool Tied)
        {
            public int TwoInner => 2 * Inner;
            public int Selection => Rank + 2 * State;
        }

        [Block<C>]
        [Linear("in_proj", nameof(C.TwoInner)), Split("u0", "z")]
        [From("u0"), Conv("conv1d", nameof(C.Kernel), Bias = nameof(C.ConvBias)), Activate(nameof(C.Act)), As("u")]
        [From("u"), Linear("x_proj", nameof(C.Selection)), Split("dt", nameof(C.Rank), "B", nameof(C.State), "C", nameof(C.State))]
        [From("dt"), Linear("dt_proj", nameof(C.Inner), Bias = true), Activate(Activation.Softplus), As("delta")]
        [From("delta", "u", "B", "C"), Apply(nameof(SelectiveScan)), Gate("z", nameof(C.Act)), Linear("out_proj", Bias = nameof(C.Bias))]
        public sealed partial class MambaMixer
        {
            [Recurrence("b t d", State = "b d [n]")]                   // h = exp(delta A) h + delta B u,  y = C h + D u
            static double SelectiveScan(Span<double> h, double delta, double u, [Axes("b t n")] ReadOnlySpan<double> B, [Axes("b t n")] ReadOnlySpan<double> C,
                [Parameter("A_log", "d n")] ReadOnlySpan<double> aLog, [Parameter("D", "d")] double D)
            {
                double y = D * u;
                for (int n = 0; n < h.Length; n++) { h[n] = Exp(-delta * Exp(aLog[n])) * h[n] + delta * B[n] * u; y += h[n] * C[n]; }
                return y;
            }
        }

        [Block<C>, Defaults(Eps = nameof(C.Eps))]
        [Residual, RmsNorm("norm"), Use<MambaMixer>("mixer")]
        public sealed partial class MambaBlock;

        [Model<C>("MambaForCausalLM"), Defaults(Eps = nameof(C.Eps))]
        [Embedding("backbone.embeddings", nameof(C.Vocab), nameof(C.Hidden))]
        [Repeat<MambaBlock>("backbone.layers", nameof(C.Layers)), RmsNorm("backbone.norm_f"), Output("hidden")]
        [Head("lm_head", TiedTo = "backbone.embeddings", Tied = nameof(C.Tied)), Output("logits")]
        [Keys("original", "backbone.embeddings=backbone.embedding")]
        [Group("*.A_log", Decay = 0), Group("*.D", Decay = 0), Init("*.A_log", nameof(HippoReal))]
        public sealed partial class Mamba { static double HippoReal(int channel, int state) => Log(state + 1); }
        """;

    public const string Rwkv = """
        using C = Papers.RwkvConfig;
        namespace Papers;

        public sealed partial record RwkvConfig(
            [Key("vocab_size")] int Vocab, [Key("hidden_size")] int Hidden, [Key("attention_hidden_size")] int Attention, [Key("intermediate_size")] int FeedForward, [Key("num_hidden_layers")] int Layers, [Key("layer_norm_epsilon")] double Eps);

        [Block<C>]                                                     // x_t mu + x_{t-1} (1 - mu)
        [Shift, As("last")]
        [From("x", "last"), Apply(nameof(Mix))]
        public sealed partial class TokenShift
        {
            [Pointwise] static double Mix(double x, double last, [Parameter("", "1 1 d")] double mu) => x * mu + last * (1 - mu);     // "": the key of the Use itself
        }

        [Block<C>]
        [From("x"), Use<TokenShift>("time_mix_key"), Linear("key", nameof(C.Attention)), As("k")]
        [From("x"), Use<TokenShift>("time_mix_value"), Linear("value", nameof(C.Attention)), As("v")]
        [From("x"), Use<TokenShift>("time_mix_receptance"), Linear("receptance", nameof(C.Attention)), Activate(Activation.Sigmoid), As("r")]
        [From("k", "v"), Apply(nameof(Wkv)), Gate("r"), Linear("output")]
        public sealed partial class TimeMix
        {
            [Recurrence("b t d", State = "b d")]
            static double Wkv(ref double a, ref double b, [Start(-1e38)] ref double p, double k, double v,
                [Parameter("time_decay", "d")] double decay, [Parameter("time_first", "d")] double first)
            {
                double w = -Exp(decay), q = Max(p, first + k), past = Exp(p - q), now = Exp(first + k - q);
                double y = (past * a + now * v) / (past * b + now);
                q = Max(p + w, k); past = Exp(p + w - q); now = Exp(k - q);
                a = past * a + now * v; b = past * b + now; p = q;
                return y;
            }
        }

        [Block<C>]
        [From("x"), Use<TokenShift>("time_mix_receptance"), Linear("receptance", nameof(C.Hidden)), Activate(Activation.Sigmoid), As("r")]
        [From("x"), Use<TokenShift>("time_mix_key"), Linear("key", nameof(C.FeedForward)), Activate(Activation.ReluSquared), Linear("value"), Gate("r")]
        public sealed partial class ChannelMix;

        [Block<C>, Defaults(Eps = nameof(C.Eps))]
        [Residual, LayerNorm("ln1"), Use<TimeMix>("attention")]
        [Residual, LayerNorm("ln2"), Use<ChannelMix>("feed_forward")]
        public sealed partial class RwkvBlock;

        [Model<C>("RwkvForCausalLM"), Defaults(Eps = nameof(C.Eps))]
        [Embedding("rwkv.embeddings", nameof(C.Vocab), nameof(C.Hidden)), LayerNorm("rwkv.blocks.0.pre_ln")]
        [Repeat<RwkvBlock>("rwkv.blocks", nameof(C.Layers)), LayerNorm("rwkv.ln_out"), Output("hidden")]
        [Linear("head", nameof(C.Vocab)), Output("logits")]
        [Keys("BlinkDL", "rwkv.embeddings=emb", "rwkv.blocks=blocks", "rwkv.ln_out=ln_out", "pre_ln=ln0", "attention=att", "feed_forward=ffn",
            "time_mix_key=time_mix_k", "time_mix_value=time_mix_v", "time_mix_receptance=time_mix_r")]
        [Init("*.time_decay", nameof(Decay)), Init("*.time_first", nameof(First))]
        public sealed partial class Rwkv
        {
            static double Decay(int channel, int layer, C c) => -5 + 8 * Pow(channel / (c.Hidden - 1.0), 0.7 + 1.3 * layer / Max(1, c.Layers - 1));
            static double First(int channel) => Log(0.3) + 0.5 * ((channel + 1) % 3 - 1);
        }
        """;

    public const string T5 = """
        using C = Papers.T5Config;
        namespace Papers;

        public sealed partial record T5Config(
            [Key("vocab_size")] int Vocab, [Key("d_model")] int Hidden, [Key("d_kv")] int HeadDim, [Key("d_ff")] int FeedForward, [Key("num_heads")] int Heads, [Key("num_layers")] int Layers, [Key("num_decoder_layers")] int? DecoderLayersKey,
            [Key("relative_attention_num_buckets")] int Buckets, [Key("relative_attention_max_distance")] int MaxDistance, [Key("feed_forward_proj")] string Projection, [Key("dropout_rate")] double Drop, [Key("layer_norm_epsilon")] double Eps,
            [Key("tie_word_embeddings")] bool Tied, [Key("scale_decoder_outputs")] bool? ScaledKey, [Key("model_type")] string ModelType)
        {
            public int Inner => Heads * HeadDim;
            public int DecoderLayers => DecoderLayersKey ?? Layers;
            public Type FeedForwardKind => Projection.StartsWith("gated-") ? typeof(T5GatedFeedForward) : typeof(T5FeedForward);
            public Activation Act => Projection == "gated-gelu" ? Activation.Of(Activation.GeluTanh) : Activation.Of(Projection);        // an unknown name throws
            public double HeadScale => (ScaledKey ?? (Tied && ModelType == "t5")) ? 1 / Math.Sqrt(Hidden) : 1;                 // tied is not the same as scaled
        }

        [Block<C>, Input("bias", "bucket head"), Defaults(Dropout = nameof(C.Drop))]
        [From("x"), Linear("q", nameof(C.Inner)), Heads(nameof(C.Heads)), As("q")]
        [From("x"), Linear("k", nameof(C.Inner)), Heads(nameof(C.Heads)), As("k")]
        [From("x"), Linear("v", nameof(C.Inner)), Heads(nameof(C.Heads)), As("v")]
        [Attend("q", "k", "v", Scale = 1, Score = nameof(T5.BothWays)), Merge, Linear("o")]
        public sealed partial class T5EncoderAttention;

        [Block<C>, Derive<T5EncoderAttention>, Set("attend", "Mask", Mask.Causal), Set("attend", "Score", nameof(T5.Backwards))]
        public sealed partial class T5DecoderAttention;

        [Block<C>, Input("memory", "b s m"), Defaults(Dropout = nameof(C.Drop))]                                          // no position bias here
        [From("x"), Linear("q", nameof(C.Inner)), Heads(nameof(C.Heads)), As("q")]
        [From("memory"), Linear("k", nameof(C.Inner)), Heads(nameof(C.Heads)), As("k")]
        [From("memory"), Linear("v", nameof(C.Inner)), Heads(nameof(C.Heads)), As("v")]
        [Attend("q", "k", "v", Scale = 1), Merge, Linear("o")]
        public sealed partial class T5CrossAttention;

        [Block<C>] [Linear("wi", nameof(C.FeedForward)), Activate(nameof(C.Act)), Dropout(nameof(C.Drop)), Linear("wo")]
        public sealed partial class T5FeedForward;

        [Block<C>]
        [From("x"), Linear("wi_1", nameof(C.FeedForward)), As("up")]
        [From("x"), Linear("wi_0", nameof(C.FeedForward)), Activate(nameof(C.Act)), Gate("up"), Dropout(nameof(C.Drop)), Linear("wo")]
        public sealed partial class T5GatedFeedForward;

        [Block<C>, Input("bias", "bucket head"), Defaults(Eps = nameof(C.Eps))]
        [Residual, RmsNorm("layer.0.layer_norm"), Use<T5EncoderAttention>("layer.0.SelfAttention"), Dropout(nameof(C.Drop))]
        [Residual, RmsNorm("layer.1.layer_norm"), Use<T5FeedForward, T5GatedFeedForward>("layer.1.DenseReluDense", By = nameof(C.FeedForwardKind)), Dropout(nameof(C.Drop))]
        public sealed partial class T5EncoderBlock;

        [Block<C>, Input("bias", "bucket head"), Input("memory", "b s m"), Defaults(Eps = nameof(C.Eps))]
        [Residual, RmsNorm("layer.0.layer_norm"), Use<T5DecoderAttention>("layer.0.SelfAttention"), Dropout(nameof(C.Drop))]
        [Residual, RmsNorm("layer.1.layer_norm"), Use<T5CrossAttention>("layer.1.EncDecAttention"), Dropout(nameof(C.Drop))]
        [Residual, RmsNorm("layer.2.layer_norm"), Use<T5FeedForward, T5GatedFeedForward>("layer.2.DenseReluDense", By = nameof(C.FeedForwardKind)), Dropout(nameof(C.Drop))]
        public sealed partial class T5DecoderBlock;

        [Model<C>("T5ForConditionalGeneration", "MT5ForConditionalGeneration"), Defaults(Eps = nameof(C.Eps))]
        [Input("input_ids", "b s", Mask = "attention_mask"), Input("decoder_input_ids", "b t", Steps = true), Axis("bucket", nameof(C.Buckets)), Axis("head", nameof(C.Heads))]
        [Parameter("encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight", "bucket head"), As("encoderBias")]
        [Parameter("decoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight", "bucket head"), As("decoderBias")]
        [From("input_ids"), Embedding("shared", nameof(C.Vocab), nameof(C.Hidden)), Dropout(nameof(C.Drop)),
            Repeat<T5EncoderBlock>("encoder.block", nameof(C.Layers), With = "bias=encoderBias"), RmsNorm("encoder.final_layer_norm"), Dropout(nameof(C.Drop)), As("memory"), Output("encoder_hidden")]
        [From("decoder_input_ids"), Embedding("shared", Shared = true), Dropout(nameof(C.Drop)),
            Repeat<T5DecoderBlock>("decoder.block", nameof(C.DecoderLayers), With = "bias=decoderBias"), RmsNorm("decoder.final_layer_norm"), Dropout(nameof(C.Drop))]
        [Apply(nameof(Scaled)), Head("lm_head", TiedTo = "shared", Tied = nameof(C.Tied)), Output("logits")]
        [Same("shared", "encoder.embed_tokens", "decoder.embed_tokens"), Ignore("decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight")]
        public sealed partial class T5
        {
            [Score] internal static double BothWays(double score, int head, int query, int key, [Table] Matrix bias, C c) => score + bias[Bucket(key - query, true, c), head];
            [Score] internal static double Backwards(double score, int head, int query, int key, [Table] Matrix bias, C c) => score + bias[Bucket(key - query, false, c), head];
            [Pointwise] static double Scaled(double x, C c) => x * c.HeadScale;

            static int Bucket(int distance, bool bothWays, C c)
            {
                int n = bothWays ? c.Buckets / 2 : c.Buckets, exact = n / 2, side = bothWays && distance > 0 ? n : 0;
                int d = bothWays ? Abs(distance) : Max(-distance, 0);
                return side + (d < exact ? d : Min(exact + (int)(Log((double)d / exact) / Log((double)c.MaxDistance / exact) * (n - exact)), n - 1));
            }
        }
        """;

    public const string S4d = """
        using C = Papers.S4dConfig;
        namespace Papers;

        public sealed partial record S4dConfig([Key("d_input")] int Inputs, [Key("d_model")] int Hidden, [Key("n_layers")] int Layers, [Key("d_state")] int State, [Key("prenorm")] bool PreNorm, [Key("dropout")] double Drop)
        {
            public int Half => State / 2;
            public int TwoHidden => 2 * Hidden;
        }

        [Block<C>, Axis("n", nameof(C.Half))]
        [Apply(nameof(StateSpace)), As("y")]
        [From("y", "x"), Apply(nameof(Skip)), Activate(Activation.Gelu), Dropout(nameof(C.Drop)), Linear("output_linear.0", nameof(C.TwoHidden), Bias = true, Stored = "out in 1"), Split("value", "gate")]
        [From("value"), Gate("gate", Activation.Sigmoid)]
        public sealed partial class S4dLayer
        {
            [Recurrence("b t d", State = "b d [n]")]                   // time-invariant and linear: the convolution is derived from it
            static double StateSpace(Span<Complex> s, double u, [Parameter("kernel.log_dt", "d")] double logStep, [Parameter("kernel.log_A_real", "d n")] ReadOnlySpan<double> logReal,
                [Parameter("kernel.A_imag", "d n")] ReadOnlySpan<double> imaginary, [Parameter("kernel.C", "d n 2")] ReadOnlySpan<Complex> C)
            {
                double y = 0;
                for (int n = 0; n < s.Length; n++)
                {
                    var A = new Complex(-Exp(logReal[n]), imaginary[n]);
                    var dA = Exp(logStep) * A;
                    s[n] = Exp(dA) * s[n] + ExpM1(dA) / A * u;         // zero-order hold, B = 1
                    y += 2 * (C[n] * s[n]).Real;                       // n holds one of each conjugate pair
                }
                return y;
            }
            [Pointwise] static double Skip(double y, double u, [Parameter("D", "d")] double D) => y + D * u;
        }

        [Block<C>]
        [When(nameof(C.PreNorm)), Residual, LayerNorm("norms.{layer}"), Use<S4dLayer>("s4_layers.{layer}"), Dropout(nameof(C.Drop))]
        [Unless(nameof(C.PreNorm)), Residual, Use<S4dLayer>("s4_layers.{layer}"), Dropout(nameof(C.Drop))]
        [Unless(nameof(C.PreNorm)), LayerNorm("norms.{layer}")]
        public sealed partial class S4Block;
        """;

    public const string Ttt = """
        using C = Papers.TttConfig;
        namespace Papers;

        public sealed partial record TttConfig([Key("hidden_size")] int Hidden, [Key("num_attention_heads")] int Heads, [Key("mini_batch_size")] int MiniBatch, [Key("ttt_base_lr")] double BaseRate)
        {
            public int HeadDim => Hidden / Heads;
        }

        [Block<C>, Input("x", "b t h f")]                              // LN(x W1 + b1): W1 and b1 are the state, the norm is not
        [Linear("", nameof(C.HeadDim), Weight = "W1", Bias = true, BiasWeight = "b1", Stored = "h in out", BiasStored = "h 1 out", Fast = true)]
        [LayerNorm("", Weight = "ttt_norm_weight", BiasWeight = "ttt_norm_bias", Stored = "h f", Eps = 1e-6)]
        public sealed partial class LinearLearner;

        [Block<C>]                                                     // base form; the full form (gate, shared q and k, convolutions) is a second block, chosen by the config
        [From("x"), Linear("q_proj", nameof(C.Hidden)), Heads(nameof(C.Heads)), Rotary(Pairs = Pairs.Neighbours, Theta = 10000.0, Position = nameof(Place)), As("q")]
        [From("x"), Linear("k_proj", nameof(C.Hidden)), Heads(nameof(C.Heads)), Rotary(Pairs = Pairs.Neighbours, Theta = 10000.0, Position = nameof(Place)), As("k")]
        [From("x"), Linear("v_proj", nameof(C.Hidden)), Heads(nameof(C.Heads)), As("v")]
        [From("x"), Linear("", nameof(C.Heads), Weight = "learnable_ttt_lr_weight", Bias = true, BiasWeight = "learnable_ttt_lr_bias", Stored = "out 1 in", BiasStored = "out 1"), Apply(nameof(Rate)), As("rate")]
        [From("v", "k"), Apply(nameof(Target)), As("target")]
        [From("k", "target"), Learn<LinearLearner>(Loss = nameof(Loss), Rate = "rate", RowRate = nameof(TokenRate), Every = nameof(C.MiniBatch), Read = "q"), As("read")]
        [Sum("q", "read"), Merge, LayerNorm("post_norm", Eps = 1e-6), Linear("o_proj")]
        public sealed partial class TttLayer
        {
            static int Place(int position, C c) => position % c.MiniBatch;
            [Pointwise] static double Rate(double gate, C c) => c.BaseRate * Sigmoid(gate) / c.HeadDim;                                          // of the token learnt from
            [Pointwise] static double TokenRate(int place, [Parameter("learnable_token_idx", "m")] ReadOnlySpan<double> offset) => Max(0, 1.0 / (place + 1) + offset[place]);   // of the token reading
            [Pointwise] static double Target(double v, double k) => v - k;
            [Pointwise] static double Loss(double f, double target) => 0.5 * (f - target) * (f - target);
        }
        """;

    public const string Recurrences = """
        using C = Papers.HeadsConfig;
        namespace Papers;

        public sealed partial record HeadsConfig([Key("hidden_size")] int Hidden, [Key("num_heads")] int Heads);

        [Block<C>]
        [From("x"), Linear("q", nameof(C.Hidden)), Rearrange("b t (h d) -> b h t d", "h", nameof(C.Heads)), As("q")]
        [From("x"), Linear("k", nameof(C.Hidden)), Rearrange("b t (h d) -> b h t d", "h", nameof(C.Heads)), As("k")]
        [From("x"), Linear("v", nameof(C.Hidden)), Rearrange("b t (h d) -> b h t d", "h", nameof(C.Heads)), As("v")]
        [From("x"), Linear("g", nameof(C.Hidden)), Rearrange("b t (h d) -> b h t d", "h", nameof(C.Heads)), As("logGate")]
        [From("x"), Linear("f", nameof(C.Hidden)), As("logForget")]
        [From("q", "k", "v", "logGate"), Apply(nameof(Gla)), Rearrange("b h t d -> b t (h d)"), As("gla")]
        [From("x", "logForget"), Apply(nameof(Hgrn)), As("hgrn")]
        [Sum("gla", "hgrn")]
        public sealed partial class Mixed
        {
            [Recurrence("b h t v", State = "b h v [k]")]                   // gated linear attention: the gate acts on the old state's rows
            static double Gla(Span<double> s, [Axes("b h t k")] ReadOnlySpan<double> q, [Axes("b h t k")] ReadOnlySpan<double> k, double v, [Axes("b h t k")] ReadOnlySpan<double> logGate)
            {
                double y = 0;
                for (int i = 0; i < s.Length; i++) { s[i] = Exp(logGate[i]) * s[i] + k[i] * v; y += q[i] * s[i]; }
                return y / Sqrt(s.Length);
            }

            [Recurrence("b t d", State = "b d")]                           // HGRN: h = f h + x
            static double Hgrn(ref double h, double x, double logForget) => h = Exp(logForget) * h + x;
        }

        [Block<C>]
        [From("x"), Linear("q", nameof(C.Hidden)), Rearrange("b t (h d) -> b h t d", "h", nameof(C.Heads)), As("q")]
        [From("x"), Linear("k", nameof(C.Hidden)), Rearrange("b t (h d) -> b h t d", "h", nameof(C.Heads)), As("k")]
        [From("x"), Linear("v", nameof(C.Hidden)), Rearrange("b t (h d) -> b h t d", "h", nameof(C.Heads)), As("v")]
        [From("x"), Linear("beta", nameof(C.Heads)), Rearrange("b t h -> b h t"), As("beta")]
        [From("q", "k", "v", "beta"), Apply(nameof(DeltaRule)), Rearrange("b h t d -> b t (h d)")]
        public sealed partial class Delta
        {
            [Recurrence("b h t v", State = "b h v [k]")]                   // delta rule: read first, write the difference
            static double DeltaRule(Span<double> s, [Axes("b h t k")] ReadOnlySpan<double> q, [Axes("b h t k")] ReadOnlySpan<double> k, double v, [Axes("b h t")] double beta)
            {
                double read = 0, y = 0;
                for (int i = 0; i < s.Length; i++) read += k[i] * s[i];
                for (int i = 0; i < s.Length; i++) { s[i] += beta * k[i] * (v - read); y += q[i] * s[i]; }
                return y / Sqrt(s.Length);
            }
        }

        [Block<C>]
        [From("x"), Linear("q", nameof(C.Hidden)), Rearrange("b t (h d) -> b h t d", "h", nameof(C.Heads)), As("q")]
        [From("x"), Linear("k", nameof(C.Hidden)), Rearrange("b t (h d) -> b h t d", "h", nameof(C.Heads)), As("k")]
        [From("x"), Linear("v", nameof(C.Hidden)), Rearrange("b t (h d) -> b h t d", "h", nameof(C.Heads)), As("v")]
        [Parameter("gamma", "h"), As("gamma")]
        [From("q", "k", "v", "gamma"), Apply(nameof(Retention)), Rearrange("b h t d -> b t (h d)")]
        public sealed partial class Retentive
        {
            [Recurrence("b h t v", State = "b h v [k]")]                   // retention: S = gamma S + k v, y = q S / sqrt(width of k)
            static double Retention(Span<double> s, [Axes("b h t k")] ReadOnlySpan<double> q, [Axes("b h t k")] ReadOnlySpan<double> k, double v, [Axes("h")] double gamma)
            {
                double y = 0;
                for (int i = 0; i < s.Length; i++) { s[i] = gamma * s[i] + k[i] * v; y += q[i] * s[i]; }
                return y / Sqrt(s.Length);
            }
        }
        """;
}
