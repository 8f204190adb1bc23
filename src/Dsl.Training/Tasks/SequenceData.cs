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

/// <summary>Texts made by rule for a trainer: batch by batch from the seed; the loss counts only what can be known.</summary>
/// <param name="rule">Whose texts.</param>
/// <param name="rows">Texts in a batch.</param>
/// <param name="seed">Of the texts.</param>
public sealed class SequenceData(SequenceRule rule, int rows, long seed) : ITrainingData
{
    private const ulong HeldOutSeed = 20;

    private int next;

    /// <summary>An id for each character of the rule.</summary>
    public ITextCodec Codec { get; } = CharacterCodec.Of(rule.Alphabet);

    /// <inheritdoc/>
    public string Name => rule.Name;

    /// <inheritdoc/>
    public string? Objective => "rule";

    /// <inheritdoc/>
    public string Hash => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(rule.Name + rule.Rule)));

    /// <inheritdoc/>
    public string Position
    {
        get => next.ToString(CultureInfo.InvariantCulture);
        set => next = int.Parse(value, CultureInfo.InvariantCulture);
    }

    /// <inheritdoc/>
    public TrainingLoss Next(IModel model) => Loss(model, heldOut: false, SeededRandom.For((ulong)seed, [4, next++]));

    /// <inheritdoc/>
    public IEnumerable<TrainingLoss> HeldOut(IModel model, int batches) =>
        Enumerable.Range(0, batches).Select(batch => Loss(model, heldOut: true, SeededRandom.For(HeldOutSeed, [4, batch])));

    /// <inheritdoc/>
    public void Save(string folder) => Codec.Save(folder);

    private TrainingLoss Loss(IModel model, bool heldOut, SeededRandom random)
    {
        var draws = new SeededDraws(random);
        int length = rule.Length - 1;
        var ids = new long[rows, length];
        var labels = new long[rows, length];
        for (int row = 0; row < rows; row++)
        {
            RuleText made = rule.Make(draws, heldOut);
            int[] text = Codec.Encode(made.Text);
            for (int i = 0; i < length; i++)
            {
                ids[row, i] = text[i];
                labels[row, i] = made.Known[i + 1] ? text[i + 1] : MaskedTokens.Ignored;
            }
        }

        using Tensor inputs = tensor(ids, dtype: ScalarType.Int64, device: model.Weights.Device);
        using Tensor targets = tensor(labels, dtype: ScalarType.Int64, device: model.Weights.Device);
        return Outputs.TokenLoss(model, new Dictionary<string, Tensor> { ["input_ids"] = inputs }, targets, "logits");
    }
}
