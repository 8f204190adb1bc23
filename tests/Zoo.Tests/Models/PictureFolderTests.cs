using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using Dsl.Runtime;
using Dsl.Tests;
using TorchSharp;
using Xunit;
using Zoo.Decoders;
using Zoo.Multimodal;
using static TorchSharp.torch;

namespace Zoo.Tests.Models;

/// <summary>Models that see, whose published folders name other folders for what was not trained.</summary>
public sealed class PictureFolderTests
{
    private const int Placeholder = 98;

    [Fact]
    public void A_flat_folder_reads_its_vision_tower_from_the_folder_that_it_names()
    {
        using var scratch = new ScratchFolder();
        string golden = Path.Combine(GoldenFolder.InRepository(), "llava"), folder = Flat(golden, scratch.Path);
        using IModel nested = global::Zoo.Models.Load(golden), flat = global::Zoo.Models.Load(folder, options: Strict);
        AssertSame(nested, flat, [1, 98, 98, 98, 98, 7, 5], side: 16);

        ModelCheck check = ModelCheck.Of(new ModelRegistry(global::Zoo.Models.All), folder);
        Assert.Null(check.Error);
        Assert.Empty(check.Missing);
        Assert.Empty(check.Unexpected);
        Assert.Equal("LlavaForConditionalGeneration", check.Class);
        Assert.DoesNotContain(check.Tensors, name => name.Contains("vision", StringComparison.Ordinal));
        Assert.Contains(check.Notes, note => note.Contains("tiny-tower' is read with it (mm_vision_tower)", StringComparison.Ordinal));

        // Saved, it needs no other folder.
        string saved = scratch["saved"];
        ((GeneratedModel)flat).Save(saved);
        Directory.Delete(scratch["tiny-tower"], recursive: true);
        using IModel whole = global::Zoo.Models.Load(saved, options: Strict);
        AssertSame(nested, whole, [1, 98, 98, 98, 98, 7, 5], side: 16);
    }

    [Fact]
    public void A_tower_that_is_not_there_is_named()
    {
        using var scratch = new ScratchFolder();
        string folder = Flat(Path.Combine(GoldenFolder.InRepository(), "llava"), scratch.Path);
        Directory.Delete(scratch["tiny-tower"], recursive: true);
        const string Expected = "'publisher/tiny-tower' (mm_vision_tower) is a folder of its own, found neither in flat nor beside it";
        var error = Assert.Throws<CheckpointException>(() => global::Zoo.Models.Load(folder));
        Assert.Contains("tensors missing", error.Message, StringComparison.Ordinal);
        Assert.EndsWith(Expected, error.Message, StringComparison.Ordinal);
        ModelCheck check = ModelCheck.Of(new ModelRegistry(global::Zoo.Models.All), folder);
        Assert.Contains(Expected, check.Notes);
        Assert.All(check.Missing, name => Assert.Contains("vision_tower", name, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("../tiny-tower")]
    [InlineData("..")]
    [InlineData("")]
    public void A_name_cannot_lead_elsewhere(string name)
    {
        using var scratch = new ScratchFolder();
        Directory.CreateDirectory(scratch["tiny-tower"]);
        Directory.CreateDirectory(scratch["a"]);
        Assert.Null(OtherFolder.Find(scratch["a"], name));
        Assert.Equal(Path.GetFullPath(scratch["tiny-tower"]), Path.GetFullPath(OtherFolder.Find(scratch["a"], "/somewhere/tiny-tower")!));
    }

    /// <summary>The checkpoint holds the one map that was trained; tower, Q-Former and language model lie where the config says.</summary>
    [Fact]
    public void MiniGpt4_is_read_from_the_files_that_it_was_published_in()
    {
        using var scratch = new ScratchFolder();
        using MiniGpt4 model = Made(Tiny);
        string folder = scratch["minigpt4"];
        model.Save(scratch["nested"]);
        JsonObject config = JsonNode.Parse(File.ReadAllText(Path.Combine(scratch["nested"], "config.json")))!.AsObject();
        (config["vit_model"], config["q_former_model"], config["llama_model"]) = ("eva_vit_g.pth", "https://models/blip2_pretrained.pth", "/data/vicuna");
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "config.json"), config.ToJsonString());
        Tensor zero = zeros(3);
        var parts = model.Weights.All.SelectMany(weight => Original(weight.Key, weight.Value)).ToLookup(part => part.Part, part => (part.Name, part.Value));
        Checkpoint.Save(folder, Sources(parts[""]));
        SafeTensorsWriter.Write(scratch["eva_vit_g.safetensors"], Sources(parts["eye"]));
        SafeTensorsWriter.Write(scratch["blip2_pretrained.safetensors"], Sources(parts["queries"].Append(("t5_proj.bias", zero))));
        Checkpoint.Save(scratch["vicuna"], Sources(parts["llama"]));
        Assert.Equal(["llama_proj.bias", "llama_proj.weight"], parts[""].Select(part => part.Name).Order());

        using IModel loaded = global::Zoo.Models.Load(folder, options: Strict);
        AssertSame(model, loaded, [1, 98, 98, 98, 7, 5], side: 16);

        // Saved, all of it lies in one file, under the same names.
        ((GeneratedModel)loaded).Save(scratch["whole"]);
        using (Checkpoint whole = Checkpoint.Open(scratch["whole"]))
        {
            Assert.Contains("visual_encoder.blocks.0.attn.q_bias", whole.Names);
            Assert.DoesNotContain(whole.Names, name => name.EndsWith("qkv.bias", StringComparison.Ordinal));
        }

        using IModel again = global::Zoo.Models.Load(scratch["whole"], options: Strict);
        AssertSame(model, again, [1, 98, 98, 98, 7, 5], side: 16);

        // A key's bias that is no longer zero has no place there.
        using (no_grad())
        {
            again.Weights.All.First(weight => weight.Key.EndsWith("qkv.bias", StringComparison.Ordinal)).Value.fill_(Scalars.Of(1));
        }

        Assert.Contains("has numbers other than zero in part 2 of 3",
            Assert.Throws<CheckpointException>(() => ((GeneratedModel)again).Save(scratch["other"])).Message, StringComparison.Ordinal);
    }

    /// <summary>Sight is BLIP-2's, and what follows is LLaMA over a table that has the picture's rows in it.</summary>
    [Fact]
    public void MiniGpt4_is_its_parts_one_after_the_other()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable off = no_grad();

        // BLIP-2 normalises what its tower gives with the tower's own epsilon.
        MiniGpt4Config tiny = Tiny, config = tiny with { VisionEps = tiny.Vision.Eps };
        using MiniGpt4 model = Made(config);
        model.eval();
        Tensor pixels = Pixels(16);
        using var sight = new Blip2Sight(config.Sight, ScalarType.Float64);
        Fill(sight, key => key, model);
        sight.eval();
        Tensor seen = sight.Run(new Dictionary<string, Tensor> { ["pixel_values"] = pixels }, "projected")["projected"];

        using var llama = new Llama(new LlamaConfig(config.Vocab + config.Queries, config.Hidden, config.Text.FeedForward, config.Layers, config.Text.Heads,
            Dsl.Activation.Silu), ScalarType.Float64);
        Fill(llama, key => "language_model." + key, model, longer: config.Queries);
        llama.Weights.All.Single(weight => weight.Key == "model.embed_tokens.weight").Value.narrow(0, config.Vocab, config.Queries).copy_(seen[0]);
        llama.Weights.Changed();
        llama.eval();
        Tensor expected = llama.Run(Ids(1, 99, 100, 101, 7, 5), "logits")["logits"].narrow(2, 0, config.Vocab);
        Tensor logits = model.Run(new Dictionary<string, Tensor>(Ids(1, 98, 98, 98, 7, 5)) { ["pixel_values"] = pixels }, "logits")["logits"];
        Assert.True((logits - expected).abs().max().item<double>() < 1e-12);

        // Token by token, the picture's rows in the place of tokens, it says the same.
        Tensor rows = model.Run(new Dictionary<string, Tensor>(Ids(0)) { ["pixel_values"] = pixels }, "image_features")["image_features"];
        using ModelState state = model.Begin(new Dictionary<string, Tensor> { ["image_features"] = rows });
        long[] ids = [1, 98, 98, 98, 7, 5];
        for (int i = 0; i < ids.Length; i++)
        {
            Tensor step = model.Advance(tensor(new[] { ids[i] }, [1, 1]), state);
            Assert.True((step[0, 0] - expected[0, i]).abs().max().item<double>() < 1e-12);
        }
    }

    private static LoadOptions Strict => new() { Warn = line => Assert.Fail(line) };

    private static MiniGpt4Config Tiny => (MiniGpt4Config)TinyConfigs.All["minigpt4"].Config;

    private static MiniGpt4 Made(MiniGpt4Config config)
    {
        manual_seed(3);
        var model = new MiniGpt4(config, ScalarType.Float64);
        using (no_grad())
        {
            foreach (Weight weight in model.Weights.All)
            {
                weight.Value.normal_(0, 0.3);
                if (weight.Key.EndsWith("qkv.bias", StringComparison.Ordinal))
                {
                    weight.Value.narrow(0, weight.Shape[0] / 3, weight.Shape[0] / 3).zero_();
                }
            }
        }

        model.Weights.Changed();
        return model;
    }

    private static void Fill(GeneratedModel model, Func<string, string> name, MiniGpt4 from, int longer = 0)
    {
        var weights = from.Weights.All.ToDictionary(weight => weight.Key);
        foreach (Weight weight in model.Weights.All)
        {
            Tensor value = weights[name(weight.Key)].Value;
            (weight.Shape[0] == value.shape[0] + longer ? weight.Value.narrow(0, 0, value.shape[0]) : weight.Value).copy_(value);
        }

        model.Weights.Changed();
    }

    private static Dictionary<string, Tensor> Ids(params long[] ids) => new() { ["input_ids"] = tensor(ids, [1, ids.Length]) };

    private static Tensor Pixels(int side) => randn([1, 3, side, side], ScalarType.Float64, generator: new Generator(5));

    private static void AssertSame(IModel a, IModel b, long[] ids, int side)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable off = no_grad();
        a.Module.eval();
        b.Module.eval();
        ScalarType type = b.Weights.All[0].Value.dtype;
        Tensor Logits(IModel model) => model.Run(
            new Dictionary<string, Tensor>(Ids(ids)) { ["pixel_values"] = Pixels(side).to(model.Weights.All[0].Value.dtype) }, "logits")["logits"].to(type);
        Assert.True((Logits(a) - Logits(b)).abs().max().item<float>() < 1e-4);
    }

    private static List<TensorSource> Sources(IEnumerable<(string Name, Tensor Value)> tensors) =>
        [.. tensors.Select(pair => TensorSource.From(pair.Name, pair.Value))];

    /// <summary>A flat folder and the tower's beside it, from a nested one.</summary>
    private static string Flat(string golden, string scratch)
    {
        string folder = Path.Combine(scratch, "flat"), tower = Path.Combine(scratch, "tiny-tower");
        JsonObject nested = JsonNode.Parse(File.ReadAllText(Path.Combine(golden, "config.json")))!.AsObject();
        JsonObject flat = nested["text_config"]!.DeepClone().AsObject();
        flat["architectures"] = new JsonArray("LlavaLlamaForCausalLM");
        flat["model_type"] = "llava";
        (flat["mm_vision_tower"], flat["mm_projector_type"], flat["mm_vision_select_layer"]) = ("publisher/tiny-tower", "mlp2x_gelu", -2);
        (flat["image_token_index"], flat["vision_config"]) = (Placeholder, nested["vision_config"]!.DeepClone());
        Directory.CreateDirectory(folder);
        Directory.CreateDirectory(tower);
        File.WriteAllText(Path.Combine(folder, "config.json"), flat.ToJsonString());
        using Checkpoint held = Checkpoint.Open(golden);
        var tensors = held.Names.Select(name => (Name: name, Value: held.ReadTensor(name))).ToList();
        bool IsSeen(string name) => name.StartsWith("model.vision_tower.", StringComparison.Ordinal);
        Checkpoint.Save(folder, Sources(tensors.Where(pair => !IsSeen(pair.Name)).Select(pair => (pair.Name
            .Replace("model.multi_modal_projector.linear_1", "model.mm_projector.0").Replace("model.multi_modal_projector.linear_2", "model.mm_projector.2")
            .Replace("model.language_model.", "model."), pair.Value))));

        // CLIP's folder has a text tower too, which is another model's.
        Checkpoint.Save(tower, Sources(tensors.Where(pair => IsSeen(pair.Name))
            .Select(pair => (pair.Name.Replace("model.vision_tower.", "vision_model."), pair.Value)).Append(("text_model.embeddings.weight", zeros(2)))));
        return folder;
    }

    /// <summary>Which file the published code has a weight in, and under which name.</summary>
    private static IEnumerable<(string Part, string Name, Tensor Value)> Original(string key, Tensor value)
    {
        if (key.StartsWith("language_model.", StringComparison.Ordinal))
        {
            return [("llama", key["language_model.".Length..], value)];
        }

        if (key.EndsWith("self_attn.qkv.bias", StringComparison.Ordinal))
        {
            string block = Eye(key).Replace("attn.qkv.bias", "attn.");
            long third = value.shape[0] / 3;
            return [("eye", block + "q_bias", value.narrow(0, 0, third)), ("eye", block + "v_bias", value.narrow(0, 2 * third, third))];
        }

        return key.StartsWith("language_projection.", StringComparison.Ordinal) ? [("", key.Replace("language_projection", "llama_proj"), value)]
            : key.StartsWith("vision_model.post_layernorm", StringComparison.Ordinal)
                ? [("queries", key.Replace("vision_model.post_layernorm", "ln_vision"), value)]
            : key.StartsWith("vision_model.", StringComparison.Ordinal) ? [("eye", Eye(key), value)]
            : [("queries", key.Replace("qformer.layernorm", "Qformer.bert.embeddings.LayerNorm").Replace("qformer.encoder", "Qformer.bert.encoder")
                .Replace("attention.attention", "attention.self"), value)];
    }

    private static string Eye(string key) => key.Replace("vision_model.embeddings.class_embedding", "cls_token")
        .Replace("vision_model.embeddings.position_embedding", "pos_embed").Replace("vision_model.embeddings.patch_embedding", "patch_embed.proj")
        .Replace("vision_model.encoder.layers", "blocks").Replace("layer_norm", "norm").Replace("self_attn.projection", "attn.proj")
        .Replace("self_attn", "attn");
}
