using System.Collections.Generic;
using System.Runtime.CompilerServices;
using System.Text;

namespace Dsl.Text.Templates;

/// <summary>One rendering: its names, its text so far, and what it may still spend.</summary>
internal sealed class TemplateRun
{
    /// <summary>Characters of the prompt.</summary>
    internal const int MostText = 4 << 20;

    /// <summary>Values within values.</summary>
    internal const int MostDepth = 200;

    private const int LeastSteps = 1_000_000;
    private const long LeastBytes = 64L << 20;

    private readonly long mostSteps;
    private readonly long mostBytes;
    private long steps;
    private long bytes;
    private Scope scope;
    private int calls;
    private int captures;

    /// <param name="names">What the template may name.</param>
    /// <param name="size">Characters of the conversation: a long one may take longer.</param>
    internal TemplateRun(Dictionary<string, object?> names, long size)
    {
        scope = new Scope(names, null);
        mostSteps = LeastSteps + (16 * size);
        mostBytes = LeastBytes + (64 * size);
    }

    /// <summary>What statements write to.</summary>
    internal StringBuilder Output { get; private set; } = new();

    /// <summary>Parts of the text that the assistant writes, in their order.</summary>
    internal List<TextSpan> Marks { get; } = [];

    // What jinja2 gives to every template, or to every macro, and this does not: another text would come of taking them for undefined.
    private static readonly HashSet<string> NotThere = ["self", "varargs", "kwargs", "caller", "cycler", "joiner", "lipsum"];

    /// <summary>Characters of the text so far.</summary>
    internal int Written => Output.Length;

    /// <summary>The names that are seen from here.</summary>
    internal Scope Names
    {
        get => scope;
        set => scope = value;
    }

    internal object? this[string name]
    {
        get
        {
            for (Scope? seen = scope; seen is not null; seen = seen.Outer)
            {
                if (seen.Names.TryGetValue(name, out object? value))
                {
                    return value;
                }
            }

            return NotThere.Contains(name) ? throw new TemplateException($"'{name}' is not supported") : new Undefined($"'{name}' is undefined");
        }

        set => scope.Names[name] = value;
    }

    internal void Enter()
    {
        Take(100);
        scope = new Scope([], scope);
    }

    internal void Leave() => scope = scope.Outer!;

    internal void Write(string text)
    {
        Work(1 + (text.Length / 64));
        Output.Append(text);
        if (Output.Length > MostText)
        {
            throw new TemplateException($"render budget exceeded ({MostText} characters)");
        }
    }

    /// <summary>What was written since then is the assistant's; in a text of its own (a macro's, a set block's) its place is not known yet.</summary>
    internal void Mark(int from)
    {
        if (captures > 0)
        {
            throw new TemplateException("generation within a macro, a filter or a set block, expected it where the prompt is written");
        }

        Take(16);
        Marks.Add(new TextSpan(from, Written));
    }

    /// <summary>What the filters of a block begin with.</summary>
    internal object? Piped { get; private set; }

    /// <summary>A value through filters.</summary>
    internal object? Pipe(object? value, ExpressionParser.Value filters)
    {
        object? before = Piped;
        Piped = value;
        object? result = filters(this);
        Piped = before;
        return result;
    }

    /// <summary>What statements write until <see cref="Release"/>, as a text of its own.</summary>
    internal StringBuilder Capture()
    {
        StringBuilder before = Output;
        Output = new StringBuilder();
        captures++;
        return before;
    }

    internal string Release(StringBuilder before)
    {
        string text = Made(Output.ToString());
        Output = before;
        captures--;
        return text;
    }

    /// <summary>Counts work in steps of some hundred nanoseconds: a template from a file may loop as long as it likes.</summary>
    internal void Work(long cost)
    {
        steps += cost;
        if (steps > mostSteps)
        {
            throw new TemplateException($"render budget exceeded ({mostSteps} steps)");
        }
    }

    /// <summary>Counts memory before it is taken, and the work of filling it.</summary>
    internal void Take(long count)
    {
        bytes += count;
        if (bytes > mostBytes)
        {
            throw new TemplateException($"render budget exceeded ({mostBytes} bytes)");
        }

        Work(1 + (count / 128));
    }

    /// <summary>A text that was made.</summary>
    internal string Made(string text)
    {
        Take(24 + (2L * text.Length));
        return text;
    }

    /// <summary>A list that was made.</summary>
    internal List<object?> Made(List<object?> list)
    {
        Take(56 + (16L * list.Count));
        return list;
    }

    /// <summary>A call within calls.</summary>
    internal void Call()
    {
        if (++calls > MostDepth)
        {
            throw new TemplateException($"more than {MostDepth} calls within one another");
        }
    }

    internal void Return() => calls--;

    /// <summary>Statements and expressions are calls within calls when they run.</summary>
    internal static void RequireStack()
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw new TemplateException("statements, expressions and calls are nested too deep");
        }
    }

    /// <summary>Names of a block, and of those around it.</summary>
    internal sealed record Scope(Dictionary<string, object?> Names, Scope? Outer)
    {
        /// <summary>Loops around here.</summary>
        internal int Loops { get; set; } = Outer?.Loops ?? 0;
    }
}
