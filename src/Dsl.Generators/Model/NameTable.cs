using System.Collections.Generic;
using System.Globalization;

namespace Dsl.Generators.Model;

/// <summary>Names that do not collide, in the order in which they are asked for.</summary>
internal sealed class NameTable(params string[] reserved)
{
    private static readonly HashSet<string> Keywords =
    [
        "abstract", "as", "base", "bool", "break", "byte", "case", "catch", "char", "checked", "class", "const", "continue", "decimal", "default",
        "delegate", "do", "double", "else", "enum", "event", "explicit", "extern", "false", "finally", "fixed", "float", "for", "foreach", "goto",
        "if", "implicit", "in", "int", "interface", "internal", "is", "lock", "long", "namespace", "new", "null", "object", "operator", "out",
        "override", "params", "private", "protected", "public", "readonly", "ref", "return", "sbyte", "sealed", "short", "sizeof", "stackalloc",
        "static", "string", "struct", "switch", "this", "throw", "true", "try", "typeof", "uint", "ulong", "unchecked", "unsafe", "ushort", "using",
        "virtual", "void", "volatile", "while",
    ];

    private readonly HashSet<string> taken = new(reserved);

    public string Take(string wanted)
    {
        var name = wanted;
        for (var i = 2; Keywords.Contains(name) || !taken.Add(name); i++)
        {
            name = wanted + i.ToString(CultureInfo.InvariantCulture);
        }

        return name;
    }

    /// <summary>Gives a name back.</summary>
    public void Release(string name) => taken.Remove(name);
}
