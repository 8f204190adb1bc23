using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using Dsl.Text;

namespace Dsl.Training.Objectives;

/// <summary>
/// Causal language modelling: rows packed from sentences, each ended by the end token where there is one; every token predicts the next. With a prefix,
/// tokens before a random place are context only.
/// </summary>
/// <param name="tokenizer">Any.</param>
/// <param name="context">Tokens in a row.</param>
/// <param name="prefix">Leave out the loss before a random place.</param>
public sealed class NextTokens(ITokenizer tokenizer, int context, bool prefix = false) : IObjective
{
    /// <inheritdoc/>
    public string Name => prefix ? "prefix" : "clm";

    /// <inheritdoc/>
    public int Pad => tokenizer.Special.Pad ?? 0;

    /// <inheritdoc/>
    public IReadOnlyList<Example> Make(string text, IDraws draws)
    {
        IEnumerable<Sentence> sentences = Sentences.Of(text, tokenizer).Select(sentence => tokenizer.Special.End is { } end
            ? new Sentence([.. sentence.Ids, end], [.. sentence.Continues, false])
            : sentence);
        return [.. Sentences.PackFull(sentences, context + 1).Where(row => row.Ids.Length >= 2).Select(row =>
        {
            int[] next = row.Ids[1..];
            Array.Fill(next, MaskedTokens.Ignored, 0, prefix ? draws.Integer(0, next.Length - 1) : 0);
            return new Example(new Dictionary<string, int[]> { ["input_ids"] = row.Ids[..^1], ["labels"] = next });
        })];
    }

    /// <inheritdoc/>
    public TrainingLoss Loss(IModel model, Batch batch) => Outputs.TokenLoss(model, batch.For(model), batch["labels"], "logits");
}
