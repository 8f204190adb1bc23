using System;
using System.Collections.Generic;
using Dsl.Runtime;
using static TorchSharp.torch;

namespace Dsl.Training;

/// <summary>
/// Adafactor (Shazeer and Stern, 2018) as transformers.Adafactor has it: the second moment of what has two or more axes is kept as its means over the last
/// and over the last but one, r [.., rows] and c [.., columns]; that of a vector, v, is kept whole. They move to s = g^2 + epsilon by k = 1 - t^decayRate:
/// r = k r + (1 - k) mean(s). u = g / sqrt(r / mean(r) x c), or g / sqrt(v); u /= max(1, RMS(u) / clip); u *= rate; of u a mean is taken where there is a
/// beta1; p -= decay x rate x p + u. Scaled, the rate is times max(leastSize, RMS(p)). The relative step, a rate of its own, is <see cref="RelativeStep"/>.
/// </summary>
/// <param name="groups">Each parameter belongs to one group.</param>
/// <param name="beta1">How slowly the mean of the update moves; 0: there is none.</param>
/// <param name="scaled">The rate is in proportion to the parameter's size before the step (scale_parameter).</param>
/// <param name="clip">The root mean square to which updates are clipped (clip_threshold).</param>
/// <param name="decayRate">Of the second moment, less than 0.</param>
/// <param name="epsilon">Added to squares.</param>
/// <param name="leastSize">The least size that a parameter is taken to have.</param>
public sealed class Adafactor(
    IEnumerable<ParameterGroup> groups, double beta1 = 0, bool scaled = true, double clip = 1, double decayRate = -0.8, double epsilon = 1e-30,
    double leastSize = 1e-3) : Optimizer(groups, shape => Layout(shape, beta1 != 0))
{
    private const string Row = "row", Column = "column", Square = "square", Mean = "mean";

    private static IEnumerable<(string Name, long[] Shape)> Layout(long[] shape, bool averaged)
    {
        IEnumerable<(string, long[])> moments = shape.Length < 2 ? [(Square, shape)] : [(Row, shape[..^1]), (Column, [.. shape[..^2], shape[^1]])];
        return averaged ? [.. moments, (Mean, shape)] : moments;
    }

    private protected override void StepOne(Slot slot, Tensor gradient, double rate)
    {
        Follow(slot, gradient);
        using Tensor update = Direction(slot);
        update.mul_(gradient);
        using Tensor size = Size(update), excess = size.div(Scalars.Of(clip)), divisor = excess.clamp_min(Scalars.Of(1));
        update.div_(divisor);
        using Tensor pace = Pace(slot.Stepped, rate);
        update.mul_(pace);
        if (slot.Group.Decay != 0)
        {
            using Tensor left = pace.mul(Scalars.Of(-slot.Group.Decay));
            left.Increase(1.0);
            slot.Stepped.mul_(left);
        }

        if (beta1 == 0)
        {
            slot.Stepped.add_(update, alpha: Scalars.Of(-1.0));
            return;
        }

        Tensor mean = slot[Mean];
        mean.mul_(Scalars.Of(beta1));
        mean.add_(update, alpha: Scalars.Of(1 - beta1));
        slot.Stepped.add_(mean, alpha: Scalars.Of(-1.0));
    }

    /// <summary>Moves the second moments.</summary>
    private void Follow(Slot slot, Tensor gradient)
    {
        double kept = 1 - Math.Pow(Steps, decayRate);
        void Move(Tensor moment, Tensor to)
        {
            moment.mul_(Scalars.Of(kept));
            moment.add_(to, alpha: Scalars.Of(1 - kept));
        }

        using Tensor square = gradient.Square();
        square.Increase(epsilon);
        if (slot.State.TryGetValue(Square, out Tensor? whole))
        {
            Move(whole, square);
            return;
        }

        using Tensor rows = square.mean([-1]), columns = square.mean([-2]);
        Move(slot[Row], rows);
        Move(slot[Column], columns);
    }

    /// <summary>One over the root of the second moment, in the parameter's shape.</summary>
    private static Tensor Direction(Slot slot)
    {
        if (slot.State.TryGetValue(Square, out Tensor? whole))
        {
            return whole.rsqrt();
        }

        using Tensor average = slot[Row].mean([-1], keepdim: true), share = slot[Row].div(average), rows = share.rsqrt(), upright = rows.unsqueeze(-1);
        using Tensor columns = slot[Column].rsqrt(), level = columns.unsqueeze(-2);
        return upright.mul(level);
    }

    /// <summary>The rate, as a number on the parameter's device.</summary>
    private Tensor Pace(Tensor parameter, double rate)
    {
        if (!scaled)
        {
            return full([], Scalars.Of(rate), parameter.dtype, parameter.device);
        }

        using Tensor size = Size(parameter), least = size.clamp_min(Scalars.Of(leastSize));
        return least.mul(Scalars.Of(rate));
    }

    /// <summary>The root mean square.</summary>
    private static Tensor Size(Tensor values)
    {
        using Tensor norm = values.norm();
        return norm.div(Scalars.Of(Math.Sqrt(values.numel())));
    }
}
