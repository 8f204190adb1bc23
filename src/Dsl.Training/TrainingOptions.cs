using System;
using System.Collections.Generic;
using Dsl.Training.Objectives;

namespace Dsl.Training;

/// <summary>What a run trains with. The defaults are the quickstart. A checkpoint keeps them, and a run goes on only with the same.</summary>
public sealed record TrainingOptions
{
    /// <summary>How many steps the run has.</summary>
    public int Steps { get; init; } = 500;

    /// <summary>Rows in a step.</summary>
    public int Batch { get; init; } = 16;

    /// <summary>Tokens in a row.</summary>
    public int Context { get; init; } = 128;

    /// <summary>The rate after the warm-up.</summary>
    public double Rate { get; init; } = 1e-3;

    /// <summary>The rate at the last step.</summary>
    public double LastRate { get; init; } = 1e-4;

    /// <summary>Steps of linear warm-up.</summary>
    public int WarmUp { get; init; } = 50;

    /// <summary>How the rate falls: cosine, linear, constant or inverse-sqrt.</summary>
    public string Schedule { get; init; } = "cosine";

    /// <summary>AdamW's first beta.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>AdamW's second beta.</summary>
    public double Beta2 { get; init; } = 0.95;

    /// <summary>AdamW's epsilon.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>Weight decay of what has two or more dimensions.</summary>
    public double Decay { get; init; } = 0.1;

    /// <summary>The norm to which gradients are clipped.</summary>
    public double Clip { get; init; } = 1;

    /// <summary>Decides the first weights, the order of the data and dropout.</summary>
    public long Seed { get; init; }

    /// <summary>Held-out loss is measured every so many steps, and at the end.</summary>
    public int EvaluateEvery { get; init; } = 100;

    /// <summary>Over so many fixed batches.</summary>
    public int EvaluationBatches { get; init; } = 20;

    /// <summary>Mask whole words; otherwise as the family was published.</summary>
    public bool WholeWords { get; init; }

    /// <summary>The same noise in every pass over the text (static masking).</summary>
    public bool StaticNoise { get; init; }

    /// <summary>Noises of denoising that are asked for instead of the family's own.</summary>
    public DenoisingChanges Noise { get; init; } = new();

    /// <summary>Texts with the codes of their languages, each as CODE=FILE; empty: one text in the family's own language.</summary>
    public IReadOnlyList<string> Languages { get; init; } = [];

    /// <summary>How often an example comes from each of them: in proportion to its size to this power.</summary>
    public double Alpha { get; init; } = 0.7;

    /// <summary>The schedule these options describe.</summary>
    public Schedule MakeSchedule() => Schedule switch
    {
        "cosine" => new CosineFromFirstStep(Rate, WarmUp, Steps, LastRate / Rate),
        "linear" => new LinearSchedule(Rate, WarmUp, Steps),
        "constant" => new ConstantSchedule(Rate, WarmUp),
        "inverse-sqrt" => new InverseSqrtSchedule(Rate, WarmUp),
        _ => throw new ArgumentException($"--schedule '{Schedule}', expected cosine, linear, constant or inverse-sqrt"),
    };

    /// <summary>Throws where a value makes no sense.</summary>
    /// <exception cref="ArgumentException">One sentence that names the value and what was expected.</exception>
    public void Validate()
    {
        Require(Steps >= 1, "steps", Steps, "1 or more");
        Require(Batch >= 1, "batch", Batch, "1 or more");
        Require(Context >= 2, "context", Context, "2 or more");
        Require(Rate > 0 && double.IsFinite(Rate), "rate", Rate, "more than 0");
        Require(LastRate >= 0 && LastRate <= Rate, "last-rate", LastRate, "from 0 to the rate");
        Require(WarmUp >= 0 && WarmUp <= Steps, "warm-up", WarmUp, FormattableString.Invariant($"from 0 to the {Steps} steps of the run"));
        Require(Beta1 is >= 0 and < 1, "beta1", Beta1, "from 0 to less than 1");
        Require(Beta2 is >= 0 and < 1, "beta2", Beta2, "from 0 to less than 1");
        Require(Epsilon > 0 && double.IsFinite(Epsilon), "epsilon", Epsilon, "more than 0");
        Require(Decay >= 0 && double.IsFinite(Decay), "decay", Decay, "0 or more");
        Require(Clip > 0 && double.IsFinite(Clip), "clip", Clip, "more than 0");
        Require(EvaluateEvery >= 1, "evaluate-every", EvaluateEvery, "1 or more");
        Require(EvaluationBatches >= 1, "evaluation-batches", EvaluationBatches, "1 or more");
        Require(Alpha >= 0 && double.IsFinite(Alpha), "alpha", Alpha, "0 or more");
        Noise.Validate();
        MakeSchedule();
    }

    internal static void Require(bool holds, string name, double value, string expected)
    {
        if (!holds)
        {
            throw new ArgumentException(FormattableString.Invariant($"--{name} {value}, expected {expected}"));
        }
    }
}
