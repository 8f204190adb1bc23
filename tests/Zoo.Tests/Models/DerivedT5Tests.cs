using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using Dsl.Tests;
using TorchSharp;
using Xunit;
using Zoo.EncoderDecoders;
using static TorchSharp.torch;

namespace Zoo.Tests.Models;

/// <summary>mT5 answers to its own architecture; Flan-T5's and T0's files say T5, and both declarations read them.</summary>
public sealed class DerivedT5Tests
{
    private const string Shape = """
         "d_ff": 1024, "d_kv": 64, "d_model": 512, "decoder_start_token_id": 0, "dropout_rate": 0.1, "eos_token_id": 1,
         "initializer_factor": 1.0, "is_encoder_decoder": true, "layer_norm_epsilon": 1e-06, "num_decoder_layers": 8, "num_heads": 6, "num_layers": 8,
         "output_past": true, "pad_token_id": 0, "relative_attention_num_buckets": 32, "tie_word_embeddings": false, "use_cache": true
        """;

    private const string Mt5 = $$"""
        {"architectures": ["MT5ForConditionalGeneration"], "model_type": "mt5", "feed_forward_proj": "gated-gelu", "vocab_size": 250112,
         "tokenizer_class": "T5Tokenizer", "transformers_version": "4.10.0.dev0", {{Shape}}}
        """;

    private const string Flan = $$"""
        {"architectures": ["T5ForConditionalGeneration"], "model_type": "t5", "feed_forward_proj": "gated-gelu", "vocab_size": 32128, "n_positions": 512,
         "relative_attention_max_distance": 128, "transformers_version": "4.23.1", {{Shape}}}
        """;

    [Theory]
    [InlineData(Mt5, nameof(MT5), "mt5-small")]
    [InlineData(Flan, nameof(T5), "t5-v1.1-small")]
    public void An_architecture_finds_its_declaration(string json, string model, string preset)
    {
        ConfigReader reader = ConfigReader.Parse(json);
        ModelEntry entry = global::Zoo.Models.Find(Assert.Single(reader.Architectures))!;
        Assert.Equal(model, entry.Name);
        object config = entry.ReadConfig(reader);
        reader.Finish();
        Assert.Equal(entry.ParameterCount(entry.Presets.Single(each => each.Name == preset).Config()), entry.ParameterCount(config));
    }

    [Theory]
    [InlineData(nameof(FlanT5))]
    [InlineData(nameof(T0))]
    public void A_file_that_says_T5_is_read_by_a_declaration_derived_from_it(string model)
    {
        ModelEntry entry = global::Zoo.Models.All.Single(each => each.Name == model);
        ConfigReader reader = ConfigReader.Parse(Flan);
        object config = entry.ReadConfig(reader);
        reader.Finish();
        Assert.Equal(T5Parameters(Flan), entry.ParameterCount(config));
    }

    /// <summary>Their graph is T5's: the same weights give the same logits, to the bit.</summary>
    [Theory]
    [InlineData(nameof(FlanT5))]
    [InlineData(nameof(T0))]
    [InlineData(nameof(MT5))]
    public void The_same_weights_answer_alike(string model)
    {
        using DisposeScope scope = NewDisposeScope();
        using var off = no_grad();
        using var folder = new ScratchFolder();
        using var t5 = new T5(new T5Config(99, 32, 8, 48, 4, 2, Buckets: 8, MaxDistance: 20, Projection: "gated-gelu", Tied: false),
            new Weights(ScalarType.Float32, CPU));
        t5.eval();
        t5.Save(folder.Path);
        using IModel derived = global::Zoo.Models.All.Single(each => each.Name == model).Load(folder.Path);
        var inputs = new Dictionary<string, Tensor>
        {
            ["input_ids"] = tensor(new long[] { 5, 17, 40, 3 }, [1, 4]),
            ["decoder_input_ids"] = tensor(new long[] { 0, 8, 9 }, [1, 3]),
        };
        Assert.True(t5.Run(inputs, "logits")["logits"].equal(derived.Run(inputs, "logits")["logits"]).all().item<bool>());
    }

    private static long T5Parameters(string json)
    {
        ModelEntry entry = global::Zoo.Models.All.Single(each => each.Name == nameof(T5));
        return entry.ParameterCount(entry.ReadConfig(ConfigReader.Parse(json)));
    }
}
