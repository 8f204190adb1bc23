using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Fuzz.Tree;
using Program = Dsl.Fuzz.Tree.Program;

namespace Dsl.Fuzz.Judging;

/// <summary>Compiles programs together and runs those that were accepted.</summary>
internal static class Judge
{
    /// <summary>Each program with its verdict, in their order.</summary>
    /// <param name="programs">Of different namespaces.</param>
    /// <param name="begins">Told of each program before it runs: what ends the process then is its fault.</param>
    public static IEnumerable<(Program Program, Verdict Verdict)> All(IReadOnlyList<Program> programs, Action<Program>? begins = null)
    {
        using Compiler compiled = Compiler.Compile(programs);
        foreach (Program program in programs)
        {
            begins?.Invoke(program);
            yield return (program, Of(program, compiled, ""));
        }
    }

    /// <summary>The smallest program found that fails in the same way.</summary>
    public static Program Shrink(Program program, string kind, TimeSpan limit)
    {
        // What is valid by construction is not so any more once pieces are missing: then other refusals of the same kind would be found.
        return kind.StartsWith("valid", StringComparison.Ordinal) ? program : new Shrinker(candidate => Alone(candidate, kind).Kind == kind, limit).Shrink(program);
    }

    private static Verdict Alone(Program program, string only)
    {
        using Compiler compiled = Compiler.Compile([program]);
        return Of(program, compiled, only);
    }

    private static Verdict Of(Program program, Compiler compiled, string only)
    {
        Verdict verdict = compiled.Verdicts[program.Space];
        return verdict.Outcome == Outcome.Right && program.Declarations[^1].IsModel ? Runner.Judge(program, compiled.Assembly!, only) : verdict;
    }
}
