using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl.Generators.Emitting;

/// <summary>Breaks a line that is too long: where the fewest brackets are open, after a comma or before an operator, never inside a string.</summary>
internal static class LineBreaks
{
    public static IEnumerable<string> Of(string line, int width)
    {
        var trimmed = line.TrimStart();
        if (line.Length <= width || trimmed.StartsWith("#", StringComparison.Ordinal))
        {
            return [line];
        }

        var indent = new string(' ', line.Length - trimmed.Length);
        return trimmed.StartsWith("//", StringComparison.Ordinal) ? Comment(trimmed, indent, width) : Code(line, indent, width);
    }

    private static IEnumerable<string> Comment(string comment, string indent, int width)
    {
        var mark = comment.StartsWith("///", StringComparison.Ordinal) ? "/// " : "// ";
        var rest = comment.Substring(mark.Length - 1).TrimStart();
        while (rest.Length > 0)
        {
            var room = width - indent.Length - mark.Length;
            var at = rest.Length <= room ? rest.Length : rest.LastIndexOf(' ', room);
            at = at <= 0 ? rest.Length : at;
            yield return indent + mark + rest.Substring(0, at);
            rest = rest.Substring(at).TrimStart();
        }
    }

    private static IEnumerable<string> Code(string line, string indent, int width)
    {
        // A comment at the end goes before its statement.
        if (TrailingComment(line) is > 0 and var comment)
        {
            yield return indent + line.Substring(comment);
            foreach (var part in Of(line.Substring(0, comment).TrimEnd(), width))
            {
                yield return part;
            }

            yield break;
        }

        var inner = indent + "    ";
        var rest = line;
        while (rest.Length > width && Break(rest, inner.Length, width) is > 0 and var at)
        {
            yield return rest.Substring(0, at).TrimEnd();
            rest = inner + rest.Substring(at).TrimStart();
        }

        yield return rest;
    }

    /// <summary>The place to break at; 0 where there is none.</summary>
    private static int Break(string line, int from, int width)
    {
        var (best, bestRank) = (0, int.MaxValue);
        foreach (var (at, depth) in Spaces(line).Where(s => s.At <= width && s.At > from + 8))
        {
            // Fewest brackets first; in these after a comma or before a branch, else before an operator, else after an arrow or an equals sign.
            var (before, next) = (line[at - 1], line[at + 1]);
            var rank = before is ',' or ';' || next is '?' or ':' ? 0 : next is '+' or '-' or '*' or '/' or '&' or '|' ? 1 : before is '=' or '>' ? 2 : -1;
            if (rank >= 0 && ((rank == 2 ? 100 : 0) + (depth * 3) + rank) is var cost && cost <= bestRank)
            {
                (best, bestRank) = (at, cost);
            }
        }

        return best;
    }

    private static int TrailingComment(string line)
    {
        foreach (var (at, _) in Spaces(line))
        {
            if (at + 3 < line.Length && line[at + 1] == '/' && line[at + 2] == '/')
            {
                return at + 1;
            }
        }

        return 0;
    }

    /// <summary>Spaces outside strings, each with the number of brackets open around it.</summary>
    private static IEnumerable<(int At, int Depth)> Spaces(string line)
    {
        var depth = 0;
        for (var i = 0; i < line.Length; i++)
        {
            switch (line[i])
            {
                case '"':
                case '\'':
                    i = AfterQuote(line, i) - 1;
                    break;
                case '(' or '[' or '{':
                    depth++;
                    break;
                case ')' or ']' or '}':
                    depth--;
                    break;
                case ' ' when i + 1 < line.Length:
                    yield return (i, depth);
                    break;
            }
        }
    }

    private static int AfterQuote(string line, int open)
    {
        var i = open + 1;
        while (i < line.Length && line[i] != line[open])
        {
            i += line[i] == '\\' ? 2 : 1;
        }

        return Math.Min(i + 1, line.Length);
    }
}
