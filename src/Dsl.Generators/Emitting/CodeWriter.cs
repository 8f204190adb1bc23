using System;
using System.Text;

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

/// <summary>Names that do not collide, in the order in which they are asked for.</summary>
internal sealed class NameTable
{
    private static readonly System.Collections.Generic.HashSet<string> Keywords =
    [
        "abstract", "as", "base", "bool", "break", "byte", "case", "catch", "char", "checked", "class", "const", "continue", "decimal", "default",
        "delegate", "do", "double", "else", "enum", "event", "explicit", "extern", "false", "finally", "fixed", "float", "for", "foreach", "goto",
        "if", "implicit", "in", "int", "interface", "internal", "is", "lock", "long", "namespace", "new", "null", "object", "operator", "out",
        "override", "params", "private", "protected", "public", "readonly", "ref", "return", "sbyte", "sealed", "short", "sizeof", "stackalloc",
        "static", "string", "struct", "switch", "this", "throw", "true", "try", "typeof", "uint", "ulong", "unchecked", "unsafe", "ushort", "using",
        "virtual", "void", "volatile", "while",
    ];

    private readonly System.Collections.Generic.HashSet<string> taken;

    public NameTable(params string[] reserved) => taken = new(reserved);

    public string Take(string wanted)
    {
        var name = wanted;
        for (var i = 2; Keywords.Contains(name) || !taken.Add(name); i++)
        {
            name = wanted + i.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        return name;
    }
}
