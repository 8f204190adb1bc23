using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using Dsl.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Training.Objectives;

/// <summary>How tokens are chosen to be masked.</summary>
public enum MaskingUnit
{
    /// <summary>Tokens, each for itself (BERT, RoBERTa).</summary>
    Tokens,

    /// <summary>All tokens of a word together (BERT's whole-word masking).</summary>
    WholeWords,

    /// <summary>Runs of one to three words (ALBERT).</summary>
    Runs,
}

/// <summary>
/// Masked language modelling: rows of whole sentences between the class and the separator token (RoBERTa's full sentences), or, where pairs are asked for, two
/// pieces of text with a second loss that tells whether they belong together.
/// </summary>
/// <param name="tokenizer">With a mask, a class, a separator and a padding token.</param>
/// <param name="context">Tokens in a row.</param>
/// <param name="unit">What is masked together.</param>
/// <param name="pairs">Pairs of text, or rows of sentences.</param>
public sealed class MaskedLanguage(ITokenizer tokenizer, int context, MaskingUnit unit = MaskingUnit.Tokens, PairTask pairs = PairTask.None) : IObjective
{
    private const int LongestRun = 3;
    private const double ShortPairs = 0.1;

    private readonly int before = Needed(tokenizer.Special.Class, "a class token");
    private readonly int after = Needed(tokenizer.Special.Separator, "a separator token");
    private readonly MaskingRule rule = new(Needed(tokenizer.Special.Mask, "a mask token"), tokenizer.Vocabulary);

    /// <inheritdoc/>
    public string Name => "mlm";

    /// <inheritdoc/>
    public int Pad { get; } = Needed(tokenizer.Special.Pad, "a padding token");

    /// <inheritdoc/>
    public IReadOnlyList<Example> Make(string text, IDraws draws) => pairs != PairTask.None
        ? MakePairs(Sentences.Documents(text, tokenizer), pairs, draws)
        : [.. Sentences.PackWhole(Sentences.Of(text, tokenizer), context - 2)
            .Select(row => Masked([before, .. row.Ids, after], [false, .. row.Continues, false], draws))];

    /// <inheritdoc/>
    public TrainingLoss Loss(IModel model, Batch batch)
    {
        string words = model.Outputs.Contains("mlm_logits") ? "mlm_logits" : "logits";
        string? pair = pairs == PairTask.None ? null : model.Outputs.FirstOrDefault(name => name is "nsp_logits" or "sop_logits");
        if (pair is null)
        {
            return Outputs.TokenLoss(model, batch.For(model), batch["labels"], words);
        }

        var tokens = new TokenLoss(model, words);
        return Outputs.Of(
            model, batch.For(model),
            results => Outputs.Sum(
                ("mlm", 1, tokens.Of(results, batch["labels"])), (pair[..3], 1, Losses.CrossEntropy(results[pair], batch["pair"]))),
            tokens.Reads, pair);
    }

    internal static int Needed(int? id, string what) => id ?? throw new TextException($"the vocabulary has no such token, expected one with {what}");

    private List<Example> MakePairs(IReadOnlyList<IReadOnlyList<Sentence>> documents, PairTask task, IDraws draws)
    {
        // Tokens are numbered through, so that what was drawn and cut can be told apart from what it stands for.
        var tokens = new List<(int Id, bool Continues)>();
        var numbered = new List<IReadOnlyList<int[]>>();
        foreach (IReadOnlyList<Sentence> document in documents)
        {
            numbered.Add(document.Select(sentence =>
            {
                tokens.AddRange(sentence.Ids.Zip(sentence.Continues));
                return Enumerable.Range(tokens.Count - sentence.Ids.Length, sentence.Ids.Length).ToArray();
            }).ToArray());
        }

        var examples = new List<Example>();
        for (int document = 0; document < numbered.Count; document++)
        {
            foreach (SentencePair pair in SentencePairs.Make(numbered, document, context, ShortPairs, task, draws))
            {
                int[] types = [.. Enumerable.Repeat(0, pair.First.Count + 2), .. Enumerable.Repeat(1, pair.Second.Count + 1)];
                Example masked = Masked(
                    [before, .. pair.First.Select(t => tokens[t].Id), after, .. pair.Second.Select(t => tokens[t].Id), after],
                    [false, .. pair.First.Select(t => tokens[t].Continues), false, .. pair.Second.Select(t => tokens[t].Continues), false],
                    draws);
                examples.Add(new Example(
                    new Dictionary<string, int[]>(masked.Rows) { ["token_type_ids"] = types }, new Dictionary<string, int> { ["pair"] = pair.Label }));
            }
        }

        return examples;
    }

    private Example Masked(int[] ids, bool[] continues, IDraws draws)
    {
        bool Special(int i) => ids[i] == before || ids[i] == after;

        int count = MaskedTokens.Count(ids.Length, rule);
        Masked masked = unit switch
        {
            MaskingUnit.Tokens => MaskedTokens.Words(ids, WordGroups.Single(ids.Length, Special), count, rule, draws),
            MaskingUnit.WholeWords => MaskedTokens.Words(ids, WordGroups.ByContinuation(ids.Length, Special, i => continues[i]), count, rule, draws),
            _ => MaskedTokens.Runs(ids, WordGroups.ByContinuation(ids.Length, Special, i => continues[i]), LongestRun, count, rule, draws),
        };
        return new Example(new Dictionary<string, int[]> { ["input_ids"] = masked.Ids, ["labels"] = masked.Labels });
    }
}
