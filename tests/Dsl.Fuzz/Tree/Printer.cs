using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;

namespace Dsl.Fuzz.Tree;

/// <summary>Prints a program as one C# file that needs nothing but the runtime. A namespace in braces: files can be joined.</summary>
internal static class Printer
{
    public const string SamplePrefix = "Sample";

    public static string Print(Program program)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $$"""
            namespace {{program.Space}}
            {
            using System;
            using Dsl;
            using Dsl.Runtime;
            using static System.Math;
            using static Dsl.ScalarMath;
            using C = {{program.Space}}.Config;

            """);
        Config(program, text);
        if (program.Declarations.SelectMany(d => d.Brackets).SelectMany(b => b.Parts).Any(p => p.Types.Contains(OwnLayer.Name)))
        {
            text.Append(OwnLayer.Text);
        }

        foreach (Declaration declaration in program.Declarations)
        {
            Print(declaration, text);
        }

        return text.Append("}\n").ToString();
    }

    public static string Print(Part part) =>
        part.Word + (part.Types.Count == 0 ? "" : $"<{string.Join(", ", part.Types)}>") + Arguments(part);

    public static string Print(Expression expression) =>
        expression.Operands.Count == 0
            ? expression.Format
            : string.Format(CultureInfo.InvariantCulture, expression.Format, [.. expression.Operands.Select(Print)]);

    private static string Arguments(Part part)
    {
        string inside = string.Join(", ", part.Arguments.Concat(part.Options.Select(o => $"{o.Name} = {o.Value}")));
        return inside.Length == 0 ? "" : $"({inside})";
    }

    private static void Config(Program program, StringBuilder text)
    {
        Member[] stored = [.. program.Members.Where(m => m.Key is not null)];
        text.Append("public sealed partial record Config(\n    ")
            .AppendJoin(",\n    ", stored.Select(m => $"[Key(\"{m.Key}\")] {m.Type} {m.Name}"))
            .Append(")\n{\n");
        foreach (Member derived in program.Members.Where(m => m.Key is null))
        {
            text.Append(CultureInfo.InvariantCulture, $"    public {derived.Type} {derived.Name}{derived.Parameters} => {derived.Values[0]};\n");
        }

        for (int sample = 0; sample < program.Samples; sample++)
        {
            text.Append(CultureInfo.InvariantCulture, $"    public static Config {SamplePrefix}{sample} => new(")
                .AppendJoin(", ", stored.Select(m => m.Values[sample % m.Values.Count])).Append(");\n");
        }

        text.Append("}\n\n");
    }

    private static void Print(Declaration declaration, StringBuilder text)
    {
        text.Append('[').AppendJoin(", ", declaration.Header.Select(Print)).Append("]\n");
        foreach (Bracket bracket in declaration.Brackets)
        {
            text.Append('[').AppendJoin(", ", bracket.Parts.Select(Print)).Append("]\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"public sealed partial class {declaration.Name}");
        if (declaration.Functions.Count == 0)
        {
            text.Append(";\n\n");
            return;
        }

        text.Append("\n{\n");
        foreach (Function function in declaration.Functions)
        {
            text.Append(function.Attribute.Length == 0 ? "" : $"    [{function.Attribute}]\n")
                .Append(CultureInfo.InvariantCulture,
                    $"    internal static {function.Result} {function.Name}({string.Join(", ", function.Parameters)})\n    {{\n");
            Print(function.Body, text, 2);
            text.Append("    }\n");
        }

        text.Append("}\n\n");
    }

    private static void Print(IReadOnlyList<Statement> statements, StringBuilder text, int depth)
    {
        string indent = new(' ', 4 * depth);
        foreach (Statement statement in statements)
        {
            text.Append(indent).Append(string.Format(CultureInfo.InvariantCulture, statement.Head, [.. statement.Expressions.Select(Print)]))
                .Append(statement.Body is null ? ";\n" : "\n");
            Block(statement.Body, text, depth, indent);
            if (statement.Else is not null)
            {
                text.Append(indent).Append("else\n");
                Block(statement.Else, text, depth, indent);
            }
        }
    }

    private static void Block(IReadOnlyList<Statement>? body, StringBuilder text, int depth, string indent)
    {
        if (body is not null)
        {
            text.Append(indent).Append("{\n");
            Print(body, text, depth + 1);
            text.Append(indent).Append("}\n");
        }
    }
}
