using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Reflection;
using Dsl.Runtime;
using Dsl.Testing;
using TorchSharp;
using Xunit;
using Xunit.Abstractions;
using Zoo.Decoders;
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
        ["retention, GLA, delta rule, HGRN"] = new() { ["live tensors in training"] = CountsUndefined },
    };

    private const string CountsUndefined =
        "TorchSharp counts the undefined gradient of a scan's last state when it is made and not when it is disposed; it holds no memory";

    public static TheoryData<string> Cases => TinyConfigs.Names;

    [Theory]
    [MemberData(nameof(Cases))]
    public void Everything_holds(string name)
    {
        TinyCase tiny = TinyConfigs.All[name];
        var failures = new List<ModelFailure>();
        foreach (string check in ModelChecks.Names)
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

    /// <summary>Features for models that read no tokens: long enough for a transform.</summary>
    private static Tensor Features(object config, int rows, ScalarType dtype) =>
        randn([rows, 40, ((S4Config)config).Input], dtype: dtype, generator: new Generator((ulong)rows));

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

/// <summary>Checks that find nothing prove nothing: each must fail on a model that is wrong in its way.</summary>
public sealed class WrongModelTests
{
    private static readonly LlamaConfig Config = new(99, 32, 48, 2, 4, Dsl.Activation.Silu, 2);

    [Theory]
    [InlineData(Fault.SeesTheNextToken, "causal")]
    [InlineData(Fault.SeesTheNextToken, "masks")]
    [InlineData(Fault.SeesTheNextToken, "forms")]
    [InlineData(Fault.IgnoresPadding, "rows")]
    [InlineData(Fault.IgnoresPadding, "padded forms")]
    [InlineData(Fault.StopsAGradient, "gradients")]
    [InlineData(Fault.KeepsATensor, "live tensors")]
    [InlineData(Fault.KeepsATensor, "live tensors in training")]
    [InlineData(Fault.KeepsOldWeights, "save and load")]
    [InlineData(Fault.KeepsOldWeights, "optimiser step")]
    [InlineData(Fault.KeepsOldWeights, "module")]
    [InlineData(Fault.ForgetsItsClone, "state")]
    [InlineData(Fault.Constant, "overfit")]
    [InlineData(Fault.AcceptsAnyKey, "unknown config key")]
    [InlineData(Fault.ScalesAfterItsHead, "losses in blocks")]
    public void A_wrong_model_is_found(Fault fault, string check)
    {
        ModelEntry llama = global::Zoo.Models.All.Single(entry => entry.Name == nameof(Llama));
        ModelEntry wrong = llama with { Build = (config, weights) => new WrongModel(fault, new Llama((LlamaConfig)config, weights), weights) };
        if (fault == Fault.AcceptsAnyKey)
        {
            const string Json = """
                {"vocab_size":99,"hidden_size":32,"intermediate_size":48,"num_hidden_layers":2,"num_attention_heads":4,"hidden_act":"silu"}
                """;
            wrong = wrong with { ReadConfig = reader => llama.ReadConfig(ConfigReader.Parse(Json)) };
        }

        var options = new ModelCheckOptions { Only = [check], Forwards = 20, TrainingSteps = 5 };
        Assert.Contains(ModelChecks.Run(wrong, Config, options), failure => failure.Check == check);
        Assert.Empty(ModelChecks.Run(llama, Config, options));
    }

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

    [Fact]
    public void A_check_that_does_not_exist_is_an_error() =>
        Assert.Contains("'colour' is no check", Assert.Throws<ArgumentException>(
            () => ModelChecks.Run(global::Zoo.Models.All[0], Config, new ModelCheckOptions { Only = ["colour"] })).Message);
}

/// <summary>Ways to be wrong.</summary>
public enum Fault
{
    SeesTheNextToken,
    IgnoresPadding,
    StopsAGradient,
    KeepsATensor,
    KeepsOldWeights,
    ForgetsItsClone,
    ForgetsBetweenCalls,
    Constant,
    AcceptsAnyKey,
    ScalesAfterItsHead,
}

/// <summary>A model around a right one, with one fault.</summary>
internal sealed class WrongModel : GeneratedModel
{
    private static readonly MethodInfo SavedConfig = typeof(GeneratedModel).GetMethod("SaveConfig", BindingFlags.Instance | BindingFlags.NonPublic)!;
    private readonly Fault fault;
    private readonly GeneratedModel inner;
    private readonly List<Tensor> kept = [];
    private Tensor? old;

    internal WrongModel(Fault fault, GeneratedModel inner, Weights weights)
        : base("Wrong", weights)
    {
        this.fault = fault;
        this.inner = inner;
    }

    public override IReadOnlyList<string> Inputs => inner.Inputs;

    public override IReadOnlyList<string> Outputs => inner.Outputs;

    public override object Config => inner.Config;

    public override KeyRules KeyRules => inner.KeyRules;

    protected override IReadOnlyList<string> Fused => [];

    public override IEnumerable<(string Place, MaskRule Mask)> Masks() => ((IModel)inner).Masks();

    public override IReadOnlyDictionary<string, Tensor> Run(IReadOnlyDictionary<string, Tensor> inputs, params string[] outputs)
    {
        var unmasked = new Dictionary<string, Tensor> { ["input_ids"] = inputs["input_ids"] };
        IReadOnlyDictionary<string, Tensor> right = inner.Run(fault == Fault.IgnoresPadding ? unmasked : inputs, "hidden", "logits");
        Tensor logits = right["logits"], hidden = right["hidden"];
        switch (fault)
        {
            case Fault.SeesTheNextToken:
                logits = logits + 0.1 * logits.roll(-1, 1);
                break;
            case Fault.StopsAGradient:
                logits = logits.detach();
                break;
            case Fault.KeepsATensor:
                kept.Add(torch.ones(1).DetachFromDisposeScope());
                break;
            case Fault.KeepsOldWeights:
                using (torch.no_grad())
                {
                    old ??= Weights.All[^1].Value.sum().DetachFromDisposeScope();
                }

                logits = logits * old.to(logits.dtype);
                break;
            case Fault.Constant:
                logits = logits * 0;
                break;
            case Fault.ScalesAfterItsHead:
                logits = logits * 1.5;
                break;
        }

        return new Dictionary<string, Tensor> { ["hidden"] = hidden, ["logits"] = logits };
    }

    public override OutputHead? HeadOf(string output) => inner.HeadOf(output);

    public override ModelState NewState(int batch, int capacity = 0) =>
        fault == Fault.ForgetsItsClone ? new Forgetful(inner, batch) : inner.NewState(batch, capacity);

    public override Tensor Advance(Tensor tokens, ModelState state, Tensor? mask = null, bool last = false)
    {
        if (fault == Fault.ForgetsBetweenCalls)
        {
            state.Parts.OfType<PastInputs>().First().Reset();
        }

        Tensor right = inner.Advance(tokens, state is Forgetful forgetful ? forgetful.Inner : state, fault == Fault.IgnoresPadding ? null : mask, last);
        if (fault == Fault.KeepsATensor)
        {
            kept.Add(torch.ones(1).DetachFromDisposeScope());
        }

        return right;
    }

    protected override void SaveConfig(string folder) => SavedConfig.Invoke(inner, [folder]);

    protected override void Dispose(bool disposing)
    {
        old?.Dispose();
        kept.ForEach(tensor => tensor.Dispose());
        base.Dispose(disposing);
    }

    private sealed class Forgetful : ModelState
    {
        private readonly GeneratedModel model;

        internal Forgetful(GeneratedModel model, int batch)
            : base(batch, 0)
        {
            this.model = model;
            Inner = model.NewState(batch);
        }

        internal ModelState Inner { get; }

        protected override ModelState Fresh() => new Forgetful(model, Batch);
    }
}
