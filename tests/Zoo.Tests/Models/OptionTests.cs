using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using TorchSharp;
using Xunit;
using Zoo.StateSpaces;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Zoo.Tests.Models;

/// <summary>Options of published configs: what they change is computed, written out here once more in plain operators, or refused in a sentence.</summary>
public sealed class OptionTests
{
    private const string Deberta = """
        "vocab_size": 20, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 12, "hidden_act": "gelu",
        "max_position_embeddings": 16, "relative_attention": true
        """;

    private const string Bert = """
        "vocab_size": 20, "hidden_size": 12, "num_hidden_layers": 1, "num_attention_heads": 4, "intermediate_size": 10, "hidden_act": "gelu",
        "max_position_embeddings": 40, "hidden_dropout_prob": 0, "attention_probs_dropout_prob": 0
        """;

    private const string Sizes = """
        "vocab_size": 20, "hidden_size": 12, "num_hidden_layers": 1, "intermediate_size": 10
        """;

    private const string Bart = """
        "vocab_size": 20, "d_model": 12, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 4, "decoder_attention_heads": 3,
        "encoder_ffn_dim": 10, "decoder_ffn_dim": 6, "activation_function": "gelu", "max_position_embeddings": 40, "dropout": 0
        """;

    private const string T5 = """
        "vocab_size": 20, "d_model": 12, "d_kv": 5, "d_ff": 10, "num_heads": 3, "num_layers": 1
        """;

    private const string Ttt = """
        "vocab_size": 20, "hidden_size": 12, "intermediate_size": 10, "num_hidden_layers": 1, "num_attention_heads": 2, "mini_batch_size": 4
        """;

    private const string Mamba = """
        "vocab_size": 20, "hidden_size": 12, "num_hidden_layers": 1, "intermediate_size": 24, "hidden_act": "silu"
        """;

    private const string Mamba2 = """
        "vocab_size": 20, "hidden_size": 12, "num_hidden_layers": 1, "num_heads": 4, "head_dim": 6, "n_groups": 2, "state_size": 3
        """;

    private const string S4 = """
        "d_input": 3, "d_model": 12, "n_layers": 1, "d_state": 4
        """;

    /// <summary>The activation of the config is that of the convolution alone; the gate before the norm is always SiLU. Steps are cut after softplus.</summary>
    [Theory]
    [InlineData("silu", 2)]
    [InlineData("gelu", 1)]
    [InlineData("relu", 4)]
    public void Mamba2_gates_by_silu_whatever_its_activation(string activation, int groups)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var config = new Mamba2Config(20, 12, 2, 4, 6, groups, 3, StepLimit: [0.3, 0.9], ActKey: activation);
        var model = new Mamba2(config, ScalarType.Float64);
        Func<string, Tensor> weights = Drawn(model);
        Tensor ids = randint(0, 20, [2, 7], dtype: ScalarType.Int64);
        Near(Mamba2Logits(config, weights, ids), model.Forward(ids).Logits!);
    }

    /// <summary>The residual stream halved after every so many layers, the maps back into it divided, as the published code does before it infers.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(6)]
    public void Rwkv_rescales_as_published(int every)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var config = new RwkvConfig(20, 12, 5, AttentionKey: 8, FeedForwardKey: 10, Eps: 0.05, RescaleEvery: every);
        var model = new Rwkv(config, ScalarType.Float64);
        Func<string, Tensor> weights = Drawn(model);
        Tensor ids = randint(0, 20, [2, 7], dtype: ScalarType.Int64);
        Near(RwkvLogits(config, weights, ids), model.Forward(ids).Logits!);
    }

    /// <summary>The row of the padding id has no gradient from being looked up, however often and wherever it stands.</summary>
    [Theory]
    [InlineData("BertForMaskedLM", Bert, "bert.embeddings.word_embeddings.weight", 7)]
    [InlineData("BartForConditionalGeneration", Bart, "model.shared.weight", 7)]
    [InlineData("TTTForCausalLM", Ttt, "model.embed_tokens.weight", 7)]
    [InlineData("TTTForCausalLM", Ttt, "model.embed_tokens.weight", -13)]
    public void A_padding_id_learns_nothing(string architecture, string config, string key, int padding)
    {
        using var scope = NewDisposeScope();
        IModel model = Of(architecture, config + $""", "tie_word_embeddings": false, "pad_token_id": {padding} """);
        Drawn(model);
        Tensor ids = tensor(new long[] { 3, 7, 4, 7, 5, 6 }, [1, 6]);
        var inputs = new Dictionary<string, Tensor> { ["input_ids"] = ids, ["decoder_input_ids"] = ids };
        foreach (string extra in inputs.Keys.Except(((GeneratedModel)model).Inputs).ToArray())
        {
            inputs.Remove(extra);
        }

        model.Run(inputs, "logits")["logits"].Square().sum().backward();
        Tensor gradient = model.Module.named_parameters().Single(p => p.name == key).parameter.grad!;
        foreach (long id in new long[] { 3, 4, 5, 6, 7, 8 })
        {
            Assert.Equal(id is 7 or 8, gradient[id].abs().max().item<double>() == 0);
        }
    }

    [Theory]
    [InlineData("RobertaForMaskedLM", Sizes + """, "num_attention_heads": 4, "hidden_act": "mish" """, "hidden_act", "'mish'", "expected one of gelu")]
    [InlineData("RobertaForMaskedLM", Sizes + """, "num_attention_heads": 5, "hidden_act": "gelu" """, "num_attention_heads 5", "hidden_size 12")]
    [InlineData("BertForMaskedLM", Bert + """, "is_decoder": true """, "is_decoder", "true", "expected false")]
    [InlineData("ElectraForMultipleChoice", Bert + """, "embedding_size": 12, "summary_type": "last" """, "summary_type", "last", "expected 'first'")]
    [InlineData("BartForConditionalGeneration", Bart + """, "extra_pos_embeddings": 3 """, "extra_pos_embeddings", "3", "expected 2")]
    [InlineData("BartForConditionalGeneration", Bart + """, "init_std": -1 """, "init_std is -1", "expected 0 or more")]
    [InlineData("T5ForConditionalGeneration", T5 + """, "feed_forward_proj": "gated-gold" """, "feed_forward_proj", "'gated-gold'", "gated-NAME", "relu")]
    [InlineData("MT5ForConditionalGeneration", T5 + """, "feed_forward_proj": "relu-gated" """, "feed_forward_proj", "'relu-gated'", "gated-NAME")]
    [InlineData("MambaForCausalLM", Mamba + """, "time_step_rank": "auto" """, "time_step_rank", "auto", "a whole number")]
    [InlineData("MambaForCausalLM", Mamba + """, "time_step_rank": 2, "rms_norm": false """, "rms_norm", "false", "expected true")]
    [InlineData("Mamba2ForCausalLM", Mamba2 + """, "expand": 3 """, "expand 3", "num_heads 4")]
    [InlineData("S4Model", S4 + """, "n_ssm": 1, "layer": "S4Block" """, "n_ssm")]
    [InlineData("S4Model", S4 + """, "bidirectional": true """, "bidirectional", "true", "expected false")]
    [InlineData("S4Model", S4 + """, "layer": "S4Block (diag)" """, "layer", "'S4Block (diag)'", "expected 'S4D'")]
    [InlineData("S4Model", S4 + """, "dt_transform": "softplus" """, "dt_transform")]
    [InlineData("TTTForCausalLM", Ttt + """, "ttt_layer_type": "conv" """, "ttt_layer_type", "'conv'", "expected 'linear'")]
    [InlineData("DebertaV2ForMaskedLM", Deberta + """, "type_vocab_size": 2, "share_att_key": true """, "type_vocab_size", "2", "expected 0")]
    [InlineData("DebertaV2ForMaskedLM", Deberta + """, "conv_kernel_size": 3, "share_att_key": true """, "conv_kernel_size", "3", "expected 0")]
    [InlineData("DebertaV2ForMaskedLM", Deberta + """, "share_att_key": false """, "share_att_key", "false", "expected true")]
    [InlineData("DebertaV2ForMaskedLM", Deberta, "share_att_key", "missing")]
    public void What_is_not_computed_is_refused(string architecture, string config, params string[] words)
    {
        string message = Assert.Throws<ConfigException>(() => Of(architecture, config).Module.Dispose()).Message;
        Assert.All(words, word => Assert.Contains(word, message, StringComparison.Ordinal));
    }

    /// <summary>Keys of published files that the published code passes over, too.</summary>
    [Theory]
    [InlineData("BertForMaskedLM", Bert + """
        , "directionality": "bidi", "pooler_fc_size": 768, "pooler_num_attention_heads": 12, "pooler_num_fc_layers": 3, "pooler_size_per_head": 128,
        "pooler_type": "first_token_transform"
        """)]
    [InlineData("AlbertForMaskedLM", Bert + """
        , "embedding_size": 8, "down_scale_factor": 1, "gap_size": 0, "inner_group_num": 1, "net_structure_type": 0, "num_hidden_groups": 1,
        "num_memory_blocks": 0, "classifier_dropout_prob": 0.1
        """)]
    [InlineData("DebertaV2ForMaskedLM", Deberta + """
        , "attention_probs_dropout_prob": 0.1, "hidden_dropout_prob": 0.1, "initializer_range": 0.02, "max_relative_positions": -1, "position_buckets": 4,
        "norm_rel_ebd": "layer_norm", "share_att_key": true, "pos_att_type": "p2c|c2p", "layer_norm_eps": 1e-7, "position_biased_input": false,
        "type_vocab_size": 0, "pooler_dropout": 0, "pooler_hidden_act": "gelu", "pooler_hidden_size": 8, "attention_head_size": 4
        """)]
    [InlineData("BartForConditionalGeneration", Bart + """
        , "_num_labels": 3, "add_bias_logits": false, "add_final_layer_norm": false, "classif_dropout": 0.0, "early_stopping": true,
        "extra_pos_embeddings": 2, "force_bos_token_to_be_generated": true, "forced_bos_token_id": 0, "forced_eos_token_id": 2, "length_penalty": 2.0,
        "no_repeat_ngram_size": 3, "normalize_before": false, "normalize_embedding": true, "num_beams": 4, "num_hidden_layers": 12, "prefix": " ",
        "save_step": 58, "static_position_embeddings": false
        """)]
    [InlineData("MBartForConditionalGeneration", Bart + """
        , "_num_labels": 3, "add_bias_logits": false, "add_final_layer_norm": true, "classif_dropout": 0.0, "extra_pos_embeddings": 2, "max_length": 1024,
        "normalize_before": true, "normalize_embedding": true, "num_beams": 5, "num_hidden_layers": 12, "scale_embedding": true, "save_step": 58,
        "static_position_embeddings": false, "task_specific_params": { "translation_en_to_ro": { "decoder_start_token_id": 19 } }
        """)]
    [InlineData("MambaForCausalLM", """
        "vocab_size": 20, "hidden_size": 12, "num_hidden_layers": 1, "hidden_act": "silu", "expand": 2, "time_step_rank": 1, "d_inner": 24, "d_model": 12,
        "fused_add_norm": true, "n_layer": 1, "pad_vocab_size_multiple": 8, "rms_norm": true, "ssm_cfg": {}
        """)]
    public void Published_keys_that_say_nothing_pass(string architecture, string config) => Of(architecture, config).Module.Dispose();

    private static IModel Of(string architecture, string config) =>
        global::Zoo.Models.Create(ConfigReader.Parse($"{{\"architectures\": [\"{architecture}\"], {config}}}"), ScalarType.Float64);

    /// <summary>Every weight drawn anew, so that none is zero or one; by key.</summary>
    private static Func<string, Tensor> Drawn(IModel model)
    {
        manual_seed(11);
        using var off = no_grad();
        Dictionary<string, Tensor> all = model.Module.named_parameters().ToDictionary(p => p.name, p => (Tensor)p.parameter);
        foreach (Tensor weight in all.Values)
        {
            weight.normal_(0, 0.5);
        }

        model.Weights.Changed();
        return key => all[key];
    }

    private static void Near(Tensor expected, Tensor actual)
    {
        double error = (expected - actual).abs().max().item<double>() / expected.abs().max().item<double>();
        Assert.True(error < 1e-12, $"the error is {error}");
    }

    private static Tensor Rows(Tensor ids, Tensor table) => table.index_select(0, ids.flatten()).view(ids.shape[0], ids.shape[1], -1);

    private static Tensor RootMeanSquare(Tensor x, Tensor weight, double eps) => x * rsqrt(x.Square().mean([-1L], keepdim: true).Plus(eps)) * weight;

    private static Tensor Mamba2Logits(Mamba2Config c, Func<string, Tensor> w, Tensor ids)
    {
        Tensor x = Rows(ids, w("backbone.embeddings.weight"));
        for (int layer = 0; layer < c.Layers; layer++)
        {
            Tensor W(string key) => w($"backbone.layers.{layer}.{key}");
            Tensor[] parts = RootMeanSquare(x, W("norm.weight"), c.Eps).matmul(W("mixer.in_proj.weight").t()).split([c.Inner, c.Convolved, c.Heads], -1);
            Tensor before = functional.pad(parts[1].transpose(1, 2), [c.Kernel - 1, 0]);
            Tensor convolved = functional.conv1d(before, W("mixer.conv1d.weight"), W("mixer.conv1d.bias"), groups: c.Convolved);
            Tensor activated = c.Act.Name switch { "gelu" => functional.gelu(convolved), "relu" => convolved.relu(), _ => functional.silu(convolved) };
            Tensor[] mixed = activated.transpose(1, 2).split([c.Inner, c.Mapped, c.Mapped], -1);
            Tensor step = parts[2].Plus(W("mixer.dt_bias")).Softplus().clamp(Scalars.Of(c.StepLimit![0]), Scalars.Of(c.StepLimit[1]));
            var heads = new List<Tensor>();
            for (int head = 0; head < c.Heads; head++)
            {
                int group = head / (c.Heads / c.Groups);
                Tensor a = -W("mixer.A_log")[head].exp(), state = zeros(ids.shape[0], c.HeadDim, c.State, dtype: ScalarType.Float64);
                var all = new List<Tensor>();
                for (long t = 0; t < ids.shape[1]; t++)
                {
                    Tensor u = mixed[0].select(1, t).narrow(1, head * c.HeadDim, c.HeadDim), delta = step.select(1, t).narrow(1, head, 1);
                    Tensor b = mixed[1].select(1, t).narrow(1, group * c.State, c.State), read = mixed[2].select(1, t).narrow(1, group * c.State, c.State);
                    state = ((delta * a).exp().unsqueeze(-1) * state).Plus((delta * u).unsqueeze(-1) * b.unsqueeze(1));
                    all.Add(state.matmul(read.unsqueeze(-1)).squeeze(-1).Plus(W("mixer.D")[head] * u));
                }

                heads.Add(stack(all, 1));
            }

            Tensor gated = cat(heads, -1) * functional.silu(parts[0]);
            long width = c.Inner / c.Groups;
            IEnumerable<Tensor> normed = Enumerable.Range(0, c.Groups).Select(g =>
                RootMeanSquare(gated.narrow(-1, g * width, width), W("mixer.norm.weight").narrow(0, g * width, width), c.Eps));
            x = x.Plus(cat([.. normed], -1).matmul(W("mixer.out_proj.weight").t()));
        }

        return RootMeanSquare(x, w("backbone.norm_f.weight"), c.Eps).matmul(w("lm_head.weight").t());
    }

    private static Tensor RwkvLogits(RwkvConfig c, Func<string, Tensor> w, Tensor ids)
    {
        Tensor Norm(Tensor x, string key) => functional.layer_norm(x, [c.Hidden], w(key + ".weight"), w(key + ".bias"), c.Eps);
        Tensor Before(Tensor x) => cat([zeros_like(x.narrow(1, 0, 1)), x.narrow(1, 0, x.shape[1] - 1)], 1);
        Tensor Mixed(Tensor x, string key) => (x * w(key)).Plus(Before(x) * w(key).neg().Plus(1));
        Tensor Map(Tensor x, string key, double over = 1) => x.matmul(w(key + ".weight").t()) / Scalars.Of(over);
        Tensor x = Norm(Rows(ids, w("rwkv.embeddings.weight")), "rwkv.blocks.0.pre_ln");
        for (int layer = 0; layer < c.Layers; layer++)
        {
            string at = $"rwkv.blocks.{layer}.";
            double over = Math.Pow(2, layer / c.RescaleEvery);
            Tensor n = Norm(x, at + "ln1");
            Tensor k = Map(Mixed(n, at + "attention.time_mix_key"), at + "attention.key");
            Tensor v = Map(Mixed(n, at + "attention.time_mix_value"), at + "attention.value");
            Tensor r = Map(Mixed(n, at + "attention.time_mix_receptance"), at + "attention.receptance").sigmoid();
            Tensor decay = w(at + "attention.time_decay").exp(), bonus = w(at + "attention.time_first");
            var read = new List<Tensor>();
            for (int t = 0; t < ids.shape[1]; t++)
            {
                // Each token before decays once for every token between.
                Tensor[] shares = [.. Enumerable.Range(0, t + 1).Select(i => k.select(1, i).Plus(i == t ? bonus : -decay * Scalars.Of(t - 1 - i)).exp())];
                Tensor sum = shares.Select((share, i) => share * v.select(1, i)).Aggregate((a, b) => a.Plus(b));
                read.Add(sum / shares.Aggregate((a, b) => a.Plus(b)));
            }

            x = x.Plus(Map(r * stack(read, 1), at + "attention.output", over));
            n = Norm(x, at + "ln2");
            Tensor open = Map(Mixed(n, at + "feed_forward.time_mix_receptance"), at + "feed_forward.receptance").sigmoid();
            Tensor squared = Map(Mixed(n, at + "feed_forward.time_mix_key"), at + "feed_forward.key").relu().Square();
            x = x.Plus(open * Map(squared, at + "feed_forward.value", over));
            x = (layer + 1) % c.RescaleEvery == 0 ? x / Scalars.Of(2) : x;
        }

        return Map(Norm(x, "rwkv.ln_out"), "head");
    }
}
