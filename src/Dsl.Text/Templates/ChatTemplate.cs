using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl.Text.Templates;

/// <summary>A turn of a conversation.</summary>
/// <param name="Role">system, user, assistant, ...</param>
/// <param name="Content">What was said.</param>
public sealed record ChatTurn(string Role, string Content);

/// <summary>
/// The <c>chat_template</c> of a checkpoint: how a conversation becomes a prompt, written in the part of Jinja that such templates use (if, for, set, filters,
/// tests, namespaces). It comes from a file, so that what it may spend is bounded, and nothing outside the conversation is within its reach.
/// </summary>
public sealed class ChatTemplate
{
    private const int Deepest = 50;

    private readonly string name;
    private readonly LexemeReader words;
    private readonly ExpressionParser expressions;
    private readonly Action<TemplateRun> body;
    private int loops;
    private int depth;

    private ChatTemplate(string name, IReadOnlyList<Lexeme> lexemes)
    {
        this.name = name;
        words = new LexemeReader(lexemes);
        expressions = new ExpressionParser(words);
        body = Block();
        if (words.Now.Kind != LexKind.End)
        {
            throw new LineException(words.Line, $"'{Word()}' without its beginning");
        }
    }

    private enum Leave
    {
        Break,
        Continue,
    }

    /// <summary>Reads a template.</summary>
    /// <param name="source">Its text.</param>
    /// <param name="name">What messages call it.</param>
    /// <exception cref="TextException">The line and what was expected there.</exception>
    public static ChatTemplate Parse(string source, string name = "chat_template")
    {
        var lexer = new TemplateLexer(source);
        IReadOnlyList<Lexeme>? lexemes = null;
        try
        {
            lexemes = lexer.Read();
            return new ChatTemplate(name, lexemes);
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
    /// <exception cref="TextException">The template refuses the conversation, asks for what is not there, or spends too much.</exception>
    public string Render(IReadOnlyList<ChatTurn> turns, bool addGenerationPrompt = true, IReadOnlyDictionary<string, string>? names = null)
    {
        var known = new Dictionary<string, object?>
        {
            ["messages"] = turns.Select(turn => (object?)new Dictionary<string, object?> { ["role"] = turn.Role, ["content"] = turn.Content }).ToList(),
            ["add_generation_prompt"] = addGenerationPrompt,
        };
        foreach ((string key, string value) in names ?? new Dictionary<string, string>())
        {
            known[key] = value;
        }

        var run = new TemplateRun(known);
        try
        {
            body(run);
            return run.Output.ToString();
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

    /// <summary>Texts, values and statements up to one that is not a beginning.</summary>
    private Action<TemplateRun> Block()
    {
        if (++depth > Deepest)
        {
            throw new LineException(words.Line, $"more than {Deepest} statements within one another");
        }

        var parts = new List<Action<TemplateRun>>();
        while (words.Now.Kind != LexKind.End && !(words.Is("{%") && Word() is "endif" or "elif" or "else" or "endfor" or "endgeneration"))
        {
            int line = words.Line;
            Action<TemplateRun> part = At(line, Part);
            parts.Add(run =>
            {
                try
                {
                    run.Step();
                    part(run);
                }
                catch (TemplateException e)
                {
                    throw new LineException(line, e.Message);
                }
            });
        }

        depth--;
        return run =>
        {
            foreach (Action<TemplateRun> part in parts)
            {
                part(run);
            }
        };
    }

    private Action<TemplateRun> Part()
    {
        if (words.Now.Kind == LexKind.Text)
        {
            string text = words.Take().Text;
            return run => run.Write(text);
        }

        if (words.TakeIf("{{"))
        {
            ExpressionParser.Value value = expressions.Read();
            words.Expect("}}");
            return run => run.Write(TemplateValues.Text(value(run)));
        }

        words.Expect("{%");
        string kind = words.Name();
        switch (kind)
        {
            case "if":
                return If();
            case "for":
                return For();
            case "set":
                return Set();
            case "generation":
                words.Expect("%}");
                Action<TemplateRun> inner = Block();
                End("endgeneration");
                return inner;
            case "break" or "continue" when loops > 0:
                words.Expect("%}");
                Leave leave = kind == "break" ? Leave.Break : Leave.Continue;
                return _ => throw new LeaveException(leave);
            default:
                throw new TemplateException($"statement '{kind}' unknown; known: if, for, set, break, continue, generation");
        }
    }

    private Action<TemplateRun> If()
    {
        var branches = new List<(ExpressionParser.Value Condition, Action<TemplateRun> Then)>();
        Action<TemplateRun>? otherwise = null;
        do
        {
            ExpressionParser.Value condition = expressions.Read();
            words.Expect("%}");
            branches.Add((condition, Block()));
        }
        while (TakeStatement("elif"));

        if (TakeStatement("else"))
        {
            words.Expect("%}");
            otherwise = Block();
        }

        End("endif");
        return run =>
        {
            foreach ((ExpressionParser.Value condition, Action<TemplateRun> then) in branches)
            {
                if (TemplateValues.IsTrue(condition(run)))
                {
                    then(run);
                    return;
                }
            }

            otherwise?.Invoke(run);
        };
    }

    private Action<TemplateRun> For()
    {
        var targets = new List<string> { words.Name() };
        while (words.TakeIf(","))
        {
            targets.Add(words.Name());
        }

        words.Expect("in");
        ExpressionParser.Value over = expressions.Or();
        ExpressionParser.Value? only = words.TakeIf("if") ? expressions.Or() : null;
        words.Expect("%}");
        loops++;
        Action<TemplateRun> each = Block();
        loops--;
        Action<TemplateRun>? none = null;
        if (TakeStatement("else"))
        {
            words.Expect("%}");
            none = Block();
        }

        End("endfor");
        return run => Loop(run, targets, over(run), only, each, none);
    }

    private static void Loop(
        TemplateRun run, List<string> targets, object? over, ExpressionParser.Value? only, Action<TemplateRun> each, Action<TemplateRun>? none)
    {
        run.Enter();
        try
        {
            var items = new List<object?>();
            foreach (object? item in TemplateValues.Items(over))
            {
                run.Step();
                Bind(run, targets, item);
                if (only is null || TemplateValues.IsTrue(only(run)))
                {
                    items.Add(item);
                }
            }

            for (int i = 0; i < items.Count; i++)
            {
                run.Step();
                Bind(run, targets, items[i]);
                run["loop"] = new Dictionary<string, object?>
                {
                    ["index"] = i + 1L,
                    ["index0"] = (long)i,
                    ["first"] = i == 0,
                    ["last"] = i == items.Count - 1,
                    ["length"] = (long)items.Count,
                    ["previtem"] = i > 0 ? items[i - 1] : Undefined.Value,
                    ["nextitem"] = i + 1 < items.Count ? items[i + 1] : Undefined.Value,
                };
                try
                {
                    each(run);
                }
                catch (LeaveException e)
                {
                    if (e.How == Leave.Break)
                    {
                        break;
                    }
                }
            }

            if (items.Count == 0)
            {
                none?.Invoke(run);
            }
        }
        finally
        {
            run.Leave();
        }
    }

    private static void Bind(TemplateRun run, List<string> targets, object? item)
    {
        if (targets.Count == 1)
        {
            run[targets[0]] = item;
            return;
        }

        if (item is not List<object?> parts || parts.Count != targets.Count)
        {
            throw new TemplateException($"{TemplateValues.Kind(item)} for {targets.Count} names");
        }

        for (int i = 0; i < parts.Count; i++)
        {
            run[targets[i]] = parts[i];
        }
    }

    private Action<TemplateRun> Set()
    {
        string target = words.Name();
        string? member = words.TakeIf(".") ? words.Name() : null;
        words.Expect("=");
        ExpressionParser.Value value = expressions.Read();
        words.Expect("%}");
        return run =>
        {
            if (member is null)
            {
                run[target] = value(run);
                return;
            }

            Dictionary<string, object?> space = run[target] as Dictionary<string, object?> ?? throw new TemplateException($"'{target}' is no namespace");
            space[member] = value(run);
        };
    }

    private bool TakeStatement(string kind)
    {
        bool found = words.Is("{%") && Word() == kind;
        if (found)
        {
            words.Take();
            words.Take();
        }

        return found;
    }

    private void End(string kind)
    {
        if (!TakeStatement(kind))
        {
            throw new TemplateException($"'{kind}' expected");
        }

        words.Expect("%}");
    }

    private string Word() => words.Is("{%") ? words.Following.Text : words.Now.Text;

    private T At<T>(int line, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (TemplateException e)
        {
            throw new LineException(words.Now.Kind == LexKind.End ? words.Line : Math.Max(line, words.Line), e.Message);
        }
    }

    /// <summary>What is wrong, and the line.</summary>
    private sealed class LineException(int line, string message) : Exception(message)
    {
        internal int Line { get; } = line;
    }

    private sealed class LeaveException(Leave how) : Exception
    {
        internal Leave How { get; } = how;
    }
}
