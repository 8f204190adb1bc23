using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Fuzz.Tree;
using Dsl.Reference;
using Program = Dsl.Fuzz.Tree.Program;

namespace Dsl.Fuzz.Judging;

/// <summary>Compiles programs together and runs those that were accepted.</summary>
internal static class Judge
{
    private const string WithoutFusion = "without fusion, ";

    /// <summary>One in so many programs runs with the compiler's passes and without.</summary>
    private const int UnfusedOneIn = 4;

    /// <summary>Each program with its verdict, in their order.</summary>
    /// <param name="programs">Of different namespaces.</param>
    /// <param name="runs">False: what is accepted is right.</param>
    /// <param name="begins">Told of each program before it runs: what ends the process then is its fault.</param>
    public static IEnumerable<(Program Program, Verdict Verdict)> All(IReadOnlyList<Program> programs, bool runs = true, Action<Program>? begins = null)
    {
        IReadOnlyDictionary<string, Verdict> verdicts = Compiler.Compile(programs, out CompiledDeclarations together);
        using CompiledDeclarations first = together;
        Program[] accepted = [.. programs.Where(p => runs && verdicts[p.Space].Outcome == Outcome.Right)];
        using CompiledDeclarations? others = together.IsLoaded || accepted.Length == 0 ? null : Load(accepted, fuse: true);
        CompiledDeclarations compiled = others ?? together;
        using CompiledDeclarations unfused = Load([.. accepted.Where(IsUnfused)], fuse: false);
        foreach (Program program in programs)
        {
            begins?.Invoke(program);
            Verdict verdict = verdicts[program.Space];
            if (runs && verdict.Outcome == Outcome.Right)
            {
                verdict = Run(program, compiled, "");
                verdict = verdict.Outcome == Outcome.Right && IsUnfused(program) ? Unfused(Run(program, unfused, "")) : verdict;
            }

            yield return (program, verdict);
        }
    }

    /// <summary>The smallest program found that fails in the same way.</summary>
    public static Program Shrink(Program program, string kind, TimeSpan limit)
    {
        // What is valid by construction is not so any more once pieces are missing: then other refusals of the same kind would be found.
        return kind.StartsWith("valid", StringComparison.Ordinal) ? program
            : new Shrinker(candidate => Alone(candidate, kind).Kind == kind, limit).Shrink(program);
    }

    private static bool IsUnfused(Program program) => program.Index % UnfusedOneIn == 1;

    private static Verdict Unfused(Verdict verdict) => verdict.Outcome == Outcome.Right ? verdict : verdict with { Kind = WithoutFusion + verdict.Kind };

    private static CompiledDeclarations Load(IReadOnlyList<Program> programs, bool fuse) =>
        CompiledDeclarations.Compile(programs.Select(p => (p.Space + ".cs", Printer.Print(p))), fuse, areValid: true);

    private static Verdict Alone(Program program, string only)
    {
        Verdict verdict = Compiler.Alone(program);
        if (verdict.Outcome != Outcome.Right)
        {
            return verdict;
        }

        bool fuse = !only.StartsWith(WithoutFusion, StringComparison.Ordinal);
        using CompiledDeclarations compiled = Load([program], fuse);
        return fuse ? Run(program, compiled, only) : Unfused(Run(program, compiled, only[WithoutFusion.Length..]));
    }

    private static Verdict Run(Program program, CompiledDeclarations compiled, string only) =>
        program.Declarations.Count > 0 && program.Declarations[^1].IsModel ? Runner.Judge(program, compiled, only) : Verdict.Right;
}
