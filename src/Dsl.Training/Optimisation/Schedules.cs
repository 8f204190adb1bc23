using System;

namespace Dsl.Training;

/// <summary>A learning rate for each step, a pure function of the step's number from 0, so that nothing of it needs saving.</summary>
public abstract record Schedule
{
    /// <summary>The rate used at a step.</summary>
    public abstract double At(long step);

    /// <summary>base x step / warm-up during the warm-up: the first step has rate 0, as in transformers' optimization.py.</summary>
    private protected static double WarmUp(double rate, long step, long warmUp) => rate * step / Math.Max(1, warmUp);

    /// <summary>How far the way from the end of the warm-up to the last step is done.</summary>
    private protected static double Progress(long step, long warmUp, long total) => (double)(step - warmUp) / Math.Max(1, total - warmUp);
}

/// <summary>Linear warm-up, then one rate.</summary>
public sealed record ConstantSchedule(double Rate, long WarmUpSteps = 0) : Schedule
{
    /// <inheritdoc/>
    public override double At(long step) => step < WarmUpSteps ? WarmUp(Rate, step, WarmUpSteps) : Rate;
}

/// <summary>Linear warm-up, then linearly to zero at the last step.</summary>
public sealed record LinearSchedule(double Rate, long WarmUpSteps, long TotalSteps) : Schedule
{
    /// <inheritdoc/>
    public override double At(long step) => step < WarmUpSteps
        ? WarmUp(Rate, step, WarmUpSteps)
        : Rate * Math.Max(0, (double)(TotalSteps - step) / Math.Max(1, TotalSteps - WarmUpSteps));
}

/// <summary>Linear warm-up, then half a cosine down to a share of the rate (GPT-3 and LLaMA: to a tenth).</summary>
/// <param name="Rate">The rate at the end of the warm-up.</param>
/// <param name="WarmUpSteps">Steps of warm-up.</param>
/// <param name="TotalSteps">The step at which the floor is reached.</param>
/// <param name="Floor">The share of the rate that is left at the end.</param>
public sealed record CosineSchedule(double Rate, long WarmUpSteps, long TotalSteps, double Floor = 0) : Schedule
{
    /// <inheritdoc/>
    public override double At(long step) => step < WarmUpSteps
        ? WarmUp(Rate, step, WarmUpSteps)
        : Rate * (Math.Max(0, 0.5 * (1 + Math.Cos(Math.PI * Progress(step, WarmUpSteps, TotalSteps)))) * (1 - Floor) + Floor);
}

/// <summary>
/// As <see cref="CosineSchedule"/>, but no step is spent on a rate of zero, (step + 1) / (warm-up + 1), and the floor stays after the end: nanoGPT's train.py.
/// </summary>
public sealed record CosineFromFirstStep(double Rate, long WarmUpSteps, long TotalSteps, double Floor = 0) : Schedule
{
    /// <inheritdoc/>
    public override double At(long step) => step < WarmUpSteps ? Rate * (step + 1) / (WarmUpSteps + 1)
        : step > TotalSteps ? Rate * Floor
        : Rate * (Floor + 0.5 * (1 + Math.Cos(Math.PI * Progress(step, WarmUpSteps, TotalSteps))) * (1 - Floor));
}

/// <summary>Linear warm-up, then rate x sqrt(warm-up / step) (Vaswani and others, 2017).</summary>
public sealed record InverseSqrtSchedule(double Rate, long WarmUpSteps) : Schedule
{
    /// <inheritdoc/>
    public override double At(long step) => step < WarmUpSteps
        ? WarmUp(Rate, step, WarmUpSteps)
        : Rate * Math.Sqrt((double)Math.Max(1, WarmUpSteps) / Math.Max(1, step));
}

/// <summary>1 / sqrt(max(step, 10000)), with no rate of its own (T5's pre-training).</summary>
public sealed record FlatThenInverseSqrt(long FlatSteps = 10_000) : Schedule
{
    /// <inheritdoc/>
    public override double At(long step) => 1 / Math.Sqrt(Math.Max(step, FlatSteps));
}

/// <summary>
/// Adafactor's relative step (Shazeer and Stern, 2018; transformers.Adafactor): min(0.01, 1 / sqrt(t)) with t from 1, or min(t / 10^6, 1 / sqrt(t)) with the
/// warm-up. It has no rate of its own.
/// </summary>
public sealed record RelativeStep(bool WarmsUp = false) : Schedule
{
    /// <inheritdoc/>
    public override double At(long step) => Math.Min(WarmsUp ? 1e-6 * (step + 1) : 1e-2, 1 / Math.Sqrt(step + 1));
}

/// <summary>Linear warm-up, then a power of the way left, down to an end rate that stays.</summary>
public sealed record PolynomialSchedule(double Rate, long WarmUpSteps, long TotalSteps, double Power, double EndRate) : Schedule
{
    /// <inheritdoc/>
    public override double At(long step) => step < WarmUpSteps ? WarmUp(Rate, step, WarmUpSteps)
        : step > TotalSteps ? EndRate
        : (Rate - EndRate) * Math.Pow(1 - Progress(step, WarmUpSteps, TotalSteps), Power) + EndRate;
}

/// <summary>How <see cref="WarmUpStableDecay"/> falls.</summary>
public enum DecayShape
{
    /// <summary>1 - progress.</summary>
    Linear,

    /// <summary>Half a cosine.</summary>
    Cosine,

    /// <summary>1 - sqrt(progress).</summary>
    OneMinusSqrt,
}

/// <summary>Linear warm-up (from the floor), a flat stretch, a decay to the floor, and the floor from there on (Hu and others, 2024).</summary>
public sealed record WarmUpStableDecay(double Rate, long WarmUpSteps, long StableSteps, long DecaySteps, DecayShape Shape, double Floor = 0) : Schedule
{
    /// <inheritdoc/>
    public override double At(long step)
    {
        if (step < WarmUpSteps)
        {
            return Rate * (Floor + (1 - Floor) * step / Math.Max(1, WarmUpSteps));
        }

        long decayed = step - WarmUpSteps - StableSteps;
        if (decayed < 0)
        {
            return Rate;
        }

        double progress = Math.Min(1, (double)decayed / Math.Max(1, DecaySteps));
        double left = Shape switch
        {
            DecayShape.Linear => 1 - progress,
            DecayShape.Cosine => 0.5 * (1 + Math.Cos(Math.PI * progress)),
            _ => 1 - Math.Sqrt(progress),
        };
        return Rate * (Floor + (1 - Floor) * left);
    }
}
