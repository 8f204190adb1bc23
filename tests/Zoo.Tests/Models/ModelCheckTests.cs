using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using Dsl.Runtime;
using Dsl.Testing;
using Dsl.Testing.Tests;
using TorchSharp;
using Xunit;
using Xunit.Abstractions;
using Zoo.Decoders;
using Zoo.Multimodal;
using Zoo.StateSpaces;
using static TorchSharp.torch;

namespace Zoo.Tests.Models;

/// <summary>What every model gets without asking.</summary>
public sealed class ModelCheckTests(ITestOutputHelper output)
{
    /// <summary>What cannot be asked of a case, and why.</summary>
    private static readonly Dictionary<string, Dictionary<string, string>> Except = new()
    {
        ["mamba"] = new() { ["live tensors in training"] = CountsUndefined },
        ["mamba2"] = new() { ["live tensors in training"] = CountsUndefined },
        ["mamba2, one group"] = new() { ["live tensors in training"] = CountsUndefined },
        ["rwkv4"] = new() { ["live tensors in training"] = CountsUndefined },
        ["s4_model"] = new() { ["live tensors in training"] = CountsUndefined },
        ["s4d, zero-order hold"] = new() { ["live tensors in training"] = CountsUndefined },
        ["s4d, bilinear"] = new() { ["live tensors in training"] = CountsUndefined },
        ["clip, both"] = new() { ["masks"] = "the masks that look both ways are the picture's, the tokens' is causal" },
        ["BartForSequenceClassification"] = new() { ["rows"] = PadsOne, ["masks"] = PadsOne },
        ["retention, GLA, delta rule, HGRN"] = new() { ["live tensors in training"] = CountsUndefined },
    };

    private const string PadsOne = "the checks give one mask, and what is classified is the last token that a second one lets through";

    private const string CountsUndefined =
        "TorchSharp counts the undefined gradient of a scan's last state when it is made and not when it is disposed; it holds no memory";

    /// <summary>What is asked of a head over layers that are asked everything as their family's language model.</summary>
    private static readonly string[] OfHeads = ["save and load", "forms", "padded forms", "gradients", "losses in blocks"];

    /// <summary>All but those whose ids must have a place for each row of a picture, which ids drawn here have not: the oracle holds their forms.</summary>
    public static TheoryData<string> Cases =>
        [.. TinyConfigs.All.Where(tiny => tiny.Value.Config is not (LlavaConfig or MiniGpt4Config)).Select(tiny => tiny.Key).Order()];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Everything_holds(string name)
    {
        TinyCase tiny = TinyConfigs.All[name];
        var failures = new List<ModelFailure>();
        bool isHead = tiny.Entry.ConfigType != typeof(LlamaConfig) && new[] { "reward", "ppo" }.SelectMany(SmallModels.HeadsOf).Contains(tiny.Entry);
        foreach (string check in isHead ? OfHeads : ModelChecks.Names)
        {
            var watch = Stopwatch.StartNew();
            failures.AddRange(ModelChecks.Run(tiny.Entry, tiny.Config, new ModelCheckOptions
            {
                Only = [check],
                Forwards = 50,
                TrainingSteps = 20,
                Except = Except.GetValueOrDefault(name, []),
                MakeInput = (_, rows, dtype) => Features(tiny.Config, rows, dtype),
            }));
            output.WriteLine($"{check}: {watch.ElapsedMilliseconds} ms");
        }

        Assert.True(failures.Count == 0, string.Join(Environment.NewLine, failures));
    }

    /// <summary>Features for models that read no tokens, long enough for a transform; pictures for those that see.</summary>
    private static Tensor Features(object config, int rows, ScalarType dtype) => randn(
        config switch
        {
            ClipVisionConfig clip => [rows, clip.Channels, clip.Image, clip.Image],
            ClipConfig { Vision: var clip } => [rows, clip.Channels, clip.Image, clip.Image],
            Blip2SightConfig { Vision: var eva } => [rows, eva.Channels, eva.Image, eva.Image],
            _ => [rows, 40, ((S4Config)config).Input],
        },
        dtype: dtype,
        generator: new Generator((ulong)rows));

    [Fact]
    public void Every_model_is_checked() =>
        Assert.Empty(global::Zoo.Models.All.Select(entry => entry.Name).Except(TinyConfigs.All.Values.Select(tiny => tiny.Entry.Name)));

    /// <summary>So long that the computation goes over to blocks of the band.</summary>
    [Theory]
    [InlineData("sliding_window")]
    public void Forms_agree_far_beyond_the_window(string name)
    {
        TinyCase tiny = TinyConfigs.All[name];
        object config = tiny.Config is MistralConfig mistral ? mistral with { Context = 512 } : tiny.Config;
        Assert.Empty(ModelChecks.Run(tiny.Entry, config, new ModelCheckOptions { Length = 300, Only = ["forms", "causal"] }));
    }
}

/// <summary>Checks that find nothing prove nothing: each must fail on a model that is wrong in its way. More of them in Dsl.Testing.Tests.</summary>
public sealed class WrongModelTests
{
    /// <summary>A recurrent model whose state takes padding for tokens, or is lost between calls.</summary>
    [Theory]
    [InlineData(Fault.IgnoresPadding, "rwkv4")]
    [InlineData(Fault.ForgetsBetweenCalls, "rwkv4")]
    [InlineData(Fault.IgnoresPadding, "ttt, convolved")]
    [InlineData(Fault.ForgetsBetweenCalls, "ttt, convolved")]
    public void A_wrong_recurrent_model_is_found(Fault fault, string name)
    {
        (_, ModelEntry right, object config) = TinyConfigs.All[name];
        ModelEntry wrong = right with { Build = (given, weights) => new WrongModel(fault, (GeneratedModel)right.Build(given, weights), weights) };
        var options = new ModelCheckOptions { Only = ["recurrent state"] };
        Assert.NotEmpty(ModelChecks.Run(wrong, config, options));
        Assert.Empty(ModelChecks.Run(right, config, options));
    }
}
