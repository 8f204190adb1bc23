using System;
using System.Text;
using System.Text.RegularExpressions;
using Dsl.Text;

namespace Dsl.Generation.Evaluation;

/// <summary>Texts with <c>{{column}}</c> in them.</summary>
internal static partial class TaskTemplate
{
    /// <summary>Whether a text is a name, as columns have.</summary>
    internal static bool IsName(string text) => Name().IsMatch(text);

    /// <summary>Fills in the columns.</summary>
    /// <exception cref="TextException">It asks for more than columns.</exception>
    internal static string Fill(string template, Func<string, string> column)
    {
        var made = new StringBuilder();
        int at = 0;
        while (at < template.Length)
        {
            int open = template.AsSpan(at).IndexOfAny("{") is >= 0 and int found ? at + found : template.Length;
            made.Append(template, at, open - at);
            if (open + 1 >= template.Length || template[open + 1] is not ('{' or '%' or '#'))
            {
                made.Append(template, open, Math.Min(1, template.Length - open));
                at = open + 1;
                continue;
            }

            Match match = Column().Match(template, open);
            if (!match.Success)
            {
                int end = template.IndexOf('}', open) is > 0 and int closed ? Math.Min(template.Length, closed + 2) : template.Length;
                throw new TextException($"the template has '{template[open..end]}', expected {{{{column}}}} with the name of a column");
            }

            made.Append(column(match.Groups[1].Value));
            at = open + match.Length;
        }

        return made.ToString();
    }

    [GeneratedRegex(@"^[A-Za-z_][A-Za-z_0-9]*\z")]
    private static partial Regex Name();

    [GeneratedRegex(@"\G\{\{\s*([A-Za-z_][A-Za-z_0-9]*)\s*\}\}")]
    private static partial Regex Column();
}
