using System;
using System.Text;
using Dsl.Generators.Model;

namespace Dsl.Generators.Emitting;

/// <summary>Lines of C# with their indentation.</summary>
internal sealed class CodeWriter
{
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
        if (line.Length > 0)
        {
            text.Append(' ', depth * 4).Append(line);
        }

        text.Append('\n');
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

    /// <summary>A collection expression over several lines.</summary>
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
