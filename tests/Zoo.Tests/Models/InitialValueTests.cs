using System;
using System.Globalization;
using System.IO;
using System.IO.Enumeration;
using System.Linq;
using System.Text.Json;
using Dsl.Runtime;
using Dsl.Tests;
using Dsl.Training;
using TorchSharp;
using Xunit;
using Zoo.StateSpaces;
using Zoo.TestTimeTraining;
using static TorchSharp.torch;

namespace Zoo.Tests.Models;

/// <summary>Recurrent models begin as published: by channel, by layer, and by draws of torch's generator.</summary>
public sealed class InitialValueTests
{
    private const string Bert = """
        "vocab_size": 60, "hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64, "hidden_act": "gelu",
        "max_position_embeddings": 40
        """;

    private const string Bart = """
        "vocab_size": 60, "d_model": 48, "encoder_layers": 1, "decoder_layers": 2, "encoder_attention_heads": 4, "decoder_attention_heads": 3,
        "encoder_ffn_dim": 64, "decoder_ffn_dim": 32, "activation_function": "gelu", "max_position_embeddings": 40
        """;

    private const string Gpt = """
        "vocab_size": 60, "n_embd": 48, "n_layer": 2, "n_head": 4, "n_positions": 40
        """;

    private const string GptNeo = """
        "vocab_size": 60, "hidden_size": 48, "num_layers": 2, "num_heads": 4, "max_position_embeddings": 40, "attention_layers": ["global", "local"]
        """;

    private const string Narrow = """, "embedding_size": 32""";
    private const string Tanh = """, "activation_function": "gelu_new" """;

    private static readonly CultureInfo Invariant = CultureInfo.InvariantCulture;

    private static double[] Values(nn.Module model, string key)
    {
        using var none = no_grad();
        return model.named_parameters().Single(p => p.name == key).parameter.to_type(ScalarType.Float64).flatten().data<double>().ToArray();
    }

    /// <summary>RWKV-4's decays, bonuses and shares of the token before, written out from the authors' code.</summary>
    [Theory]
    [InlineData(4)]
    [InlineData(1)]
    public void Rwkv_begins_by_channel_and_layer(int layers)
    {
        const int Width = 6;
        manual_seed(3);
        using var model = new Rwkv(new RwkvConfig(20, Width, layers), ScalarType.Float64);
        for (int layer = 0; layer < layers; layer++)
        {
            // The ratio of a model's only layer is the first's.
            double part = layers == 1 ? 0 : (double)layer / (layers - 1), left = 1 - ((double)layer / layers);
            string at = $"rwkv.blocks.{layer}.";
            double[] Each(Func<int, double> of) => [.. Enumerable.Range(0, Width).Select(of)];
            void Equal(string key, double[] expected) => Assert.All(Values(model, at + key).Zip(expected), p => Assert.Equal(p.Second, p.First, 1e-12));
            Equal("attention.time_decay", Each(h => -5 + (8 * Math.Pow(h / (Width - 1.0), 0.7 + (1.3 * part)))));
            Equal("attention.time_first", Each(h => Math.Log(0.3) + (0.5 * (((h + 1) % 3) - 1))));
            Equal("attention.time_mix_key", Each(i => Math.Pow((double)i / Width, left)));
            Equal("attention.time_mix_value", Each(i => Math.Pow((double)i / Width, left) + (0.3 * part)));
            Equal("attention.time_mix_receptance", Each(i => Math.Pow((double)i / Width, 0.5 * left)));
            Equal("feed_forward.time_mix_key", Each(i => Math.Pow((double)i / Width, left)));
            Equal("feed_forward.time_mix_receptance", Each(i => Math.Pow((double)i / Width, left)));
            foreach (string zero in new[] { "attention.key", "attention.receptance", "attention.output", "feed_forward.receptance", "feed_forward.value" })
            {
                Assert.All(Values(model, at + zero + ".weight"), x => Assert.Equal(0, x));
            }

            using var value = tensor(Values(model, at + "attention.value.weight")).view(Width, Width);
            Assert.True(value.mm(value.t()).allclose(eye(Width, dtype: ScalarType.Float64), 1e-6, 1e-6));          // torch orthogonalises in float32
        }

        // [20, 6] with gain sqrt(20/6) / 2.
        using var head = tensor(Values(model, "head.weight")).view(20, Width);
        Assert.True(head.t().mm(head).allclose(eye(Width, dtype: ScalarType.Float64) * Scalars.Of(20.0 / 6 / 4), 1e-6, 1e-6));
        double[] embedding = Values(model, "rwkv.embeddings.weight");
        Assert.InRange(embedding.Max(Math.Abs), 0.9e-4, 1e-4);
        Assert.InRange(embedding.Average(), -3e-5, 3e-5);
    }

    [Fact]
    public void Mamba_begins_as_published()
    {
        manual_seed(4);
        using var model = new Mamba(new MambaConfig(50, 32, 2, 64, 4, Dsl.Activation.Silu, Deviation: 0.02, Rescaled: true), ScalarType.Float64);
        const string At = "backbone.layers.1.mixer.";
        Assert.All(Values(model, At + "A_log").Select((x, i) => (x, i)), p => Assert.Equal(Math.Log((p.i % 16) + 1), p.x, 1e-12));
        Assert.All(Values(model, At + "D"), x => Assert.Equal(1, x));

        // Steps between the bounds, evenly on a logarithmic scale.
        double[] steps = [.. Values(model, At + "dt_proj.bias").Select(b => Math.Log(1 + Math.Exp(b)))];
        Assert.All(steps, s => Assert.InRange(s, 0.001 - 1e-9, 0.1 + 1e-9));
        Assert.InRange(steps.Average(s => Math.Log10(s)), -2.25, -1.75);
        void Bound(string key, double bound) => Assert.InRange(Values(model, At + key).Max(Math.Abs), 0.8 * bound, bound);
        Bound("dt_proj.weight", 0.5);
        Bound("in_proj.weight", 1 / Math.Sqrt(32));
        Bound("x_proj.weight", 1 / Math.Sqrt(64));
        Bound("conv1d.weight", 0.5);
        Bound("out_proj.weight", 1 / Math.Sqrt(64 * 2));
        double deviation = Math.Sqrt(Values(model, "backbone.embeddings.weight").Average(x => x * x));
        Assert.InRange(deviation, 0.018, 0.022);
    }

    [Fact]
    public void Mamba2_begins_as_published()
    {
        manual_seed(5);
        var config = new Mamba2Config(50, 64, 2, 64, 4, 1, 8, Expand: 4, Deviation: 0.02, Rescaled: true);
        using var model = new Mamba2(config, ScalarType.Float64);
        const string At = "backbone.layers.1.mixer.";

        // Rates evenly from 1 to 16, steps evenly on a logarithmic scale.
        double[] rates = [.. Values(model, At + "A_log").Select(Math.Exp)];
        Assert.All(rates, a => Assert.InRange(a, 1, 16));
        Assert.InRange(rates.Average(), 7, 10);
        double[] steps = [.. Values(model, At + "dt_bias").Select(b => Math.Log(1 + Math.Exp(b)))];
        Assert.All(steps, s => Assert.InRange(s, 0.001 - 1e-9, 0.1 + 1e-9));
        Assert.InRange(steps.Average(s => Math.Log10(s)), -2.25, -1.75);
        Assert.All(Values(model, At + "D"), x => Assert.Equal(1, x));
        void Bound(string key, double bound) => Assert.InRange(Values(model, key).Max(Math.Abs), 0.9 * bound, bound);
        Bound(At + "in_proj.weight", 1 / Math.Sqrt(64));
        Bound(At + "conv1d.weight", 0.5);
        Bound(At + "conv1d.bias", 0.5);
        Bound(At + "out_proj.weight", 1 / Math.Sqrt(256 * 2));
        Assert.InRange(Math.Sqrt(Values(model, "backbone.embeddings.weight").Average(x => x * x)), 0.018, 0.022);
    }

    [Fact]
    public void Mamba2_refuses_an_expansion_that_its_heads_are_not_wide_enough_for()
    {
        string message = Assert.Throws<ConfigException>(() => new Mamba2(new Mamba2Config(50, 32, 1, 4, 8, 1, 8, Expand: 2))).Message;
        Assert.Equal("config.json: expand 2 times hidden_size 32 is 64, expected num_heads 4 times head_dim 8, which is 32", message);
    }

    /// <summary>Convolutions as the JAX code draws them: normal, cut at two deviations, of variance 1 / 4; the inner model as any other weights.</summary>
    [Fact]
    public void Ttt_begins_as_published()
    {
        manual_seed(6);
        using var model = new Ttt(new TttConfig(50, 128, 24, 1, 2, SharesQk: true, PreConv: true, Deviation: 0.3), ScalarType.Float64);
        const string At = "model.layers.0.";
        foreach (string conv in new[] { "conv.conv", "seq_modeling_block.conv_q", "seq_modeling_block.conv_k" })
        {
            double[] kernel = Values(model, At + conv + ".weight");
            Assert.InRange(kernel.Max(Math.Abs), 0.9, 2 * 0.5 / 0.8796);
            Assert.InRange(Math.Sqrt(kernel.Average(x => x * x)), 0.45, 0.55);
            Assert.All(Values(model, At + conv + ".bias"), x => Assert.Equal(0, x));
        }

        Assert.All(Values(model, At + "conv.norm.weight"), x => Assert.Equal(1, x));
        Assert.All(Values(model, At + "seq_modeling_block.learnable_token_idx"), x => Assert.Equal(0, x));
        Assert.All(Values(model, At + "seq_modeling_block.b1"), x => Assert.Equal(0, x));
        Assert.All(Values(model, At + "seq_modeling_block.learnable_ttt_lr_bias"), x => Assert.Equal(0, x));
        foreach (string key in new[] { "W1", "learnable_ttt_lr_weight" })
        {
            Assert.InRange(Math.Sqrt(Values(model, At + "seq_modeling_block." + key).Average(x => x * x)), 0.015, 0.025);
        }

        foreach (string key in new[] { At + "seq_modeling_block.q_proj", At + "mlp.gate_proj", "model.embed_tokens" })
        {
            Assert.InRange(Math.Sqrt(Values(model, key + ".weight").Average(x => x * x)), 0.28, 0.32);
        }
    }

    /// <summary>
    /// Matrices, embeddings and positions are drawn with the deviation that the config names (0.02 where it names none), which is written back; the rest begins
    /// at zero or one.
    /// </summary>
    /// <param name="architecture">The model.</param>
    /// <param name="key">What its config calls the deviation.</param>
    /// <param name="config">The rest of its config.</param>
    /// <param name="others">Weights that are drawn with another deviation, as a share of it.</param>
    [Theory]
    [InlineData("BertForPreTraining", "initializer_range", Bert)]
    [InlineData("BertForSequenceClassification", "initializer_range", Bert)]
    [InlineData("RobertaForMaskedLM", "initializer_range", Bert)]
    [InlineData("RobertaForQuestionAnswering", "initializer_range", Bert)]
    [InlineData("AlbertForPreTraining", "initializer_range", Bert + Narrow)]
    [InlineData("AlbertForTokenClassification", "initializer_range", Bert + Narrow)]
    [InlineData("ElectraForPreTraining", "initializer_range", Bert + Narrow)]
    [InlineData("ElectraForMaskedLM", "initializer_range", Bert + Narrow)]
    [InlineData("BartForConditionalGeneration", "init_std", Bart)]
    [InlineData("MBartForConditionalGeneration", "init_std", Bart)]
    [InlineData("OpenAIGPTLMHeadModel", "initializer_range", Gpt)]
    [InlineData("GPT2LMHeadModel", "initializer_range", Gpt + Tanh, "*.c_proj.weight=0.5")]
    [InlineData("GPT3LMHeadModel", "initializer_range", Gpt + Tanh, "*.c_proj.weight=0.5")]
    [InlineData("GPTNeoForCausalLM", "initializer_range", GptNeo + Tanh)]
    [InlineData("LlamaForCausalLM", "initializer_range", Bert)]
    [InlineData("MistralForCausalLM", "initializer_range", Bert)]
    [InlineData("Qwen2ForCausalLM", "initializer_range", Bert)]
    [InlineData("Qwen3ForCausalLM", "initializer_range", Bert)]
    [InlineData("MixtralForCausalLM", "initializer_range", Bert)]
    [InlineData("OlmoeForCausalLM", "initializer_range", Bert)]
    [InlineData("Qwen3MoeForCausalLM", "initializer_range", Bert)]
    [InlineData("PhiForCausalLM", "initializer_range", Bert)]
    [InlineData("GPTNeoXForCausalLM", "initializer_range", Bert)]
    public void A_published_deviation_is_that_of_new_weights(string architecture, string key, string config, string others = "")
    {
        foreach (double deviation in new[] { 0.02, 0.3 })
        {
            manual_seed(8);
            string said = deviation == 0.02 ? "" : FormattableString.Invariant($",\"{key}\":{deviation}");
            using var scope = NewDisposeScope();
            IModel model = global::Zoo.Models.Create(ConfigReader.Parse($"{{\"architectures\":[\"{architecture}\"],{config}{said}}}"), ScalarType.Float64);
            foreach (Weight weight in model.Weights.All)
            {
                double[] values = Values(model.Module, weight.Key);
                if (weight.Shape.Count == 1 || weight.Key.EndsWith("bias", StringComparison.Ordinal))
                {
                    Assert.All(values, x => Assert.True(x is 0 or 1, weight.Key));
                    continue;
                }

                string[] other = others.Split('=');
                double expected = deviation * (FileSystemName.MatchesSimpleExpression(other[0], weight.Key) ? double.Parse(other[1], Invariant) : 1);
                double found = Math.Sqrt(values.Average(x => x * x)), slack = 5 / Math.Sqrt(2.0 * values.Length);
                Assert.True(Math.Abs((found / expected) - 1) < slack, $"{weight.Key} has the deviation {found}, expected {expected} within {slack:P0}");
            }

            using var folder = new ScratchFolder();
            ((GeneratedModel)model).Save(folder.Path);
            using var written = JsonDocument.Parse(File.ReadAllText(folder["config.json"]));

            // What the file did not say is not said in what is saved.
            Assert.Equal(said.Length > 0, written.RootElement.TryGetProperty(key, out JsonElement saved));
            Assert.True(said.Length == 0 || saved.GetDouble() == deviation);
            model.Module.Dispose();
        }
    }

    /// <summary>HiPPO-LegS in its diagonal form: the same of every channel, input maps with imaginary parts within 2.</summary>
    [Fact]
    public void S4_begins_as_hippo()
    {
        manual_seed(7);
        using var model = new S4Model(new S4Config(3, Layer: "S4Block") { Hidden = 6, Layers = 1, State = 64 }, ScalarType.Float64);
        const string At = "s4_layers.0.layer.kernel.";
        var (lambda, _, b, p) = Hippo.Nplr(64);
        void Each(string key, Func<int, double[]> expected) => Assert.All(
            Values(model, At + key).Chunk(32 * expected(0).Length).SelectMany(channel => channel.Chunk(expected(0).Length).Select((x, n) => (x, n))),
            place => Assert.All(place.x.Zip(expected(place.n)), pair => Assert.Equal(pair.Second, pair.First, 1e-12)));
        Each("A_real", _ => [Math.Log(0.5)]);
        Each("A_imag", n => [-lambda[n].Imaginary]);
        Each("P", n => [p[n].Real, p[n].Imaginary]);
        Each("B", n => [b[n].Real, Math.Clamp(b[n].Imaginary, -2, 2)]);
        Assert.All(Values(model, At + "inv_dt"), x => Assert.InRange(Math.Exp(x), 1e-3, 0.1));
    }

    /// <summary>Steps, transitions and input maps learn at a tenth of the rate and do not shrink; read-outs and all else are ordinary weights.</summary>
    [Theory]
    [InlineData("S4D", "kernel.log_dt", "kernel.log_A_real", "kernel.A_imag")]
    [InlineData("S4Block", "layer.kernel.inv_dt", "layer.kernel.A_real", "layer.kernel.A_imag", "layer.kernel.B", "layer.kernel.P")]
    public void Kernels_learn_at_their_own_rate(string layer, params string[] slow)
    {
        using var model = new S4Model(new S4Config(3, Layer: layer) { Hidden = 6, Layers = 2, State = 8 });
        string[] expected = [.. new[] { 0, 1 }.SelectMany(i => slow.Select(key => $"s4_layers.{i}.{key}"))];
        Assert.Equal(expected.Order(), model.Weights.All.Where(w => w is { RateFactor: 0.1, DecayFactor: 0 }).Select(w => w.Key).Order());
        Assert.All(model.Weights.All.Where(w => !expected.Contains(w.Key)), w => Assert.Equal((1.0, 1.0), (w.RateFactor, w.DecayFactor)));

        // The length of the kernels is no parameter.
        string[] buffers = layer == "S4D" ? [] : ["s4_layers.0.layer.kernel.l_kernel", "s4_layers.1.layer.kernel.l_kernel"];
        Assert.Equal(buffers, model.named_buffers().Select(buffer => buffer.name));
        Assert.Empty(Optimizer.Declared(model.Weights.All, 0.1).SelectMany(group => group.Parameters).Select(pair => pair.Key).Intersect(buffers));
    }
}
