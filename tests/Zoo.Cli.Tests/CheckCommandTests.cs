using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Threading.Tasks;
using Dsl.Runtime;
using Dsl.Tests;
using TorchSharp;
using Xunit;

namespace Zoo.Cli.Tests;

/// <summary><c>check</c>: what loading would say, from names alone.</summary>
public sealed class CheckCommandTests
{
    private const string Llama = "{\"architectures\": [\"LlamaForCausalLM\"], \"vocab_size\": 99, \"hidden_size\": 32, \"intermediate_size\": 48, "
        + "\"num_hidden_layers\": 2, \"num_attention_heads\": 4, \"hidden_act\": \"silu\", "
        + "\"torch_dtype\": \"float16\", \"eos_token_id\": 2, \"made_by\": \"us\"}";

    private static readonly string[] Layer =
    [
        "input_layernorm", "mlp.down_proj", "mlp.gate_proj", "mlp.up_proj", "post_attention_layernorm", "self_attn.k_proj", "self_attn.o_proj",
        "self_attn.q_proj", "self_attn.v_proj",
    ];

    private static string[] Names(int layers) =>
    [
        "lm_head.weight", "model.embed_tokens.weight", "model.norm.weight",
        .. Enumerable.Range(0, layers).SelectMany(i => Layer.Select(name => $"model.layers.{i}.{name}.weight")),
    ];

    [Theory]
    [InlineData("model.safetensors.index.json", "model-00001-of-00002.safetensors", "1 of 1 shards are not there")]
    [InlineData("pytorch_model.bin.index.json", "pytorch_model-00001-of-00002.bin", "1 of 1 shards are PyTorch pickles: convert them to safetensors")]
    public void An_index_alone_is_enough(string index, string shard, string note)
    {
        using var folder = new ScratchFolder();
        File.WriteAllText(folder["config.json"], Llama);
        Index(folder, index, shard, [.. Names(2), "model.layers.0.self_attn.rotary_emb.inv_freq"]);
        (int code, string output, string error) = Run("check", folder.Path, "--json");
        Assert.Equal((0, ""), (code, error));
        using JsonDocument json = JsonDocument.Parse(output);
        JsonElement root = json.RootElement;
        Assert.Equal("LlamaForCausalLM", root.GetProperty("class").GetString());
        Assert.Equal(22, root.GetProperty("tensors").GetInt32());
        Assert.Equal((2 * 99 * 32) + 32 + (2 * ((4 * 32 * 32) + (3 * 32 * 48) + 64)), root.GetProperty("parameters").GetInt64());
        Assert.Equal(0, root.GetProperty("missing").GetArrayLength());
        Assert.Equal(0, root.GetProperty("unexpected").GetArrayLength());
        Assert.Equal(["model.layers.{i}.self_attn.rotary_emb.inv_freq x1"], root.GetProperty("ignored").EnumerateArray().Select(item => item.GetString()));
        Assert.Contains("model.layers.{i}.mlp.up_proj.weight x2", root.GetProperty("names").EnumerateArray().Select(item => item.GetString()));
        Assert.Equal(["made_by"], root.GetProperty("odd").GetProperty("unknown").EnumerateArray().Select(item => item.GetString()));
        Assert.Equal("float16", root.GetProperty("read").GetProperty("dtype").GetString());
        Assert.Equal(2, root.GetProperty("read").GetProperty("eos_token_id").GetInt32());
        Assert.Equal(root.GetProperty("parameters").GetInt64() * 2, root.GetProperty("memory").GetProperty("bfloat16").GetInt64());
        Assert.Equal(note + "; no tokenizer is there", root.GetProperty("notes").GetString());
        Assert.Equal(JsonValueKind.Null, root.GetProperty("error").ValueKind);
    }

    /// <summary>What makes it quick and small: libtorch alone would take three times the memory of all the rest.</summary>
    [Fact]
    public async Task The_tensor_library_is_not_loaded()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        using var folder = new ScratchFolder();
        File.WriteAllText(folder["config.json"], Llama);
        Index(folder, "model.safetensors.index.json", "a.safetensors", Names(2));
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Zoo.Cli.dll"), "check", folder.Path])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["LD_DEBUG"] = "files" },
        };
        using Process process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        string loaded = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
        Assert.Contains("libcoreclr", loaded, StringComparison.Ordinal);
        Assert.DoesNotContain("libtorch", loaded, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("LlamaForCausalLM", await output, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_missing_and_unexpected_is_told_and_the_exit_code_is_1()
    {
        using var folder = new ScratchFolder();
        File.WriteAllText(folder["config.json"], Llama);
        Index(folder, "model.safetensors.index.json", "a.safetensors", [.. Names(1), "model.mm_projector.0.bias", "model.mm_projector.2.bias\u001b[2J"]);
        (int code, string output, string error) = Run("check", folder.Path);
        Assert.Equal(1, code);
        Assert.Contains("missing: model.layers.{i}.input_layernorm.weight x1, ", output, StringComparison.Ordinal);
        Assert.Contains("unexpected: model.mm_projector.0.bias, model.mm_projector.2.bias\\u001b[2J", output, StringComparison.Ordinal);
        Assert.StartsWith("error: model.safetensors.index.json: 9 tensors missing: ", error, StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b", output + error, StringComparison.Ordinal);
        Assert.Equal(1, Run("check", folder.Path, "--allow-unexpected").Code);
    }

    [Fact]
    public void Headers_tell_shapes_and_pointers_are_named()
    {
        using var folder = new ScratchFolder();
        using (IModel model = Models.Create(ConfigReader.Parse(Llama)))
        {
            ((GeneratedModel)model).Save(folder.Path);
        }

        Assert.Equal(0, Run("check", folder.Path).Code);
        File.WriteAllText(folder["config.json"], Llama.Replace("\"intermediate_size\": 48", "\"intermediate_size\": 40", StringComparison.Ordinal));
        (int code, string output, _) = Run("check", folder.Path);
        Assert.Equal(1, code);
        Assert.Contains("'model.layers.0.mlp.up_proj.weight': file [48,32], model [40,32]", output, StringComparison.Ordinal);
        File.WriteAllText(folder["model.safetensors"], "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n");
        (code, output, _) = Run("check", folder.Path);
        Assert.Equal(0, code);
        Assert.Contains("model.safetensors is a Git LFS pointer: run git lfs pull", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<!DOCTYPE html><html>", "config.json: an HTML page (21 bytes), not the config; download the file itself, expected a JSON object")]
    [InlineData(
        "version https://git-lfs.github.com/spec/v1\n", "config.json: a Git LFS pointer (43 bytes), not the config; run git lfs pull, expected a JSON object")]
    [InlineData("{\"a\": 1}}", "config.json: is not JSON (byte 9), expected an object")]
    [InlineData("{}", "config.json: names neither architectures nor model_type, expected the class of the model; known model_type: albert, bart, ")]
    public void A_config_that_is_none_is_named_and_tensors_are_counted_all_the_same(string config, string message)
    {
        using var folder = new ScratchFolder();
        File.WriteAllText(folder["config.json"], config);
        Index(folder, "model.safetensors.index.json", "a.safetensors", Names(1));
        (int code, string output, string error) = Run("check", folder.Path);
        Assert.Equal(1, code);
        Assert.StartsWith("error: " + message, error, StringComparison.Ordinal);
        using JsonDocument json = JsonDocument.Parse(Run("check", folder.Path, "--json").Output);
        Assert.Equal(12, json.RootElement.GetProperty("tensors").GetInt32());
        Assert.Equal(JsonValueKind.Null, json.RootElement.GetProperty("missing").ValueKind);
        Assert.DoesNotContain("parameters", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Keys_that_are_not_supported_do_not_hide_what_the_tensors_say_and_can_be_ignored()
    {
        using var folder = new ScratchFolder();
        File.WriteAllText(folder["config.json"], Llama.Replace("{", "{\"quantization_config\": {\"quant_method\": \"gptq\"}, ", StringComparison.Ordinal));
        Index(folder, "model.safetensors.index.json", "a.safetensors", [.. Names(2), "model.layers.0.mlp.up_proj.qzeros"]);
        (int code, string output, _) = Run("check", folder.Path, "--json");
        Assert.Equal(1, code);
        using JsonDocument json = JsonDocument.Parse(output);
        Assert.StartsWith("config.json: quantization_config.quant_method is 'gptq', expected 'bitsandbytes'",
            json.RootElement.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Equal("model.layers.{i}.mlp.up_proj.qzeros x1", json.RootElement.GetProperty("unexpected")[0].GetString());
        Assert.Equal(0, Run("check", folder.Path, "--ignore-key", "quantization_config", "--allow-unexpected").Code);
    }

    [Fact]
    public void A_class_can_be_named_where_the_config_names_none()
    {
        using var folder = new ScratchFolder();
        File.WriteAllText(folder["config.json"], Llama.Replace("\"architectures\": [\"LlamaForCausalLM\"], ", "", StringComparison.Ordinal));
        Assert.Equal(1, Run("check", folder.Path).Code);
        (int code, string output, _) = Run("check", folder.Path, "--class", "LlamaForCausalLM");
        Assert.Equal(0, code);

        // 2 x 99 x 32 of words and head, 32 of the last norm, and twice 4 x 32 x 32 + 3 x 32 x 48 + 2 x 32 of a layer.
        Assert.StartsWith("LlamaForCausalLM: 23,904 parameters", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("pytorch_model.bin", "holds PyTorch pickles only (pytorch_model.bin); convert them to safetensors first, expected model.safetensors")]
    [InlineData("tf_model.h5", "holds TensorFlow weights only (tf_model.h5); convert them to safetensors first, expected model.safetensors")]
    public void Weights_of_another_kind_are_named_when_they_are_to_be_loaded(string file, string message)
    {
        using var folder = new ScratchFolder();
        File.WriteAllText(folder["config.json"], Llama);
        File.WriteAllText(folder[file], "x");
        string refused = Assert.Throws<CheckpointException>(() => Models.Load(folder.Path, options: new() { Warn = null })).Message;
        Assert.Contains(message, refused, StringComparison.Ordinal);
        Assert.Equal(0, Run("check", folder.Path).Code);
    }

    [Fact]
    public void An_id_beyond_the_table_is_one_sentence()
    {
        using var folder = new ScratchFolder();
        using (IModel model = Models.Create(ConfigReader.Parse(Llama)))
        {
            ((GeneratedModel)model).Save(folder.Path);
        }

        (int code, _, string error) = Run("generate", folder.Path, "--ids", "5 99 3", "-n", "1");
        Assert.Equal(1, code);
        Assert.Equal("error: id 99 at [0, 1], expected 0 to 98: the model's table has 99 rows", error.Split('\n')[^2].TrimEnd());
    }

    [Fact]
    public void Memory_that_is_not_there_is_one_sentence()
    {
        var e = Assert.Throws<InsufficientMemoryException>(() => new Weights().Tensor("w", [1L << 40, 1L << 10]).Value);
        Assert.Equal("no memory on cpu for 'w' [1099511627776, 1024]: 4194304.0 GB in Float32", e.Message);
    }

    private static void Index(ScratchFolder folder, string index, string shard, string[] names) => File.WriteAllText(
        folder[index], JsonSerializer.Serialize(new { metadata = new { total_size = 1e3 }, weight_map = names.ToDictionary(name => name, _ => shard) }));

    private static (int Code, string Output, string Error) Run(params string[] words)
    {
        var output = new StringWriter();
        var error = new StringWriter();
        int code = ZooCommands.Run(words, CliContext.Plain(new DeclaredZoo(), output, error));
        return (code, output.ToString(), error.ToString());
    }
}
