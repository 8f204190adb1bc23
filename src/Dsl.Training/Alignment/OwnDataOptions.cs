using System;
using System.Collections.Generic;
using Dsl.Runtime;
using Dsl.Training.Alignment.Data;

namespace Dsl.Training.Alignment;

/// <summary>A recipe on a model and data of one's own: the words of <c>train --recipe</c> that say which, and what of the model is trained.</summary>
public sealed record OwnDataOptions
{
    /// <summary>Lines of JSON (<see cref="TuningFile"/>); empty: what a rule makes.</summary>
    [Option("data", "Lines of JSON: messages, prompt and response, or chosen and rejected. Needs --from.", "file")]
    public string Data { get; init; } = "";

    /// <summary>The folder of the model that is trained, with its tokenizer and chat template.</summary>
    [Option("from", "The model to go on from: a published checkpoint or a run, with its tokenizer and chat template.", "folder")]
    public string From { get; init; } = "";

    /// <summary>Passes over the data; 0: as published.</summary>
    [Option("epochs", "Passes over the data, unless --steps is asked for; without either, as many as were published.", "x")]
    public double Epochs { get; init; }

    /// <summary>How texts that are shorter than the context share one.</summary>
    [Option("packing", "How short texts share a context: none, best-fit, best-fit-split or wrapped.", "name")]
    public Packing Packing { get; init; }

    /// <summary>How strongly a policy is held to what it was, when it learns pairs.</summary>
    [Option("beta", "How strongly dpo holds the model to what it was.", "x")]
    public double Beta { get; init; } = 0.1;

    /// <summary>The rank of an adapter, which alone is trained; 0: all weights are.</summary>
    [Option("lora", "Train low-rank matrices of this rank alone, beside the weights.", "rank")]
    public int Lora { get; init; }

    /// <summary>Its alpha; 0: twice the rank.</summary>
    [Option("lora-alpha", "The scale of the matrices is alpha / rank; unless asked for, alpha is twice the rank.", "x")]
    public double LoraAlpha { get; init; }

    /// <summary>Which linear maps it adapts.</summary>
    [Option("lora-targets", "Linear maps that get matrices: ends of keys or patterns; unless asked for, all but the head.", "key")]
    public IReadOnlyList<string> LoraTargets { get; init; } = [AdapterOptions.AllLinear];

    /// <summary>Its dropout.</summary>
    [Option("lora-dropout", "Probability of dropping a number before the first matrix.", "p")]
    public double LoraDropout { get; init; } = 0.05;

    /// <summary>The base is in four bits.</summary>
    [Option("qlora", "Keep the model in four bits (NF4) under the matrices; without --lora their rank is 64.")]
    public bool Qlora { get; init; }

    /// <summary>Weights that are not trained.</summary>
    [Option("freeze", "Weights that are not trained: a pattern over keys, such as model.embed_tokens*.", "pattern")]
    public IReadOnlyList<string> Freeze { get; init; } = [];

    /// <summary>The adapter that is asked for; null: none.</summary>
    public AdapterOptions? Adapter => Lora > 0 || Qlora
        ? new AdapterOptions { Targets = LoraTargets, Rank = Rank, Alpha = LoraAlpha > 0 ? LoraAlpha : 2 * Rank, Dropout = LoraDropout } : null;

    private int Rank => Lora > 0 ? Lora : 64;

    /// <summary>Throws where values contradict one another.</summary>
    /// <exception cref="ArgumentException">One sentence that names the value and what was expected.</exception>
    public void Validate()
    {
        if ((Data.Length > 0) != (From.Length > 0))
        {
            throw new ArgumentException(Data.Length > 0 ? "--data without --from, expected the folder of the model that learns it"
                : "--from without --data, expected the file that the model learns");
        }

        TrainingOptions.Require(Epochs >= 0 && double.IsFinite(Epochs), "epochs", Epochs, "more than 0");
        TrainingOptions.Require(Beta > 0 && double.IsFinite(Beta), "beta", Beta, "more than 0");
        TrainingOptions.Require(Lora >= 0, "lora", Lora, "1 or more");
        TrainingOptions.Require(LoraAlpha >= 0, "lora-alpha", LoraAlpha, "more than 0");
        Adapter?.Validate();
        if (Data.Length == 0 && (Adapter is not null || Freeze.Count > 0))
        {
            throw new ArgumentException("--lora, --qlora and --freeze are of a model of one's own, expected --from and --data beside them");
        }
    }
}
