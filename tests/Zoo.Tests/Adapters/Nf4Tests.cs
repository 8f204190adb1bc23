using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Dsl;
using Dsl.Runtime;
using Dsl.Tests;
using TorchSharp;
using Xunit;
using Zoo.Decoders;
using static TorchSharp.torch;

namespace Zoo.Tests.Adapters;

/// <summary>What must hold of any model whose maps are in NF4: it is the one whose weights were rounded to what the bytes say.</summary>
public sealed class Nf4Tests
{
    private static readonly LlamaConfig Small = new(31, 16, 24, 2, 4, Activation.Silu, KvHeadsKey: 2);

    [Theory]
    [InlineData("llama")]
    [InlineData("gpt2")]
    public void A_quantised_model_is_the_rounded_one_in_every_form(string name)
    {
        using var scope = NewDisposeScope();
        manual_seed(6);
        using IModel model = Make(name), rounded = Make(name);
        QuantisationReport report = Quantisation.ToNf4(model);
        Assert.DoesNotContain(report.Keys, key => key.Contains("embed", StringComparison.Ordinal) || key.Contains("lm_head", StringComparison.Ordinal));
        using (no_grad())
        {
            foreach ((Weight ours, Weight theirs) in model.Weights.All.Zip(rounded.Weights.All))
            {
                if (ours.Quantised is { } matrix)
                {
                    using Tensor numbers = matrix.Dequantise();
                    theirs.Value.copy_(name == "gpt2" ? numbers.t() : numbers);
                }
                else
                {
                    theirs.Value.copy_(ours.Value);
                }
            }
        }

        rounded.Weights.Changed();
        foreach ((Tensor a, Tensor b) in AdapterTests.Forms(rounded).Zip(AdapterTests.Forms(model)))
        {
            AdapterGoldens.Equal(a, b, 2e-5, name);
        }

        // The gradient of what stands before quantised maps goes through them.
        foreach (IModel each in new[] { model, rounded })
        {
            var loss = new TokenLoss(each, "logits");
            Tensor ids = Scalars.Range(18, ScalarType.Int64).reshape(2, 9);
            loss.Of(each.Run(new Dictionary<string, Tensor> { ["input_ids"] = ids }, loss.Reads), ids).backward();
        }

        foreach ((Weight ours, Weight theirs) in model.Weights.All.Zip(rounded.Weights.All).Where(pair => pair.First.Quantised is null))
        {
            AdapterGoldens.Equal(theirs.Value.grad!, ours.Value.grad!, 1e-4, ours.Key);
        }
    }

    [Fact]
    public void A_saved_folder_is_read_again()
    {
        using var scope = NewDisposeScope();
        using var scratch = new ScratchFolder();
        using var model = new Llama(Small);
        model.eval();
        Quantisation.ToNf4(model);
        Tensor[] before = AdapterTests.Forms(model);
        model.Save(scratch.Path);
        using IModel again = global::Zoo.Models.Registry.Load(scratch.Path);
        foreach ((Tensor a, Tensor b) in before.Zip(AdapterTests.Forms(again)))
        {
            Assert.True(a.equal(b).all().item<bool>());
        }

        ((GeneratedModel)again).Save(scratch["twice"]);
        Assert.Equal(File.ReadAllBytes(scratch["model.safetensors"]), File.ReadAllBytes(scratch["twice/model.safetensors"]));
        Assert.Equal(File.ReadAllText(scratch["config.json"]), File.ReadAllText(scratch["twice/config.json"]));

        string config = File.ReadAllText(scratch["config.json"]);
        File.WriteAllText(
            scratch["config.json"], config.Replace("\"bnb_4bit_quant_type\": \"nf4\"", "\"bnb_4bit_quant_type\": \"fp4\"", StringComparison.Ordinal));
        Assert.Contains("bnb_4bit_quant_type is 'fp4', expected 'nf4'", Assert.Throws<ConfigException>(() => Llama.Load(scratch.Path)).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(".absmax", "no tensor 'model.layers.0.self_attn.q_proj.weight.absmax'")]
    [InlineData(".quant_state.bitsandbytes__nf4", "not the JSON of an NF4 matrix")]
    [InlineData(".quant_map", "no tensor")]
    [InlineData("shape", "expected [16, 16]")]
    public void A_damaged_file_gets_one_sentence(string what, string expected)
    {
        using var scope = NewDisposeScope();
        using var scratch = new ScratchFolder();
        using (var model = new Llama(Small))
        {
            Quantisation.ToNf4(model);
            model.Save(scratch.Path);
        }

        const string key = "model.layers.0.self_attn.q_proj.weight";
        using (SafeTensorsFile file = SafeTensorsFile.Open(scratch["model.safetensors"]))
        {
            Checkpoint.Save(scratch["bad"],
            [
                .. file.Tensors.Where(entry => entry.Name != key + what || what.StartsWith(".quant_state", StringComparison.Ordinal)).Select(entry =>
                    entry.Name == key + what ? TensorSource.From<byte>(entry.Name, ElementType.U8, [1], new byte[] { 1 })
                    : what == "shape" && entry.Name == key + ".quant_state.bitsandbytes__nf4"
                        ? Bytes(entry.Name, System.Text.Encoding.UTF8.GetString(file.Bytes(entry.Name)).Replace("[16,16]", "[8,32]", StringComparison.Ordinal))
                    : TensorSource.From(file, entry.Name)),
            ]);
        }

        using var other = new Llama(Small);
        string message = Assert.Throws<CheckpointException>(() => other.LoadWeights(scratch["bad"])).Message;
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void Blocks_of_zeros_and_of_any_length_come_back()
    {
        using var scope = NewDisposeScope();
        foreach (long columns in new long[] { 1, 3, 63, 64, 65, 200 })
        {
            using Nf4Matrix zero = Nf4Matrix.Of(zeros(3, columns));
            Assert.True(zero.Dequantise().eq(Scalars.Of(0)).all().item<bool>());
            Assert.All(zero.Packed.bytes.ToArray()[..(int)(3 * columns / 2)], both => Assert.Equal(0x77, both));
            Tensor numbers = randn(3, columns), back = Nf4Matrix.Of(numbers, nested: false).Dequantise();

            // Half the widest step between two codes, times the block's magnitude.
            Assert.True((numbers - back).abs().max().item<float>() <= 0.16f * numbers.abs().max().item<float>());
        }
    }

    [Fact]
    public void What_cannot_be_quantised_is_refused_in_a_sentence()
    {
        using var model = new Llama(Small with { Tied = true });
        Assert.Contains("read by something else too", Assert.Throws<ArgumentException>(() => Quantisation.ToNf4(model, ["lm_head"])).Message,
            StringComparison.Ordinal);
        Quantisation.ToNf4(model, ["q_proj"]);
        Dictionary<string, Tensor> state = model.state_dict();
        Assert.Contains("is in NF4", Assert.Throws<InvalidOperationException>(() => model.load_state_dict(state)).Message, StringComparison.Ordinal);
        Adapter over = Dsl.Runtime.Adapters.Add(model, new AdapterOptions { Targets = ["q_proj"] });
        Assert.Contains("is in NF4", Assert.Throws<InvalidOperationException>(() => over.Merge()).Message, StringComparison.Ordinal);
        Assert.Contains("'x' means no linear map", Assert.Throws<ArgumentException>(() => Quantisation.ToNf4(model, ["x"])).Message, StringComparison.Ordinal);
    }

    private static TensorSource Bytes(string name, string text) =>
        TensorSource.From<byte>(name, ElementType.U8, [text.Length], System.Text.Encoding.UTF8.GetBytes(text));

    private static IModel Make(string name)
    {
        IModel model = name == "gpt2"
            ? global::Zoo.Models.Registry.Create(ConfigReader.Open(Path.Combine(GoldenFolder.InRepository(), "gpt2")))
            : new Llama(Small);
        model.Module.eval();
        return model;
    }
}
