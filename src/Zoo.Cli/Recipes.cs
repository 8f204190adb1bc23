using System.Collections.Generic;
using System.Linq;
using Dsl.Training;
using Dsl.Training.Alignment;

namespace Zoo.Cli;

/// <summary>The recipes that <c>train --recipe</c> knows: what was published of each, and the tiny run of it.</summary>
internal static class Recipes
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
    internal static IReadOnlyList<Recipe> All { get; } =
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
        .. PictureRecipes.All,
    ];

    /// <summary>A recipe by its name; null where none is called so.</summary>
    internal static Recipe? Find(string name) => All.FirstOrDefault(known => known.Name == name);
}
