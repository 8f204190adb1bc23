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

/// <summary>
/// Divides a template as Jinja does with trim_blocks and lstrip_blocks, which is how transformers reads chat templates: a statement takes the white space
/// before it on its line and the line end after it, and the template's last line end is no text. Every line end is a line feed.
/// </summary>
internal sealed class TemplateLexer
{
    private static readonly string[] Signs =
    [
        "==", "!=", "<=", ">=", "//", "**", "=", "<", ">", "+", "-", "*", "/", "%", "~", "|", ".", ",", ":", ";", "(", ")", "[", "]", "{", "}",
    ];

    private readonly string source;
    private readonly List<Lexeme> read = [];
    private int at;
    private int line = 1;

    // What was read last ends a line, so that white space from here to a statement is its indent.
    private bool begins = true;

    internal TemplateLexer(string source)
    {
        string whole = source.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        this.source = whole.EndsWith('\n') ? whole[..^1] : whole;
    }

    /// <summary>Where reading stands.</summary>
    internal int Line => line;

    /// <exception cref="TemplateException">A mark or a text without its end; the line is <see cref="Line"/>.</exception>
    internal List<Lexeme> Read()
    {
        while (at < source.Length)
        {
            int open = NextOpen(at);
            int end = open < 0 ? source.Length : open;
            string text = source[at..end];
            if (open < 0)
            {
                Keep(text);
                break;
            }

            char sort = source[open + 1], mark = open + 2 < source.Length ? source[open + 2] : ' ';
            Keep(mark == '-' ? PythonText.TrimEnd(text) : sort != '{' && mark != '+' ? WithoutIndent(text) : text);
            Advance(open + (mark is '-' or '+' ? 3 : 2));
            if (sort == '#')
            {
                Comment();
            }
            else if (sort == '%' && Raw() is { } afterName)
            {
                RawText(afterName);
            }
            else
            {
                Inside(sort == '%');
            }
        }

        read.Add(new Lexeme(LexKind.End, "", line));
        return read;
    }

    private void Keep(string text)
    {
        if (text.Length > 0)
        {
            read.Add(new Lexeme(LexKind.Text, text, line));
        }
    }

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

    /// <summary>White space between a line's begin and a statement is not text.</summary>
    private string WithoutIndent(string text)
    {
        int from = text.LastIndexOf('\n') + 1;
        if (from == 0 && !begins)
        {
            return text;
        }

        for (int i = from; i < text.Length; i++)
        {
            if (!PythonText.IsSpace(text[i]))
            {
                return text;
            }
        }

        return text[..from];
    }

    private void Comment()
    {
        int end = source.IndexOf("#}", at, StringComparison.Ordinal);
        if (end < 0)
        {
            throw new TemplateException("'#}' expected");
        }

        char mark = end > at ? source[end - 1] : ' ';
        Advance(end + 2);
        After(mark, statement: true);
    }

    /// <summary>Where a statement <c>raw</c> ends, if one begins here.</summary>
    private int? Raw() => WordStatement(at, "raw");

    private int? WordStatement(int from, string word)
    {
        int i = Blank(from);
        if (string.CompareOrdinal(source, i, word, 0, word.Length) != 0)
        {
            return null;
        }

        i = Blank(i + word.Length);
        i += i < source.Length && source[i] is '-' or '+' ? 1 : 0;
        return string.CompareOrdinal(source, i, "%}", 0, 2) == 0 ? i + 2 : null;
    }

    private int Blank(int from)
    {
        while (from < source.Length && PythonText.IsSpace(source[from]))
        {
            from++;
        }

        return from;
    }

    private void RawText(int from)
    {
        char mark = source[from - 3];
        Advance(from);
        After(mark, statement: true);
        for (int open = source.IndexOf("{%", at, StringComparison.Ordinal); open >= 0; open = source.IndexOf("{%", open + 1, StringComparison.Ordinal))
        {
            char sign = open + 2 < source.Length ? source[open + 2] : ' ';
            if (WordStatement(open + (sign is '-' or '+' ? 3 : 2), "endraw") is { } end)
            {
                string text = source[at..open];
                Keep(sign == '-' ? PythonText.TrimEnd(text) : sign != '+' ? WithoutIndent(text) : text);
                Advance(end);
                After(source[end - 3], statement: true);
                return;
            }
        }

        throw new TemplateException("'endraw' expected");
    }

    private void Inside(bool statement)
    {
        string close = statement ? "%}" : "}}";
        read.Add(new Lexeme(LexKind.Open, statement ? "{%" : "{{", line));
        var open = new Stack<char>();
        while (true)
        {
            Advance(Blank(at));
            char mark = Follows("-" + close) ? '-' : statement && Follows("+" + close) ? '+' : ' ';
            if (open.Count == 0 && (mark != ' ' || Follows(close)))
            {
                read.Add(new Lexeme(LexKind.Close, close, line));
                Advance(at + close.Length + (mark == ' ' ? 0 : 1));
                After(mark, statement);
                return;
            }

            if (at >= source.Length)
            {
                throw new TemplateException($"'{close}' expected");
            }

            Word();
            switch (read[^1])
            {
                case { Kind: LexKind.Sign, Text: "{" or "(" or "[" } sign:
                    open.Push(sign.Text[0]);
                    break;
                case { Kind: LexKind.Sign, Text: "}" or ")" or "]" } sign:
                    if (!open.TryPop(out char began) || (began, sign.Text[0]) is not (('{', '}') or ('(', ')') or ('[', ']')))
                    {
                        throw new TemplateException($"'{sign.Text}' without its beginning");
                    }

                    break;
            }
        }
    }

    // White space after a dash, and the line end after a statement, are not text.
    private void After(char mark, bool statement)
    {
        int from = at;
        if (mark == '-')
        {
            Advance(Blank(at));
        }
        else if (statement && mark != '+' && at < source.Length && source[at] == '\n')
        {
            Advance(at + 1);
        }

        begins = at > from && source[at - 1] == '\n';
    }

    private void Word()
    {
        char first = source[at];
        int end = at + 1;
        if (first is '"' or '\'')
        {
            Quoted(first);
        }
        else if (char.IsLetter(first) || first == '_')
        {
            while (end < source.Length && (char.IsLetterOrDigit(source[end]) || source[end] == '_'))
            {
                end++;
            }

            read.Add(new Lexeme(LexKind.Name, source[at..end], line));
            Advance(end);
        }
        else if (char.IsAsciiDigit(first))
        {
            Number();
        }
        else
        {
            string sign = Array.Find(Signs, Follows) ?? throw new TemplateException($"'{first}' unexpected");
            read.Add(new Lexeme(LexKind.Sign, sign, line));
            Advance(at + sign.Length);
        }
    }

    private void Number()
    {
        int end = at, digits = Digits(at);
        object? number = null;

        // After a point a number is an element's, and has no point of its own.
        bool isElement = read.Count > 0 && read[^1] is { Kind: LexKind.Sign, Text: "." };
        int fraction = !isElement && digits < source.Length && source[digits] == '.' ? Digits(digits + 1) : digits;
        end = fraction > digits + 1 ? fraction : digits;
        int exponent = end < source.Length && source[end] is 'e' or 'E' ? end + 1 : -1;
        exponent += exponent > 0 && exponent < source.Length && source[exponent] is '+' or '-' ? 1 : 0;
        int power = exponent > 0 && !isElement ? Digits(exponent) : exponent;
        bool isReal = end > digits || power > exponent;
        end = power > exponent ? power : end;
        string spelt = source[at..end].Replace("_", "", StringComparison.Ordinal);
        if (isReal)
        {
            number = double.Parse(spelt, NumberStyles.Float, CultureInfo.InvariantCulture);
        }
        else if (long.TryParse(spelt, NumberStyles.None, CultureInfo.InvariantCulture, out long whole) && (spelt[0] != '0' || whole == 0))
        {
            number = whole;
        }

        if (number is null || (end < source.Length && (char.IsLetter(source[end]) || source[end] == '_')))
        {
            throw new TemplateException($"'{spelt}' is no number that is read");
        }

        read.Add(new Lexeme(LexKind.Literal, spelt, line, number));
        Advance(end);
    }

    private int Digits(int from)
    {
        while (from < source.Length
            && (char.IsAsciiDigit(source[from]) || (source[from] == '_' && from + 1 < source.Length && char.IsAsciiDigit(source[from + 1]))))
        {
            from++;
        }

        return from;
    }

    private void Quoted(char quote)
    {
        var text = new StringBuilder();
        int i = at + 1;
        while (i < source.Length && source[i] != quote)
        {
            if (source[i] != '\\' || i + 1 >= source.Length)
            {
                text.Append(source[i++]);
                continue;
            }

            i = Escaped(i + 1, text);
        }

        if (i >= source.Length)
        {
            throw new TemplateException($"{quote} expected");
        }

        read.Add(new Lexeme(LexKind.Literal, text.ToString(), line));
        Advance(i + 1);
    }

    /// <summary>Reads what follows a backslash as Python does; returns where it ends.</summary>
    private int Escaped(int from, StringBuilder text)
    {
        char sign = source[from];
        int digits = sign switch { 'x' => 2, 'u' => 4, 'U' => 8, _ => 0 };
        if (digits > 0)
        {
            bool whole = from + 1 + digits <= source.Length
                & int.TryParse(
                    source.AsSpan(Math.Min(from + 1, source.Length), Math.Min(digits, source.Length - from - 1)), NumberStyles.AllowHexSpecifier,
                    CultureInfo.InvariantCulture, out int code);
            text.Append(whole && Rune.IsValid(code) ? new Rune(code).ToString()
                : throw new TemplateException($"'\\{sign}' without {digits} hexadecimal digits"));
            return from + 1 + digits;
        }

        if (sign is >= '0' and <= '7')
        {
            int end = from, code = 0;
            while (end < source.Length && end < from + 3 && source[end] is >= '0' and <= '7')
            {
                code = (code * 8) + source[end++] - '0';
            }

            text.Append((char)code);
            return end;
        }

        text.Append(sign switch
        {
            'n' => "\n",
            't' => "\t",
            'r' => "\r",
            'a' => "\a",
            'b' => "\b",
            'f' => "\f",
            'v' => "\v",
            '\n' => "",
            '\\' or '"' or '\'' => sign.ToString(),
            'N' => throw new TemplateException("'\\N' is not read"),
            _ => "\\" + sign,
        });
        return from + 1;
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
