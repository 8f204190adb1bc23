using System;
using System.Collections.Generic;
using System.Text.Json.Serialization;

namespace Dsl.Training;

/// <summary>What a run trains with. The defaults are the quickstart. A checkpoint keeps them, and a run goes on only with the same.</summary>
public sealed record TrainingOptions
{
    /// <summary>How many steps the run has.</summary>
    [Option("steps", "Steps of the run.", "n")]
    public int Steps { get; init; } = 500;

    /// <summary>Rows in a step.</summary>
    [Option("batch", "Rows in a step.", "n")]
    public int Batch { get; init; } = 16;

    /// <summary>Batches whose gradients one step adds up; the loss is the mean over everything that counts in them.</summary>
    [Option("accumulate", "Batches whose gradients one step adds up.", "n")]
    public int Accumulate { get; init; } = 1;

    /// <summary>Tokens in a row.</summary>
    [Option("context", "Tokens in a row.", "n")]
    public int Context { get; init; } = 128;

    /// <summary>The rate after the warm-up.</summary>
    [Option("rate", "The learning rate after the warm-up.", "x")]
    public double Rate { get; init; } = 1e-3;

    /// <summary>The rate at the last step.</summary>
    [Option("last-rate", "The learning rate at the end; unless asked for, a tenth of the rate.", "x")]
    public double LastRate { get; init; } = 1e-4;

    /// <summary>Steps of linear warm-up.</summary>
    [Option("warm-up", "Steps of linear warm-up; unless asked for, at most a tenth of the steps.", "n")]
    public int WarmUp { get; init; } = 50;

    /// <summary>
    /// How the rate falls: cosine, cosine-from-zero (whose first step has rate 0, as transformers has it), linear, constant, inverse-sqrt, or relative and
    /// relative-warm-up (<see cref="RelativeStep"/>, Adafactor's, whatever rate and warm-up are).
    /// </summary>
    [Option("schedule", "How the rate falls: cosine, cosine-from-zero, linear, constant, inverse-sqrt, relative or relative-warm-up.", "name")]
    public string Schedule { get; init; } = "cosine";

    /// <summary>The rule of steps: adamw, adam, sgd, rmsprop, lion, adafactor, uncorrected-adam or lamb.</summary>
    [Option("optimizer", "The rule of steps: adamw, adam, sgd, rmsprop, lion, adafactor, uncorrected-adam or lamb.", "name")]
    public string Optimizer { get; init; } = "adamw";

    /// <summary>How slowly the mean of the gradient moves: AdamW, Adam, BERT's Adam, LAMB; its share in Lion's steps.</summary>
    [Option("beta1", "How slowly the gradient's mean moves: adamw, adam, lion, uncorrected-adam, lamb.", "x")]
    public double Beta1 { get; init; } = 0.9;

    /// <summary>How slowly the mean of its square moves: the same and RMSprop (alpha); of Lion, the mean itself.</summary>
    [Option("beta2", "How slowly its square's mean moves: the same (Lion's own mean) and rmsprop.", "x")]
    public double Beta2 { get; init; } = 0.95;

    /// <summary>Added to the root of that; Adafactor has its own.</summary>
    [Option("epsilon", "Added to the root of that.", "x")]
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>SGD's momentum, or how slowly the mean of Adafactor's updates moves (its beta1); 0: neither remembers anything of that kind.</summary>
    [Option("momentum", "The momentum of sgd, and of adafactor's updates; 0: none.", "x")]
    public double Momentum { get; init; }

    /// <summary>SGD looks a step ahead along its momentum.</summary>
    [Option("nesterov", "sgd looks a step ahead along its momentum.")]
    public bool Nesterov { get; init; }

    /// <summary>Adafactor's rate is in proportion to the size of each weight.</summary>
    [Option("scale-parameter", "adafactor's rate is in proportion to each weight's size.")]
    public bool ScaleParameter { get; init; }

    /// <summary>Weight decay of what has two or more dimensions; Adam, SGD and RMSprop add it to the gradient, the others take it from the weight.</summary>
    [Option("decay", "Weight decay, on matrices only; adam, sgd and rmsprop add it to the gradient.", "x")]
    public double Decay { get; init; } = 0.1;

    /// <summary>The norm to which gradients are clipped.</summary>
    [Option("clip", "The norm to which gradients are clipped.", "x")]
    public double Clip { get; init; } = 1;

    /// <summary>Decides the first weights, the order of the data and dropout.</summary>
    [Option("seed", "Decides first weights, data order and dropout.", "n")]
    public long Seed { get; init; }

    /// <summary>Held-out loss is measured every so many steps, and at the end.</summary>
    [Option("evaluate-every", "Measure the held-out loss every so many steps, and at the end.", "n")]
    public int EvaluateEvery { get; init; } = 100;

    /// <summary>Over so many fixed batches.</summary>
    [Option("evaluation-batches", "Over so many fixed batches.", "n")]
    public int EvaluationBatches { get; init; } = 20;

    /// <summary>The held-out figure that tells checkpoints apart: <c>loss</c>, or a part that is measured with it (accuracy, reward, ...).</summary>
    [Option("metric", "The held-out figure that says which checkpoint is better: loss, or a part of it such as accuracy or reward.", "name")]
    public string Metric { get; init; } = HeldOutFigure.Loss;

    /// <summary>The run ends after so many measurements that bring no better figure; 0: it does not.</summary>
    [Option("patience", "End the run after so many measurements without a better figure; 0: never.", "n")]
    public int Patience { get; init; }

    /// <summary>The type of weights: float32, or bfloat16 with masters in float32, which the optimiser steps.</summary>
    [Option("weights", "The type of weights: float32, or bfloat16 with masters in float32.", "name")]
    public string Weights { get; init; } = "float32";

    /// <summary>Activation checkpointing: layers keep what they read alone, and are run again on the way back.</summary>
    [Option("checkpoint-activations", "Keep what layers read alone and run them again on the way back: less memory, a third more time, the same numbers.")]
    public bool CheckpointActivations { get; init; }

    /// <summary>The same as torch's type.</summary>
    [JsonIgnore]
    public TorchSharp.torch.ScalarType WeightType => Weights switch
    {
        "float32" => TorchSharp.torch.ScalarType.Float32,
        "bfloat16" => TorchSharp.torch.ScalarType.BFloat16,
        _ => throw new ArgumentException($"--weights '{Weights}', expected float32 or bfloat16"),
    };

    /// <summary>Tokens that a step sees, padding included.</summary>
    public long TokensPerStep => (long)Batch * Context * Accumulate;

    /// <summary>The schedule these options describe.</summary>
    public Schedule MakeSchedule() => Schedule switch
    {
        "cosine" => new CosineFromFirstStep(Rate, WarmUp, Steps, LastRate / Rate),
        "cosine-from-zero" => new CosineSchedule(Rate, WarmUp, Steps, LastRate / Rate),
        "linear" => new LinearSchedule(Rate, WarmUp, Steps),
        "constant" => new ConstantSchedule(Rate, WarmUp),
        "inverse-sqrt" => new InverseSqrtSchedule(Rate, WarmUp),
        "relative" => new RelativeStep(),
        "relative-warm-up" => new RelativeStep(WarmsUp: true),
        _ => throw new ArgumentException(
            $"--schedule '{Schedule}', expected cosine, cosine-from-zero, linear, constant, inverse-sqrt, relative or relative-warm-up"),
    };

    /// <summary>The optimiser these options describe. The caller's to dispose.</summary>
    /// <param name="groups">What it steps: each parameter belongs to one group.</param>
    public Optimizer MakeOptimizer(IReadOnlyList<ParameterGroup> groups) => Optimizer switch
    {
        "adamw" => new AdamW(groups, Beta1, Beta2, Epsilon),
        "adam" => new Adam(groups, Beta1, Beta2, Epsilon),
        "sgd" => new Sgd(groups, Momentum, Nesterov),
        "rmsprop" => new RmsProp(groups, Beta2, Epsilon),
        "lion" => new Lion(groups, Beta1, Beta2),
        "adafactor" => new Adafactor(groups, Momentum, ScaleParameter),
        "uncorrected-adam" => new UncorrectedAdam(groups, Beta1, Beta2, Epsilon),
        "lamb" => new Lamb(groups, Beta1, Beta2, Epsilon),
        _ => throw new ArgumentException(
            $"--optimizer '{Optimizer}', expected adamw, adam, sgd, rmsprop, lion, adafactor, uncorrected-adam or lamb"),
    };

    /// <summary>Throws where a value makes no sense.</summary>
    /// <exception cref="ArgumentException">One sentence that names the value and what was expected.</exception>
    public void Validate()
    {
        Require(Steps >= 1, "steps", Steps, "1 or more");
        Require(Batch >= 1, "batch", Batch, "1 or more");
        Require(Accumulate >= 1, "accumulate", Accumulate, "1 or more");
        Require(Context >= 2, "context", Context, "2 or more");
        Require(Rate > 0 && double.IsFinite(Rate), "rate", Rate, "more than 0");
        Require(LastRate >= 0 && LastRate <= Rate, "last-rate", LastRate, "from 0 to the rate");
        Require(WarmUp >= 0 && WarmUp <= Steps, "warm-up", WarmUp, FormattableString.Invariant($"from 0 to the {Steps} steps of the run"));
        Require(Beta1 is >= 0 and < 1, "beta1", Beta1, "from 0 to less than 1");
        Require(Beta2 is >= 0 and < 1, "beta2", Beta2, "from 0 to less than 1");
        Require(Epsilon > 0 && double.IsFinite(Epsilon), "epsilon", Epsilon, "more than 0");
        Require(Momentum is >= 0 and < 1, "momentum", Momentum, "from 0 to less than 1");
        if (Nesterov && Momentum == 0)
        {
            throw new ArgumentException("--nesterov without --momentum, expected a momentum of more than 0");
        }

        Require(Decay >= 0 && double.IsFinite(Decay), "decay", Decay, "0 or more");
        Require(Clip > 0 && double.IsFinite(Clip), "clip", Clip, "more than 0");
        Require(EvaluateEvery >= 1, "evaluate-every", EvaluateEvery, "1 or more");
        Require(EvaluationBatches >= 1, "evaluation-batches", EvaluationBatches, "1 or more");
        Require(Patience >= 0, "patience", Patience, "0 or more");
        _ = WeightType;
        MakeSchedule();
        MakeOptimizer([]).Dispose();
    }

    internal static void Require(bool holds, string name, double value, string expected)
    {
        if (!holds)
        {
            throw new ArgumentException(FormattableString.Invariant($"--{name} {value}, expected {expected}"));
        }
    }
}
