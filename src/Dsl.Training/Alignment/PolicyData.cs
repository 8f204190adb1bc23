using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Dsl.Runtime;
using Dsl.Training.Alignment.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Training.Alignment;

/// <summary>How a policy is optimised.</summary>
public sealed record PolicyOptions
{
    /// <summary>Losses and rewards.</summary>
    public PpoRule Rule { get; init; } = new();

    /// <summary>Responses that are written before the policy is trained on them.</summary>
    public int Rollouts { get; init; } = 256;

    /// <summary>How often it is trained on them.</summary>
    public int Epochs { get; init; } = 4;

    /// <summary>Tokens of a response at most.</summary>
    public int MostTokens { get; init; } = 8;

    /// <summary>Taken from the score of a response that does not end.</summary>
    public double UnfinishedPenalty { get; init; } = 1;

    /// <summary>The coefficient of the divergence follows this target; null: it stays.</summary>
    public AdaptiveKl? Adaptive { get; init; }

    /// <summary>Weight of the loss on the pre-training's text (27.8 as published for PPO-ptx), where there is one.</summary>
    public double PretrainingWeight { get; init; }
}

/// <summary>
/// Proximal policy optimisation as data for a trainer: a rollout is written by the policy, judged, and learned in some passes of small batches, then comes the
/// next. The policy's value stands beside its logits: an output <c>values</c> [rows, t].
/// </summary>
public sealed class PolicyData : ITrainingData, IDisposable
{
    private const int HeldOutSeed = 20;

    private readonly PolicyOptions options;
    private readonly TrainingOptions run;
    private readonly TuningSplit<int[]> prompts;
    private readonly TuningTokens tokens;
    private readonly Reference reference;
    private readonly Judge judge;
    private readonly ITrainingData? pretraining;
    private Dictionary<string, Tensor> held = [];
    private LossPart[] figures = [];
    private double coefficient;
    private int rollouts;
    private int next = int.MaxValue;

    /// <param name="prompts">Ids that end where an answer begins.</param>
    /// <param name="tokens">End and padding; kept beside checkpoints.</param>
    /// <param name="reference">What the policy is held to.</param>
    /// <param name="judge">What judges responses.</param>
    /// <param name="options">Rollouts and losses.</param>
    /// <param name="run">Rows in a batch, and the seed.</param>
    /// <param name="pretraining">Text of the pre-training, whose loss is added; null: none.</param>
    public PolicyData(TuningSplit<int[]> prompts, TuningTokens tokens, Reference reference, Judge judge, PolicyOptions options, TrainingOptions run,
        ITrainingData? pretraining = null)
    {
        (this.prompts, this.tokens, this.reference, this.judge) = (prompts, tokens, reference, judge);
        (this.options, this.run, this.pretraining) = (options, run, pretraining);
        coefficient = options.Rule.KlCoefficient;
    }

    /// <inheritdoc/>
    public string Name => prompts.Name;

    /// <inheritdoc/>
    public string? Objective => "ppo";

    /// <inheritdoc/>
    public required string Hash { get; init; }

    /// <inheritdoc/>
    public string Position
    {
        get => string.Join(' ', (string[])
        [
            FormattableString.Invariant($"{rollouts}"), FormattableString.Invariant($"{next}"), FormattableString.Invariant($"{coefficient:R}"),
            pretraining?.Position ?? "-", .. figures.Select(part => FormattableString.Invariant($"{part.Name}={part.Value:R}")),
        ]);
        set
        {
            string[] parts = value.Split(' ');
            rollouts = int.Parse(parts[0], CultureInfo.InvariantCulture);
            next = int.Parse(parts[1], CultureInfo.InvariantCulture);
            coefficient = double.Parse(parts[2], CultureInfo.InvariantCulture);
            figures = [.. parts.Skip(4).Select(part => part.Split('='))
                .Select(part => new LossPart(part[0], double.Parse(part[1], CultureInfo.InvariantCulture)))];
            if (pretraining is not null)
            {
                pretraining.Position = parts[3];
            }
        }
    }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, Tensor> Held => held;

    private PpoRule Rule => options.Rule with { KlCoefficient = coefficient };

    /// <inheritdoc/>
    public void Hold(IReadOnlyDictionary<string, Tensor> held)
    {
        Dispose();
        this.held = held.ToDictionary();
    }

    /// <inheritdoc/>
    public TrainingLoss Next(IModel model)
    {
        if (next >= options.Epochs * options.Rollouts)
        {
            Roll(model);
        }

        using DisposeScope scope = NewDisposeScope();
        (int epoch, int from) = Math.DivRem(next, options.Rollouts);
        long[] rows = [.. Orders.Shuffled(options.Rollouts, SeededRandom.For((ulong)run.Seed, [6, rollouts, epoch]))
            .Skip(from).Take(run.Batch).Select(row => (long)row)];
        next += run.Batch;
        next = next / options.Rollouts > epoch ? (epoch + 1) * options.Rollouts : next;
        Tensor picks = tensor(rows, device: model.Weights.Device);
        Dictionary<string, Tensor> batch = held.ToDictionary(pair => pair.Key, pair => pair.Value.index_select(0, picks));
        var inputs = new TuningInputs(batch["ids"], batch["mask"], batch["labels"]);
        (Tensor logs, Tensor values, double entropy) = Read(model, inputs);
        PpoMasks masks = Masks(batch["labels"]);
        PpoLoss loss = Rule.Loss(new PpoOutputs(logs, values), new PpoTargets(batch["logs"], batch["values"], batch["advantages"], batch["returns"]), masks);
        Tensor total = loss.Total;
        LossPart[] parts =
        [
            .. figures, new("clipped", loss.Figures.PolicyClipped), new("approximate_kl", loss.Figures.ApproximateKl), new("entropy", entropy),
            new("policy_loss", loss.Figures.Policy), new("value_loss", loss.Figures.Value),
        ];
        if (pretraining is not null)
        {
            using TrainingLoss text = pretraining.Next(model);
            total = PpoRule.WithPretraining(total, text.Total, options.PretrainingWeight);
            parts = [.. parts, new("pretraining_loss", RewardObjective.Mean(text.Total.detach()))];
        }

        return new TrainingLoss(total.MoveToOuterDisposeScope(), parts);
    }

    /// <summary>Minus the mean score of responses to held-out prompts, and the divergence of a response from the reference.</summary>
    public IEnumerable<TrainingLoss> HeldOut(IModel model, int batches)
    {
        foreach (int[][] part in prompts.HeldOut.Chunk(options.Rollouts).Take(batches))
        {
            using DisposeScope scope = NewDisposeScope();
            PolicyFigures figures = Measure(model, part);
            yield return new TrainingLoss(tensor(-figures.Scores.Average(), dtype: ScalarType.Float64).MoveToOuterDisposeScope(),
                [new("reward", figures.Scores.Average()), new("kl", figures.Kl)]);
        }
    }

    /// <summary>What responses to prompts are worth, and how far they are from the reference: drawn with one seed, so that policies compare.</summary>
    /// <param name="model">A policy, with or without values.</param>
    /// <param name="among">Prompts.</param>
    public PolicyFigures Measure(IModel model, IReadOnlyList<int[]> among)
    {
        using Tensor generator = get_rng_state();
        manual_seed(HeldOutSeed);
        IReadOnlyList<Rollout> written = Rollouts.Sample(model, among, options.MostTokens, tokens.End);
        set_rng_state(generator);
        using IDisposable off = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using TuningInputs inputs = TuningInputs.Of(written.Select(rollout => rollout.Row), tokens.Pad, model.Weights.Device);
        Tensor kl = (References.Policy(model, inputs) - reference(inputs)).sum(1);
        return new PolicyFigures(Judged(inputs, written).data<double>().ToArray(), RewardObjective.Mean(kl));
    }

    /// <inheritdoc/>
    public void Save(string folder) => tokens.Save(folder);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor tensor in held.Values)
        {
            tensor.Dispose();
        }

        held = [];
    }

    /// <exception cref="TrainingException">A score is not finite.</exception>
    internal static void RequireFinite(IEnumerable<double> scores, string where)
    {
        if (scores.FirstOrDefault(score => !double.IsFinite(score), 0) is var score and not 0)
        {
            throw new TrainingException(FormattableString.Invariant($"{where}: a reward is {score}, expected finite numbers"));
        }
    }

    private void Roll(IModel model)
    {
        Dispose();
        SeededRandom random = SeededRandom.For((ulong)run.Seed, [7, ++rollouts]);
        int[][] drawn = [.. Enumerable.Range(0, options.Rollouts).Select(_ => prompts.Training[(int)random.NextLong(prompts.Training.Count)])];
        IReadOnlyList<Rollout> written = Rollouts.Sample(model, drawn, options.MostTokens, tokens.End);
        using IDisposable off = no_grad();
        using DisposeScope scope = NewDisposeScope();
        TuningInputs inputs = TuningInputs.Of(written.Select(rollout => rollout.Row), tokens.Pad, model.Weights.Device);
        (Tensor logs, Tensor values, _) = Read(model, inputs);
        Tensor scores = Judged(inputs, written);
        Tensor theirs = Filled(reference(inputs));
        PpoMasks masks = Masks(inputs.Labels);
        values = PpoRule.EndValues(values, masks.Values);
        Tensor kl = where(masks.Tokens, Rule.Kl(logs, theirs), zeros_like(logs));
        Tensor rewards = Rule.Rewards(Rule.Shaped(kl, scores.to(kl.dtype), Last(masks.Tokens).Plus(-1L)), masks.Values);
        (Tensor advantages, Tensor returns) = Rule.Advantages(rewards, values);
        double divergence = RewardObjective.Mean((logs - theirs).masked_fill(masks.Tokens.logical_not(), Scalars.Of(0)).sum(1));
        held = new Dictionary<string, Tensor>
        {
            ["ids"] = inputs.Ids,
            ["mask"] = inputs.Mask,
            ["labels"] = inputs.Labels,
            ["logs"] = logs,
            ["values"] = values,
            ["advantages"] = Rule.Whiten(advantages, masks.Tokens),
            ["returns"] = returns,
        }.ToDictionary(pair => pair.Key, pair => pair.Value.detach().DetachFromDisposeScope());
        figures = [new("reward", RewardObjective.Mean(scores)), new("kl", divergence), new("kl_coefficient", coefficient)];
        coefficient = options.Adaptive?.After(coefficient, divergence, options.Rollouts) ?? coefficient;
        next = 0;
    }

    /// <summary>Scores of responses in double: [rows].</summary>
    private Tensor Judged(TuningInputs inputs, IReadOnlyList<Rollout> written)
    {
        double[] scores = judge(inputs).to(ScalarType.Float64).cpu().data<double>().ToArray();
        RequireFinite(scores, FormattableString.Invariant($"rollout {rollouts}"));
        return tensor([.. scores.Zip(written, (score, rollout) => score - (rollout.Ended ? 0 : options.UnfinishedPenalty))], device: inputs.Ids.device);
    }

    /// <summary>What a policy says: entry t is of the token at t + 1, and the value is that of having read up to t.</summary>
    private static (Tensor Logs, Tensor Values, double Entropy) Read(IModel model, TuningInputs inputs)
    {
        IReadOnlyDictionary<string, Tensor> results = model.Run(inputs.For(model), "logits", "values");
        Tensor logs = Filled(Responses.LogProbabilities(results["logits"], inputs.Labels));
        using Tensor counted = Masks(inputs.Labels).Tokens;
        double entropy = RewardObjective.Mean(Responses.Entropy(results["logits"].detach()).masked_select(counted));
        return (logs, results["values"], entropy);
    }

    /// <summary>A last entry, which is of no token.</summary>
    private static Tensor Filled(Tensor logs)
    {
        Tensor none = zeros(logs.shape[0], 1, dtype: logs.dtype, device: logs.device);
        return cat([logs, none], 1);
    }

    private static PpoMasks Masks(Tensor labels)
    {
        Tensor later = labels.narrow(1, 1, labels.shape[1] - 1).ge(Scalars.Of(0));
        Tensor counted = cat([later, zeros(labels.shape[0], 1, dtype: ScalarType.Bool, device: labels.device)], 1);
        Tensor first = counted.to(ScalarType.Int64).argmax(1);
        using PpoMasks masks = PpoMasks.Of(Last(counted), labels.shape[1], first);

        // The value of a response that has ended is 0, and is not learned.
        return new PpoMasks(masks.Tokens.alias(), masks.Tokens.alias());
    }

    private static Tensor Last(Tensor mask)
    {
        Tensor positions = Scalars.Range(mask.shape[1], ScalarType.Int64, mask.device);
        return (mask.to(ScalarType.Int64) * positions).amax([1]);
    }
}

/// <summary>What a policy's responses are worth.</summary>
/// <param name="Scores">One a response.</param>
/// <param name="Kl">Nats by which a response is likelier under the policy than under the reference, on average.</param>
public sealed record PolicyFigures(double[] Scores, double Kl);
