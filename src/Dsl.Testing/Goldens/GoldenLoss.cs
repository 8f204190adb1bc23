using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Testing;

/// <summary>How the published class of a name turns a case's labels into its loss.</summary>
/// <param name="Architecture">A whole class name, or the end of one.</param>
/// <param name="Reads">The model outputs that the loss reads.</param>
/// <param name="Loss">The loss from a case's inputs and the model's outputs, as the class of that name computes it.</param>
/// <param name="PerToken">Whether an output [batch, time] without a third axis is one value a token (else its second axis counts classes).</param>
public sealed record GoldenLoss(string Architecture, string[] Reads, Func<GoldenCase, IReadOnlyDictionary<string, Tensor>, Tensor> Loss,
    bool PerToken = false)
{
    private const long Ignored = -100;

    /// <summary>The losses of published classes by what their names end with, whatever the family.</summary>
    public static IReadOnlyList<GoldenLoss> Common { get; } =
    [
        new("ForCausalLM", ["logits"], NextToken),
        new("LMHeadModel", ["logits"], NextToken),
        OfClasses("ForConditionalGeneration"),
        OfClasses("ForMaskedLM"),
        OfClasses("ForTokenClassification"),
        new("ForSequenceClassification", ["logits"], (c, o) => c.Inputs.TryGetValue("labels", out Tensor? labels)
            ? Sequence(c.ConfigText("problem_type"), o["logits"], labels) : Pairs(o["logits"])),
        new("ForMultipleChoice", ["logits"], (c, o) => Classes(o["logits"].reshape(c.Inputs["labels"].shape[0], -1), c.Inputs["labels"])),
        new("ForQuestionAnswering", ["start_logits", "end_logits"],
            (c, o) => Place(o["start_logits"], c.Inputs["start_positions"]).Plus(Place(o["end_logits"], c.Inputs["end_positions"])) / Scalars.Of(2)),
    ];

    /// <summary>The entry for a class name: the longest that it ends with; null when there is none.</summary>
    public static GoldenLoss? For(string architecture, IEnumerable<GoldenLoss> among) =>
        among.Where(loss => architecture.EndsWith(loss.Architecture, StringComparison.Ordinal)).MaxBy(loss => loss.Architecture.Length);

    /// <summary>The mean cross entropy of <c>logits</c> [..., classes] and <c>labels</c> [...].</summary>
    public static GoldenLoss OfClasses(string architecture) => new(architecture, ["logits"], (c, o) => Classes(o["logits"], c.Inputs["labels"]));

    /// <summary>
    /// Teacher forcing: the labels moved one place to the right, after the config's <c>decoder_start_token_id</c>.
    /// </summary>
    /// <param name="golden">The case, with <c>labels</c> [batch, time].</param>
    /// <param name="start">Another first token [batch, 1] from the labels, padding in place of what is ignored, and the padding token.</param>
    /// <exception cref="FormatException">Nothing says what a decoder starts with.</exception>
    public static Tensor DecoderInputs(GoldenCase golden, Func<Tensor, long, Tensor>? start = null)
    {
        using var scope = NewDisposeScope();
        long padding = golden.ConfigInt("pad_token_id") ?? 0;
        var labels = golden.Inputs["labels"];
        var tokens = labels.masked_fill(labels.eq(Scalars.Of(Ignored)), Scalars.Of(padding));
        var first = start is not null
            ? start(tokens, padding)
            : full_like(tokens.narrow(1, 0, 1), Scalars.Of(golden.ConfigInt("decoder_start_token_id") ?? throw new FormatException(
                $"{golden.Name}: config.json names no decoder_start_token_id, and the case gives no decoder_input_ids.")));
        return cat([first, tokens.narrow(1, 0, tokens.shape[1] - 1)], dim: 1).MoveToOuterDisposeScope();
    }

    /// <summary>The mean cross entropy of <c>logits</c> [batch, time, classes] and the <c>labels</c> [batch, time] one place on.</summary>
    public static Tensor NextToken(GoldenCase golden, IReadOnlyDictionary<string, Tensor> outputs)
    {
        var logits = outputs["logits"];
        var labels = golden.Inputs["labels"];
        return Classes(logits.narrow(1, 0, logits.shape[1] - 1), labels.narrow(1, 1, labels.shape[1] - 1));
    }

    /// <summary>Mean cross entropy of [..., classes] against integer labels [...]; -100 is ignored.</summary>
    public static Tensor Classes(Tensor logits, Tensor labels) =>
        nn.functional.cross_entropy(logits.reshape(-1, logits.shape[^1]), labels.reshape(-1), ignore_index: Ignored);

    /// <summary>One class, several at once, or a number: as the config says, else by the labels' kind and the number of logits.</summary>
    private static Tensor Sequence(string? problem, Tensor logits, Tensor labels)
    {
        bool classes = labels.dtype is ScalarType.Int64 or ScalarType.Int32;
        return (problem ?? (logits.shape[^1] == 1 ? "regression" : classes ? "single_label_classification" : "multi_label_classification")) switch
        {
            "regression" => nn.functional.mse_loss(logits.squeeze(), labels.to_type(logits.dtype).squeeze()),
            "multi_label_classification" => nn.functional.binary_cross_entropy_with_logits(logits, labels.to_type(logits.dtype)),
            _ => Classes(logits, labels),
        };
    }

    /// <summary>Without labels the rows of one class are rewards: the better answers', then those of the worse ones.</summary>
    private static Tensor Pairs(Tensor logits)
    {
        long pairs = logits.shape[0] / 2;
        return (logits.narrow(0, 0, pairs) - logits.narrow(0, pairs, pairs)).log_sigmoid().mean().neg();
    }

    /// <summary>Cross entropy over positions; one behind the last is ignored, as published.</summary>
    private static Tensor Place(Tensor logits, Tensor positions)
    {
        long outside = logits.shape[1];
        return nn.functional.cross_entropy(logits, positions.clamp(Scalars.Of(0), Scalars.Of(outside)), ignore_index: outside);
    }
}
