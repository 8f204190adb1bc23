using System.Collections.Generic;
using Dsl.Training;
using Dsl.Training.Alignment;

namespace Zoo.Cli;

/// <summary>
/// The recipes that teach a language model to see. What they begin with is published as weights; here two stages before them make what stands for those: a
/// sight that was learned from captions, and a language model that answers from words.
/// </summary>
internal static class PictureRecipes
{
    private const string Caption = "{% for message in messages %}{% if message['role'] == 'assistant' %}"
        + "{% generation %}{{ ' ' + message['content'] + eos_token }}{% endgeneration %}"
        + "{% else %}{{ bos_token + message['content'] }}{% endif %}{% endfor %}";

    private static readonly PictureFormat Llava = new(
        "llava", PictureModels.Patches, Caption, Conversation("USER: ", " ASSISTANT:"), "{0}\n", "<s>", "</s>", []);

    private static readonly PictureFormat MiniGpt4 = new(
        "minigpt4", PictureModels.Queries, Caption, Conversation("###Human: ", " ###Assistant:"), "<Img>{0}</Img> ", "<s>", "###", ["<Img>", "</Img>"]);

    private static readonly Published Stand = new("not published: stands for weights that are");

    private static readonly TrainingOptions Tiny = new()
    {
        Steps = 400,
        Batch = 64,
        Context = 32,
        Rate = 3e-3,
        LastRate = 3e-4,
        WarmUp = 20,
        Decay = 0,
        Beta2 = 0.98,
        EvaluateEvery = 100,
        EvaluationBatches = 4,
    };

    private static readonly Stage[] LlavaBase =
    [
        Of(Stand, Tiny with { Steps = 900, Rate = 2e-3, Decay = 0.05, WarmUp = 40 }, new PictureTask("sight", Llava, PictureLesson.Parts, [])),
        Of(Stand, Tiny, new PictureTask("speech", Llava, PictureLesson.Words, [])),
    ];

    private static readonly Stage LlavaPretrain = Of(
        new("Liu and others, 2023 (LLaVA 1.5), stage 1", 1e-3, 256, 1, 2048, "cosine", 0.03, 0, "the projector alone is trained; 32 a device"),
        Tiny,
        new PictureTask("pretrain", Llava, PictureLesson.Captions,
        [
            new("sight", "model.vision_tower."), new("speech", "model.language_model.", "model."), new("speech", "lm_head."),
        ])
        {
            Trained = ["model.multi_modal_projector."],
        });

    private static readonly Stage LlavaInstruct = Of(
        new("Liu and others, 2023 (LLaVA 1.5), stage 2", 2e-5, 128, 1, 2048, "cosine", 0.03, 0,
            "projector and language model are trained, CLIP stays as it is; 16 a device"),
        Tiny with { Rate = 1e-3, LastRate = 1e-4 },
        new PictureTask("instruct", Llava, PictureLesson.Questions, [new("pretrain", "")])
        {
            Trained = ["model.multi_modal_projector.", "model.language_model.", "lm_head."],
        });

    private static readonly Stage[] MiniGpt4All =
    [
        Of(Stand, Tiny with { Steps = 900, Rate = 2e-3, Decay = 0.05, WarmUp = 40 }, new PictureTask("sight", MiniGpt4, PictureLesson.Parts, [])),
        Of(Stand, Tiny, new PictureTask("speech", MiniGpt4, PictureLesson.Words, [])),
        Of(new("Zhu and others, 2023 (MiniGPT-4), stage 1", 1e-4, 64, 4, Schedule: "cosine to 8e-5", Decay: 0.05,
                Other: "the projection alone is trained; 5000 steps a pass, the first 5000 rise from 1e-6"),
            Tiny with { Steps = 600 },
            new PictureTask("align", MiniGpt4, PictureLesson.Captions,
            [
                new("sight", "vision_model."), new("sight", "qformer."), new("sight", "query_tokens"), new("speech", "language_model.", ""),
            ])
            {
                Trained = ["language_projection."],
            }),
        Of(new("Zhu and others, 2023 (MiniGPT-4), stage 2", 3e-5, 12, 5, Schedule: "cosine to 1e-5", Decay: 0.05,
                Other: "the projection alone is trained; 200 steps a pass"),
            Tiny with { Steps = 600, Rate = 1e-3, LastRate = 3e-4 },
            new PictureTask("instruct", MiniGpt4, PictureLesson.Questions, [new("align", "")]) { Trained = ["language_projection."] }),
    ];

    /// <summary>All of them.</summary>
    internal static IReadOnlyList<Recipe> All { get; } =
    [
        new("llava-pretrain", "LLaVA's first stage: the projector learns to show a language model what CLIP sees.", [.. LlavaBase, LlavaPretrain]),
        new("llava-instruct", "LLaVA's two stages: then projector and language model learn to answer.", [.. LlavaBase, LlavaPretrain, LlavaInstruct]),
        new("minigpt4", "MiniGPT-4's two stages: one linear map between a Q-Former and a language model.", MiniGpt4All),
    ];

    private static Stage Of(Published published, TrainingOptions run, PictureTask task) =>
        new(StageKind.Tune, published, run) { Pictures = task, Lines = run.Steps * run.Batch };

    private static string Conversation(string user, string assistant) =>
        "{% for message in messages %}{% if message['role'] == 'assistant' %}{{ '" + assistant.TrimStart() + "' }}"
        + "{% generation %}{{ ' ' + message['content'] + eos_token }}{% endgeneration %}"
        + "{% else %}{{ (bos_token if loop.first else '') + '" + user + "' + message['content'] + ' ' }}{% endif %}{% endfor %}"
        + "{% if add_generation_prompt %}{{ '" + assistant.TrimStart() + "' }}{% endif %}";
}
