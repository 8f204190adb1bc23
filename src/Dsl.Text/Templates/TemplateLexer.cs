using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace Dsl.Text.Templates;

internal enum LexKind
{
    Text,
    Name,
    Literal,
    Sign,
    Open,
    Close,
    End,
}

/// <summary>A part of a template's source.</summary>
/// <param name="Kind">Text between the marks, or a word within them.</param>
/// <param name="Text">As written; of a text literal, its characters.</param>
/// <param name="Line">From 1.</param>
/// <param name="Number">The value of a number.</param>
internal readonly record struct Lexeme(LexKind Kind, string Text, int Line, object? Number = null);

/// <summary>Divides a template as Jinja does with trim_blocks and lstrip_blocks, which is how chat templates are read.</summary>
internal sealed class TemplateLexer(string source)
{
    private static readonly string[] Signs =
        ["==", "!=", "<=", ">=", "//", "=", "<", ">", "+", "-", "*", "/", "%", "~", "|", ".", ",", ":", "(", ")", "[", "]", "{", "}"];

    private readonly List<Lexeme> read = [];
    private int at;
    private int line = 1;

    /// <exception cref="TemplateException">A mark or a text without its end; the line is <see cref="Line"/>.</exception>
    internal List<Lexeme> Read()
    {
        bool trims = false;
        while (at < source.Length)
        {
            int open = NextOpen(at);
            int end = open < 0 ? source.Length : open;
            string text = source[at..end];
            bool statement = open >= 0 && source[open + 1] == '%', comment = open >= 0 && source[open + 1] == '#';
            char mark = open >= 0 && open + 2 < source.Length ? source[open + 2] : ' ';
            bool dash = mark == '-', keep = mark == '+';
            string kept = trims ? text.TrimStart() : text;
            kept = dash ? kept.TrimEnd() : (statement || comment) && !keep ? WithoutIndent(kept) : kept;
            if (kept.Length > 0)
            {
                read.Add(new Lexeme(LexKind.Text, kept, line));
            }

            Advance(end);
            if (open < 0)
            {
                break;
            }

            Advance(open + (dash || keep ? 3 : 2));
            trims = comment ? Comment() : Inside(statement);
        }

        read.Add(new Lexeme(LexKind.End, "", line));
        return read;
    }

    /// <summary>Where reading stands.</summary>
    internal int Line => line;

    private int NextOpen(int from)
    {
        for (int i = source.IndexOf('{', from); i >= 0 && i + 1 < source.Length; i = source.IndexOf('{', i + 1))
        {
            if (source[i + 1] is '{' or '%' or '#')
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>Blanks between a line's begin and a statement are not text.</summary>
    private string WithoutIndent(string text)
    {
        string trimmed = text.TrimEnd(' ', '\t');
        bool begins = trimmed.Length == 0 ? at == 0 || source[at - 1] == '\n' : trimmed[^1] == '\n';
        return begins ? trimmed : text;
    }

    private bool Comment()
    {
        int end = source.IndexOf("#}", at, StringComparison.Ordinal);
        if (end < 0)
        {
            throw new TemplateException("'#}' expected");
        }

        bool trims = source[end - 1] == '-';
        Advance(end + 2);
        SkipLineEnd(trims);
        return trims;
    }

    private bool Inside(bool statement)
    {
        string close = statement ? "%}" : "}}";
        read.Add(new Lexeme(LexKind.Open, statement ? "{%" : "{{", line));
        int braces = 0;
        while (true)
        {
            while (at < source.Length && char.IsWhiteSpace(source[at]))
            {
                Advance(at + 1);
            }

            bool dash = Follows("-" + close);
            if (dash || (braces == 0 && Follows(close)))
            {
                read.Add(new Lexeme(LexKind.Close, close, line));
                Advance(at + close.Length + (dash ? 1 : 0));
                SkipLineEnd(dash || !statement);
                return dash;
            }

            if (at >= source.Length)
            {
                throw new TemplateException($"'{close}' expected");
            }

            Word();
            braces += read[^1] is { Kind: LexKind.Sign, Text: "{" } ? 1 : read[^1] is { Kind: LexKind.Sign, Text: "}" } ? -1 : 0;
        }
    }

    // The line end after a statement is not text.
    private void SkipLineEnd(bool not)
    {
        if (!not && at < source.Length && source[at] == '\n')
        {
            Advance(at + 1);
        }
    }

    private void Word()
    {
        char first = source[at];
        int end = at + 1;
        if (first is '"' or '\'')
        {
            Quoted(first);
            return;
        }

        if (char.IsAsciiLetter(first) || first == '_')
        {
            while (end < source.Length && (char.IsAsciiLetterOrDigit(source[end]) || source[end] == '_'))
            {
                end++;
            }

            read.Add(new Lexeme(LexKind.Name, source[at..end], line));
        }
        else if (char.IsAsciiDigit(first))
        {
            while (end < source.Length
                && (char.IsAsciiDigit(source[end]) || (source[end] == '.' && end + 1 < source.Length && char.IsAsciiDigit(source[end + 1]))))
            {
                end++;
            }

            string digits = source[at..end];
            object? number = long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out long whole) ? (object)whole
                : double.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double real) ? real
                : throw new TemplateException($"'{digits}' is no number");
            read.Add(new Lexeme(LexKind.Literal, digits, line, number));
        }
        else
        {
            string sign = Array.Find(Signs, Follows) ?? throw new TemplateException($"'{first}' unexpected");
            read.Add(new Lexeme(LexKind.Sign, sign, line));
            end = at + sign.Length;
        }

        Advance(end);
    }

    private void Quoted(char quote)
    {
        var text = new StringBuilder();
        int i = at + 1;
        for (; i < source.Length && source[i] != quote; i++)
        {
            bool escaped = source[i] == '\\' && i + 1 < source.Length;
            i += escaped ? 1 : 0;
            text.Append(!escaped ? source[i].ToString() : source[i] switch
            {
                'n' => "\n",
                't' => "\t",
                'r' => "\r",
                '\\' or '"' or '\'' => source[i].ToString(),
                _ => "\\" + source[i],
            });
        }

        if (i >= source.Length)
        {
            throw new TemplateException($"{quote} expected");
        }

        read.Add(new Lexeme(LexKind.Literal, text.ToString(), line));
        Advance(i + 1);
    }

    private bool Follows(string sign) => string.CompareOrdinal(source, at, sign, 0, sign.Length) == 0;

    private void Advance(int to)
    {
        for (; at < to; at++)
        {
            line += source[at] == '\n' ? 1 : 0;
        }
    }
}
