using System;
using System.Collections.Generic;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Dsl.Runtime;
using Dsl.Text;
using Dsl.Text.Templates;
using Dsl.Training.Alignment.Data;
using Dsl.Training.Objectives;

namespace Dsl.Training.Alignment;

/// <summary>
/// Conversations made by rule: instructions with one right answer (say, reverse, first, last of some words), and requests with many (words beside a word), of
/// which those are better that hold more words of the asked word's kind. A tenth of all prompts, by their hash, is held out.
/// </summary>
public static class RuleChat
{
    private const int HeldOutShare = 10;

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

    /// <summary>How a conversation becomes a text: a token before each turn, and one that ends an answer.</summary>
    public const string Template = "{% for message in messages %}{% if message['role'] == 'assistant' %}{{ '<|assistant|>' }}"
        + "{% generation %}{{ ' ' + message['content'] + '<|end|>' }}{% endgeneration %}"
        + "{% elif message['role'] == 'user' %}{{ '<|user|> ' + message['content'] }}"
        + "{% else %}{{ raise_exception('a role other than user and assistant') }}{% endif %}{% endfor %}"
        + "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}";

    /// <summary>A vocabulary in which every word is a token, with the template.</summary>
    public static TuningTokens Tokens()
    {
        string[] all = [.. Words, .. Instructions, "beside", "of"];
        var layout = new VocabularyLayout("chat", [], ["<|end|>", "<|user|>", "<|assistant|>", "<|pad|>"], "A:0", "A:0 B:1", new Dictionary<string, string>
        {
            ["eos_token"] = "<|end|>",
            ["pad_token"] = "<|pad|>",
        });
        string sample = string.Concat(Enumerable.Repeat(string.Concat(all.Select(word => $" {word} {word}\n")), 20));
        return new TuningTokens(TokenizerTraining.BytePair(sample, 1000, layout), ChatTemplate.Parse(Template));
    }

    /// <summary>Instructions with their right answers, and requests with one answer of many: lines of JSON.</summary>
    /// <param name="count">How many lines.</param>
    /// <param name="seed">Decides them.</param>
    /// <param name="heldOut">Prompts that are held out, or the others.</param>
    public static string Demonstrations(int count, long seed, bool heldOut) => Lines(count, seed, heldOut, draws =>
    {
        (string prompt, string answer) = draws.Integer(0, 3) > 0 ? Instruction(draws) : (Request(draws), Some(draws));
        return (prompt, Message(("messages", [("user", prompt), ("assistant", answer)])));
    });

    /// <summary>Instructions with their right answers alone, as prompts and answers.</summary>
    public static IReadOnlyList<(string Prompt, string Answer)> Questions(int count, long seed, bool heldOut) =>
        Drawn(count, seed, heldOut, draws => Instruction(draws) is var made ? (made.Prompt, made) : default);

    /// <summary>Requests alone.</summary>
    public static IReadOnlyList<string> Requests(int count, long seed, bool heldOut) =>
        Drawn(count, seed, heldOut, draws => Request(draws) is var made ? (made, made) : default);

    /// <summary>Instructions with their right answers alone: lines of JSON.</summary>
    public static string RightAnswers(int count, long seed, bool heldOut) => Lines(count, seed, heldOut, draws =>
    {
        (string prompt, string answer) = Instruction(draws);
        return (prompt, Message(("messages", [("user", prompt), ("assistant", answer)])));
    });

    /// <summary>Requests with one answer of many: lines of JSON.</summary>
    public static string Answers(int count, long seed, bool heldOut) => Lines(count, seed, heldOut, draws =>
    {
        string prompt = Request(draws);
        return (prompt, Message(("messages", [("user", prompt), ("assistant", Some(draws))])));
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
        return (prompt + better + worse, Message(
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
        string.Concat(Drawn(count, seed, heldOut, make).Select(line => line + "\n"));

    private static List<T> Drawn<T>(int count, long seed, bool heldOut, Func<IDraws, (string Key, T Made)> make)
    {
        var draws = new SeededDraws(SeededRandom.For((ulong)seed, [8, heldOut ? 1 : 0]));
        var made = new List<T>();
        while (made.Count < count)
        {
            (string key, T one) = make(draws);
            if (SHA256.HashData(Encoding.UTF8.GetBytes(key))[0] % HeldOutShare == 0 == heldOut)
            {
                made.Add(one);
            }
        }

        return made;
    }

    private static string Message(params (string Name, (string Role, string Content)[] Turns)[] parts) => JsonSerializer.Serialize(
        parts.ToDictionary(part => part.Name, part => part.Turns.Select(turn =>
            new Dictionary<string, string> { ["role"] = turn.Role, ["content"] = turn.Content })));
}
