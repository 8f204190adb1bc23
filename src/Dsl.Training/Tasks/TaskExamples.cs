using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Text;
using Dsl.Training.Objectives;

namespace Dsl.Training.Tasks;

/// <summary>Questions as rows of ids with labels.</summary>
/// <param name="task">Whose questions.</param>
/// <param name="tokenizer">Whose ids.</param>
public sealed class TaskExamples(RuleTask task, ITokenizer tokenizer)
{
    /// <summary>What a decoder begins with: the padding token where rows have no begin token, else the end token, as the published pairs have it.</summary>
    public int DecoderStart { get; } = tokenizer.Special.Begin is null
        ? MaskedLanguage.Needed(tokenizer.Special.Pad, "a padding token") : MaskedLanguage.Needed(tokenizer.Special.End, "an end token");

    /// <summary>The rows of a question: one, or one for each choice. Labels of the whole stand in the first.</summary>
    public IReadOnlyList<Example> Of(Question question)
    {
        string first = string.Join(' ', question.First);
        return task.Head switch
        {
            Head.Choice => [.. question.Seconds.Select(choice =>
                new Example(Rows(Encode(first, choice)), new Dictionary<string, int> { ["labels"] = question.Label }))],
            Head.Tokens => [Tokens(Encode(first, null), question.WordLabels)],
            Head.Answer => [Span(Encode(first, question.Seconds[0]), question.Answer)],
            Head.Text => [Text(Encode(first, null).Ids, Encode(string.Join(' ', question.Written), null).Ids)],
            _ => [new Example(Rows(Encode(first, question.Seconds.FirstOrDefault())), new Dictionary<string, int> { ["labels"] = question.Label })],
        };
    }

    private TokenEncoding Encode(string first, string[]? second) => tokenizer.Encode(first, second is null ? null : string.Join(' ', second));

    private static Dictionary<string, int[]> Rows(TokenEncoding tokens) => new() { ["input_ids"] = tokens.Ids, ["token_type_ids"] = tokens.TypeIds };

    /// <summary>A word's label stands at its first token; other tokens have none.</summary>
    private static Example Tokens(TokenEncoding tokens, int[] labels) => new(new Dictionary<string, int[]>(Rows(tokens))
    {
        ["labels"] = [.. tokens.WordIds.Select((word, i) => word >= 0 && (i == 0 || tokens.WordIds[i - 1] != word) ? labels[word] : MaskedTokens.Ignored)],
    });

    private static Example Span(TokenEncoding tokens, (int First, int Last) answer)
    {
        // The second text's words count from 0 again, after those of the first.
        int second = Array.FindIndex(tokens.WordIds, 2, word => word < 0);
        return new Example(Rows(tokens), new Dictionary<string, int>
        {
            ["start_positions"] = Array.IndexOf(tokens.WordIds, answer.First, second),
            ["end_positions"] = Array.LastIndexOf(tokens.WordIds, answer.Last),
        });
    }

    private Example Text(int[] read, int[] write) => new(new Dictionary<string, int[]>
    {
        ["input_ids"] = read,
        ["decoder_input_ids"] = SpanCorruption.ShiftRight(write, DecoderStart),
        ["labels"] = write,
    });
}
