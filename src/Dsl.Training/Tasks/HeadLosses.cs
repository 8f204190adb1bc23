using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using Dsl.Training.Objectives;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Training.Tasks;

/// <summary>What a model's head answers.</summary>
public enum Head
{
    /// <summary>One label for a text or a pair.</summary>
    Sequence,

    /// <summary>One label for each token.</summary>
    Tokens,

    /// <summary>Which of several continuations.</summary>
    Choice,

    /// <summary>Where an answer begins and ends.</summary>
    Answer,

    /// <summary>Another text.</summary>
    Text,
}

/// <summary>The losses with which heads are fine-tuned, as the published classes compute them.</summary>
public static class HeadLosses
{
    /// <summary>
    /// One label a row: cross entropy of integer labels [rows]; mean squared error where there is one output and numbers are asked for (regression); sigmoid
    /// cross entropy for labels [rows, classes] of zeros and ones (several labels at once).
    /// </summary>
    /// <param name="logits">[rows, classes].</param>
    /// <param name="labels">As above.</param>
    public static Tensor Sequence(Tensor logits, Tensor labels)
    {
        if (labels.dim() == 2)
        {
            using Tensor wanted = labels.to(logits.dtype);
            return nn.functional.binary_cross_entropy_with_logits(logits, wanted);
        }

        if (logits.shape[^1] == 1 && labels.is_floating_point())
        {
            using Tensor flat = logits.squeeze(-1);
            using Tensor wanted = labels.to(logits.dtype);
            return nn.functional.mse_loss(flat, wanted);
        }

        return Losses.CrossEntropy(logits, labels);
    }

    /// <summary>Cross entropy of the tokens whose label is not -100.</summary>
    public static Tensor Tokens(Tensor logits, Tensor labels) => Losses.CrossEntropy(logits, labels);

    /// <summary>Cross entropy over choices: a question's scores stand one after the other in logits [questions x choices, 1].</summary>
    public static Tensor Choice(Tensor logits, Tensor labels)
    {
        using Tensor scores = logits.reshape(labels.shape[0], -1);
        return Losses.CrossEntropy(scores, labels);
    }

    /// <summary>The mean of the cross entropies of both ends over all positions, padded ones too, as published; a place beyond the row is left out.</summary>
    public static Tensor Span(Tensor start, Tensor end, Tensor starts, Tensor ends)
    {
        using Tensor first = End(start, starts);
        using Tensor last = End(end, ends);
        using Tensor sum = first.Plus(last);
        return sum * Scalars.Of(0.5);
    }

    private static Tensor End(Tensor logits, Tensor places)
    {
        // A place outside of the row cannot be learned: the published classes clamp it to the length and ignore that.
        using Tensor beyond = places.ge(Scalars.Of(logits.shape[^1]));
        using Tensor kept = places.masked_fill(beyond, Scalars.Of(MaskedTokens.Ignored));
        return Losses.CrossEntropy(logits, kept);
    }
}
