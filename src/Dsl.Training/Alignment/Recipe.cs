using System;
using System.Collections.Generic;
using Dsl.Runtime;
using Dsl.Training.Alignment.Data;
using Dsl.Training.Alignment.Rules;

namespace Dsl.Training.Alignment;

/// <summary>What a stage of a recipe does.</summary>
public enum StageKind
{
    /// <summary>Goes on with texts, all of which count; from nothing where it is the first stage.</summary>
    Pretrain,

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

    /// <summary>
    /// Demonstrations that are learned beside: among the best answers of <see cref="StageKind.Select"/>, and in place of pre-training's texts in
    /// <see cref="StageKind.Optimise"/> (with <see cref="PolicyOptions.PretrainingWeight"/>); 0: none.
    /// </summary>
    public int Demonstrations { get; init; }

    /// <summary>Tokens of an answer at most.</summary>
    public int MostTokens { get; init; } = 8;

    /// <summary>Of <see cref="StageKind.Pretrain"/>: the texts are those of the field that the model is adapted to.</summary>
    public bool Domain { get; init; }

    /// <summary>Of <see cref="StageKind.Pretrain"/>: texts with gaps; null: without.</summary>
    public InfillOptions? Infill { get; init; }

    /// <summary>Only low-rank matrices over the model so far are trained; null: all of it.</summary>
    public AdapterOptions? Adapter { get; init; }

    /// <summary>The model so far is in NF4 (QLoRA).</summary>
    public bool FourBits { get; init; }

    /// <summary>It begins with what the first stage made, not the one before it: stages that are compared.</summary>
    public bool FromFirst { get; init; }

    /// <summary>A padding token joins the vocabulary; its rows are the mean of those that are there.</summary>
    public bool AddsPad { get; init; }

    /// <summary>What it learns of pictures; null: it learns from texts.</summary>
    public PictureTask? Pictures { get; init; }

    /// <summary>What its folder is called, after its number.</summary>
    public string Folder => Pictures?.Folder ?? Kind switch
    {
        StageKind.Pretrain => Infill is not null ? "infill" : Domain ? "domain" : "pretrain",
        StageKind.Tune => FourBits ? "qlora" : Adapter is not null ? "lora" : "sft",
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
    /// <summary>What is learned.</summary>
    public RuleData Rule { get; init; } = RuleChat.Data;
}
