using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using Dsl.Training;
using Dsl.Training.Alignment;
using Dsl.Training.Alignment.Data;
using Dsl.Training.Alignment.Rules;

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

    private static readonly Stage Pretrain = new(StageKind.Pretrain, new("a base model, here of texts made by rule"), Tiny);

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

    private static readonly Published Guanaco = new("Dettmers and others, 2023 (Guanaco-7B), finetune_guanaco_7b.sh", 2e-4, 16, null, 512, "constant", 0.03, 0,
        "all linear maps, rank 64, alpha 16, dropout 0.1, beta2 0.999, clip 0.3, 1875 steps, paged AdamW, bfloat16; 33B and 65B: 1e-4, dropout 0.05");

    private static readonly Published LawTexts = new("LaWGPT, 2023, train_clm.sh", 3e-4, 128, 1, 1024, "linear",
        Other: "LoRA of rank 16, alpha 32, dropout 0.05 on q, k, v and o");

    private static readonly Published LawQuestions = new("LaWGPT, 2023, finetune.sh", 3e-4, 64, 20, 256, "linear",
        Other: "LoRA of rank 8, alpha 16, dropout 0.05 on q and v");

    private static readonly TrainingOptions Field = Tiny with { Steps = 200, Rate = 4e-3, LastRate = 4e-4, WarmUp = 20 };

    /// <summary>All of them.</summary>
    internal static IReadOnlyList<Recipe> All { get; } =
    [
        new("sft", "Supervised fine-tuning on conversations.", [Tune]),
        new("reward", "Fine-tuning, then a reward model from its trunk.", [Tune, Reward]),
        new("dpo", "Fine-tuning, then direct preference optimisation.", [Tune, Prefer]),
        new("ppo", "Fine-tuning, a reward model, then proximal policy optimisation.", [Tune, Reward, Optimise]),
        new("rejection", "Fine-tuning, a reward model, then the best of K answers, twice.", [Tune, Reward, Select, Select]),
        new("alpaca", "A base model, then one-turn instructions: [PAD] joins the vocabulary, the answer alone counts.",
        [
            Pretrain,
            Tune with
            {
                Published = new("Taori and others, 2023 (Alpaca), train.py", 2e-5, 128, 3, 512, "cosine", 0.03, 0, "the 13B model 1e-5 and 5 epochs"),
                Run = Tiny with { Steps = 600 },
                AddsPad = true,
            },
        ]),
        new("vicuna", "Conversations of several turns, the assistant's tokens alone count.", [Tune with
        {
            Published = new("Chiang and others, 2023 (Vicuna), FastChat", 2e-5, 128, 3, 2048, "cosine", 0.03, 0),
        }]),
        new("lora", "A base model, tuned whole, by an adapter of rank 4, and by the same over four bits: what each gains.",
        [
            Pretrain,
            Tune with { Run = Tiny with { Steps = 400 }, FromFirst = true },
            Tune with
            {
                Published = new("Hu and others, 2021 (LoRA)", 2e-4, 128, 2, 512, "linear", Other: "GPT-2 on E2E: rank 4, alpha 32, dropout 0.1, decay 0.01"),
                Run = Tiny with { Steps = 400, Rate = 8e-3, LastRate = 4e-4 },
                Adapter = Ranked(4, 8),
                FromFirst = true,
            },
            Tune with
            {
                Published = Guanaco,
                Run = Tiny with { Steps = 400, Rate = 8e-3, LastRate = 4e-4 },
                Adapter = Ranked(4, 8),
                FourBits = true,
                FromFirst = true,
            },
        ]),
        new("guanaco", "A base model in four bits, and an adapter over it (QLoRA).",
        [
            Pretrain,
            Tune with
            {
                Published = Guanaco,
                Run = Tiny with { Steps = 400, Rate = 4e-3, LastRate = 4e-3, Schedule = "constant", Beta2 = 0.999, Clip = 0.3 },
                Adapter = Ranked(16, 16, 0.1),
                FourBits = true,
            },
        ]),
        new("codellama-infill", "Code, then code with gaps, prefix or suffix first.",
        [
            Pretrain with { Run = Tiny with { Steps = 200, Context = 32 } },
            Pretrain with
            {
                Published = new("Rozière and others, 2023 (Code Llama)", 3e-4, 1024, Length: 4096, Schedule: "cosine",
                    Other: "7B and 13B; gaps in 90 % of the texts, half of them suffix first; 500 billion tokens"),
                Run = Tiny with { Steps = 2500, Context = 32 },
                Lines = 60000,
                Infill = new InfillOptions(),
                MostTokens = 16,
            },
        ]) { Rule = new RuleCode() },
        new("law", "A base model, then statutes, then questions on them by an adapter.",
        [
            Pretrain,
            Pretrain with { Published = LawTexts, Run = Tiny with { Steps = 600 }, Domain = true },
            Tune with { Published = LawQuestions, Run = Field, Adapter = Ranked(8, 16, 0.05) },
        ]) { Rule = RuleFacts.Law },
        new("finance", "A base model, then reports, then questions on them by an adapter.",
        [
            Pretrain,
            Pretrain with { Published = new("a base model goes on with the field's texts, as LaWGPT's does"), Run = Tiny with { Steps = 600 }, Domain = true },
            Tune with
            {
                Published = new("Cornucopia-LLaMA-Fin-Chinese, 2023, tuning_train.py", 2e-4, 64, 8, 512, "linear", 0.1,
                    Other: "LoRA of rank 8, alpha 16, dropout 0.05 on q and v, over a base in 8 bits"),
                Run = Field,
                Adapter = Ranked(8, 16, 0.05),
            },
        ]) { Rule = RuleFacts.Finance },
        new("goat", "A base model of plain sums, then arithmetic in steps by an adapter.",
        [
            Pretrain with { Run = Tiny with { Steps = 1500, Context = 72 }, Lines = 20000 },
            Tune with
            {
                Published = new("Liu and Low, 2023 (GOAT)", 1e-4, 128, 1, 512, "linear", Other: "LoRA of rank 64, alpha 64, dropout 0.05 on q, k, v and o"),
                Run = Tiny with { Steps = 3000, Context = 72, Rate = 4e-3 },
                Lines = 40000,
                MostTokens = 64,
                Adapter = Ranked(32, 32),
            },
        ]) { Rule = new RuleArithmetic() },
        new("instructgpt", "A base model, then InstructGPT's three steps, with the loss on the base's texts in the last.",
        [
            Pretrain, Tune, Reward,
            Optimise with
            {
                Published = Optimise.Published with { Other = "KL coefficient 0.02, 512 episodes a rollout, batches of 64, pre-training's loss times 27.8" },
                Policy = Optimise.Policy with { PretrainingWeight = 1 },
            },
        ]),
        new("llama2-chat", "LLaMA 2's way: fine-tuning, a reward model, two rounds of rejection sampling, then proximal policy optimisation.",
        [
            Tune with { Published = new("Touvron and others, 2023 (LLaMA 2)", 2e-5, 64, 2, 4096, "cosine", Decay: 0.1) },
            Reward with
            {
                Published = new("Touvron and others, 2023 (LLaMA 2)", 1e-5, 512, 1, 4096, "cosine", 0.03, Other: "the 70B model 5e-6; margins by rating"),
            },
            Select with { Demonstrations = 500 }, Select with { Demonstrations = 500 },
            Optimise with
            {
                Demonstrations = 8000,
                Policy = Optimise.Policy with { PretrainingWeight = 1, Rule = Optimise.Policy.Rule with { KlCoefficient = 0.02 } },
                Published = new("Touvron and others, 2023 (LLaMA 2)", 1e-6, 512, Decay: 0.1,
                    Other: "clip 0.2, batches of 64, KL coefficient 0.01 (0.005 at 34B, 70B)"),
            },
        ]),
        .. PictureRecipes.All,
    ];

    private static AdapterOptions Ranked(int rank, double alpha, double dropout = 0) =>
        new() { Targets = [AdapterOptions.AllLinear], Rank = rank, Alpha = alpha, Dropout = dropout };

    /// <summary>A recipe by its name; null where none is called so.</summary>
    internal static Recipe? Find(string name) => All.FirstOrDefault(known => known.Name == name);
}
