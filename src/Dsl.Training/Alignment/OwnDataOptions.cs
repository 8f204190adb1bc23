using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using Dsl.Training.Alignment.Data;

namespace Dsl.Training.Alignment;

/// <summary>A recipe on a model and data of one's own: the words of <c>train --recipe</c> that say which, and what of the model is trained.</summary>
public sealed record OwnDataOptions
{
    /// <summary>Lines of JSON (<see cref="TuningFile"/>); empty: what a rule makes.</summary>
    [Option("data", "Lines of JSON: messages, prompt and response, or chosen and rejected. Needs --from.", "file")]
    public string Data { get; init; } = "";

    /// <summary>Pairs of which a reward model is trained; empty: none is.</summary>
    [Option("comparisons", "Of ppo, rejection and the like: lines with chosen and rejected, of which a reward model is trained.", "file")]
    public string Comparisons { get; init; } = "";

    /// <summary>The folder of a reward model that is there.</summary>
    [Option("reward", "In place of --comparisons: the folder of a reward model, with the vocabulary of the model that it judges.", "folder")]
    public string Reward { get; init; } = "";

    /// <summary>What a policy answers while it learns from its own answers.</summary>
    [Option("prompts", "Of ppo, rejection and the like: lines with prompt (or messages), which the model answers as it learns.", "file")]
    public string Prompts { get; init; } = "";

    /// <summary>Texts whose loss is mixed into the optimisation of a policy (PPO-ptx); empty: none.</summary>
    [Option("texts", "Of ppo and the like: lines with text, whose loss is added so that the model keeps what it knows (PPO-ptx).", "file")]
    public string Texts { get; init; } = "";

    /// <summary>The coefficient of the divergence from the policy before.</summary>
    [Option("kl", "Of ppo and the like: how strongly the model is held to what it was.", "x")]
    public double Kl { get; init; } = 0.05;

    /// <summary>The divergence that the coefficient follows; 0: the coefficient stays.</summary>
    [Option("kl-target", "Of ppo and the like: let --kl follow this divergence of an answer, in nats.", "x")]
    public double KlTarget { get; init; }

    /// <summary>Responses that are written before a policy is trained on them.</summary>
    [Option("rollouts", "Of ppo and the like: answers that are written before the model is trained on them.", "n")]
    public int Rollouts { get; init; } = 64;

    /// <summary>Tokens of a response at most.</summary>
    [Option("response", "Of ppo, rejection and the like: tokens of an answer at most.", "n")]
    public int Response { get; init; } = 64;

    /// <summary>Answers to a prompt, of which the best is learned.</summary>
    [Option("best-of", "Of rejection and the like: answers to a prompt, of which the best is learned.", "k")]
    public int BestOf { get; init; } = 8;

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

    /// <summary>How a preference is learned.</summary>
    [Option("preference", "What dpo learns a pair by: sigmoid, robust, ipo, ipo-average or hinge.", "name")]
    public PreferenceLoss Preference { get; init; }

    /// <summary>The share of preferences that are taken to be wrong.</summary>
    [Option("smoothing", "The share of pairs that dpo takes to be wrong (cDPO with sigmoid).", "x")]
    public double Smoothing { get; init; }

    /// <summary>A policy that learns pairs is held to nothing.</summary>
    [Option("reference-free", "Hold the model to nothing while dpo learns pairs.")]
    public bool ReferenceFree { get; init; }

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

    /// <summary>How pairs are learned directly.</summary>
    public PreferenceRule Pairs => new(Preference, Beta, Smoothing, ReferenceFree);

    /// <summary>Whether anything of one's own is to be learned.</summary>
    public bool IsAsked => Files.Any(file => file.Value.Length > 0);

    /// <summary>What is read, by its word.</summary>
    public IReadOnlyList<(string Name, string Value)> Files =>
        [("data", Data), ("comparisons", Comparisons), ("reward", Reward), ("prompts", Prompts), ("texts", Texts)];

    /// <summary>The adapter that is asked for; null: none.</summary>
    public AdapterOptions? Adapter => Lora > 0 || Qlora
        ? new AdapterOptions { Targets = LoraTargets, Rank = Rank, Alpha = LoraAlpha > 0 ? LoraAlpha : 2 * Rank, Dropout = LoraDropout } : null;

    private int Rank => Lora > 0 ? Lora : 64;

    /// <summary>Throws where values contradict one another.</summary>
    /// <exception cref="ArgumentException">One sentence that names the value and what was expected.</exception>
    public void Validate()
    {
        if (IsAsked != (From.Length > 0))
        {
            throw new ArgumentException(From.Length > 0 ? "--from without --data, expected the file that the model learns"
                : $"--{Files.First(file => file.Value.Length > 0).Name} without --from, expected the folder of the model that learns it");
        }

        TrainingOptions.Require(Kl >= 0 && double.IsFinite(Kl), "kl", Kl, "0 or more");
        TrainingOptions.Require(KlTarget >= 0 && double.IsFinite(KlTarget), "kl-target", KlTarget, "more than 0");
        TrainingOptions.Require(Smoothing is >= 0 and < 0.5, "smoothing", Smoothing, "from 0 to less than 0.5");
        TrainingOptions.Require(Rollouts >= 1, "rollouts", Rollouts, "1 or more");
        TrainingOptions.Require(Response >= 1, "response", Response, "1 or more");
        TrainingOptions.Require(BestOf >= 2, "best-of", BestOf, "2 or more");

        TrainingOptions.Require(Epochs >= 0 && double.IsFinite(Epochs), "epochs", Epochs, "more than 0");
        TrainingOptions.Require(Beta > 0 && double.IsFinite(Beta), "beta", Beta, "more than 0");
        TrainingOptions.Require(Lora >= 0, "lora", Lora, "1 or more");
        TrainingOptions.Require(LoraAlpha >= 0, "lora-alpha", LoraAlpha, "more than 0");
        Adapter?.Validate();
        if (!IsAsked && (Adapter is not null || Freeze.Count > 0))
        {
            throw new ArgumentException("--lora, --qlora and --freeze are of a model of one's own, expected --from and --data beside them");
        }
    }
}
