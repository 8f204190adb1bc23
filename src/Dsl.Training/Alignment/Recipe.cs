using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl.Training.Alignment;

/// <summary>What a stage of a recipe does.</summary>
public enum StageKind
{
    /// <summary>Fine-tunes the model on demonstrations, from nothing where it is the first stage.</summary>
    Tune,

    /// <summary>Trains a reward model from the newest policy's trunk on pairs.</summary>
    Reward,

    /// <summary>Optimises the policy on pairs directly.</summary>
    Prefer,

    /// <summary>Fine-tunes the policy on the best of its own answers.</summary>
    Select,

    /// <summary>Optimises the policy against the reward model.</summary>
    Optimise,
}

/// <summary>What was published of a run, in its own words and numbers; null where it does not say.</summary>
/// <param name="Source">The paper or repository.</param>
/// <param name="Rate">The learning rate.</param>
/// <param name="Batch">Rows (pairs, episodes) in a step.</param>
/// <param name="Epochs">Passes over the data.</param>
/// <param name="Length">Tokens of a row at most.</param>
/// <param name="Schedule">How the rate falls.</param>
/// <param name="WarmUp">Share of the steps in which the rate rises.</param>
/// <param name="Decay">Weight decay.</param>
/// <param name="Other">What this method has beside.</param>
public sealed record Published(
    string Source, double? Rate = null, int? Batch = null, double? Epochs = null, int? Length = null, string? Schedule = null, double? WarmUp = null,
    double? Decay = null, string Other = "");

/// <summary>One stage: what it does, how it was published, and what is run here at tiny size.</summary>
/// <param name="Kind">What it does.</param>
/// <param name="Published">The published numbers.</param>
/// <param name="Run">The numbers of the tiny run.</param>
public sealed record Stage(StageKind Kind, Published Published, TrainingOptions Run)
{
    /// <summary>Lines of data that are made by rule.</summary>
    public int Lines { get; init; } = 8000;

    /// <summary>Held-out prompts that the result is measured on.</summary>
    public int Measured { get; init; } = 512;

    /// <summary>The loss of <see cref="StageKind.Prefer"/>.</summary>
    public PreferenceRule Rule { get; init; } = new();

    /// <summary>How <see cref="StageKind.Select"/> draws.</summary>
    public SelectionOptions Selection { get; init; } = new();

    /// <summary>How <see cref="StageKind.Optimise"/> goes on.</summary>
    public PolicyOptions Policy { get; init; } = new();

    /// <summary>What its folder is called, after its number.</summary>
    public string Folder => Kind switch
    {
        StageKind.Tune => "sft",
        StageKind.Reward => "reward",
        StageKind.Prefer => "dpo",
        StageKind.Select => "rejection",
        _ => "ppo",
    };
}

/// <summary>A way from a model to an assistant: stages in their order. A recipe is a row of data; the trainer knows none.</summary>
/// <param name="Name">What <c>train --recipe</c> calls it.</param>
/// <param name="What">In a sentence.</param>
/// <param name="Stages">In their order.</param>
public sealed record Recipe(string Name, string What, IReadOnlyList<Stage> Stages)
{
    private static readonly TrainingOptions Tiny = new()
    {
        Steps = 700,
        Batch = 64,
        Context = 24,
        Rate = 2e-3,
        LastRate = 1e-4,
        WarmUp = 40,
        Decay = 0,
        Beta2 = 0.98,
        EvaluateEvery = 100,
        EvaluationBatches = 8,
    };

    private static readonly Stage Tune = new(
        StageKind.Tune, new("Ouyang and others, 2022 (InstructGPT)", 9.65e-6, 32, 16, 2048, "cosine", Other: "residual dropout 0.2"), Tiny);

    private static readonly Stage Reward = new(
        StageKind.Reward, new("Ouyang and others, 2022 (InstructGPT)", 9e-6, 64, 1, 2048, "cosine", Other: "K from 4 to 9, all pairs of a prompt in one batch"),
        Tiny with { Steps = 600, Rate = 1e-3, LastRate = 1e-4, WarmUp = 20, EvaluateEvery = 100 });

    private static readonly Stage Prefer = new(
        StageKind.Prefer, new("Rafailov and others, 2023 (DPO)", 1e-6, 64, 1, 512, "constant", Other: "RMSprop, 150 steps of warm-up, beta 0.1"),
        Tiny with { Steps = 150, Rate = 5e-4, LastRate = 5e-5, WarmUp = 15, EvaluateEvery = 50 })
    {
        Rule = new PreferenceRule(Beta: 0.3),
    };

    private static readonly Stage Select = new(
        StageKind.Select, new("Touvron and others, 2023 (LLaMA 2)", Other: "the best of K answers of the newest policy, fine-tuned on, iterated"),
        Tiny with { Steps = 100, Rate = 5e-4, LastRate = 5e-5, WarmUp = 10, EvaluateEvery = 50 })
    {
        Lines = 1500,
    };

    private static readonly Stage Optimise = new(
        StageKind.Optimise, new("Ziegler and others, 2019; Ouyang and others, 2022", 9e-6, 64, 4, Other: "KL coefficient 0.02, 512 episodes a rollout"),
        Tiny with { Steps = 240, Rate = 4e-4, LastRate = 4e-5, WarmUp = 8, EvaluateEvery = 40, Beta2 = 0.95 })
    {
        Policy = new PolicyOptions { Rule = new PpoRule { KlCoefficient = 0.05, ValueWeight = 0.5 }, Rollouts = 256, Epochs = 2, MostTokens = 8 },
    };

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Recipe> All { get; } =
    [
        new("sft", "Supervised fine-tuning on conversations.", [Tune]),
        new("reward", "Fine-tuning, then a reward model from its trunk.", [Tune, Reward]),
        new("dpo", "Fine-tuning, then direct preference optimisation.", [Tune, Prefer]),
        new("ppo", "Fine-tuning, a reward model, then proximal policy optimisation.", [Tune, Reward, Optimise]),
        new("rejection", "Fine-tuning, a reward model, then the best of K answers, twice.", [Tune, Reward, Select, Select]),
        new("alpaca", "One-turn instructions, the answer alone counts.", [Tune with
        {
            Published = new("Taori and others, 2023 (Alpaca), train.py", 2e-5, 128, 3, 512, "cosine", 0.03, 0, "the 13B model 1e-5 and 5 epochs"),
        }]),
        new("vicuna", "Conversations of several turns, the assistant's tokens alone count.", [Tune with
        {
            Published = new("Chiang and others, 2023 (Vicuna), FastChat", 2e-5, 128, 3, 2048, "cosine", 0.03, 0),
        }]),
        new("instructgpt", "InstructGPT's three steps, with the loss on the pre-training's text in the last.", [Tune, Reward, Optimise with
        {
            Published = Optimise.Published with { Other = "KL coefficient 0.02, 512 episodes a rollout, batches of 64, pre-training's loss times 27.8" },
            Policy = Optimise.Policy with { PretrainingWeight = 1 },
        }]),
        new("llama2-chat", "LLaMA 2's way: fine-tuning, a reward model, two rounds of rejection sampling, then proximal policy optimisation.",
        [
            Tune with { Published = new("Touvron and others, 2023 (LLaMA 2)", 2e-5, 64, 2, 4096, "cosine", Decay: 0.1) },
            Reward with
            {
                Published = new("Touvron and others, 2023 (LLaMA 2)", 1e-5, 512, 1, 4096, "cosine", 0.03, Other: "the 70B model 5e-6; margins by rating"),
            },
            Select, Select,
            Optimise with
            {
                Published = new("Touvron and others, 2023 (LLaMA 2)", 1e-6, 512, Decay: 0.1,
                    Other: "clip 0.2, batches of 64, KL coefficient 0.01 (0.005 at 34B, 70B)"),
            },
        ]),
    ];

    /// <summary>A recipe by its name; null where none is called so.</summary>
    public static Recipe? Find(string name) => All.FirstOrDefault(known => known.Name == name);
}
