using System.Collections.Generic;

namespace Dsl.Fuzz.Judging;

/// <summary>What became of a program.</summary>
internal enum Outcome
{
    /// <summary>It compiles; what ran agrees.</summary>
    Right,

    /// <summary>A diagnostic of the language, at a token of it.</summary>
    Refused,

    /// <summary>A mutation that the C# compiler itself refuses, in the user's text.</summary>
    NotCSharp,

    /// <summary>What must hold does not.</summary>
    Failed,
}

/// <summary>What became of a program, and why.</summary>
/// <param name="Outcome">Of the four.</param>
/// <param name="Kind">Of a failure: what it has in common with others of its cause; of a refusal: ids of the diagnostics.</param>
/// <param name="Detail">In full.</param>
internal sealed record Verdict(Outcome Outcome, string Kind = "", string Detail = "")
{
    public static Verdict Right { get; } = new(Outcome.Right);

    public static Verdict Failed(string kind, string detail) => new(Outcome.Failed, kind, detail);
}
