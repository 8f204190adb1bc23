using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json;
using Dsl.Files;
using Dsl.Text;
using Dsl.Text.Templates;

namespace Dsl.Training.Alignment.Data;

/// <summary>
/// Lines of JSON to fine-tune with. A line is an object with <c>messages</c> (or <c>conversations</c> of <c>from</c> and <c>value</c>), with <c>text</c>, with
/// <c>prompt</c> and <c>completion</c> (or <c>response</c>), or with <c>chosen</c> and <c>rejected</c>, with or without <c>prompt</c> and <c>margin</c>.
/// Other members are passed over.
/// </summary>
public static class TuningFile
{
    private const long MostBytes = 1L << 30;

    private static readonly FileError Error = (file, problem, _) => new TextException($"{file}: {problem}");

    /// <summary>Roles that templates know; a line that names another is refused.</summary>
    public static IReadOnlyList<string> Roles { get; } =
        ["system", "developer", "user", "human", "assistant", "gpt", "model", "chatbot", "tool", "function", "ipython", "observation"];

    /// <summary>The lines of a file.</summary>
    /// <exception cref="TextException">The line, and what was expected there.</exception>
    public static IReadOnlyList<TuningLine> Read(string path) => Parse(UserFile.ReadText(path, MostBytes, Error), path);

    /// <summary>The lines of a text.</summary>
    /// <param name="text">Lines of JSON; blank ones are passed over.</param>
    /// <param name="name">What messages call it.</param>
    /// <exception cref="TextException">The line, and what was expected there.</exception>
    public static IReadOnlyList<TuningLine> Parse(string text, string name)
    {
        var lines = new List<TuningLine>();
        foreach ((string json, string place, int number) in Written(text, name))
        {
            TuningLine line = Object(json, place, made => Of(made, place, number));
            if (lines.Count > 0 && (line.IsChat != lines[0].IsChat || Kind(line) != Kind(lines[0])))
            {
                throw new TextException($"{place}: {Kind(line)} after {Kind(lines[0])}, expected one kind of data in a file");
            }

            lines.Add(line);
        }

        return lines;
    }

    /// <summary>
    /// What is to be answered: of each line its <c>prompt</c>, a text or messages, or its <c>messages</c> up to the last answer. What else a line has is passed
    /// over.
    /// </summary>
    /// <exception cref="TextException">The line, and what was expected there.</exception>
    public static IReadOnlyList<(string Place, Passage Prompt)> ReadPrompts(string path) =>
        [.. Written(UserFile.ReadText(path, MostBytes, Error), path)
            .Select(each => (each.Place, Object(each.Json, each.Place, line => PromptOf(line, each.Place))))];

    /// <summary>The lines that are not blank, with their places and numbers, from 0 on.</summary>
    /// <exception cref="TextException">There is none.</exception>
    private static IReadOnlyList<(string Json, string Place, int Number)> Written(string text, string name)
    {
        (string, string, int)[] lines = [.. text.Split('\n').Select((line, i) => (line, FormattableString.Invariant($"{name} line {i + 1}"), i))
            .Where(each => !string.IsNullOrWhiteSpace(each.line))];
        return lines.Length > 0 ? lines : throw new TextException($"{name}: is empty, expected a JSON object in each line");
    }

    private static Passage PromptOf(JsonElement line, string place)
    {
        foreach (string name in new[] { "prompt", "messages" })
        {
            if (line.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null)
            {
                Passage read = Read(value, name, place, ("role", "content"));
                return read.Turns is not { } turns || turns[^1].Role != "assistant" ? read
                    : turns.Count > 1 ? new Passage([.. turns.SkipLast(1)])
                    : throw new TextException($"{place}: {name} is an answer alone, expected what is answered");
            }
        }

        throw new TextException($"{place}: expected prompt or messages; there is "
            + (line.EnumerateObject().Any() ? string.Join(", ", line.EnumerateObject().Select(member => member.Name)) : "nothing"));
    }

    private static string Kind(TuningLine line) =>
        (line.Whole, line.Answer) switch { (not null, _) => "one text", (_, not null) => "a prompt and its answer", _ => "a pair" }
        + (line.IsChat ? " of messages" : " of plain text");

    private static T Object<T>(string json, string place, Func<JsonElement, T> read)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            return document.RootElement.ValueKind == JsonValueKind.Object ? read(document.RootElement)
                : throw new TextException($"{place}: is no object, expected one with messages, text, prompt and completion, or chosen and rejected");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Half of a surrogate pair is found when the text is read.
            throw new TextException($"{place}: is not JSON, expected an object");
        }
    }

    private static TuningLine Of(JsonElement line, string place, int number)
    {
        Passage? Member(string name) => line.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null
            ? Read(value, name, place, ("role", "content")) : null;

        Passage? prompt = Member("prompt"), chosen = Member("chosen"), rejected = Member("rejected"), answer = Member("completion") ?? Member("response");
        bool fromValue = line.TryGetProperty("conversations", out JsonElement conversations);
        Passage? whole = Member("messages") ?? Member("text") ?? (fromValue ? Read(conversations, "conversations", place, ("from", "value")) : null);
        var made = new TuningLine(number) { Prompt = prompt, FromValue = fromValue };
        made = chosen is not null && rejected is not null ? made with { Chosen = chosen, Rejected = rejected, Margin = Margin(line, place) }
            : prompt is not null && answer is not null ? made with { Answer = answer }
            : whole is not null ? made with { Whole = whole, Prompt = null }
            : throw new TextException($"{place}: expected messages, text, prompt and completion, or chosen and rejected; there is "
                + (line.EnumerateObject().Any() ? string.Join(", ", line.EnumerateObject().Select(member => member.Name)) : "nothing"));
        return made.Passages.Select(passage => passage.Turns is null).Distinct().Count() == 1 ? made
            : throw new TextException($"{place}: a text beside messages, expected both as one of the two");
    }

    private static float? Margin(JsonElement line, string place)
    {
        if (!line.TryGetProperty("margin", out JsonElement margin) || margin.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        return margin.ValueKind == JsonValueKind.Number && margin.TryGetSingle(out float value) && float.IsFinite(value) ? value
            : throw new TextException($"{place}: margin is {margin.GetRawText()}, expected a finite number");
    }

    private static Passage Read(JsonElement value, string name, string place, (string Role, string Content) keys)
    {
        if (value.ValueKind == JsonValueKind.String)
        {
            return new Passage(value.GetString()!);
        }

        if (value.ValueKind != JsonValueKind.Array)
        {
            throw new TextException($"{place}: {name} is {value.ValueKind.ToString().ToLowerInvariant()}, expected a text or a list of messages");
        }

        ChatTurn[] turns = [.. value.EnumerateArray().Select(turn => Turn(turn, name, place, keys))];
        return turns.Length > 0 ? new Passage(turns) : throw new TextException($"{place}: {name} is empty, expected at least one message");
    }

    private static ChatTurn Turn(JsonElement turn, string name, string place, (string Role, string Content) keys)
    {
        if (turn.ValueKind != JsonValueKind.Object || !turn.TryGetProperty(keys.Role, out JsonElement role) || role.ValueKind != JsonValueKind.String
            || !turn.TryGetProperty(keys.Content, out JsonElement content) || content.ValueKind != JsonValueKind.String)
        {
            throw new TextException($"{place}: {name} holds a message without {keys.Role} or {keys.Content}, expected both as texts");
        }

        return Roles.Contains(role.GetString()) ? new ChatTurn(role.GetString()!, content.GetString()!)
            : throw new TextException($"{place}: role '{role.GetString()}' unknown, expected {string.Join(", ", Roles)}");
    }
}
