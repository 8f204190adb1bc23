using System;
using System.Collections.Generic;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dsl.Training;

namespace Zoo.Cli;

/// <summary>A small model of one family that <c>train</c> can begin with, described as published checkpoints are: by its config.json.</summary>
/// <param name="Name">What <c>--family</c> calls it.</param>
/// <param name="What">Its sizes in a few words.</param>
/// <param name="Config">The config for a vocabulary and a context.</param>
public sealed record QuickstartFamily(string Name, string What, Func<int, int, JsonObject> Config)
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The text of config.json.</summary>
    public string ConfigText(int vocabulary, int context) => Config(vocabulary, context).ToJsonString(Json) + "\n";
}

/// <summary>The families that <c>train</c> offers, the first by default.</summary>
public static class Quickstart
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<QuickstartFamily> Families { get; } =
    [
        new("llama", "4 layers, width 192, 6 heads, feed-forward 512, tied head", (vocabulary, context) => new JsonObject
        {
            ["architectures"] = new JsonArray("LlamaForCausalLM"),
            ["model_type"] = "llama",
            ["vocab_size"] = vocabulary,
            ["hidden_size"] = 192,
            ["intermediate_size"] = 512,
            ["num_hidden_layers"] = 4,
            ["num_attention_heads"] = 6,
            ["num_key_value_heads"] = 6,
            ["max_position_embeddings"] = context,
            ["rms_norm_eps"] = 1e-6,
            ["rope_theta"] = 10000.0,
            ["hidden_act"] = "silu",
            ["attention_bias"] = false,
            ["mlp_bias"] = false,
            ["tie_word_embeddings"] = true,
        }),
        new("mamba", "7 layers, width 192, inner width 384, state 16, tied head", (vocabulary, context) => new JsonObject
        {
            ["architectures"] = new JsonArray("MambaForCausalLM"),
            ["model_type"] = "mamba",
            ["vocab_size"] = vocabulary,
            ["hidden_size"] = 192,
            ["num_hidden_layers"] = 7,
            ["intermediate_size"] = 384,
            ["time_step_rank"] = 12,
            ["state_size"] = 16,
            ["conv_kernel"] = 4,
            ["hidden_act"] = "silu",
            ["layer_norm_epsilon"] = 1e-5,
            ["use_bias"] = false,
            ["use_conv_bias"] = true,
            ["initializer_range"] = 0.02,
            ["tie_word_embeddings"] = true,
        }),
        new("rwkv", "4 layers, width 192, feed-forward 768", (vocabulary, context) => new JsonObject
        {
            ["architectures"] = new JsonArray("RwkvForCausalLM"),
            ["model_type"] = "rwkv",
            ["vocab_size"] = vocabulary,
            ["hidden_size"] = 192,
            ["num_hidden_layers"] = 4,
            ["attention_hidden_size"] = 192,
            ["intermediate_size"] = 768,
            ["context_length"] = context,
            ["layer_norm_epsilon"] = 1e-5,
            ["rescale_every"] = 0,
            ["tie_word_embeddings"] = false,
        }),
        new("s4d", "4 times two state spaces of 64 and feed-forward 768, width 192, tied head", (vocabulary, _) => new JsonObject
        {
            ["architectures"] = new JsonArray("S4dForCausalLM"),
            ["model_type"] = "s4d",
            ["vocab_size"] = vocabulary,
            ["d_model"] = 192,
            ["n_layers"] = 4,
            ["d_state"] = 64,
            ["expand"] = 4,
            ["dropout"] = 0.0,
            ["prenorm"] = true,
            ["disc"] = "zoh",
            ["init"] = "lin",
        }),
        new("ttt", "4 layers, width 192, 6 heads, feed-forward 512, a linear learner in each head, mini-batches of 16, tied head", (vocabulary, context) =>
            new JsonObject
        {
            ["architectures"] = new JsonArray("TTTForCausalLM"),
            ["model_type"] = "ttt",
            ["vocab_size"] = vocabulary,
            ["hidden_size"] = 192,
            ["intermediate_size"] = 512,
            ["num_hidden_layers"] = 4,
            ["num_attention_heads"] = 6,
            ["ttt_layer_type"] = "linear",
            ["ttt_base_lr"] = 1.0,
            ["mini_batch_size"] = 16,
            ["use_gate"] = true,
            ["share_qk"] = true,
            ["pre_conv"] = true,
            ["conv_kernel"] = 4,
            ["max_position_embeddings"] = context,
            ["rms_norm_eps"] = 1e-6,
            ["rope_theta"] = 10000.0,
            ["hidden_act"] = "silu",
            ["tie_word_embeddings"] = true,
        }),
    ];
}
