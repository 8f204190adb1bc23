using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Text;
using Dsl.Training.Alignment.Data;
using Dsl.Training.Objectives;

namespace Dsl.Training.Alignment.Rules;

/// <summary>
/// Small functions, such as <c>def f ( a , b ) : return a + b end f</c>: what names and parameters are, stands before and behind every gap, so that who fills
/// one has to read both.
/// </summary>
public sealed class RuleCode : RuleData
{
    private static readonly string[] letters = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "m", "n", "p", "q", "r", "s", "t", "u", "w"];

    private static readonly string[] operators = ["+", "-", "*", "/"];

    /// <inheritdoc/>
    public override string Name => "code made by rule";

    /// <inheritdoc/>
    public override TuningTokens Tokens(string? pad = "<|pad|>") =>
        Vocabulary([.. letters, .. operators, "def", "return", "end", "(", ")", ",", ":"], pad, "<PRE>", "<SUF>", "<MID>", "<EOT>");

    /// <inheritdoc/>
    public override string Texts(int count, long seed, bool heldOut, bool domain) =>
        Lines(Drawn(count, seed, heldOut, draws => Code(draws) is var made ? (made.Text, TextLine(made.Text)) : default));

    /// <summary>Code is not talked about.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    public override string Demonstrations(int count, long seed, bool heldOut) => throw new NotSupportedException($"{Name} has no conversations");

    /// <summary>Functions with a gap (<see cref="Infilling.Mark"/>), and what fills it: the parameters, or a name of the end.</summary>
    public override IReadOnlyList<RuleQuestion> Questions(int count, long seed, bool heldOut) => Drawn(count, seed, heldOut, draws =>
    {
        (string text, string[] gaps) = Code(draws);
        string gap = Any(draws, gaps);
        int at = text.LastIndexOf(gap, StringComparison.Ordinal);
        return (text, new RuleQuestion(text[..at] + Infilling.Mark + text[(at + gap.Length)..], gap));
    });

    private static (string Text, string[] Gaps) Code(IDraws draws)
    {
        int[] order = draws.Permutation(letters.Length);
        (string name, string first, string second) = (letters[order[0]], letters[order[1]], letters[order[2]]);
        string sign = Any(draws, operators);
        return ($" def {name} ( {first} , {second} ) : return {first} {sign} {second} end {name}",
            [$" ( {first} , {second} )", $" return {first}", $" end {name}", $" def {name}"]);
    }
}
