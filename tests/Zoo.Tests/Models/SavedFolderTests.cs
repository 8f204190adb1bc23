using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Dsl.Runtime;
using Dsl.Tests;
using TorchSharp;
using Xunit;

namespace Zoo.Tests.Models;

/// <summary>A folder that the zoo saves is one that others open: what was read comes back, what was made has what published files have.</summary>
public sealed class SavedFolderTests
{
    /// <summary>The goldens that are whole models of declared classes.</summary>
    public static TheoryData<string> Goldens =>
    [
        .. Directory.GetDirectories(GoldenFolder.Path).Where(folder => File.Exists(Path.Combine(folder, "config.json"))
            && File.Exists(Path.Combine(folder, "model.safetensors")) && IsDeclared(folder)).Select(folder => Path.GetFileName(folder)!).Order(),
    ];

    public static TheoryData<string> Made => TinyConfigs.Names;

    [Theory]
    [MemberData(nameof(Goldens))]
    public void What_is_read_is_saved_as_it_came(string name)
    {
        string folder = GoldenFolder.Case(name);
        using var saved = new ScratchFolder();
        using (IModel model = global::Zoo.Models.Load(folder, options: new() { Warn = null }))
        {
            ((GeneratedModel)model).Save(saved.Path);
        }

        Assert.True(JsonNode.DeepEquals(Json(folder, "config.json"), Json(saved.Path, "config.json")), File.ReadAllText(saved["config.json"]));
        using Checkpoint before = Checkpoint.Open(folder), after = Checkpoint.Open(saved.Path);
        using IModel outline = global::Zoo.Models.Registry.Outline(folder);
        var weights = outline.Weights.All.SelectMany(weight => weight.Aliases.Prepend(weight.Key)).ToHashSet();
        Assert.Equal(after.Names.Order(), before.Names.Where(after.Contains).Order());
        Assert.All(before.Names.Except(after.Names), left => Assert.DoesNotContain(left, weights.Except(outline.Weights.All.SelectMany(w => w.Aliases))));
        if (File.Exists(Path.Combine(folder, "generation_config.json")))
        {
            Assert.Equal(File.ReadAllBytes(Path.Combine(folder, "generation_config.json")), File.ReadAllBytes(saved["generation_config.json"]));
        }
    }

    /// <summary>What is made here is called by the family's name, as what is published is.</summary>
    [Theory]
    [MemberData(nameof(Goldens))]
    public void The_family_has_its_published_name(string name)
    {
        JsonNode config = Json(GoldenFolder.Case(name), "config.json");
        string architecture = (string)config["architectures"]![0]!;
        if (config["model_type"] is { } type && global::Zoo.Models.Find(architecture) is { } entry && Published(architecture))
        {
            Assert.Equal((string?)type, entry.ModelType);
        }
    }

    /// <summary>Whether the class is the published library's, not one of ours or of another repository.</summary>
    private static bool Published(string architecture) => architecture is not ("GPT3LMHeadModel" or "TTTForCausalLM" or "S4Model" or "S4dForCausalLM");

    [Theory]
    [MemberData(nameof(Made))]
    public void What_is_made_here_says_what_it_is(string name)
    {
        TinyCase tiny = TinyConfigs.All[name];
        using var saved = new ScratchFolder();
        using (var model = (GeneratedModel)tiny.Entry.Create(tiny.Config))
        {
            model.Save(saved.Path, new Dictionary<string, object?> { ["eos_token_id"] = 7, ["pad_token_id"] = 1 });
        }

        JsonObject config = Json(saved.Path, "config.json").AsObject();
        Assert.Equal(tiny.Entry.ModelType, (string?)config["model_type"]);
        Assert.Equal("float32", (string?)config["dtype"]);
        Assert.Equal(7, (int)config["eos_token_id"]!);
        if (tiny.Entry.Architectures.Count > 0)
        {
            Assert.Equal([tiny.Entry.Architectures[0]], config["architectures"]!.AsArray().Select(item => (string?)item));
        }

        if (File.Exists(saved["generation_config.json"]))
        {
            Assert.Equal(7, (int)Json(saved.Path, "generation_config.json")["eos_token_id"]!);
        }

        ConfigReader reader = ConfigReader.Open(saved.Path);
        tiny.Entry.ReadConfig(reader);
        reader.Finish();
        tiny.Entry.Load(saved.Path).Dispose();
    }

    [Fact]
    public void Labels_dtype_and_generation_settings_are_written()
    {
        using var saved = new ScratchFolder();
        var config = new Zoo.Encoders.BertConfig(99, 32, 1, 4, 48, Dsl.Activation.Gelu, Classes: 3);
        using (var model = new Zoo.Encoders.BertForTokenClassification(config, torch.ScalarType.BFloat16))
        {
            model.Save(saved.Path);
        }

        JsonNode json = Json(saved.Path, "config.json");
        Assert.Equal("LABEL_2", (string?)json["id2label"]!["2"]);
        Assert.Equal(2, (int)json["label2id"]!["LABEL_2"]!);
        Assert.Equal("bfloat16", (string?)json["dtype"]);
        Assert.False(File.Exists(saved["generation_config.json"]));
        var llama = new Zoo.Decoders.LlamaConfig(99, 32, 48, 1, 4, Dsl.Activation.Silu);
        using (var model = new Zoo.Decoders.Llama(llama))
        {
            model.Save(saved.Path, new Dictionary<string, object?> { ["bos_token_id"] = 0, ["eos_token_id"] = new[] { 2, 3 } });
        }

        Assert.True(JsonNode.DeepEquals(
            JsonNode.Parse("{\"_from_model_config\": true, \"bos_token_id\": 0, \"eos_token_id\": [2, 3]}"), Json(saved.Path, "generation_config.json")));
    }

    [Fact]
    public void Keys_without_effect_odd_numbers_and_settings_of_generation_come_back()
    {
        using var first = new ScratchFolder();
        using var second = new ScratchFolder();
        const string Config = "{\"zeta\": 1e3, \"architectures\": [\"LlamaForCausalLM\"], \"vocab_size\": 99, \"hidden_size\": 32, \"intermediate_size\": 48, "
            + "\"num_hidden_layers\": 1, \"num_attention_heads\": 4, \"hidden_act\": \"silu\", \"a.b\": {\"c\": [1, null, -0.0, 12345678901234567890123]}, "
            + "\"text\": \"\\u00e9\\u001b\\\"\"}";
        using (var made = (GeneratedModel)global::Zoo.Models.Create(ConfigReader.Parse(Config)))
        {
            made.Save(first.Path);
        }

        File.WriteAllText(first["generation_config.json"], "{ \"eos_token_id\" : 2 }");
        using (IModel model = global::Zoo.Models.Load(first.Path, options: new() { Warn = null }))
        {
            ((GeneratedModel)model).Save(second.Path);
        }

        // A folder whose config names no family is opened by nobody else: the family is added.
        string text = File.ReadAllText(second["config.json"]);
        JsonNode expected = JsonNode.Parse(Config)!;
        expected["model_type"] = "llama";
        Assert.True(JsonNode.DeepEquals(expected, JsonNode.Parse(text)), text);
        Assert.Contains("12345678901234567890123", text, StringComparison.Ordinal);
        Assert.Equal("{ \"eos_token_id\" : 2 }", File.ReadAllText(second["generation_config.json"]));
    }

    [Fact]
    public void A_class_and_a_type_that_the_file_left_out_are_added_and_the_type_is_the_weights_own()
    {
        using var first = new ScratchFolder();
        using var second = new ScratchFolder();
        using (var made = new Zoo.Decoders.Gpt2(Gpt2))
        {
            made.Save(first.Path);
        }

        JsonObject config = Json(first.Path, "config.json").AsObject();
        config.Remove("architectures");
        config.Remove("dtype");
        config["torch_dtype"] = "bfloat16";
        File.WriteAllText(first["config.json"], config.ToJsonString());
        using (IModel loaded = global::Zoo.Models.Load(first.Path, torch.ScalarType.Float16))
        {
            ((GeneratedModel)loaded).Save(second.Path);
        }

        JsonNode saved = Json(second.Path, "config.json");
        Assert.Equal("GPT2LMHeadModel", (string?)saved["architectures"]![0]);
        Assert.Equal("float16", (string?)saved["torch_dtype"]);
        Assert.Null(saved["dtype"]);
    }

    [Fact]
    public void Large_weights_are_cut_into_shards_that_load_again()
    {
        using var folder = new ScratchFolder();
        using var model = new Zoo.Decoders.Gpt2(Gpt2);
        model.Save(folder.Path);
        long bytes = new FileInfo(folder["model.safetensors"]).Length;
        model.Save(folder.Path, maxShardBytes: bytes / 3);
        Assert.False(File.Exists(folder["model.safetensors"]));
        JsonNode index = Json(folder.Path, "model.safetensors.index.json");
        string[] shards = [.. index["weight_map"]!.AsObject().Select(pair => (string)pair.Value!).Distinct().Order()];
        Assert.InRange(shards.Length, 3, 5);
        Assert.Equal([.. Enumerable.Range(1, shards.Length).Select(i => $"model-{i:D5}-of-{shards.Length:D5}.safetensors")], shards);
        Assert.Equal(model.Weights.Count * 4, (long)index["metadata"]!["total_size"]!);
        Assert.All(shards, shard => Assert.InRange(new FileInfo(folder[shard]).Length, 1, bytes / 3 + 4096));
        using IModel again = global::Zoo.Models.Load(folder.Path);
        Assert.All(model.Weights.All.Zip(again.Weights.All), pair => Assert.True(pair.First.Value.Equals(pair.Second.Value), pair.First.Key));
        model.Save(folder.Path);
        Assert.Equal(["config.json", "model.safetensors"], Directory.GetFiles(folder.Path).Select(Path.GetFileName).Order());
    }

    /// <summary>Names under which the published library asks, where files had several over the years.</summary>
    [Fact]
    public void Keys_are_written_as_the_published_library_reads_them()
    {
        JsonNode neo = Written(new Zoo.Decoders.GptNeo(
            new Zoo.Decoders.GptNeoConfig(99, 32, 3, 4, 64, ["global", "local", "global"]), torch.ScalarType.Float32, torch.META));
        Assert.Equal("[[[\"global\",\"local\",\"global\"],1]]", neo["attention_types"]!.ToJsonString());
        JsonNode neox = Written(new Zoo.Decoders.GptNeoX(
            new Zoo.Decoders.GptNeoXConfig(99, 32, 48, 1, 4, Dsl.Activation.Gelu, Theta: 500), torch.ScalarType.Float32, torch.META));
        Assert.Equal(500, (double)neox["rotary_emb_base"]!);
        Assert.Null(neox["rope_theta"]);
    }

    private static Zoo.Decoders.Gpt2Config Gpt2 => new(99, 32, 2, 4, 64);

    private static JsonNode Written(GeneratedModel model)
    {
        using (model)
        using (var folder = new ScratchFolder())
        {
            model.WriteConfig(folder.Path);
            return Json(folder.Path, "config.json");
        }
    }

    [Fact]
    public void Another_head_than_the_files_names_itself_and_its_tensors()
    {
        using var first = new ScratchFolder();
        using var second = new ScratchFolder();
        var config = new Zoo.Encoders.BertConfig(99, 32, 1, 4, 48, Dsl.Activation.Gelu);
        using (var model = new Zoo.Encoders.BertForMaskedLM(config))
        {
            model.Save(first.Path);
        }

        // The masked language model has no pooler: the file lends it.
        using (var pooled = new Zoo.Encoders.BertForPreTraining(config))
        {
            Checkpoint.Save(first.Path, [.. pooled.Weights.All.Select(weight => TensorSource.From(weight.Key, weight.Value))]);
        }

        using (var trunk = Zoo.Encoders.Bert.Load(first.Path, options: new() { Warn = null }))
        {
            trunk.Save(second.Path);
        }

        Assert.Equal("BertModel", (string?)Json(second.Path, "config.json")["architectures"]![0]);
        using Checkpoint saved = Checkpoint.Open(second.Path);
        Assert.True(saved.Contains("embeddings.word_embeddings.weight"));
    }

    private static bool IsDeclared(string folder) =>
        ConfigReader.Open(folder).Architectures.Any(architecture => global::Zoo.Models.Find(architecture) is not null);

    /// <summary>The file as JSON; numbers that Python writes as bare words are read as texts.</summary>
    private static JsonNode Json(string folder, string file) =>
        JsonNode.Parse(Regex.Replace(File.ReadAllText(Path.Combine(folder, file)), @"(?<=[\[:,\s])(-?Infinity|NaN)(?=[\s,\]}])", "\"$1\""))!;
}
