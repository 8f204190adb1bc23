using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;

namespace Dsl.Text.Templates;

/// <summary>Texts, values and statements of a template, compiled to functions of a run.</summary>
internal sealed class StatementParser
{
    private const int Deepest = 50;

    private static readonly string[] Ends =
        ["endif", "elif", "else", "endfor", "endgeneration", "endset", "endmacro", "endwith", "endfilter"];

    private readonly LexemeReader words;
    private readonly ExpressionParser expressions;
    private int loops;
    private int depth;

    internal StatementParser(IReadOnlyList<Lexeme> lexemes)
    {
        words = new LexemeReader(lexemes);
        expressions = new ExpressionParser(words);
    }

    /// <summary>Part of a template; tells whether the loop around it goes on.</summary>
    internal delegate Flow Part(TemplateRun run);

    /// <summary>How a loop goes on.</summary>
    internal enum Flow
    {
        Next,
        Continue,
        Break,
    }

    /// <summary>The template says which parts of a conversation the assistant writes.</summary>
    internal bool MarksAnswers { get; private set; }

    /// <summary>The whole template.</summary>
    /// <exception cref="LineException">The line and what was expected there.</exception>
    internal Part Whole()
    {
        Part body = Block();
        return words.Now.Kind == LexKind.End ? body : throw new LineException(words.Line, $"'{Word()}' without its beginning");
    }

    /// <summary>Everything up to a statement that is an end or a middle.</summary>
    private Part Block()
    {
        if (++depth > Deepest)
        {
            throw new LineException(words.Line, $"more than {Deepest} statements within one another");
        }

        var parts = new List<Part>();
        while (words.Now.Kind != LexKind.End && !(words.Is("{%") && Ends.Contains(Word())))
        {
            int line = words.Line;
            parts.Add(Placed(line, At(line, One)));
        }

        depth--;
        return run =>
        {
            TemplateRun.RequireStack();
            foreach (Part part in parts)
            {
                if (part(run) is not Flow.Next and var flow)
                {
                    return flow;
                }
            }

            return Flow.Next;
        };
    }

    private static Part Placed(int line, Part part) => run =>
    {
        try
        {
            run.Work(1);
            return part(run);
        }
        catch (TemplateException e)
        {
            throw new LineException(line, e.Message);
        }
    };

    private static Part Always(Action<TemplateRun> act) => run =>
    {
        act(run);
        return Flow.Next;
    };

    private Part One()
    {
        if (words.Now.Kind == LexKind.Text)
        {
            string text = words.Take().Text;
            return Always(run => run.Write(text));
        }

        if (words.TakeIf("{{"))
        {
            ExpressionParser.Value value = expressions.ReadTuple();
            words.Expect("}}");
            return Always(run => run.Write(TemplateWriter.Text(run, value(run))));
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
            case "macro":
                return Macro();
            case "with":
                return With();
            case "filter":
                return Filter();
            case "generation":
                words.Expect("%}");
                MarksAnswers = true;
                return Marked(Within(Closed("endgeneration")));
            case "break" or "continue" when loops > 0:
                words.Expect("%}");
                Flow flow = kind == "break" ? Flow.Break : Flow.Continue;
                return _ => flow;
            default:
                throw new TemplateException($"statement '{kind}' unknown; known: if, for, set, macro, with, filter, break, continue, generation");
        }
    }

    private Part BlockUpTo(string end)
    {
        Part block = Block();
        End(end);
        return block;
    }

    /// <summary>A block that no statement within it leaves.</summary>
    private Part Closed(string end)
    {
        int within = loops;
        loops = 0;
        Part block = BlockUpTo(end);
        loops = within;
        return block;
    }

    /// <summary>A block whose own names end with it. A loop around it is not left from within.</summary>
    private static Part Within(Part block) => run =>
    {
        run.Enter();
        Flow flow = block(run);
        run.Leave();
        return flow;
    };

    /// <summary>What a block writes is the assistant's.</summary>
    private static Part Marked(Part block) => run =>
    {
        int from = run.Written;
        Flow flow = block(run);
        run.Mark(from);
        return flow;
    };

    private Part If()
    {
        var branches = new List<(ExpressionParser.Value Condition, Part Then)>();
        Part? otherwise = null;
        do
        {
            ExpressionParser.Value condition = expressions.ReadTuple();
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
            foreach ((ExpressionParser.Value condition, Part then) in branches)
            {
                if (TemplateValues.IsTrue(condition(run)))
                {
                    return then(run);
                }
            }

            return otherwise?.Invoke(run) ?? Flow.Next;
        };
    }

    private List<string> Targets()
    {
        bool brackets = words.TakeIf("(");
        var targets = new List<string> { Target() };
        while (words.TakeIf(",") && words.Now.Kind == LexKind.Name && !words.Is("in"))
        {
            targets.Add(Target());
        }

        if (brackets)
        {
            words.Expect(")");
        }

        return targets;
    }

    private string Target() => words.Name() is var name && name is "true" or "false" or "none" or "True" or "False" or "None"
        ? throw new TemplateException($"'{name}' cannot be set") : name;

    private Part For()
    {
        List<string> targets = Targets();
        words.Expect("in");
        ExpressionParser.Value over = expressions.ReadTuple(withCondition: false);
        ExpressionParser.Value? only = words.TakeIf("if") ? expressions.Read() : null;
        if (words.Is("recursive"))
        {
            throw new TemplateException("'recursive' is not supported");
        }

        words.Expect("%}");
        loops++;
        Part each = Block();
        loops--;
        Part? none = null;
        if (TakeStatement("else"))
        {
            words.Expect("%}");
            none = Block();
        }

        End("endfor");
        return run => Loop(run, targets, over(run), only, each, none);
    }

    private static Flow Loop(TemplateRun run, List<string> targets, object? over, ExpressionParser.Value? only, Part each, Part? none)
    {
        TemplateRun.Scope outside = run.Names;
        List<object?> items = TemplateValues.Items(run, over);
        if (only is not null)
        {
            run.Enter();
            var kept = new List<object?>();
            foreach (object? item in items)
            {
                Bind(run, targets, item);
                if (TemplateValues.IsTrue(only(run)))
                {
                    kept.Add(item);
                }
            }

            items = run.Made(kept);
            run.Names = outside;
        }

        int depth = outside.Loops + 1;
        for (int i = 0; i < items.Count; i++)
        {
            // Names that an iteration sets end with it.
            run.Enter();
            run.Names.Loops = depth;
            run.Work(4);
            Bind(run, targets, items[i]);
            run["loop"] = new LoopValue(Seen(items, i, depth));
            Flow flow = each(run);
            run.Names = outside;
            if (flow == Flow.Break)
            {
                break;
            }
        }

        if (items.Count > 0 || none is null)
        {
            return Flow.Next;
        }

        run.Enter();
        Flow end = none(run);
        run.Names = outside;
        return end;
    }

    private static Dictionary<string, object?> Seen(List<object?> items, int i, int depth) => new()
    {
        ["index"] = i + 1L,
        ["index0"] = (long)i,
        ["revindex"] = (long)(items.Count - i),
        ["revindex0"] = items.Count - i - 1L,
        ["first"] = i == 0,
        ["last"] = i == items.Count - 1,
        ["length"] = (long)items.Count,
        ["depth"] = (long)depth,
        ["depth0"] = depth - 1L,
        ["previtem"] = i > 0 ? items[i - 1] : new Undefined("there is no previous item"),
        ["nextitem"] = i + 1 < items.Count ? items[i + 1] : new Undefined("there is no next item"),
    };

    private static void Bind(TemplateRun run, List<string> targets, object? item)
    {
        if (targets.Count == 1)
        {
            run[targets[0]] = item;
            return;
        }

        List<object?> parts = TemplateValues.Items(run, item);
        if (parts.Count != targets.Count)
        {
            throw new TemplateException($"{parts.Count} values for {targets.Count} names");
        }

        for (int i = 0; i < parts.Count; i++)
        {
            run[targets[i]] = parts[i];
        }
    }

    private Part Set()
    {
        if (words.Now.Kind == LexKind.Name && words.NextIs("."))
        {
            string space = words.Name();
            words.Expect(".");
            string member = words.Name();
            return SetTo((run, value) =>
            {
                SpaceValue members = run[space] as SpaceValue ?? throw new TemplateException($"'{space}' is no namespace");
                members.Members[member] = value;
            });
        }

        List<string> targets = Targets();
        return SetTo((run, value) => Bind(run, targets, value));
    }

    private Part SetTo(Action<TemplateRun, object?> put)
    {
        if (words.TakeIf("="))
        {
            ExpressionParser.Value value = expressions.ReadTuple();
            words.Expect("%}");
            return Always(run => put(run, value(run)));
        }

        ExpressionParser.Value filters = Piped();
        Part written = Closed("endset");
        return Always(run => put(run, run.Pipe(Captured(run, written), filters)));
    }

    /// <summary>Filters one after another, up to the statement's end; they begin with what is piped.</summary>
    private ExpressionParser.Value Piped()
    {
        ExpressionParser.Value value = run => run.Piped;
        while (words.TakeIf("|"))
        {
            value = expressions.Filter(value);
        }

        words.Expect("%}");
        return value;
    }

    private static string Captured(TemplateRun run, Part block)
    {
        StringBuilder before = run.Capture();
        TemplateRun.Scope outside = run.Names;
        run.Enter();
        block(run);
        run.Names = outside;
        return run.Release(before);
    }

    private Part Filter()
    {
        ExpressionParser.Value first = expressions.Filter(run => run.Piped), rest = Piped();
        Part block = Closed("endfilter");
        return Always(run => run.Write(TemplateWriter.Text(run, run.Pipe(run.Pipe(Captured(run, block), first), rest))));
    }

    private Part With()
    {
        var named = new List<(string Name, ExpressionParser.Value Value)>();
        while (!words.Is("%}"))
        {
            if (named.Count > 0)
            {
                words.Expect(",");
            }

            string name = Target();
            words.Expect("=");
            named.Add((name, expressions.Read()));
        }

        words.Expect("%}");
        Part block = BlockUpTo("endwith");
        return run =>
        {
            object?[] values = [.. named.Select(entry => entry.Value(run))];
            run.Enter();
            for (int i = 0; i < values.Length; i++)
            {
                run[named[i].Name] = values[i];
            }

            Flow flow = block(run);
            run.Leave();
            return flow;
        };
    }

    private Part Macro()
    {
        string macro = Target();
        var parameters = new List<(string Name, ExpressionParser.Value? Default)>();
        words.Expect("(");
        while (!words.TakeIf(")"))
        {
            string name = Target();
            parameters.Add((name, words.TakeIf("=") ? expressions.Read() : null));
            if (!words.Is(")"))
            {
                words.Expect(",");
            }
        }

        words.Expect("%}");
        Part block = Closed("endmacro");
        string[] names = [.. parameters.Select(parameter => parameter.Name)];
        return Always(defining =>
        {
            TemplateRun.Scope seen = defining.Names;
            defining[macro] = new FunctionValue(macro, (run, with) =>
            {
                Argument[] given = with.Bind(names);
                TemplateRun.Scope caller = run.Names;
                run.Names = seen;
                run.Enter();
                for (int i = 0; i < given.Length; i++)
                {
                    run[names[i]] = given[i].IsGiven ? given[i].Value
                        : parameters[i].Default is { } otherwise ? otherwise(run) : new Undefined($"'{names[i]}' was not given");
                }

                StringBuilder before = run.Capture();
                block(run);
                run.Names = caller;
                return run.Release(before);
            });
        });
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

        // Jinja lets a macro's name follow its end.
        if (kind == "endmacro" && words.Now.Kind == LexKind.Name)
        {
            words.Take();
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
}
