using System;
using System.Collections.Generic;
using System.Linq;
using TorchSharp;
using static TorchSharp.torch;

namespace Zoo.Verification;

/// <summary>How the published class of a name turns a case's labels into its loss and its decoder inputs.</summary>
/// <param name="Architecture">A whole class name, or the end of one.</param>
/// <param name="Reads">The model outputs that the loss reads.</param>
/// <param name="Loss">The loss from a case's inputs and the model's outputs, as the class of that name computes it.</param>
/// <param name="PerToken">Whether an output [batch, time] without a third axis is one value a token (else its second axis counts classes).</param>
internal sealed record GoldenObjective(string Architecture, string[] Reads, Func<GoldenCase, IReadOnlyDictionary<string, Tensor>, Tensor> Loss,
    bool PerToken = false)
{
    private const long Ignored = -100;

    private static readonly GoldenObjective[] All =
    [
        new("ForCausalLM", ["logits"], NextToken),
        new("LMHeadModel", ["logits"], NextToken),
        new("LlavaForConditionalGeneration", ["logits"], NextToken),
        new("ForConditionalGeneration", ["logits"], (c, o) => Classes(o["logits"], c.Inputs["labels"])),
        new("ForMaskedLM", ["logits"], (c, o) => Classes(o["logits"], c.Inputs["labels"])),
        new("BertForPreTraining", ["mlm_logits", "nsp_logits"],
            (c, o) => Classes(o["mlm_logits"], c.Inputs["labels"]) + Classes(o["nsp_logits"], c.Inputs["next_sentence_label"])),
        new("AlbertForPreTraining", ["mlm_logits", "sop_logits"],
            (c, o) => Classes(o["mlm_logits"], c.Inputs["labels"]) + Classes(o["sop_logits"], c.Inputs["sentence_order_label"])),
        new("ElectraForPreTraining", ["logits"], ReplacedToken, PerToken: true),
        new("ForSequenceClassification", ["logits"], (c, o) => Sequence(c.ConfigText("problem_type"), o["logits"], c.Inputs["labels"])),
        new("ForTokenClassification", ["logits"], (c, o) => Classes(o["logits"], c.Inputs["labels"])),
        new("ForMultipleChoice", ["logits"], (c, o) => Classes(o["logits"].reshape(c.Inputs["labels"].shape[0], -1), c.Inputs["labels"])),
        new("ForQuestionAnswering", ["start_logits", "end_logits"],
            (c, o) => (Place(o["start_logits"], c.Inputs["start_positions"]) + Place(o["end_logits"], c.Inputs["end_positions"])) / 2),
        new("S4Model", ["logits"], (c, o) => Classes(o["logits"], c.Inputs["labels"])),
    ];

    /// <summary>The entry for a class name: the longest that it ends with; null when there is none.</summary>
    public static GoldenObjective? For(string architecture) =>
        All.Where(o => architecture.EndsWith(o.Architecture, StringComparison.Ordinal)).MaxBy(o => o.Architecture.Length);

    /// <summary>
    /// Teacher forcing: the labels moved one place to the right. BART and T5 start with the config's <c>decoder_start_token_id</c>; mBART with the row's
    /// own last token (its language).
    /// </summary>
    public static Tensor DecoderInputs(GoldenCase golden)
    {
        using var scope = NewDisposeScope();
        long padding = golden.ConfigInt("pad_token_id") ?? 0;
        var labels = golden.Inputs["labels"];
        var tokens = labels.masked_fill(labels.eq(Ignored), padding);
        var start = golden.Architecture.StartsWith("MBart", StringComparison.Ordinal)
            ? tokens.gather(1, tokens.ne(padding).sum(1, keepdim: true) - 1)
            : full_like(tokens.narrow(1, 0, 1), golden.ConfigInt("decoder_start_token_id") ?? throw new FormatException(
                $"{golden.Name}: config.json names no decoder_start_token_id, and the case gives no decoder_input_ids."));
        return cat([start, tokens.narrow(1, 0, tokens.shape[1] - 1)], dim: 1).MoveToOuterDisposeScope();
    }

    private static Tensor NextToken(GoldenCase golden, IReadOnlyDictionary<string, Tensor> outputs)
    {
        var logits = outputs["logits"];
        var labels = golden.Inputs["labels"];
        return Classes(logits.narrow(1, 0, logits.shape[1] - 1), labels.narrow(1, 1, labels.shape[1] - 1));
    }

    /// <summary>Mean cross entropy of [..., classes] against integer labels [...]; -100 is ignored.</summary>
    private static Tensor Classes(Tensor logits, Tensor labels) =>
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

    /// <summary>Cross entropy over positions; one behind the last is ignored, as published.</summary>
    private static Tensor Place(Tensor logits, Tensor positions)
    {
        long outside = logits.shape[1];
        return nn.functional.cross_entropy(logits, positions.clamp(0, outside), ignore_index: outside);
    }

    private static Tensor ReplacedToken(GoldenCase golden, IReadOnlyDictionary<string, Tensor> outputs)
    {
        var logits = outputs["logits"];
        var labels = golden.Inputs["labels"].to_type(logits.dtype);
        if (!golden.Inputs.TryGetValue("attention_mask", out var mask))
        {
            return nn.functional.binary_cross_entropy_with_logits(logits, labels);
        }

        var real = mask.ne(0);
        return nn.functional.binary_cross_entropy_with_logits(logits.masked_select(real), labels.masked_select(real));
    }
}
