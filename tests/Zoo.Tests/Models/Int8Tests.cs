using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Dsl.Runtime;
using Dsl.Tests;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Zoo.Tests.Models;

/// <summary>Matrices in int8 as bitsandbytes writes them: codes, the largest magnitude of each row, and a format.</summary>
public sealed class Int8Tests
{
    private const string Config = "{\"architectures\": [\"LlamaForCausalLM\"], \"vocab_size\": 99, \"hidden_size\": 32, \"intermediate_size\": 48, "
        + "\"num_hidden_layers\": 1, \"num_attention_heads\": 4, \"hidden_act\": \"silu\", \"quantization_config\": {\"load_in_8bit\": true, "
        + "\"load_in_4bit\": false, \"quant_method\": \"bitsandbytes\", \"llm_int8_threshold\": 6.0, \"bnb_4bit_quant_type\": \"fp4\"}}";

    private const string Stem = "model.layers.0.self_attn.q_proj";

    [Fact]
    public void Codes_are_read_as_the_numbers_that_they_stand_for()
    {
        using var scope = NewDisposeScope();
        using var folder = new ScratchFolder();
        Tensor codes = randint(-127, 128, [32, 32], ScalarType.Int8), scale = rand(32);
        Write(folder, codes, scale, zeros([], ScalarType.Byte));
        Assert.Null(ModelCheck.Of(global::Zoo.Models.Registry, folder.Path).Error);
        using IModel model = global::Zoo.Models.Load(folder.Path, options: new() { Warn = line => Assert.Fail(line) });
        float[] read = model.Weights.All.Single(weight => weight.Key == Stem + ".weight").Value.detach().data<float>().ToArray();
        sbyte[] rows = codes.data<sbyte>().ToArray();
        float[] largest = scale.data<float>().ToArray();
        Assert.All(Enumerable.Range(0, read.Length), i => Assert.Equal(rows[i] * largest[i / 32] / 127, read[i], 1e-6f));

        // What is saved holds numbers, and says so.
        using var again = new ScratchFolder();
        ((GeneratedModel)model).Save(again.Path);
        Assert.DoesNotContain("quantization_config", File.ReadAllText(again["config.json"]), StringComparison.Ordinal);
        using Checkpoint saved = Checkpoint.Open(again.Path);
        Assert.Equal(ElementType.F32, saved.Find(Stem + ".weight")!.Type);
        Assert.False(saved.Contains(Stem + ".SCB"));
    }

    [Theory]
    [InlineData(31, 0, "'model.layers.0.self_attn.q_proj.SCB' is F32 [31], expected a float for each row of [32,32]")]
    [InlineData(32, 1, "'model.layers.0.self_attn.q_proj.weight_format' is not 0, expected codes row by row")]
    public void What_does_not_fit_the_codes_is_refused(int rows, int format, string problem)
    {
        using var scope = NewDisposeScope();
        using var folder = new ScratchFolder();
        Write(folder, zeros([32, 32], ScalarType.Int8), ones(rows), zeros([1], ScalarType.Byte).Plus(format));
        string message = Assert.Throws<CheckpointException>(() => global::Zoo.Models.Load(folder.Path)).Message;
        Assert.Equal("model.safetensors: " + problem, message);
    }

    [Fact]
    public void A_folder_in_NF4_is_checked_as_it_is_loaded()
    {
        using var folder = new ScratchFolder();
        using var model = (GeneratedModel)global::Zoo.Models.Create(ConfigReader.Parse(Config));
        Quantisation.ToNf4(model);
        model.Save(folder.Path);
        var check = ModelCheck.Of(global::Zoo.Models.Registry, folder.Path);
        Assert.Null(check.Error);
        Assert.Empty(check.Unexpected.Concat(check.Missing).Concat(check.Misfits));
        Assert.Equal(model.Weights.Count, check.Parameters);
    }

    private static void Write(ScratchFolder folder, Tensor codes, Tensor scale, Tensor format)
    {
        File.WriteAllText(folder["config.json"], Config);
        using IModel model = global::Zoo.Models.Create(ConfigReader.Parse(Config));
        Checkpoint.Save(folder.Path,
        [
            .. model.Weights.All.Where(weight => weight.Key != Stem + ".weight").Select(weight => TensorSource.From(weight.Key, weight.Value)),
            TensorSource.From(Stem + ".weight", codes), TensorSource.From(Stem + ".SCB", scale), TensorSource.From(Stem + ".weight_format", format),
        ]);
    }
}
