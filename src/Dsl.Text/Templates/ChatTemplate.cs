using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl.Text.Templates;

/// <summary>A turn of a conversation.</summary>
/// <param name="Role">system, user, assistant, ...</param>
/// <param name="Content">What was said.</param>
public sealed record ChatTurn(string Role, string Content);

/// <summary>A conversation as a text.</summary>
/// <param name="Text">All of it.</param>
/// <param name="Answers">The parts that the assistant writes, in UTF-16 units, where the template marks them.</param>
public sealed record RenderedChat(string Text, IReadOnlyList<TextSpan> Answers);

/// <summary>
/// The <c>chat_template</c> of a checkpoint: how a conversation becomes a prompt, written in the part of Jinja that such templates use, with the meaning that
/// it has in transformers; what is not supported is an error. It comes from a file, so that work, memory and depth are bounded, and nothing outside the
/// conversation and the clock is within its reach.
/// </summary>
public sealed class ChatTemplate
{
    private readonly string name;
    private readonly StatementParser.Part body;

    private ChatTemplate(string name, string source, StatementParser parser)
    {
        this.name = name;
        Source = source;
        body = parser.Whole();
        MarksAnswers = parser.MarksAnswers;
    }

    /// <summary>Its text.</summary>
    public string Source { get; }

    /// <summary>The template says, by <c>{% generation %}</c>, which parts of a conversation the assistant writes.</summary>
    public bool MarksAnswers { get; }

    /// <summary>Reads a template.</summary>
    /// <param name="source">Its text.</param>
    /// <param name="name">What messages call it.</param>
    /// <exception cref="TextException">The line and what was expected there.</exception>
    public static ChatTemplate Parse(string source, string name = "chat_template")
    {
        var lexer = new TemplateLexer(source);
        try
        {
            return new ChatTemplate(name, source, new StatementParser(lexer.Read()));
        }
        catch (LineException e)
        {
            throw new TextException($"{name} line {e.Line}: {e.Message}");
        }
        catch (TemplateException e)
        {
            throw new TextException($"{name} line {lexer.Line}: {e.Message}");
        }
    }

    /// <summary>The prompt of a conversation.</summary>
    /// <param name="turns">Oldest first.</param>
    /// <param name="addGenerationPrompt">The prompt ends where the assistant begins.</param>
    /// <param name="names">What else the template may name: <c>bos_token</c>, <c>eos_token</c>, ...</param>
    /// <param name="clock">Tells the date to templates that ask for it; null: the system's.</param>
    /// <exception cref="TextException">The template refuses the conversation, asks for what is not there or not supported, or spends too much.</exception>
    public string Render(
        IReadOnlyList<ChatTurn> turns, bool addGenerationPrompt = true, IReadOnlyDictionary<string, string>? names = null, TimeProvider? clock = null) =>
        RenderMarked(turns, addGenerationPrompt, names, clock).Text;

    /// <summary>The same, and which parts of it the assistant writes.</summary>
    public RenderedChat RenderMarked(
        IReadOnlyList<ChatTurn> turns, bool addGenerationPrompt = true, IReadOnlyDictionary<string, string>? names = null, TimeProvider? clock = null)
    {
        Dictionary<string, object?> known = TemplateGlobals.All(clock ?? TimeProvider.System).ToDictionary();

        // transformers gives these two to every template; a conversation without tools has none.
        known["tools"] = known["documents"] = null;
        foreach ((string key, string value) in names ?? new Dictionary<string, string>())
        {
            known[key] = value;
        }

        known["messages"] = turns.Select(turn => (object?)new MapValue { ["role"] = turn.Role, ["content"] = turn.Content }).ToList();
        known["add_generation_prompt"] = addGenerationPrompt;
        var run = new TemplateRun(known, turns.Sum(turn => turn.Role.Length + (long)turn.Content.Length));
        try
        {
            body(run);
            return new RenderedChat(run.Output.ToString(), run.Marks);
        }
        catch (LineException e)
        {
            throw new TextException($"{name} line {e.Line}: {e.Message}");
        }
        catch (TemplateException e)
        {
            throw new TextException($"{name}: {e.Message}");
        }
    }
}

/// <summary>What is wrong, and the line.</summary>
internal sealed class LineException(int line, string message) : Exception(message)
{
    internal int Line { get; } = line;
}
