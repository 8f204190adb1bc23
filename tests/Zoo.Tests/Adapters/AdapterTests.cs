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

/// <summary>What must hold of adapters whatever the model: an adapted model is the one whose weights were changed by hand.</summary>
public sealed class AdapterTests
{
    private static readonly LlamaConfig Small = new(31, 16, 24, 2, 4, Activation.Silu, KvHeadsKey: 2);

    public static TheoryData<string> Models => ["llama", "tied", "gpt2", "ttt", "mamba"];

    /// <summary>Every form, with gradients and without: an adapter computed beside the weights, and one merged into them, are the same model.</summary>
    [Theory]
    [MemberData(nameof(Models))]
    public void An_adapted_model_is_the_merged_one_in_every_form(string name)
    {
        using var scope = NewDisposeScope();
        manual_seed(3);
        using IModel model = Make(name);
        model.Module.eval();
        Tensor[] plain = Forms(model);
        Adapter adapter = Dsl.Runtime.Adapters.Add(model, new AdapterOptions { Targets = [AdapterOptions.AllLinear], Rank = 3, Alpha = 5 });
        Assert.DoesNotContain(adapter.Targets, key => key.Contains("lm_head", StringComparison.Ordinal));
        Near(plain, Forms(model), 0, "B is zero");
        Randomise(adapter);
        Tensor[] beside = Forms(model);
        Assert.True((beside[0] - plain[0]).abs().max().item<double>() > 1e-3);
        using (Dsl.Runtime.Adapters.Use(model, null))
        {
            Near(plain, Forms(model), 0, "the base");
        }

        adapter.Merge();
        Near(Forms(model), beside, 1e-10, "merged");
        Assert.Throws<InvalidOperationException>(() =>
        {
            using IDisposable use = Dsl.Runtime.Adapters.Use(model, null);
            Forms(model);
        });
        adapter.Unmerge();
        Near(plain, FormsOf(model, null), 0, "unmerged");
        adapter.Merge(keep: false);
        adapter.Unmerge();
        Near(plain, FormsOf(model, null), 1e-12, "unmerged by subtraction");
    }

    [Fact]
    public void Each_call_uses_the_adapter_that_it_names()
    {
        using var scope = NewDisposeScope();
        manual_seed(4);
        using var model = new Llama(Small, ScalarType.Float64);
        model.eval();
        Adapter first = Dsl.Runtime.Adapters.Add(model, new AdapterOptions { Targets = ["q_proj"], Rank = 2 }, "first");
        Adapter second = Dsl.Runtime.Adapters.Add(model, new AdapterOptions { Targets = ["*.{gate,v}_proj"], Rank = 4 }, "second");
        Randomise(first);
        Randomise(second);
        Assert.Equal(second, Dsl.Runtime.Adapters.Current(model));
        Tensor[] two = Forms(model), one;
        using (Dsl.Runtime.Adapters.Use(model, "first"))
        {
            one = Forms(model);
            using (Dsl.Runtime.Adapters.Use(model, "second"))
            {
                Near(two, Forms(model), 0, "within");
            }

            Near(one, Forms(model), 0, "after");
        }

        Near(two, Forms(model), 0, "again");
        Dsl.Runtime.Adapters.Remove(model, "second");
        Near(one, Forms(model), 0, "what is left");
        Assert.DoesNotContain(model.Weights.All, weight => weight.Adapter == "second");
        Assert.All(model.Weights.All, weight => Assert.Equal(weight.Adapter is not null, weight.Trainable));
        Dsl.Runtime.Adapters.Remove(model, "first");
        Assert.All(model.Weights.All, weight => Assert.True(weight.Trainable));
    }

    /// <summary>An adapter by declaration is the one that is added to a model that is there; its matrices are the model's own, in its files too.</summary>
    [Fact]
    public void A_derived_model_has_its_adapter_in_every_form_and_file()
    {
        using var scope = NewDisposeScope();
        using var scratch = new ScratchFolder();
        manual_seed(8);
        using (var made = new Llama(Small, ScalarType.Float64))
        {
            made.Save(scratch["base"]);
        }

        using AdaptedLlama model = AdaptedLlama.Load(scratch["base"], ScalarType.Float64);
        using Llama plain = Llama.Load(scratch["base"], ScalarType.Float64);
        Near(Forms(plain), Forms(model), 0, "B is zero");
        Assert.Equal(AdaptedLlama.ParameterCount(Small), model.Weights.Count);
        Adapter own = Dsl.Runtime.Adapters.Get(model);
        Assert.Equal(5, own.Targets.Count);
        Assert.Equal(plain.Weights.Count + own.Count, model.Weights.Count);
        Assert.All(model.Weights.All, weight => Assert.Equal(weight.Key.Contains(".lora_", StringComparison.Ordinal), weight.Trainable));
        Randomise(own);
        own.Save(scratch["adapter"]);
        Dsl.Runtime.Adapters.Load(plain, scratch["adapter"]);
        Near(Forms(model), Forms(plain), 0, "the same adapter, from its folder");
        Assert.True((Forms(model)[0] - FormsOf(model, null)[0]).abs().max().item<double>() > 1e-3);
        model.Save(scratch["whole"]);
        using AdaptedLlama again = AdaptedLlama.Load(scratch["whole"], ScalarType.Float64);
        Near(Forms(model), Forms(again), 0, "from its own file");
    }

    [Fact]
    public void Gradients_are_central_differences()
    {
        using var scope = NewDisposeScope();
        manual_seed(5);
        using var model = new Llama(Small, ScalarType.Float64);
        Adapter adapter = Dsl.Runtime.Adapters.Add(model, new AdapterOptions { Targets = [AdapterOptions.AllLinear], Rank = 2 });
        Randomise(adapter);
        Tensor ids = Ids(), targets = randint(0, 31, [2, 9]);
        var loss = new TokenLoss(model, "logits");
        Tensor Value() => loss.Of(model.Run(new Dictionary<string, Tensor> { ["input_ids"] = ids }, loss.Reads), targets);
        Value().backward();
        using IDisposable off = no_grad();
        foreach (Weight weight in adapter.Weights)
        {
            Tensor place = weight.Value[0, 0];
            double h = 1e-5, was = place.item<double>();
            place.fill_(Scalars.Of(was + h));
            double up = Value().item<double>();
            place.fill_(Scalars.Of(was - h));
            double down = Value().item<double>();
            place.fill_(Scalars.Of(was));
            Assert.Equal((up - down) / (2 * h), weight.Value.grad![0, 0].item<double>(), 6);
        }
    }

    [Fact]
    public void Dropout_is_drawn_in_training_alone()
    {
        using var scope = NewDisposeScope();
        using var model = new Llama(Small, ScalarType.Float64);
        Randomise(Dsl.Runtime.Adapters.Add(model, new AdapterOptions { Targets = ["q_proj"], Dropout = 0.5 }));
        model.train();
        Assert.True((Forms(model)[0] - Forms(model)[0]).abs().max().item<double>() > 0);
        model.eval();
        Near(Forms(model), Forms(model), 0, "in use");
    }

    [Fact]
    public void Conversion_takes_adapters_along()
    {
        using var scope = NewDisposeScope();
        using var model = new Llama(Small, ScalarType.Float64);
        Randomise(Dsl.Runtime.Adapters.Add(model, new AdapterOptions { Targets = ["q_proj", "down_proj"] }));
        model.eval();
        Tensor before = Forms(model)[0];
        model.to(ScalarType.Float32);
        AdapterGoldens.Equal(before, Forms(model)[0], 1e-5, "in float32");
    }

    /// <summary>Ranks, alphas, layers and excluded maps as peft reads them, through a file and back.</summary>
    [Fact]
    public void Files_keep_all_that_an_adapter_is()
    {
        using var scope = NewDisposeScope();
        using var scratch = new ScratchFolder();
        using var model = new Llama(Small);
        model.eval();
        Adapter made = Dsl.Runtime.Adapters.Add(model, new AdapterOptions
        {
            Targets = ["model.layers.*.self_attn.{q,v}_proj"],
            Rank = 2,
            Alpha = 3,
            RankStabilised = true,
            RankPattern = new Dictionary<string, int> { ["1.self_attn.q_proj"] = 5 },
            AlphaPattern = new Dictionary<string, double> { [".*v_proj"] = 0.5 },
        });
        Randomise(made);
        Assert.Equal([2L, 5], new[] { 0, 1 }.Select(layer => made.A($"model.layers.{layer}.self_attn.q_proj").Shape[0]));
        Tensor[] forms = Forms(model);
        made.Save(scratch.Path);
        string config = File.ReadAllText(scratch["adapter_config.json"]);
        Assert.Contains("\"target_modules\": [\n    \"q_proj\",\n    \"v_proj\"\n  ]", config, StringComparison.Ordinal);
        Adapter read = Dsl.Runtime.Adapters.Load(model, scratch.Path, "read");
        Near(forms, Forms(model), 0, "read");
        Assert.Equal(made.Targets, read.Targets);
    }

    [Theory]
    [InlineData("\"use_dora\": true", "use_dora true not supported")]
    [InlineData("\"modules_to_save\": [\"lm_head\"]", "modules_to_save")]
    [InlineData("\"of_a_later_version\": 3", "of_a_later_version 3 not supported")]
    [InlineData("\"peft_type\": \"IA3\"", "peft_type is 'IA3', expected 'LORA'")]
    [InlineData("\"bias\": \"all\"", "bias is 'all', expected 'none'")]
    [InlineData("\"init_lora_weights\": \"pissa\"", "it changes the base as well")]
    [InlineData("\"r\": 0", "the rank 0, expected 1 or more")]
    [InlineData("\"r\": \"x\"", "r is 'x', expected a whole number")]
    [InlineData("\"lora_dropout\": 1.5", "the dropout 1.5, expected from 0 to less than 1")]
    [InlineData("\"target_modules\": [\"w_q\"]", "'w_q' means no linear map of this model, expected ends of: q_proj, k_proj")]
    [InlineData("\"target_modules\": \"(?<!x)q_proj\"", "no regular expression that is supported")]
    [InlineData("\"rank_pattern\": {\"q_proj\": 9}", "of another shape")]
    [InlineData("\"target_modules\": [\"q_proj\"]", "unexpected: 'base_model.model.model.layers.0.self_attn.v_proj.lora_A.weight'")]
    [InlineData("\"target_modules\": \".*_proj\"", "missing: 'base_model.model.model.layers.0.mlp.down_proj.lora_A.weight'")]
    public void A_file_that_asks_for_something_else_gets_one_sentence(string member, string expected)
    {
        using var scratch = new ScratchFolder();
        using var model = new Llama(Small);
        Dsl.Runtime.Adapters.Add(model, new AdapterOptions { Targets = ["q_proj", "v_proj"] }).Save(scratch.Path);
        Dsl.Runtime.Adapters.Remove(model);
        string file = scratch["adapter_config.json"], key = member[..member.IndexOf(':', StringComparison.Ordinal)];
        System.Text.Json.Nodes.JsonNode config = System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(file))!;
        config[key.Trim('"')] = System.Text.Json.Nodes.JsonNode.Parse("{" + member + "}")![key.Trim('"')]!.DeepClone();
        File.WriteAllText(file, config.ToJsonString());
        Exception e = Assert.ThrowsAny<Exception>(() => Dsl.Runtime.Adapters.Load(model, scratch.Path));
        Assert.True(e is ConfigException or CheckpointException, e.ToString());
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
        Assert.Empty(Dsl.Runtime.Adapters.All(model));
        Assert.All(model.Weights.All, weight => Assert.True(weight.Trainable && weight.Adapter is null));
    }

    [Fact]
    public void An_adapter_of_another_base_is_refused()
    {
        using var scratch = new ScratchFolder();
        using var model = new Llama(Small);
        using var other = new Llama(Small with { Hidden = 32, FeedForward = 48 });
        Dsl.Runtime.Adapters.Add(other, new AdapterOptions { Targets = ["q_proj"] }).Save(scratch.Path);
        var e = Assert.Throws<CheckpointException>(() => Dsl.Runtime.Adapters.Load(model, scratch.Path));
        Assert.Contains("[8,32], expected [8,16]", e.Message, StringComparison.Ordinal);
        File.Delete(scratch["adapter_model.safetensors"]);
        Assert.Throws<CheckpointException>(() => Dsl.Runtime.Adapters.Load(model, scratch.Path));
        Assert.Empty(Dsl.Runtime.Adapters.All(model));
    }

    [Fact]
    public void What_cannot_be_is_refused_in_a_sentence()
    {
        using var model = new Llama(Small with { Tied = true });
        string Refused(AdapterOptions options, string name = "default") =>
            Assert.Throws<ArgumentException>(() => Dsl.Runtime.Adapters.Add(model, options, name)).Message;
        Assert.Contains("no targets", Refused(new AdapterOptions()), StringComparison.Ordinal);
        Assert.Contains("the rank 0", Refused(new AdapterOptions { Targets = ["q_proj"], Rank = 0 }), StringComparison.Ordinal);
        Assert.Contains("'r_proj' means no linear map", Refused(new AdapterOptions { Targets = ["q_proj", "r_proj"] }), StringComparison.Ordinal);
        Assert.Contains("without dots", Refused(new AdapterOptions { Targets = ["q_proj"] }, "a.b"), StringComparison.Ordinal);
        Assert.Contains("no adapter 'x'", Assert.Throws<ArgumentException>(() => Dsl.Runtime.Adapters.Use(model, "x")).Message, StringComparison.Ordinal);

        // The head's weight is the embedding's: beside it an adapter may stand, within it would change both.
        Adapter adapter = Dsl.Runtime.Adapters.Add(model, new AdapterOptions { Targets = ["lm_head"] });
        Assert.Contains("has no weight of its own", Assert.Throws<InvalidOperationException>(() => adapter.Merge()).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Dsl.Runtime.Adapters.Add(model, new AdapterOptions { Targets = ["q_proj"] }));
    }

    internal static void Randomise(Adapter adapter)
    {
        using IDisposable off = no_grad();
        foreach (Weight weight in adapter.Weights)
        {
            weight.Value.normal_(0, 0.3);
        }
    }

    private static IModel Make(string name)
    {
        string golden = name switch { "gpt2" => "gpt2", "ttt" => "ttt_linear_full", "mamba" => "mamba", _ => "" };
        return golden.Length > 0
            ? global::Zoo.Models.Registry.Create(ConfigReader.Open(Path.Combine(GoldenFolder.InRepository(), golden)), ScalarType.Float64)
            : new Llama(Small with { Tied = name == "tied" }, ScalarType.Float64);
    }

    private static Tensor Ids() => randint(0, 29, [2, 9]);

    private static Tensor[] FormsOf(IModel model, string? adapter)
    {
        using IDisposable use = Dsl.Runtime.Adapters.Use(model, adapter);
        return Forms(model);
    }

    /// <summary>Logits of the parallel form, with gradients and without, and of the stateful one; of one text.</summary>
    internal static Tensor[] Forms(IModel model)
    {
        Tensor ids = Scalars.Range(18, ScalarType.Int64).reshape(2, 9).remainder(Scalars.Of(13));
        var inputs = new Dictionary<string, Tensor> { ["input_ids"] = ids };
        Tensor recorded = model.Run(inputs, "logits")["logits"].detach();
        using IDisposable off = no_grad();
        Tensor free = model.Run(inputs, "logits")["logits"];
        using ModelState state = model.NewState(2);
        var steps = new List<Tensor>();
        for (long t = 0; t < 9; t++)
        {
            steps.Add(model.Advance(ids.narrow(1, t, 1).contiguous(), state));
        }

        return [recorded, free, cat(steps, 1)];
    }

    private static void Near(Tensor[] expected, Tensor[] actual, double close, string what)
    {
        foreach ((Tensor a, Tensor b) in expected.Zip(actual))
        {
            double error = (a - b).abs().max().to(ScalarType.Float64).item<double>();
            Assert.True(error <= close, $"{what}: {error}");
        }
    }
}
