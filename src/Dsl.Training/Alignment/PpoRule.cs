using System;
using System.Collections.Generic;
using Dsl.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Training.Alignment;

/// <summary>How the divergence from the reference is estimated at a token, from log-probabilities of the token that was drawn (Schulman, 2020).</summary>
public enum KlEstimator
{
    /// <summary>log policy - log reference: unbiased, of either sign.</summary>
    K1,

    /// <summary>exp(log reference - log policy) - 1 - (log reference - log policy): unbiased and never negative.</summary>
    K3,
}

/// <summary>
/// Numbers of proximal policy optimisation for language models (Schulman and others, 2017; Ziegler and others, 2019; Ouyang and others, 2022). Tensors are
/// [rows, t] over response tokens: entry t belongs to the logits that the token was drawn from, at position context + t - 1.
/// </summary>
public sealed record PpoRule
{
    /// <summary>The logarithm that stands for a token past the end, in policy and reference alike: their ratio is 1, their divergence 0.</summary>
    public const double PastEnd = 1;

    /// <summary>Weight of the divergence in the reward.</summary>
    public double KlCoefficient { get; init; } = 0.2;

    /// <summary>How the divergence is estimated.</summary>
    public KlEstimator Estimator { get; init; } = KlEstimator.K1;

    /// <summary>Rewards are divided by their deviation; their mean stays.</summary>
    public bool WhitenRewards { get; init; }

    /// <summary>Whitening divides by the variance over n - 1 (TRL), not over n (the original).</summary>
    public bool Unbiased { get; init; }

    /// <summary>How much less a later reward counts.</summary>
    public double Gamma { get; init; } = 1;

    /// <summary>Between one-step and whole-response advantages.</summary>
    public double Lambda { get; init; } = 0.95;

    /// <summary>How far the policy's ratio may leave 1.</summary>
    public double Clip { get; init; } = 0.2;

    /// <summary>How far a value may leave what it was.</summary>
    public double ValueClip { get; init; } = 0.2;

    /// <summary>Weight of the value loss.</summary>
    public double ValueWeight { get; init; } = 0.1;

    /// <summary>The divergence at each token.</summary>
    public Tensor Kl(Tensor policy, Tensor reference)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor ratio = policy - reference;
        return (Estimator == KlEstimator.K1 ? ratio.alias() : ratio.neg().exp().Plus(-1.0).Plus(ratio)).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// -coefficient x divergence at each token, and the score where the response ends: at the place after its last token where the row has one, else at the
    /// last token.
    /// </summary>
    /// <param name="kl">[rows, t].</param>
    /// <param name="scores">[rows].</param>
    /// <param name="last">int64 [rows]: the index of the last real token of each response.</param>
    public Tensor Shaped(Tensor kl, Tensor scores, Tensor last)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor places = last.Plus(1L).clamp_max(Scalars.Of(kl.shape[1] - 1)).unsqueeze(1);
        return (kl * Scalars.Of(-KlCoefficient)).scatter_add(1, places, scores.to(kl.dtype).unsqueeze(1)).MoveToOuterDisposeScope();
    }

    /// <summary>What is learned from shaped rewards: whitened ones where that is asked for, 0 where a mask closes.</summary>
    /// <param name="shaped">[rows, t].</param>
    /// <param name="mask">[rows, t], true where a value counts; null: everywhere.</param>
    public Tensor Rewards(Tensor shaped, Tensor? mask = null) => WhitenRewards ? Whiten(shaped, mask, centre: false) : shaped.alias();

    /// <summary>
    /// Generalised advantages: delta_t = r_t + gamma V(t+1) - V_t, A_t = delta_t + gamma lambda A(t+1), with a value of 0 past the end; and returns, A + V.
    /// </summary>
    /// <param name="rewards">[rows, t].</param>
    /// <param name="values">[rows, t], 0 past the end of a response.</param>
    public (Tensor Advantages, Tensor Returns) Advantages(Tensor rewards, Tensor values)
    {
        using DisposeScope scope = NewDisposeScope();
        long steps = values.shape[1];
        var advantages = new Tensor[steps];
        Tensor? later = null, nextValue = null;
        for (long t = steps - 1; t >= 0; t--)
        {
            Tensor value = values.select(1, t), delta = rewards.select(1, t) - value;
            if (later is not null)
            {
                delta = delta.Plus(nextValue! * Scalars.Of(Gamma)).Plus(later * Scalars.Of(Gamma * Lambda));
            }

            (advantages[t], later, nextValue) = (delta, delta, value);
        }

        Tensor all = stack(advantages, 1);
        return (all.MoveToOuterDisposeScope(), all.Plus(values).MoveToOuterDisposeScope());
    }

    /// <summary>(x - mean) / sqrt(variance + 1e-8) over what a mask keeps, 0 elsewhere.</summary>
    /// <param name="x">[rows, t].</param>
    /// <param name="mask">[rows, t], true where an entry counts; null: everywhere.</param>
    /// <param name="centre">False puts the mean back.</param>
    public Tensor Whiten(Tensor x, Tensor? mask = null, bool centre = true)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor kept = mask is null ? x.flatten() : x.masked_select(mask), mean = kept.mean();
        Tensor variance = (kept - mean).Square().mean();
        double count = kept.numel();
        if (Unbiased)
        {
            variance *= Scalars.Of(count / (count - 1));
        }

        Tensor white = (x - mean) * variance.Plus(1e-8).rsqrt();
        white = centre ? white : white.Plus(mean);
        return (mask is null ? white : where(mask, white, zeros_like(white))).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The clipped losses: mean max(-A rho, -A clip(rho)) with rho = exp(new - old), and 1/2 mean max((V - R)^2, (V clipped to the old one - R)^2).
    /// </summary>
    /// <param name="now">Log-probabilities and values of the policy in training.</param>
    /// <param name="was">What they were at the rollout, advantages (whitened) and returns; no gradient reaches them.</param>
    /// <param name="masks">What counts; null: everything.</param>
    /// <returns>The caller disposes it.</returns>
    public PpoLoss Loss(PpoOutputs now, PpoTargets was, PpoMasks? masks = null)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor difference = now.Logs - was.Logs.detach(), ratio = difference.exp(), advantages = was.Advantages.detach();
        Tensor free = (advantages * ratio).neg(), held = (advantages * ratio.clamp(Scalars.Of(1 - Clip), Scalars.Of(1 + Clip))).neg();
        Tensor oldValues = was.Values.detach(), returns = was.Returns.detach();
        Tensor clipped = maximum(minimum(now.Values, oldValues.Plus(ValueClip)), oldValues.Plus(-ValueClip));
        Tensor plainError = (now.Values - returns).Square(), clippedError = (clipped - returns).Square();
        Tensor policy = Mean(maximum(free, held), masks?.Tokens);
        Tensor value = Mean(maximum(plainError, clippedError), masks?.Values) * Scalars.Of(0.5);
        Tensor total = policy.Plus(value * Scalars.Of(ValueWeight));
        return new PpoLoss(total.MoveToOuterDisposeScope(), new PpoFigures(
            Number(policy), Number(value), Share(held.gt(free), masks?.Tokens), Share(clippedError.gt(plainError), masks?.Values),
            0.5 * Number(difference.Square().mean()), Number(ratio.mean())));
    }

    /// <summary>Log-probabilities with <see cref="PastEnd"/> where a mask closes.</summary>
    public static Tensor EndLogs(Tensor logs, Tensor mask)
    {
        using Tensor filler = full_like(logs, Scalars.Of(PastEnd));
        return where(mask, logs, filler);
    }

    /// <summary>Values with 0 where a mask closes.</summary>
    public static Tensor EndValues(Tensor values, Tensor mask)
    {
        using Tensor filler = zeros_like(values);
        return where(mask, values, filler);
    }

    /// <summary>
    /// The policy's loss and gamma times the loss on text of the pre-training, which keeps what was learned there (PPO-ptx, InstructGPT's equation 2).
    /// </summary>
    /// <param name="loss">A scalar.</param>
    /// <param name="pretraining">-log-probability of pre-training text, a scalar: <see cref="Pretraining"/>.</param>
    /// <param name="gamma">27.8 as published.</param>
    public static Tensor WithPretraining(Tensor loss, Tensor pretraining, double gamma)
    {
        using Tensor weighted = pretraining * Scalars.Of(gamma);
        return loss.Plus(weighted);
    }

    /// <summary>-log-probability of pre-training text: the mean over its counted tokens, or over sequences, each as a whole.</summary>
    /// <param name="logits">[rows, t, vocabulary].</param>
    /// <param name="labels">int64 [rows, t], unshifted, -100 where none counts.</param>
    /// <param name="perSequence">InstructGPT's text prints E[log pi(x)] and leaves the choice open.</param>
    public static Tensor Pretraining(Tensor logits, Tensor labels, bool perSequence = false)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor sums = Responses.Sums(logits, labels);
        return (perSequence ? sums.mean().neg() : sums.sum().neg() / Responses.Lengths(labels).sum()).MoveToOuterDisposeScope();
    }

    /// <summary>The mean of what a mask keeps.</summary>
    internal static Tensor Mean(Tensor x, Tensor? mask)
    {
        if (mask is null)
        {
            return x.mean();
        }

        using Tensor kept = x.masked_select(mask);
        return kept.mean();
    }

    private static double Share(Tensor truth, Tensor? mask) => Number(Mean(truth.to(ScalarType.Float64), mask));

    private static double Number(Tensor scalar) => scalar.detach().to(ScalarType.Float64).item<double>();
}

/// <summary>What a policy says of responses now: log-probabilities of their tokens and values, [rows, t].</summary>
public readonly record struct PpoOutputs(Tensor Logs, Tensor Values);

/// <summary>What a policy said of them when it wrote them, and what is learned from that; [rows, t].</summary>
public readonly record struct PpoTargets(Tensor Logs, Tensor Values, Tensor Advantages, Tensor Returns);

/// <summary>
/// Where a response has tokens, and where it has values: one more, for the place after its last token. Booleans, [rows, t].
/// </summary>
public sealed record PpoMasks(Tensor Tokens, Tensor Values) : IDisposable
{
    /// <param name="last">int64 [rows]: the index of the last real token of each response.</param>
    /// <param name="steps">Entries of a row.</param>
    /// <param name="first">int64 [rows]: the index of each response's first token; null: 0.</param>
    public static PpoMasks Of(Tensor last, long steps, Tensor? first = null)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor positions = Scalars.Range(steps, ScalarType.Int64, last.device), column = last.unsqueeze(1);
        Tensor begun = positions.ge(first is null ? zeros_like(column) : first.unsqueeze(1));
        return new PpoMasks(
            positions.le(column).logical_and(begun).MoveToOuterDisposeScope(), positions.le(column.Plus(1L)).logical_and(begun).MoveToOuterDisposeScope());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Tokens.Dispose();
        Values.Dispose();
    }
}

/// <summary>Figures of one clipped step.</summary>
/// <param name="Policy">The policy's loss.</param>
/// <param name="Value">The value's loss, before its weight.</param>
/// <param name="PolicyClipped">The share of tokens whose ratio was clipped.</param>
/// <param name="ValueClipped">The share of values that were clipped.</param>
/// <param name="ApproximateKl">1/2 mean (new - old)^2, over all entries, padding included, as published.</param>
/// <param name="Ratio">The mean ratio over all entries.</param>
public readonly record struct PpoFigures(double Policy, double Value, double PolicyClipped, double ValueClipped, double ApproximateKl, double Ratio);

/// <summary>The loss of one clipped step: a scalar with its graph, and its figures.</summary>
public sealed record PpoLoss(Tensor Total, PpoFigures Figures) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose() => Total.Dispose();
}

/// <summary>
/// A coefficient of the divergence that follows a target: beta *= 1 + clip(kl / target - 1, -0.2, 0.2) n / horizon (Ziegler and others, 2019).
/// </summary>
/// <param name="Target">The divergence of a response, in nats, that is aimed at.</param>
/// <param name="Horizon">After how many responses the coefficient has moved by its error.</param>
public sealed record AdaptiveKl(double Target = 6, double Horizon = 10_000)
{
    /// <summary>The coefficient after responses whose mean divergence was measured.</summary>
    public double After(double coefficient, double kl, int responses) => coefficient * (1 + Math.Clamp(kl / Target - 1, -0.2, 0.2) * responses / Horizon);
}
