using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;

namespace Dsl.Generators.Emitting;

/// <summary>Lines of C# with their indentation, none longer than a page is wide.</summary>
internal sealed class CodeWriter
{
    private const int Width = 160;

    private readonly StringBuilder text = new();
    private int depth;
    private bool closed;

    public CodeWriter Line(string line = "")
    {
        // A statement after a block stands apart from it.
        if (closed && line.Length > 0 && line.TrimStart() is var start && !start.StartsWith("}", StringComparison.Ordinal) && start != "else")
        {
            text.Append('\n');
        }

        closed = line.TrimStart() is "}" or "};";
        foreach (var part in LineBreaks.Of(line, Width - (depth * 4)))
        {
            if (part.Length > 0)
            {
                text.Append(' ', depth * 4).Append(part);
            }

            text.Append('\n');
        }

        return this;
    }

    /// <summary>Several lines at the current depth.</summary>
    public CodeWriter Lines(string lines)
    {
        foreach (var line in lines.Replace("\r", "").Split('\n'))
        {
            Line(line);
        }

        return this;
    }

    public void Open(string? head = null)
    {
        if (head is not null)
        {
            Line(head);
        }

        Line("{");
        depth++;
    }

    public void Close(string tail = "")
    {
        depth--;
        Line("}" + tail);
    }

    public void Block(string? head, Action body, string tail = "")
    {
        Open(head);
        body();
        Close(tail);
    }

    /// <summary>A collection expression: in one line where that fits, else an element a line.</summary>
    public void List(string head, IReadOnlyCollection<string> items, string tail)
    {
        var flat = $"{head} [{string.Join(", ", items)}]{tail}";
        if (flat.Length <= Width - (depth * 4))
        {
            Line(flat);
            return;
        }

        Line(head);
        List(() => items.ToList().ForEach(item => Line(item + ",")), tail);
    }

    /// <summary>The elements of a collection expression over several lines.</summary>
    public void List(Action body, string tail)
    {
        Line("[");
        depth++;
        body();
        depth--;
        Line("]" + tail);
    }

    public override string ToString() => text.ToString();
}
