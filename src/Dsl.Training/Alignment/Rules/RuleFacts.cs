using System.Collections.Generic;
using System.Linq;
using Dsl.Training.Alignment.Data;
using Dsl.Training.Objectives;

namespace Dsl.Training.Alignment.Rules;

/// <summary>
/// A field of knowledge: facts that are only in its texts, each said in several ways. Some of them are asked for in the conversations; a tenth never is, so
/// that only who has read the texts can answer the held-out questions.
/// </summary>
public sealed class RuleFacts : RuleData
{
    private const int Values = 40;

    private static readonly string[] digits = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];

    private readonly string[] subjects;
    private readonly string[] relations;
    private readonly string[] ways;
    private readonly string question;

    /// <param name="name">Of the field.</param>
    /// <param name="subjects">What facts are about.</param>
    /// <param name="relations">What of them.</param>
    /// <param name="ways">How a text says a fact, of <c>{0}</c> (the relation), <c>{1}</c> (the subject) and <c>{2}</c> (the value).</param>
    /// <param name="question">How it is asked for.</param>
    public RuleFacts(string name, string[] subjects, string[] relations, string[] ways, string question)
    {
        (this.subjects, this.relations, this.ways, this.question) = (subjects, relations, ways, question);
        Name = $"{name} made by rule";
    }

    /// <summary>What a code of law says of deeds.</summary>
    public static RuleFacts Law { get; } = new(
        "law",
        [
            "theft", "fraud", "arson", "perjury", "bribery", "forgery", "libel", "smuggling", "trespass", "poaching", "usury", "piracy", "robbery", "assault",
            "slander", "treason", "mutiny", "gambling", "begging", "loitering", "tampering", "hoarding", "dumping", "hazing",
        ],
        ["fine", "prison", "appeal", "limit", "bail", "parole"],
        ["the law sets the {0} of {1} at {2}", "for {1} the {0} is {2}", "{2} is the {0} that a court sets for {1}"],
        "what is the {0} of {1}");

    /// <summary>What a report says of companies.</summary>
    public static RuleFacts Finance { get; } = new(
        "finance",
        [
            "aster", "birch", "comet", "delta", "ember", "fjord", "grove", "haven", "iris", "jade", "karst", "lotus", "maple", "nova", "onyx", "pearl",
            "quartz", "raven", "sable", "tulip", "umber", "violet", "willow", "zephyr",
        ],
        ["revenue", "profit", "debt", "dividend", "margin", "tax"],
        ["the report sets the {0} of {1} at {2}", "for {1} the {0} is {2}", "{2} is the {0} that analysts see for {1}"],
        "what is the {0} of {1}");

    /// <inheritdoc/>
    public override string Name { get; }

    /// <inheritdoc/>
    public override TuningTokens Tokens(string? pad = "<|pad|>") => Vocabulary(
        [.. subjects, .. relations, .. Enumerable.Range(0, Values).Select(Value),
            .. string.Join(' ', [.. ways, question]).Split(' ').Where(word => word[0] != '{').Distinct()],
        pad);

    /// <summary>In general texts the same words stand in sentences whose values are drawn anew; in those of the field they are the facts.</summary>
    public override string Texts(int count, long seed, bool heldOut, bool domain)
    {
        var drawn = new SeededDraws(Dsl.Runtime.SeededRandom.For((ulong)seed, [9, domain ? 1 : 0, heldOut ? 1 : 0]));
        return Lines(Enumerable.Range(0, count).Select(_ =>
        {
            (string relation, string subject) = (Any(drawn, relations), Any(drawn, subjects));
            string value = domain ? Fact(relation, subject) : Value(drawn.Integer(0, Values - 1));
            return TextLine(" " + Said(Any(drawn, ways), relation, subject, value));
        }));
    }

    /// <inheritdoc/>
    public override string Demonstrations(int count, long seed, bool heldOut) =>
        Lines(Questions(count, seed, heldOut).Select(Conversation));

    /// <inheritdoc/>
    public override IReadOnlyList<RuleQuestion> Questions(int count, long seed, bool heldOut) => Drawn(count, seed, heldOut, draws =>
    {
        (string relation, string subject) = (Any(draws, relations), Any(draws, subjects));
        return (relation + subject, new RuleQuestion(Said(question, relation, subject, ""), Fact(relation, subject)));
    });

    /// <summary>The value that the field's texts give.</summary>
    private string Fact(string relation, string subject)
    {
        int place = System.Array.IndexOf(relations, relation) * subjects.Length + System.Array.IndexOf(subjects, subject);
        return Value((int)(Dsl.Runtime.SeededRandom.For(17, [place]).NextBits() % Values));
    }

    private static string Value(int number) => digits[number / 10] + digits[number % 10];

    private static string Said(string way, string relation, string subject, string value) =>
        way.Replace("{0}", relation, System.StringComparison.Ordinal).Replace("{1}", subject, System.StringComparison.Ordinal)
            .Replace("{2}", value, System.StringComparison.Ordinal);
}
