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

namespace Dsl.Training.Alignment.Rules;

/// <summary>A question with its one right answer.</summary>
/// <param name="Prompt">What the user says.</param>
/// <param name="Answer">What is right, to the character.</param>
public sealed record RuleQuestion(string Prompt, string Answer);

/// <summary>What a recipe learns: texts, conversations and questions that a rule and a seed make, some of which are held out.</summary>
public abstract class RuleData
{
    /// <summary>How a conversation becomes a text: a token before each turn, and one that ends an answer.</summary>
    public const string Template = "{% for message in messages %}{% if message['role'] == 'assistant' %}{{ '<|assistant|>' }}"
        + "{% generation %}{{ ' ' + message['content'] + '<|end|>' }}{% endgeneration %}"
        + "{% elif message['role'] == 'user' %}{{ '<|user|> ' + message['content'] }}"
        + "{% else %}{{ raise_exception('a role other than user and assistant') }}{% endif %}{% endfor %}"
        + "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}";

    private const int HeldOutShare = 10;

    /// <summary>How messages call it.</summary>
    public abstract string Name { get; }

    /// <summary>The vocabulary with its template.</summary>
    /// <param name="pad">What fills rows; null: there is no such token, and the end token does.</param>
    public abstract TuningTokens Tokens(string? pad = "<|pad|>");

    /// <summary>Texts of pre-training: lines of JSON with <c>text</c>.</summary>
    /// <param name="count">How many lines.</param>
    /// <param name="seed">Decides them.</param>
    /// <param name="heldOut">Those that are held out, or the others.</param>
    /// <param name="domain">Of the field that the model is adapted to, where there is one.</param>
    public abstract string Texts(int count, long seed, bool heldOut, bool domain);

    /// <summary>Conversations to fine-tune on: lines of JSON with <c>messages</c>.</summary>
    public abstract string Demonstrations(int count, long seed, bool heldOut);

    /// <summary>Questions that are answered in one way.</summary>
    public abstract IReadOnlyList<RuleQuestion> Questions(int count, long seed, bool heldOut);

    /// <summary>Whether what was written answers a question.</summary>
    public virtual bool IsRight(RuleQuestion question, string written) => written == question.Answer;

    /// <summary>Words that are a token each, between the tokens of the template.</summary>
    protected internal static TuningTokens Vocabulary(IEnumerable<string> words, string? pad, params string[] more)
    {
        var purposes = new Dictionary<string, string> { ["eos_token"] = "<|end|>" };
        if (pad is not null)
        {
            purposes["pad_token"] = pad;
        }

        string[] last = ["<|end|>", "<|user|>", "<|assistant|>", .. more, .. pad is null ? Array.Empty<string>() : [pad]];
        string sample = string.Concat(Enumerable.Repeat(string.Concat(words.Select(word => $" {word} {word}\n")), 20));
        return new TuningTokens(
            TokenizerTraining.BytePair(sample, 1000, new VocabularyLayout("chat", [], last, "A:0", "A:0 B:1", purposes)), ChatTemplate.Parse(Template));
    }

    /// <summary>Things that are drawn until there are enough; a tenth of them, by the hash of their key, is held out.</summary>
    protected internal static List<T> Drawn<T>(int count, long seed, bool heldOut, Func<IDraws, (string Key, T Made)> make)
    {
        var draws = new SeededDraws(SeededRandom.For((ulong)seed, [8, heldOut ? 1 : 0]));
        var made = new List<T>();
        while (made.Count < count)
        {
            (string key, T one) = make(draws);
            if (IsHeldOut(key) == heldOut)
            {
                made.Add(one);
            }
        }

        return made;
    }

    /// <summary>Whether the tenth that is held out has a key.</summary>
    protected static bool IsHeldOut(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key))[0] % HeldOutShare == 0;

    /// <summary>Lines of JSON.</summary>
    protected internal static string Lines(IEnumerable<string> lines) => string.Concat(lines.Select(line => line + "\n"));

    /// <summary>A line with a text.</summary>
    protected static string TextLine(string text) => JsonSerializer.Serialize(new Dictionary<string, string> { ["text"] = text });

    /// <summary>A line with lists of turns.</summary>
    protected internal static string Messages(params (string Name, (string Role, string Content)[] Turns)[] parts) => JsonSerializer.Serialize(
        parts.ToDictionary(part => part.Name, part => part.Turns.Select(turn =>
            new Dictionary<string, string> { ["role"] = turn.Role, ["content"] = turn.Content })));

    /// <summary>A line with a question and its answer.</summary>
    protected static string Conversation(RuleQuestion question) =>
        Messages(("messages", [("user", question.Prompt), ("assistant", question.Answer)]));

    /// <summary>One of several.</summary>
    protected static T Any<T>(IDraws draws, IReadOnlyList<T> among) => among[draws.Integer(0, among.Count - 1)];
}
