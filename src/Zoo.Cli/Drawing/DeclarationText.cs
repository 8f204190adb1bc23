using System;
using System.Collections.Generic;
using System.Linq;

namespace Zoo.Cli.Drawing;

/// <summary>One word of a bracket: <c>Linear("q_proj", Bias = true)</c>. Arguments are the text that stands there.</summary>
internal sealed record DeclaredWord(string Name, IReadOnlyList<string> Types, IReadOnlyList<string> Arguments, IReadOnlyDictionary<string, string> Options)
{
    /// <summary>An argument that is a literal text; null where it is none, or not there.</summary>
    internal string? Text(int index) => index < Arguments.Count ? Literal(Arguments[index]) : null;

    /// <summary>An option that is a literal text.</summary>
    internal string? Text(string option) => Options.TryGetValue(option, out string? value) ? Literal(value) : null;

    private static string? Literal(string text) => text.Length > 1 && text[0] == '"' ? text[1..^1].Replace("\\\"", "\"").Replace("\\\\", "\\") : null;
}

/// <summary>A block or a model: its name and its brackets.</summary>
internal sealed record DeclaredClass(string Name, IReadOnlyList<IReadOnlyList<DeclaredWord>> Brackets);

/// <summary>Reads the declaration that a model of a registry carries (what <c>show</c> prints): brackets, a line each, and the class below them.</summary>
internal static class DeclarationText
{
    /// <summary>The blocks, each before its user, and last the model.</summary>
    internal static IReadOnlyList<DeclaredClass> Read(string declaration)
    {
        var classes = new List<DeclaredClass>();
        var brackets = new List<IReadOnlyList<DeclaredWord>>();
        foreach (string line in declaration.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (line[0] == '[')
            {
                brackets.Add([.. Split(line[1..^1]).Select(Word)]);
            }
            else if (line.StartsWith("class ", StringComparison.Ordinal))
            {
                classes.Add(new DeclaredClass(line["class ".Length..].TrimEnd(';'), brackets));
                brackets = [];
            }
        }

        return classes;
    }

    private static DeclaredWord Word(string text)
    {
        // What was changed within sugar follows it; the picture shows the word.
        int with = text.IndexOf(" with [", StringComparison.Ordinal);
        text = with > 0 ? text[..with] : text;
        int open = text.IndexOf('(', StringComparison.Ordinal);
        string head = open < 0 ? text : text[..open];
        int types = head.IndexOf('<', StringComparison.Ordinal);
        var arguments = new List<string>();
        var options = new Dictionary<string, string>();
        foreach (string argument in open < 0 ? [] : Split(text[(open + 1)..^1]))
        {
            int equals = argument.IndexOf(" = ", StringComparison.Ordinal);
            if (equals > 0 && argument[0] != '"' && argument[..equals].All(char.IsLetterOrDigit))
            {
                options[argument[..equals]] = argument[(equals + 3)..];
            }
            else
            {
                arguments.Add(argument);
            }
        }

        return new DeclaredWord(types < 0 ? head : head[..types], types < 0 ? [] : [.. Split(head[(types + 1)..^1])], arguments, options);
    }

    /// <summary>Cuts at commas that stand in no brackets and in no text.</summary>
    private static IEnumerable<string> Split(string text)
    {
        int depth = 0, from = 0;
        bool isText = false;
        for (int i = 0; i < text.Length; i++)
        {
            isText ^= text[i] == '"' && (i == 0 || text[i - 1] != '\\');
            depth += isText ? 0 : text[i] switch { '(' or '<' or '[' => 1, ')' or '>' or ']' => -1, _ => 0 };
            if (text[i] == ',' && depth == 0 && !isText)
            {
                yield return text[from..i].Trim();
                from = i + 1;
            }
        }

        if (text[from..].Trim() is { Length: > 0 } last)
        {
            yield return last;
        }
    }
}
