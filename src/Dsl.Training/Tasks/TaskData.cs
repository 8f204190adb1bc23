using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using Dsl.Runtime;
using Dsl.Text;
using Dsl.Training.Objectives;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Training.Tasks;

/// <summary>A task's questions for a trainer: batch by batch from the seed, none of which is among the held-out questions.</summary>
/// <param name="task">Whose questions.</param>
/// <param name="tokenizer">Kept beside checkpoints.</param>
/// <param name="rows">Questions in a batch.</param>
/// <param name="seed">Of the questions.</param>
public sealed class TaskData(RuleTask task, ITokenizer tokenizer, int rows, long seed) : ITrainingData
{
    private const ulong HeldOutSeed = 20;

    /// <summary>One question in so many, by its text, is held out.</summary>
    private const int HeldOutShare = 5;

    private readonly TaskExamples examples = new(task, tokenizer);
    private readonly int pad = MaskedLanguage.Needed(tokenizer.Special.Pad, "a padding token");
    private int next;

    /// <inheritdoc/>
    public string Name => task.Name;

    /// <inheritdoc/>
    public string? Objective => "task";

    /// <inheritdoc/>
    public string Hash => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(task.Name + task.Rule)));

    /// <inheritdoc/>
    public string Position
    {
        get => next.ToString(CultureInfo.InvariantCulture);
        set => next = int.Parse(value, CultureInfo.InvariantCulture);
    }

    /// <inheritdoc/>
    public TrainingLoss Next(IModel model) => Loss(model, Questions(heldOut: false, (ulong)seed, next++));

    /// <inheritdoc/>
    public IEnumerable<TrainingLoss> HeldOut(IModel model, int batches) =>
        Enumerable.Range(0, batches).Select(batch => Loss(model, Questions(heldOut: true, HeldOutSeed, batch)));

    /// <inheritdoc/>
    public void Save(string folder) => tokenizer.Save(folder);

    /// <summary>The share of held-out answers that are right: classes, words, choices, whole spans, whole texts.</summary>
    public double Accuracy(IModel model, int batches)
    {
        model.Module.eval();
        using IDisposable off = no_grad();
        long right = 0, all = 0;
        for (int k = 0; k < batches; k++)
        {
            using DisposeScope scope = NewDisposeScope();
            using Batch batch = Batched(Questions(heldOut: true, HeldOutSeed, k), model.Weights.Device);
            Tensor hits = Hits(model, batch);
            right += hits.to(ScalarType.Int64).sum().item<long>();
            all += hits.numel();
        }

        return right / (double)all;
    }

    private Question[] Questions(bool heldOut, ulong from, int batch)
    {
        var draws = new SeededDraws(SeededRandom.For(from, [3, batch]));
        var questions = new List<Question>();
        while (questions.Count < rows)
        {
            Question question = task.Ask(draws);
            if (IsHeldOut(question) == heldOut)
            {
                questions.Add(question);
            }
        }

        return [.. questions];
    }

    private static bool IsHeldOut(Question question) => SHA256.HashData(Encoding.UTF8.GetBytes(question.Text))[0] % HeldOutShare == 0;

    private Batch Batched(Question[] questions, Device device) => new([.. questions.SelectMany(examples.Of)], pad, device);

    private TrainingLoss Loss(IModel model, Question[] questions)
    {
        using Batch batch = Batched(questions, model.Weights.Device);
        return Outputs.Of(model, batch.For(model), results => new TrainingLoss(task.Head switch
        {
            Head.Answer => HeadLosses.Span(results["start_logits"], results["end_logits"], batch["start_positions"], batch["end_positions"]),
            Head.Choice => HeadLosses.Choice(results["logits"], Choices(batch)),
            Head.Sequence => HeadLosses.Sequence(results["logits"], batch["labels"]),
            _ => HeadLosses.Tokens(results["logits"], batch["labels"]),
        }), Names);
    }

    private string[] Names => task.Head == Head.Answer ? ["start_logits", "end_logits"] : ["logits"];

    /// <summary>Each question's label once.</summary>
    private Tensor Choices(Batch batch) => batch["labels"].reshape(rows, -1).select(1, 0);

    /// <summary>For each answer, whether it is right.</summary>
    private Tensor Hits(IModel model, Batch batch)
    {
        if (task.Head == Head.Text)
        {
            return Written(model, batch);
        }

        IReadOnlyDictionary<string, Tensor> results = model.Run(batch.For(model), Names);
        switch (task.Head)
        {
            case Head.Answer:
                return results["start_logits"].argmax(-1).eq(batch["start_positions"]).logical_and(results["end_logits"].argmax(-1).eq(batch["end_positions"]));
            case Head.Choice:
                return results["logits"].reshape(rows, -1).argmax(-1).eq(Choices(batch));
            default:
                Tensor labels = batch["labels"];
                return results["logits"].argmax(-1).eq(labels).masked_select(labels.ne(Scalars.Of(MaskedTokens.Ignored)));
        }
    }

    /// <summary>Writes the likeliest tokens one by one, and compares whole rows up to the end of what is right.</summary>
    private static Tensor Written(IModel model, Batch batch)
    {
        Tensor labels = batch["labels"], token = batch["decoder_input_ids"].narrow(1, 0, 1);
        using ModelState state = model.Begin(batch.For(model).Where(pair => pair.Key != "decoder_input_ids")
            .ToDictionary(pair => pair.Key, pair => pair.Value));
        Tensor right = ones(labels.shape[0], ScalarType.Bool);
        for (long t = 0; t < labels.shape[1]; t++)
        {
            token = model.Advance(token, state).argmax(-1);
            Tensor wanted = labels.narrow(1, t, 1);
            right = right.logical_and(token.eq(wanted).logical_or(wanted.eq(Scalars.Of(MaskedTokens.Ignored))).squeeze(1));
        }

        return right;
    }
}
