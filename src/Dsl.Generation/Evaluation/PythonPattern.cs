using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using System.Text.RegularExpressions;
using Dsl.Text;

namespace Dsl.Generation.Evaluation;

/// <summary>
/// A regular expression of Python's re over texts, as .NET's: names of groups, \Z, and what \s, \w and \d stand for are translated. It sees UTF-16 units, so
/// that a dot is half of a character beyond U+FFFF.
/// </summary>
internal sealed class PythonPattern
{
    private const string Word = @"\p{L}\p{N}_", Space = @"\s\x1C-\x1F", Digit = @"\p{Nd}";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly string pattern;
    private readonly Regex regex;

    /// <exception cref="TextException">.NET cannot read it, or it asks for what is not translated.</exception>
    internal PythonPattern(string pattern)
    {
        this.pattern = pattern;
        try
        {
            regex = new Regex(Translate(pattern), RegexOptions.CultureInvariant, Limit);
        }
        catch (ArgumentException e)
        {
            throw new TextException($"the pattern '{pattern}' cannot be read: {e.Message.TrimEnd('.')}");
        }
    }

    /// <summary>re.sub(pattern, "", text).</summary>
    internal string Delete(string text) => Bounded(() => regex.Replace(text, ""));

    /// <summary>re.findall: of each match its groups, or all of it where there are none.</summary>
    internal IReadOnlyList<string[]> FindAll(string text) => Bounded(() => regex.Matches(text)
        .Select(match => match.Groups.Count == 1 ? [match.Value] : match.Groups.Values.Skip(1).Select(group => group.Value).ToArray()).ToArray());

    private T Bounded<T>(Func<T> search)
    {
        try
        {
            return search();
        }
        catch (RegexMatchTimeoutException)
        {
            throw new TextException($"the pattern '{pattern}' does not come to an end on an answer, expected one that reads no place over and over");
        }
    }

    private static string Translate(string pattern)
    {
        var made = new StringBuilder();
        bool inClass = false;
        for (int i = 0; i < pattern.Length; i++)
        {
            char unit = pattern[i];
            if (unit == '\\' && i + 1 < pattern.Length)
            {
                made.Append(Escape(pattern[++i], inClass, pattern));
            }
            else if (!inClass && pattern.AsSpan(i).StartsWith("(?P<"))
            {
                made.Append("(?<");
                i += 3;
            }
            else if (!inClass && pattern.AsSpan(i).StartsWith("(?P="))
            {
                int end = pattern.IndexOf(')', i);
                made.Append(@"\k<").Append(pattern, i + 4, Math.Max(0, end - i - 4)).Append('>');
                i = end < 0 ? pattern.Length : end;
            }
            else
            {
                bool opens = unit == '[' && !inClass, literal = unit == '[' && inClass;
                inClass = opens || (inClass && unit != ']');
                made.Append(literal ? @"\[" : unit.ToString());
                if (opens)
                {
                    // A bracket at once after the opening one is a member.
                    if (i + 1 < pattern.Length && pattern[i + 1] == '^')
                    {
                        made.Append(pattern[++i]);
                    }

                    if (i + 1 < pattern.Length && pattern[i + 1] == ']')
                    {
                        made.Append(@"\]");
                        i++;
                    }
                }
            }
        }

        return made.ToString();
    }

    private static string Escape(char unit, bool inClass, string pattern)
    {
        string? members = char.ToLowerInvariant(unit) switch { 'w' => Word, 's' => Space, 'd' => Digit, _ => null };
        return members is null ? unit == 'Z' && !inClass ? @"\z" : $"\\{unit}"
            : char.IsLower(unit) ? inClass ? members : $"[{members}]"
            : !inClass ? $"[^{members}]"
            : throw new TextException($"the pattern '{pattern}' has \\{unit} inside of brackets, expected it outside");
    }
}
