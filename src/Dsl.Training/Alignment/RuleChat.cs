using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Training.Alignment.Data;
using Dsl.Training.Alignment.Rules;
using Dsl.Training.Objectives;

namespace Dsl.Training.Alignment;

/// <summary>
/// Conversations made by rule: instructions with one right answer (say, reverse, first, last of some words), and requests with many (words beside a word), of
/// which those are better that hold more words of the asked word's kind. A tenth of all prompts, by their hash, is held out.
/// </summary>
public static class RuleChat
{
    /// <summary>Words of an answer to a request.</summary>
    public const int Asked = 4;

    private static readonly string[][] Kinds =
    [
        ["lion", "horse", "sheep", "eagle", "whale", "mouse", "snake", "camel"],
        ["oak", "rose", "wheat", "fern", "moss", "olive", "cedar", "lily"],
        ["ball", "cup", "book", "lamp", "coin", "rope", "drum", "bell"],
    ];

    private static readonly string[] Instructions = ["say", "reverse", "first", "last"];

    private static readonly string[] Words = [.. Kinds.SelectMany(kind => kind)];

    /// <summary>As the data of recipes: the texts of pre-training are instructions with their answers, without a template.</summary>
    public static RuleData Data { get; } = new ChatData();

    /// <summary>A vocabulary in which every word is a token, with the template.</summary>
    /// <param name="pad">What fills rows; null: there is no such token.</param>
    public static TuningTokens Tokens(string? pad = "<|pad|>") => RuleData.Vocabulary([.. Words, .. Instructions, "beside", "of"], pad);

    /// <summary>Instructions with their right answers, and requests with one answer of many: lines of JSON.</summary>
    /// <param name="count">How many lines.</param>
    /// <param name="seed">Decides them.</param>
    /// <param name="heldOut">Prompts that are held out, or the others.</param>
    public static string Demonstrations(int count, long seed, bool heldOut) => Lines(count, seed, heldOut, draws =>
    {
        (string prompt, string answer) = draws.Integer(0, 3) > 0 ? Instruction(draws) : (Request(draws), Some(draws));
        return (prompt, RuleData.Messages(("messages", [("user", prompt), ("assistant", answer)])));
    });

    /// <summary>Instructions with their right answers alone, as prompts and answers.</summary>
    public static IReadOnlyList<(string Prompt, string Answer)> Questions(int count, long seed, bool heldOut) =>
        RuleData.Drawn(count, seed, heldOut, draws => Instruction(draws) is var made ? (made.Prompt, made) : default);

    /// <summary>Requests alone.</summary>
    public static IReadOnlyList<string> Requests(int count, long seed, bool heldOut) =>
        RuleData.Drawn(count, seed, heldOut, draws => Request(draws) is var made ? (made, made) : default);

    /// <summary>Requests with one answer of many: lines of JSON.</summary>
    public static string Answers(int count, long seed, bool heldOut) => Lines(count, seed, heldOut, draws =>
    {
        string prompt = Request(draws);
        return (prompt, RuleData.Messages(("messages", [("user", prompt), ("assistant", Some(draws))])));
    });

    /// <summary>Pairs of answers to a request, of which one is better: lines of JSON.</summary>
    public static string Pairs(int count, long seed, bool heldOut) => Lines(count, seed, heldOut, draws =>
    {
        string prompt = Request(draws), one = Some(draws), other = Some(draws);
        while (Worth(prompt, one) == Worth(prompt, other))
        {
            other = Some(draws);
        }

        (string better, string worse) = Worth(prompt, one) > Worth(prompt, other) ? (one, other) : (other, one);
        return (prompt + better + worse, RuleData.Messages(
            ("prompt", [("user", prompt)]), ("chosen", [("assistant", better)]), ("rejected", [("assistant", worse)])));
    });

    /// <summary>How many words of an answer are of the kind of the word that a request names.</summary>
    public static int Worth(string request, string answer)
    {
        string[] kind = Kinds.First(words => words.Contains(request.Split(' ')[^1]));
        return answer.Split(' ', StringSplitOptions.RemoveEmptyEntries).Count(kind.Contains);
    }

    private static string Any(IDraws draws) => Words[draws.Integer(0, Words.Length - 1)];

    private static string Some(IDraws draws) => string.Join(' ', Enumerable.Range(0, Asked).Select(_ => Any(draws)));

    /// <summary>A request names a word after two that do not matter, so that there are many.</summary>
    private static string Request(IDraws draws) => $"beside {Any(draws)} {Any(draws)} of {Any(draws)}";

    private static (string Prompt, string Answer) Instruction(IDraws draws)
    {
        string[] words = [.. Enumerable.Range(0, draws.Integer(2, 4)).Select(_ => Any(draws))];
        string what = Instructions[draws.Integer(0, Instructions.Length - 1)];
        return ($"{what} of {string.Join(' ', words)}", what switch
        {
            "say" => string.Join(' ', words),
            "reverse" => string.Join(' ', words.Reverse()),
            "first" => words[0],
            _ => words[^1],
        });
    }

    private static string Lines(int count, long seed, bool heldOut, Func<IDraws, (string Key, string Line)> make) =>
        RuleData.Lines(RuleData.Drawn(count, seed, heldOut, make));

    private sealed class ChatData : RuleData
    {
        public override string Name => "conversations made by rule";

        public override TuningTokens Tokens(string? pad) => RuleChat.Tokens(pad);

        public override string Texts(int count, long seed, bool heldOut, bool domain) => RuleData.Lines(Drawn(count, seed, heldOut, draws =>
        {
            (string prompt, string answer) = Instruction(draws);
            return (prompt, TextLine($" {prompt} : {answer}"));
        }));

        public override string Demonstrations(int count, long seed, bool heldOut) => RuleChat.Demonstrations(count, seed, heldOut);

        public override IReadOnlyList<RuleQuestion> Questions(int count, long seed, bool heldOut) =>
            [.. RuleChat.Questions(count, seed, heldOut).Select(question => new RuleQuestion(question.Prompt, question.Answer))];
    }
}
