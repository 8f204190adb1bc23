using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Reflection;
using System.Text.RegularExpressions;
using Dsl.Fuzz.Tree;
using Dsl.Runtime;
using Dsl.Runtime.Testing;
using TorchSharp;
using static TorchSharp.torch;
using Program = Dsl.Fuzz.Tree.Program;

namespace Dsl.Fuzz.Judging;

/// <summary>Runs the model of an accepted program with each sample of its config: its forms, padding, files, gradients.</summary>
internal static partial class Runner
{
    /// <summary>Checks that hold of every model, whatever was declared; the second half, which asks for little that depends on the declaration, of few.</summary>
    private static readonly string[] Checks = ["forms", "padded forms", "rows", "causal"], Rare = ["save and load", "module", "state"];

    private const int RareOneIn = 6;

    private const string GradientsKind = "gradients";

    private const int Length = 16;

    /// <summary>What a right model may do: a value that nothing needs, a function that a token does not move.</summary>
    private static readonly string[] NoFaults = ["does not change 'logits' there", "does not change 'hidden' there"];

    /// <param name="program">Accepted by the compiler.</param>
    /// <param name="assembly">Holds it.</param>
    /// <param name="only">The kind of failure that is looked for (while shrinking); empty: all.</param>
    public static Verdict Judge(Program program, Assembly assembly, string only = "")
    {
        try
        {
            return Run(program, assembly, only);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            Exception inner = e is TargetInvocationException { InnerException: { } i } ? i : e;
            return Verdict.Failed($"building throws {inner.GetType().Name}: {Words(inner.Message)}", inner.ToString());
        }
    }

    private static Verdict Run(Program program, Assembly assembly, string only)
    {
        Type config = assembly.GetType($"{program.Space}.Config", throwOnError: true)!;
        ModelEntry entry = Entries(assembly).Single(e => e.Type.FullName == $"{program.Space}.{program.Declarations[^1].Name}");
        bool smooth = IsSmooth(program), rare = program.Index % RareOneIn == 0;

        // Every other program by turns with one sample: what two of them find, they find in other programs, too.
        foreach (int sample in program.Samples == 1 || only.Length > 0 || rare ? Enumerable.Range(0, program.Samples) : [program.Index % program.Samples])
        {
            object values = config.GetProperty($"{Printer.SamplePrefix}{sample.ToString(CultureInfo.InvariantCulture)}")!.GetValue(null)!;
            string at = $"sample {sample}: ";
            Verdict verdict = Once(entry, values, 1, smooth, rare, only);

            // A function with jumps is right on both sides of one: only what fails for any numbers counts.
            if (verdict.Outcome == Outcome.Failed && !smooth)
            {
                Verdict again = Once(entry, values, 2, smooth, rare, only), third = Once(entry, values, 3, smooth, rare, only);
                verdict = again.Kind == verdict.Kind && third.Kind == verdict.Kind ? verdict : Verdict.Right;
            }

            if (verdict.Outcome == Outcome.Failed)
            {
                return verdict with { Detail = at + verdict.Detail };
            }
        }

        return Verdict.Right;
    }

    private static Verdict Once(ModelEntry entry, object config, int seed, bool smooth, bool rare, string only)
    {
        string[] all = [.. Checks, .. rare ? Rare : []];
        string[] checks = all.FirstOrDefault(c => only.StartsWith(c + ":", StringComparison.Ordinal)) is { } one ? [one] : all;
        if (only == GradientsKind)
        {
            return Gradients.Judge(entry, config, seed, smooth);
        }

        // Short sequences are longer than every window; a long one, beyond a cache's first size, would take most of the time.
        var options = new ModelCheckOptions { Seed = seed, Length = Length, Only = checks, SingleTolerance = 2e-3, Tolerance = 1e-8 };
        IEnumerable<ModelFailure> failures = ModelChecks.Run(entry, config, options).Where(f => !NoFaults.Any(n => f.Problem.Contains(n, StringComparison.Ordinal)));
        return failures.FirstOrDefault() is { } failure
            ? Verdict.Failed($"{failure.Check}: {Words(failure.Problem)}", failure.Problem)
            : Gradients.Judge(entry, config, seed, smooth);
    }

    /// <summary>Numbers and names of values do not tell kinds of failures apart.</summary>
    private static string Words(string problem)
    {
        string line = problem.Split('\n')[0];
        line = Quoted().Replace(line, "'_'");
        line = Numbers().Replace(line, "#");
        return line.Length > 110 ? line[..110] : line;
    }

    private static IEnumerable<ModelEntry> Entries(Assembly assembly)
    {
        Type registry = assembly.GetTypes().First(t => t.FullName == "Dsl.Assemblies.OfFuzzed");
        return (IEnumerable<ModelEntry>)registry.GetProperty("All", BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)!.GetValue(null)!;
    }

    private static bool IsSmooth(Program program)
    {
        string text = Printer.Print(program);
        return !Jumps().IsMatch(text);
    }

    [GeneratedRegex(@"'[^']*'")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"-?\d[\d.,eE+-]*")]
    private static partial Regex Numbers();

    [GeneratedRegex(@"Max\(|Min\(|Abs\(|Clamp\(|Sign\(|Floor\(|Round\(|Ceiling\(|Truncate\(|Relu|if \(| % 0\.7|[\w)] [<>]=? [\w(-].* \? ")]
    private static partial Regex Jumps();
}
