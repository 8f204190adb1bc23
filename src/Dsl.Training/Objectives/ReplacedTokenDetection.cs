using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using Dsl.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Training.Objectives;

/// <summary>
/// ELECTRA's pre-training of a joint model: 15 % of the tokens are chosen with replacement, 85 % of them masked; the generator guesses all of them, samples
/// one each, and the discriminator judges every token. Loss: the generator's + 50 times the discriminator's. No gradient passes from one to the other.
/// </summary>
/// <param name="tokenizer">With a mask, a class, a separator and a padding token.</param>
/// <param name="context">Tokens in a row.</param>
/// <param name="probability">The share of tokens to guess.</param>
/// <param name="weight">Of the discriminator's loss.</param>
public sealed class ReplacedTokenDetection(ITokenizer tokenizer, int context, double probability = 0.15, double weight = 50) : IObjective
{
    private const double MaskShare = 0.85;

    private readonly int before = MaskedLanguage.Needed(tokenizer.Special.Class, "a class token");
    private readonly int after = MaskedLanguage.Needed(tokenizer.Special.Separator, "a separator token");
    private readonly int mask = MaskedLanguage.Needed(tokenizer.Special.Mask, "a mask token");

    /// <inheritdoc/>
    public string Name => "rtd";

    /// <inheritdoc/>
    public int Pad { get; } = MaskedLanguage.Needed(tokenizer.Special.Pad, "a padding token");

    /// <inheritdoc/>
    public IReadOnlyList<Example> Make(string text, IDraws draws) =>
        [.. Sentences.PackWhole(Sentences.Of(text, tokenizer), context - 2).Select(row => Corrupt([before, .. row.Ids, after], draws))];

    /// <inheritdoc/>
    public TrainingLoss Loss(IModel model, Batch batch)
    {
        Tensor ids = batch["input_ids"], masked = batch["masked_input_ids"], labels = batch["labels"];
        using Tensor chosen = labels.ne(Scalars.Of(MaskedTokens.Ignored));
        using Tensor real = batch.Names.Contains("attention_mask") ? batch["attention_mask"].ne(Scalars.Of(0)) : ones_like(ids, ScalarType.Bool);
        var inputs = new Dictionary<string, Tensor>(batch.For(model)) { ["input_ids"] = masked, ["corrupted_input_ids"] = masked };
        var tokens = new TokenLoss(model, "generator_logits");
        using Tensor guesses = Run(model, inputs, tokens.Reads);
        Tensor generator = tokens.Of(guesses, labels);

        // Only what was chosen is sampled: the head has no need to run elsewhere.
        using Tensor fixedGuesses = guesses.detach();
        using Tensor rows = fixedGuesses[TensorIndex.Tensor(chosen)];
        using Tensor sampled = ReplacedTokens.Sample(rows, tokens.Logits);
        using Tensor corrupted = ids.masked_scatter(chosen, sampled);
        using Tensor replaced = ReplacedTokens.Labels(ids, corrupted);
        inputs["corrupted_input_ids"] = corrupted;
        using Tensor judged = Run(model, inputs, "discriminator_logits");
        return Outputs.Sum(("generator", 1, generator), ("discriminator", weight, ReplacedTokens.DiscriminatorLoss(judged, replaced, real)));
    }

    private static Tensor Run(IModel model, IReadOnlyDictionary<string, Tensor> inputs, string output) => model.Run(inputs, output)[output];

    private Example Corrupt(int[] ids, IDraws draws)
    {
        int[] masked = [.. ids], labels = new int[ids.Length];
        Array.Fill(labels, MaskedTokens.Ignored);
        int most = Math.Max(1, (int)((probability + 0.005) * ids.Length));
        for (int k = 0; k < most && ids.Length > 2; k++)
        {
            // With replacement, as published: a place drawn twice is guessed once.
            int place = draws.Integer(1, ids.Length - 2);
            if (labels[place] == MaskedTokens.Ignored)
            {
                labels[place] = ids[place];
                masked[place] = draws.Uniform() < MaskShare ? mask : ids[place];
            }
        }

        return new Example(new Dictionary<string, int[]> { ["input_ids"] = ids, ["masked_input_ids"] = masked, ["labels"] = labels });
    }
}
