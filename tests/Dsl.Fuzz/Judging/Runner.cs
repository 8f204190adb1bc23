using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Reflection;
using System.Text.RegularExpressions;
using Dsl.Fuzz.Tree;
using Dsl.Reference;
using Dsl.Runtime;
using Dsl.Testing;
using TorchSharp;
using static TorchSharp.torch;
using Program = Dsl.Fuzz.Tree.Program;

namespace Dsl.Fuzz.Judging;

/// <summary>Runs the model of an accepted program: every form of it against the reference, and some checks that need none.</summary>
internal static partial class Runner
{
    /// <summary>What the reference cannot say; few programs are asked, since little of it depends on the declaration.</summary>
    private static readonly string[] Rare = ["save and load", "module", "state"];

    private const int RareOneIn = 8;

    private const int Length = 16;

    /// <summary>Differences are what takes longest: a fault in one element's gradient is a fault in many programs'.</summary>
    private static readonly GradientSample Sampled = new(Elements: 1, Work: 60_000);

    /// <summary>What holds of a right model, too: a function need not read its weight, and a value may be named for nothing.</summary>
    private static readonly string[] NoFaults = ["is declared and nothing reads it"];

    /// <param name="program">Accepted by the compiler.</param>
    /// <param name="compiled">Holds it.</param>
    /// <param name="only">The kind of failure that is looked for (while shrinking); empty: all.</param>
    public static Verdict Judge(Program program, CompiledDeclarations compiled, string only = "")
    {
        try
        {
            Assembly assembly = compiled.Assembly;
            Type config = assembly.GetType($"{program.Space}.Config", throwOnError: true)!;
            ModelEntry entry = compiled.Models.Single(e => e.Type.FullName == $"{program.Space}.{program.Declarations[^1].Name}");
            // Where rows take the place of tokens, ids must be as many as there are rows: the reference counts them, the checks draw any.
            bool rare = program.Index % RareOneIn == 0 && !program.Declarations[^1].Brackets.Any(b => b.Parts.Any(part => part.Word == "Splice"));

            // Most programs run with one of their samples: what two of them find, they find in other programs, too.
            foreach (int sample in program.Samples == 1 || only.Length > 0 || rare ? Enumerable.Range(0, program.Samples) : [program.Index % program.Samples])
            {
                object values = config.GetProperty($"{Printer.SamplePrefix}{sample.ToString(CultureInfo.InvariantCulture)}")!.GetValue(null)!;
                Verdict verdict = Once(compiled, entry, values, rare || only.Length > 0, only, Pixels(program));
                if (program.Mutation is not null && verdict.Kind.StartsWith("build: " + nameof(ConfigException), StringComparison.Ordinal))
                {
                    // What was done to it asks of the config what it does not hold: said in a sentence when it is built.
                    continue;
                }

                if (verdict.Outcome == Outcome.Failed)
                {
                    return verdict with { Detail = $"sample {sample}: {verdict.Detail}" };
                }
            }

            return Verdict.Right;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            Exception inner = e is TargetInvocationException { InnerException: { } i } ? i : e;
            if (inner is ConfigException && program.Mutation is not null)
            {
                return Verdict.Right;
            }

            return Verdict.Failed($"running throws {inner.GetType().Name}: {Words(inner.Message)}", inner.ToString());
        }
    }

    private static Verdict Once(CompiledDeclarations compiled, ModelEntry entry, object config, bool rare, string only, string[] pixels)
    {
        string[] checks = Rare.FirstOrDefault(c => only.StartsWith(c + ":", StringComparison.Ordinal)) is { } one
            ? [one] : rare && only.Length == 0 ? Rare : [];
        if (checks.Length != 1)
        {
            // Gradients are what takes longest, and come last.
            Comparisons what = only.Length == 0 || only.StartsWith("gradient", StringComparison.Ordinal)
                ? Comparisons.All : Comparisons.All & ~Comparisons.Gradients;
            string[] found = [.. Agreement.Compare(compiled, entry.Name, config, 1, what, only.Length == 0 ? Sampled : null)
                .Where(s => !NoFaults.Any(n => s.Contains(n, StringComparison.Ordinal)))];
            if (found.Length > 0)
            {
                return Verdict.Failed(Words(found[0]), string.Join('\n', found));
            }
        }

        if (checks.Length == 0)
        {
            return Verdict.Right;
        }

        var options = new ModelCheckOptions
        {
            Length = Length,
            Only = checks,
            SingleTolerance = 2e-3,
            Tolerance = 1e-8,
            MakeInput = pixels.Length == 0 ? null : (_, rows, dtype) => Picture(pixels, rows, dtype),
        };
        return ModelChecks.Run(entry, config, options).FirstOrDefault() is { } failure
            ? Verdict.Failed($"{failure.Check}: {Words(failure.Problem)}", failure.Problem)
            : Verdict.Right;
    }

    /// <summary>The axes of the image that the model sees; none where it sees none.</summary>
    private static string[] Pixels(Program program) => program.Declarations[^1].Header
        .FirstOrDefault(part => part is { Word: "Input", Arguments: ["\"pixels\"", ..] })?.Arguments[1].Trim('"').Split(' ') ?? [];

    private static Tensor Picture(string[] axes, int rows, ScalarType dtype)
    {
        // A temporary may be finalised while native code reads it: each has a name.
        using Tensor line = torch.linspace(-1, 1, rows * 2 * 6 * 6, dtype), wave = line.sin();
        return wave.reshape([.. axes.Select(axis => axis switch { "b" => rows, "c" => 2L, _ => 6L })]);
    }

    /// <summary>Numbers and names of values do not tell kinds of failures apart.</summary>
    private static string Words(string problem)
    {
        string line = problem.Split('\n')[0];
        line = Quoted().Replace(line, "'_'");
        line = Numbers().Replace(line, "#");
        line = Places().Replace(line, "");
        return line.Length > 110 ? line[..110] : line;
    }

    [GeneratedRegex(@"'[^']*'")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"-?\d[\d.,eE+-]*")]
    private static partial Regex Numbers();

    [GeneratedRegex(@" (at \[|by # at|: #, the reference|at # it is).*$")]
    private static partial Regex Places();
}
