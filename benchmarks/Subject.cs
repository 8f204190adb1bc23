using System;
using System.Collections.Generic;
using System.Linq;
using Benchmarks.Baselines;
using Dsl.Runtime;
using TorchSharp;
using Zoo;
using static TorchSharp.torch;

namespace Benchmarks;

/// <summary>A model under measurement: ours from its published config, the eager one beside it, and the arithmetic both need.</summary>
/// <param name="ProductWeights">Weights that enter a product with each token, head included.</param>
/// <param name="Lookups">Keys of tables of which only rows are read.</param>
internal sealed record Subject(
    string Name, string Config, int Layers, int Width, int Vocabulary, long ProductWeights, string[] Lookups,
    Func<IReadOnlyDictionary<string, Tensor>, IEager> Eager, bool Attends = true)
{
    /// <summary>GPT-2 small as published, dropout off.</summary>
    public static Subject Gpt2Small { get; } = new(
        "GPT-2 small",
        """
        {
          "architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "vocab_size": 50257, "n_positions": 1024, "n_embd": 768, "n_layer": 12, "n_head": 12,
          "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5, "attn_pdrop": 0.0, "embd_pdrop": 0.0, "resid_pdrop": 0.0, "tie_word_embeddings": true
        }
        """,
        12, 768, 50257, 12 * 12 * 768L * 768 + 50257L * 768, ["transformer.wpe.weight"], weights => new EagerGpt(new EagerGptSizes(12, 12, 1e-5), weights));

    /// <summary>The quickstart's LLaMA over the characters of its text.</summary>
    public static Subject Quickstart { get; } = new(
        "quickstart LLaMA",
        """
        {
          "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 63, "hidden_size": 192, "intermediate_size": 512, "num_hidden_layers": 4,
          "num_attention_heads": 6, "num_key_value_heads": 6, "head_dim": 32, "max_position_embeddings": 128, "rms_norm_eps": 1e-5, "hidden_act": "silu",
          "rope_parameters": { "rope_type": "default", "rope_theta": 10000.0 }, "tie_word_embeddings": true
        }
        """,
        4, 192, 63, 4 * (4 * 192L * 192 + 3 * 192L * 512) + 63 * 192, [], weights => new EagerLlama(new EagerLlamaSizes(4, 6, 6, 32, 1e-5, 10000), weights));

    /// <summary>Mamba 130M as published.</summary>
    public static Subject Mamba130 { get; } = new(
        "Mamba 130M",
        """
        {
          "architectures": ["MambaForCausalLM"], "model_type": "mamba", "vocab_size": 50280, "hidden_size": 768,
          "intermediate_size": 1536, "num_hidden_layers": 24,
          "time_step_rank": 48, "state_size": 16, "conv_kernel": 4, "hidden_act": "silu", "layer_norm_epsilon": 1e-5,
          "initializer_range": 0.02, "tie_word_embeddings": true
        }
        """,
        24, 768, 50280, 24 * (3 * 768L * 1536 + 1536L * 80 + 48L * 1536) + 50280L * 768, [],
        weights => new EagerMamba(new EagerMambaSizes(24, 4, 16, 48, 1e-5), weights), Attends: false);

    /// <summary>RWKV-4 169M as published.</summary>
    public static Subject Rwkv169 { get; } = new(
        "RWKV-4 169M",
        """
        {
          "architectures": ["RwkvForCausalLM"], "model_type": "rwkv", "vocab_size": 50277, "hidden_size": 768, "num_hidden_layers": 12,
          "context_length": 1024, "layer_norm_epsilon": 1e-5, "rescale_every": 6, "tie_word_embeddings": false
        }
        """,
        12, 768, 50277, 12 * 13 * 768L * 768 + 50277L * 768, ["rwkv.embeddings.weight"],
        weights => new EagerRwkv(new EagerRwkvSizes(12, 1e-5), weights), Attends: false);

    /// <summary>
    /// Operations of a forward over [batch, time]: two for each token and product weight, and four for each layer, pair of positions and width.
    /// </summary>
    public double Operations(int batch, int time) => 2.0 * batch * time * ProductWeights + (Attends ? 4.0 * Layers * batch * time * time * Width : 0);

    /// <summary>Bytes of weights that decoding a token has to read.</summary>
    public double BytesPerToken(IModel model) =>
        model.Module.named_parameters().Where(p => !Lookups.Contains(p.name)).Sum(p => (double)p.parameter.numel() * p.parameter.element_size());

    /// <summary>Ours, with random weights: matrices that begin as zeros are drawn, too, so that a baseline has something to differ in.</summary>
    public IModel Ours()
    {
        using var none = no_grad();
        var model = Models.Create(ConfigReader.Parse(Config));
        foreach (var (_, weight) in model.Module.named_parameters())
        {
            if (weight.dim() == 2 && weight.count_nonzero().item<long>() == 0)
            {
                weight.normal_(0, 0.02);
            }
        }

        model.Weights.Changed();
        return model;
    }

    /// <summary>The weights of ours by published key: the same storage.</summary>
    public static Dictionary<string, Tensor> WeightsOf(IModel model) => model.Module.named_parameters().ToDictionary(p => p.name, p => (Tensor)p.parameter);

    /// <summary>Copies that can be trained apart.</summary>
    public static Dictionary<string, Tensor> CopiesOf(IModel model) =>
        WeightsOf(model).ToDictionary(w => w.Key, w => (Tensor)new TorchSharp.Modules.Parameter(w.Value.detach().clone()));

    /// <summary>Random weights of the same shapes, for a process that never builds ours.</summary>
    public Dictionary<string, Tensor> RandomWeights()
    {
        using var none = no_grad();
        using var shapes = Models.Create(ConfigReader.Parse(Config), ScalarType.Float32, META);
        return shapes.Module.named_parameters().ToDictionary(p => p.name, p => (Tensor)new TorchSharp.Modules.Parameter(randn(p.parameter.shape).mul_(0.02)));
    }

    /// <summary>Token ids [batch, time].</summary>
    public Tensor Ids(int batch, int time) => randint(0, Vocabulary, [batch, time], int64);

    /// <summary>Refuses to measure a baseline that computes something else.</summary>
    public static void CheckEqual(string what, Tensor ours, Tensor theirs)
    {
        using var none = no_grad();
        using var scope = NewDisposeScope();
        double error = ((ours - theirs).abs().max() / theirs.abs().max()).to_type(ScalarType.Float64).item<double>();
        Console.WriteLine($"{what}: largest difference from the baseline {error:0.0e+00} of the largest value");
        if (!(error < 1e-4))
        {
            throw new InvalidOperationException(
                $"{what}: the baseline computes something else, the difference is {error:0.0e+00} and at most 1e-4 was expected.");
        }
    }
}
