using System;
using System.Linq;
using Dsl;
using Dsl.Runtime;
using Dsl.Tests;
using Dsl.Training;
using TorchSharp;
using Xunit;
using Zoo.Decoders;
using static TorchSharp.torch;

namespace Zoo.Cli.Tests;

/// <summary>What a declaration adds to the loss of its training: experts are balanced.</summary>
public sealed class ModelLossTests
{
    [Theory]
    [InlineData(0.25)]
    [InlineData(0.001)]
    public void TrainingAddsAModelsOwnLossWithTheConfigsCoefficient(double coefficient)
    {
        (StepResult with, double[] router) = Step(coefficient);
        (StepResult without, double[] alone) = Step(0);
        double Part(StepResult result, string name) => result.Parts.Single(part => part.Name == name).Value;

        // The same weights and batch: the tokens' part is that of a model without it, and what is added is the balance times its coefficient.
        double balance = Part(with, "aux_loss");
        Assert.True(balance > 0.5);
        Assert.Equal(without.Loss, Part(with, "tokens"), 5);
        Assert.Equal(without.Loss + (coefficient * balance), with.Loss, 5);

        // It reaches the gradient: the router is moved another way.
        Assert.True(Close.Error(alone, router) > (coefficient > 0.1 ? 1e-3 : 1e-7));
    }

    /// <summary>A step, and the gradient of a router.</summary>
    private static (StepResult Result, double[] Router) Step(double coefficient)
    {
        manual_seed(4);
        var corpus = new TokenCorpus("text", string.Concat(Enumerable.Repeat("In the beginning God created the heaven and the earth. ", 20)));
        using var model = new Mixtral(new MixtralConfig(4, 2, coefficient)
        {
            Vocab = corpus.Codec.Vocabulary,
            Hidden = 32,
            FeedForward = 32,
            Layers = 2,
            Heads = 4,
            KvHeadsKey = 2,
            Act = Activation.Silu,
            Window = null,
        });
        var options = new TrainingOptions { Steps = 2, Batch = 4, Context = 12, WarmUp = 0, EvaluationBatches = 1, Clip = 1e6 };
        using var trainer = new Trainer(model, corpus, options);
        StepResult result = trainer.Next();
        Weight router = model.Weights.All.First(weight => weight.Key.Contains("gate.weight", StringComparison.Ordinal));
        using Tensor own = router.Value.grad!, gradient = own.to(ScalarType.Float64);
        return (result, gradient.data<double>().ToArray());
    }
}
