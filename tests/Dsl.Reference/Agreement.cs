using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Reference.Comparing;
using TorchSharp;

namespace Dsl.Reference;

/// <summary>What <see cref="Agreement.Compare"/> compares.</summary>
[Flags]
public enum Comparisons
{
    /// <summary>The parallel form in each way that it can be computed, padded and not.</summary>
    Parallel = 1,

    /// <summary>The stateful form in chunks.</summary>
    Stateful = 2,

    /// <summary>Saving and loading.</summary>
    Files = 4,

    /// <summary>Gradients of every weight; that every weight is read.</summary>
    Gradients = 8,

    /// <summary>All of them.</summary>
    All = Parallel | Stateful | Files | Gradients,
}

/// <summary>How many gradients <see cref="Agreement.Compare"/> takes differences of: each costs the reference two runs.</summary>
/// <param name="Weights">At most so many weights, drawn by the seed.</param>
/// <param name="Elements">Of each: 1, the element with the largest gradient or one drawn; 2, both.</param>
/// <param name="Work">The reference computes about so many nodes for them, or three weights' worth: where tokens train weights, a run costs thousands.</param>
public sealed record GradientSample(int Weights = int.MaxValue, int Elements = 2, long Work = long.MaxValue);

/// <summary>Compares a generated model with what its declaration means.</summary>
public static class Agreement
{
    /// <summary>
    /// Builds the model in float64, gives it and the reference the same random weights, and compares every form of it with the reference.
    /// </summary>
    /// <param name="compiled">Sources that compile.</param>
    /// <param name="modelName">The model's class, without its namespace.</param>
    /// <param name="config">An object of the compiled assembly's config record.</param>
    /// <param name="seed">Decides weights and inputs.</param>
    /// <param name="what">Which comparisons.</param>
    /// <param name="sample">How many gradients; null: of every weight two.</param>
    /// <returns>A sentence for each disagreement: the form, the output, the largest difference, where. Empty where all agree.</returns>
    public static IReadOnlyList<string> Compare(
        CompiledDeclarations compiled, string modelName, object config, int seed, Comparisons what = Comparisons.All, GradientSample? sample = null)
    {
        var report = new Report();
        int threads = torch.get_num_threads();
        torch.set_num_threads(1);
        try
        {
            report.Try("build", () =>
            {
                using var scope = torch.NewDisposeScope();
                using var subject = new Subject(compiled, modelName, config, seed);
                if (!ParallelComparison.Run(subject, report))
                {
                    return;
                }

                foreach ((Comparisons which, Action<Subject, Report> run) in new (Comparisons, Action<Subject, Report>)[]
                {
                    (Comparisons.Stateful, StatefulComparison.Run), (Comparisons.Files, FileComparison.Run),
                        (Comparisons.Gradients, (s, r) => GradientComparison.Run(s, r, sample ?? new GradientSample())),
                }.Where(c => what.HasFlag(c.Item1)))
                {
                    report.Try(which.ToString(), () => run(subject, report));
                }
            });
        }
        finally
        {
            torch.set_num_threads(threads);
        }

        return report.Statements;
    }
}
