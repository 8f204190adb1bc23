using System.Collections.Generic;
using System.Text;

namespace Dsl.Text.Templates;

/// <summary>One rendering: its names, its text so far, and what it may still spend.</summary>
internal sealed class TemplateRun(Dictionary<string, object?> names)
{
    internal const int MostText = 4 << 20;

    private const int MostSteps = 1_000_000;

    private readonly Stack<Dictionary<string, object?>> scopes = new([names]);
    private int steps;

    internal StringBuilder Output { get; } = new();

    internal object? this[string name]
    {
        get
        {
            foreach (Dictionary<string, object?> scope in scopes)
            {
                if (scope.TryGetValue(name, out object? value))
                {
                    return value;
                }
            }

            return Undefined.Value;
        }

        set => scopes.Peek()[name] = value;
    }

    internal void Enter() => scopes.Push([]);

    internal void Leave() => scopes.Pop();

    internal void Write(string text)
    {
        Output.Append(text);
        if (Output.Length > MostText)
        {
            throw new TemplateException($"render budget exceeded ({MostText} characters)");
        }
    }

    /// <summary>Counts a step: a template from a file may loop as long as it likes.</summary>
    internal void Step(int cost = 1)
    {
        steps += cost;
        if (steps > MostSteps)
        {
            throw new TemplateException($"render budget exceeded ({MostSteps} steps)");
        }
    }
}
