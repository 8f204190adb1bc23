using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using Dsl.Runtime;
using Dsl.Tests;
using Xunit;

namespace Zoo.Tests.Models;

/// <summary>Configs as people publish them: with keys of trainers, hubs and old libraries, without classes, with classes of other names.</summary>
public sealed class PublishedConfigTests
{
    private const string Gpt2 = "\"vocab_size\": 99, \"n_embd\": 32, \"n_layer\": 2, \"n_head\": 4, \"n_positions\": 64";
    private const string Llama = "\"vocab_size\": 99, \"hidden_size\": 32, \"intermediate_size\": 48, \"num_hidden_layers\": 2, \"num_attention_heads\": 4, "
        + "\"hidden_act\": \"silu\"";
    private const string Bert = "\"vocab_size\": 99, \"hidden_size\": 32, \"num_hidden_layers\": 2, \"num_attention_heads\": 4, \"intermediate_size\": 48, "
        + "\"hidden_act\": \"gelu\"";

    [Theory]
    [InlineData("GPT2LMHeadModel", Gpt2, "\"n_ctx\": 64, \"n_special\": 0, \"predict_special_tokens\": true, \"num_labels\": 1, \"pruned_heads\": {}")]
    [InlineData("GPT2LMHeadModel", Gpt2, "\"eos_token_ids\": [50256], \"summary_type\": \"cls_index\", \"torchscript\": false, \"use_bfloat16\": false")]
    [InlineData("OpenAIGPTLMHeadModel", Gpt2, "\"afn\": \"gelu\", \"n_ctx\": 64, \"context_size\": 2, \"shared_module\": true, \"shared_attention\": false")]
    [InlineData("LlamaForCausalLM", Llama, "\"unsloth_fixed\": true, \"unsloth_version\": \"2024.9\", \"max_sequence_length\": 2048")]
    [InlineData("LlamaForCausalLM", Llama, "\"_attn_implementation_autoset\": true, \"use_flash_attn\": true, \"tokenizer_padding_side\": \"left\"")]
    [InlineData("LlamaForCausalLM", Llama,
        "\"rope_scaling\": null, \"pad_token_id\": -1, \"rope_parameters\": {\"rope_type\": \"default\", \"rope_theta\": 1e4}")]
    [InlineData("RobertaForQuestionAnswering", Bert, "\"language\": \"english\", \"name\": \"Roberta\", \"finetuning_task\": null, \"length_penalty\": 1.0")]
    [InlineData("RobertaForSequenceClassification", Bert, "\"num_labels\": 2, \"output_attentions\": false, \"problem_type\": null")]
    [InlineData("BertModel", Bert, "\"word_embedding_dimension\": 784, \"gradient_checkpointing\": false, \"_num_labels\": 5")]
    [InlineData("BertForSequenceClassification", Bert, "\"sentence_transformers\": {\"activation_fn\": \"torch.nn.modules.linear.Identity\"}, "
        + "\"sbert_ce_default_activation_function\": \"torch.nn.modules.linear.Identity\"")]
    [InlineData("AlbertForMaskedLM", Bert + ", \"embedding_size\": 16", "\"pooler_fc_size\": 768, \"pooler_type\": \"first_token_transform\"")]
    [InlineData("LlamaForCausalLM", Llama, "\"neftune_noise_alpha\": 5, \"low_rank_training\": true, "
        + "\"rope_scaling\": {\"type\": \"yarn\", \"factor\": 16.0, \"finetuned\": true}")]
    public void Keys_that_change_nothing_are_passed_over(string architecture, string config, string more)
    {
        using IModel model = global::Zoo.Models.Create(ConfigReader.Parse($"{{\"architectures\": [\"{architecture}\"], {config}, {more}}}"));
        Assert.NotEmpty(model.Weights.All);
    }

    [Theory]
    [InlineData("\"num_labels\": 3, \"id2label\": {\"0\": \"LABEL_0\", \"1\": \"LABEL_1\"}", 3)]
    [InlineData("\"num_labels\": null, \"id2label\": {\"0\": \"LABEL_0\"}", 1)]
    [InlineData("\"num_labels\": 4", 4)]
    [InlineData("\"id2label\": {}", 2)]
    public void Classes_are_counted_as_the_published_library_counts_them(string more, int classes)
    {
        using IModel model = global::Zoo.Models.Create(ConfigReader.Parse($"{{\"architectures\": [\"BertForSequenceClassification\"], {Bert}, {more}}}"));
        Assert.Equal(classes, ((Zoo.Encoders.BertConfig)model.Config).Classes);
    }

    [Theory]
    [InlineData("\"use_rotary_scaling\": true", "use_rotary_scaling")]
    [InlineData("\"attnWindow\": 12", "attnWindow")]
    [InlineData("\"logits_soft_cap\": 30.0", "logits_soft_cap")]
    [InlineData("\"num_local_experts\": 8", "num_local_experts")]
    public void A_key_that_nobody_knows_is_an_error_where_it_could_matter_and_can_be_ignored(string more, string key)
    {
        using var folder = new ScratchFolder();
        string text = $"{{\"architectures\": [\"LlamaForCausalLM\"], {Llama}, {more}}}";
        using (var made = (GeneratedModel)global::Zoo.Models.Create(ConfigReader.Parse($"{{\"architectures\": [\"LlamaForCausalLM\"], {Llama}}}")))
        {
            made.Save(folder.Path);
        }

        File.WriteAllText(folder["config.json"], text);
        string refused = Assert.Throws<ConfigException>(() => global::Zoo.Models.Load(folder.Path)).Message;
        Assert.StartsWith($"config.json: {key} not supported", refused, StringComparison.Ordinal);
        Assert.Contains("--ignore-key", refused, StringComparison.Ordinal);
        global::Zoo.Models.Load(folder.Path, options: new() { IgnoreKeys = [key] }).Dispose();
    }

    [Theory]
    [InlineData("{\"quant_method\": \"gptq\", \"bits\": 4}", "quant_method")]
    [InlineData("{\"quant_method\": \"bitsandbytes\", \"load_in_8bit\": false, \"load_in_4bit\": false}", "load_in_4bit")]
    public void Weights_in_another_format_than_NF4_and_int8_are_refused(string quantisation, string key) => Assert.Contains(
        key, Assert.Throws<ConfigException>(() => global::Zoo.Models.Create(ConfigReader.Parse(
            $"{{\"architectures\": [\"LlamaForCausalLM\"], {Llama}, \"quantization_config\": {quantisation}}}"))).Message, StringComparison.Ordinal);

    [Fact]
    public void A_key_that_nobody_knows_and_no_arithmetic_is_called_by_is_named_in_a_warning()
    {
        using var folder = new ScratchFolder();
        string text = $"{{\"architectures\": [\"LlamaForCausalLM\"], {Llama}, \"made_by\": \"us\\u001b[31m\", \"use_anything\": true}}";
        using (var made = (GeneratedModel)global::Zoo.Models.Create(ConfigReader.Parse(text)))
        {
            made.Save(folder.Path);
        }

        var warnings = new List<string>();
        global::Zoo.Models.Load(folder.Path, options: new() { Warn = warnings.Add }).Dispose();
        string warning = Assert.Single(warnings);
        Assert.StartsWith("config.json: passed over made_by, use_anything, which no model here knows", warning, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"architectures\": [\"LLaMAForCausalLM\"], " + Llama, "Llama")]
    [InlineData("\"architectures\": [\"SomethingElse\", \"LlamaForCausalLM\"], " + Llama, "Llama")]
    [InlineData("\"architectures\": [\"OursForCausalLM\"], \"model_type\": \"llama\", " + Llama, "Llama")]
    [InlineData("\"architectures\": null, \"model_type\": \"llama\", " + Llama, "Llama")]
    [InlineData("\"model_type\": \"bert\", " + Bert, "Bert")]
    [InlineData("\"model_type\": \"gpt2\", " + Gpt2, "Gpt2")]
    [InlineData("\"model_type\": \"roberta\", " + Bert, "RobertaModel")]
    public void The_class_is_found_by_old_names_and_by_model_type(string config, string model) =>
        Assert.Equal(model, global::Zoo.Models.Registry.Find(ConfigReader.Parse($"{{{config}}}")).Name);

    [Theory]
    [InlineData("{" + Bert + "}", "config.json: names neither architectures nor model_type, expected the class of the model; known model_type: albert, bart, ")]
    [InlineData("{\"model_type\": \"unheard\"}",
        "config.json: architectures missing, and no declared model is of the model_type 'unheard'; known model_type: albert, bart, ")]
    [InlineData("{\"model_type\": \"bert\", \"architectures\": [\"BertForPoetry\"]}",
        "config.json: no declared model answers to the architecture 'BertForPoetry'; known: BertForPreTraining, BertFor")]
    public void A_config_that_names_no_class_says_what_is_missing(string config, string message) => Assert.StartsWith(
        message, Assert.Throws<ConfigException>(() => global::Zoo.Models.Registry.Find(ConfigReader.Parse(config))).Message, StringComparison.Ordinal);

    /// <summary>As AutoModel would: nothing says which head is meant.</summary>
    [Theory]
    [InlineData("\"model_type\": \"gpt2\", " + Gpt2, "GPT2Model")]
    [InlineData("\"model_type\": \"llama\", " + Llama, "LlamaModel")]
    [InlineData("\"architectures\": null, \"model_type\": \"roberta\", " + Bert, "RobertaModel")]
    public void A_folder_without_class_and_weights_is_checked_as_the_trunk(string config, string architecture)
    {
        using var folder = new ScratchFolder();
        File.WriteAllText(folder["config.json"], $"{{{config}}}");
        var check = ModelCheck.Of(global::Zoo.Models.Registry, folder.Path);
        Assert.Equal((architecture, null), (check.Class, check.Error));
        var lm = ModelCheck.Of(global::Zoo.Models.Registry, folder.Path, architecture: "GPT2ForTokenClassification");
        Assert.Equal(architecture == "GPT2Model", lm.Error is null);
    }

    /// <summary>A file with a tied head fits the trunk too, name for name: the head is meant.</summary>
    [Fact]
    public void Without_a_class_a_tied_head_is_meant()
    {
        using var folder = new ScratchFolder();
        using (var made = (GeneratedModel)global::Zoo.Models.Create(ConfigReader.Parse($"{{\"architectures\": [\"GPT2LMHeadModel\"], {Gpt2}}}")))
        {
            made.Save(folder.Path);
        }

        File.WriteAllText(folder["config.json"], $"{{\"model_type\": \"gpt2\", {Gpt2}}}");
        Assert.Equal("GPT2LMHeadModel", ModelCheck.Of(global::Zoo.Models.Registry, folder.Path).Class);
    }

    /// <summary>The names of published files of the class, by the rule that the published library names them.</summary>
    [Theory]
    [InlineData("LlamaModel", Llama, "embed_tokens.weight", "layers.1.mlp.up_proj.weight", "norm.weight")]
    [InlineData("MistralForTokenClassification", Llama, "model.layers.0.mlp.up_proj.weight", "score.weight", "score.bias")]
    [InlineData("Qwen2ForSequenceClassification", Llama, "model.layers.0.self_attn.q_proj.bias", "score.weight")]
    [InlineData("Qwen3Model", Llama, "layers.0.self_attn.q_norm.weight", "norm.weight")]
    [InlineData("GPT2Model", Gpt2, "wte.weight", "h.0.attn.c_attn.weight", "ln_f.bias")]
    [InlineData("OpenAIGPTModel", Gpt2, "tokens_embed.weight", "h.1.ln_2.bias")]
    [InlineData("RobertaModel", Bert, "embeddings.word_embeddings.weight", "encoder.layer.0.output.dense.weight", "pooler.dense.bias")]
    [InlineData("ElectraModel", Bert + ", \"embedding_size\": 16", "embeddings_project.weight", "encoder.layer.1.output.dense.weight")]
    [InlineData("AlbertModel", Bert + ", \"embedding_size\": 16", "encoder.embedding_hidden_mapping_in.bias", "pooler.weight")]
    [InlineData("BertForNextSentencePrediction", Bert, "bert.pooler.dense.weight", "cls.seq_relationship.weight")]
    public void Trunks_and_further_heads_have_their_published_names(string architecture, string config, params string[] names)
    {
        using IModel model = global::Zoo.Models.Create(ConfigReader.Parse($"{{\"architectures\": [\"{architecture}\"], {config}}}"));
        var keys = model.Weights.All.Select(weight => weight.Key).ToList();
        Assert.All(names, name => Assert.Contains(name, keys));
        Assert.DoesNotContain(keys, key => key.StartsWith("lm_head", StringComparison.Ordinal));
    }

    [Fact]
    public void Without_a_class_the_tensors_say_which_head_it_is()
    {
        using var folder = new ScratchFolder();
        using (var made = (GeneratedModel)global::Zoo.Models.Create(ConfigReader.Parse($"{{\"architectures\": [\"RobertaForQuestionAnswering\"], {Bert}}}")))
        {
            made.Save(folder.Path);
        }

        File.WriteAllText(folder["config.json"], $"{{\"model_type\": \"roberta\", {Bert}}}");
        using IModel model = global::Zoo.Models.Load(folder.Path);
        Assert.Equal(["start_logits", "end_logits"], model.Outputs.Where(output => output.EndsWith("_logits", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("GPT2LMHeadModel", Gpt2, "n_head", "0", "n_head is 0, expected 1 or more")]
    [InlineData("GPT2LMHeadModel", Gpt2, "layer_norm_epsilon", "1e999", "layer_norm_epsilon is Infinity, expected a finite number, 0 or more")]
    [InlineData("GPT2LMHeadModel", Gpt2, "resid_pdrop", "2", "resid_pdrop is 2, expected 0 to 1")]
    [InlineData("LlamaForCausalLM", Llama, "rope_theta", "0", "rope_parameters.rope_theta (or rope_theta) is 0, expected a finite number, more than 0")]
    [InlineData("LlamaForCausalLM", Llama, "rope_theta", "NaN", "rope_parameters.rope_theta (or rope_theta) is NaN, expected a finite number, more than 0")]
    [InlineData("LlamaForCausalLM", Llama, "rope_scaling", "\"linear\"", "rope_scaling is 'linear', expected an object")]
    [InlineData("LlamaForCausalLM", Llama, "eos_token_id", "-2", "eos_token_id is -2, expected the id of a token: a whole number, 0 or more")]
    [InlineData("LlamaForCausalLM", Llama, "eos_token_id", "[1, -2]", "eos_token_id is -2, expected the id of a token: a whole number, 0 or more")]
    [InlineData("LlamaForCausalLM", Llama, "num_attention_heads", "5", "num_attention_heads 5 does not divide hidden_size 32")]
    [InlineData("BertModel", Bert, "attention_probs_dropout_prob", "-0.5", "attention_probs_dropout_prob is -0.5, expected 0 to 1")]
    [InlineData("BertModel", Bert, "hidden_act", "\"\\u001b[31mred\"", "hidden_act '\\u001b[31mred' unknown")]
    public void A_value_out_of_range_names_file_and_key(string architecture, string config, string key, string value, string problem)
    {
        JsonObject json = JsonNode.Parse($"{{\"architectures\": [\"{architecture}\"], {config}}}")!.AsObject();
        json.Remove(key);
        string text = json.ToJsonString()[..^1] + $", \"{key}\": {value}}}";
        string message = Assert.Throws<ConfigException>(() => global::Zoo.Models.Create(ConfigReader.Parse(text, "my.json"))).Message;
        Assert.StartsWith("my.json: " + problem, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Ranges_hold_for_records_that_no_file_made()
    {
        var config = new Zoo.Decoders.LlamaConfig(99, 32, 48, 2, 4, Dsl.Activation.Silu) { Eps = double.NaN };
        Assert.Equal("config.json: rms_norm_eps is NaN, expected a finite number, 0 or more",
            Assert.Throws<ConfigException>(() => new Zoo.Decoders.Llama(config)).Message);
    }

    [Fact]
    public void A_million_layers_are_compared_with_the_files_tensors_before_they_are_built()
    {
        using var folder = new ScratchFolder();
        string config = $"{{\"architectures\": [\"BertModel\"], {Bert}}}";
        using (var made = (GeneratedModel)global::Zoo.Models.Create(ConfigReader.Parse(config)))
        {
            made.Save(folder.Path);
        }

        File.WriteAllText(folder["config.json"], config.Replace("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1000000", StringComparison.Ordinal));
        long before = GC.GetTotalAllocatedBytes();
        string message = Assert.Throws<ConfigException>(() => global::Zoo.Models.Load(folder.Path)).Message;
        Assert.StartsWith("config.json: asks for more than 4136 tensors (at 'encoder.layer.", message, StringComparison.Ordinal);
        Assert.Contains("but model.safetensors holds 39, expected the number of layers that the file has", message, StringComparison.Ordinal);
        Assert.True(GC.GetTotalAllocatedBytes() - before < 200_000_000, "hundreds of megabytes were built");
        File.WriteAllText(folder["config.json"], config.Replace("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 2147483647", StringComparison.Ordinal));
        Assert.Equal(
            "config.json: 2147483647 layers, expected at most 1048576", Assert.Throws<ConfigException>(() => global::Zoo.Models.Load(folder.Path)).Message);
    }
}
