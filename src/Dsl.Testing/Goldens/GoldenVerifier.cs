using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using Dsl.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Testing;

/// <summary>A case that cannot be verified, and why.</summary>
/// <param name="Folder">Where it lies.</param>
/// <param name="Reason">In a sentence.</param>
public sealed record UnsupportedCase(string Folder, string Reason);

/// <summary>
/// Compares models with what their published implementations answer, and their forms with one another: outputs, every gradient, left padding, greedy
/// tokens, the parallel form against <c>Advance</c> in chunks of 1, 3 and all at every position, in float32 and in float64.
/// </summary>
/// <param name="models">The declared models; a case is of the one that answers to the architecture that its config.json names.</param>
/// <param name="rules">What the cases do not say of their classes.</param>
public sealed class GoldenVerifier(ModelRegistry models, GoldenRules? rules = null)
{
    private readonly GoldenRules rules = rules ?? new GoldenRules();

    /// <summary>A verifier of the models that an assembly declares.</summary>
    public GoldenVerifier(Assembly assembly, GoldenRules? rules = null)
        : this(ModelRegistry.Of(assembly), rules)
    {
    }

    /// <summary>Whether a case's architecture is declared, or its kind known.</summary>
    /// <exception cref="ConfigException">Its config.json cannot be read.</exception>
    public bool Supports(string folder)
    {
        if (rules.FormulaOf(folder) is not null)
        {
            return true;
        }

        IReadOnlyList<string> named = ConfigReader.Open(GoldenCase.ModelFolderOf(folder)).Architectures;
        return named.Count > 0 ? named.Any(name => models.Find(name) is not null) : GoldenAdapter.IsCase(folder) && Reason(folder).Length == 0;
    }

    /// <summary>
    /// The cases at a path (itself, or its direct subfolders) in order of name: of models, of models with an adapter's folder beside them, and of the rules'
    /// kinds that no model answers.
    /// </summary>
    public IReadOnlyList<string> Find(string path) => IsCase(path) ? [path]
        : Directory.Exists(path) ? [.. Directory.GetDirectories(path).Where(IsCase).Order(StringComparer.Ordinal)] : [];

    /// <summary>The kinds of cases that no model answers.</summary>
    public IEnumerable<string> Kinds => rules.Formulas.Select(formula => formula.Kind);

    /// <summary>The cases at a path (a case's folder, or a folder of cases) that no declared model answers to, each with the reason.</summary>
    public IReadOnlyList<UnsupportedCase> Unsupported(string path) =>
        [.. Find(path).Where(folder => !Supports(folder)).Select(folder => new UnsupportedCase(folder, Reason(folder)))];

    /// <summary>Verifies one case. What cannot be compared is a row that missed, with the reason as its note.</summary>
    /// <param name="folder">The case's folder.</param>
    /// <param name="dtypes">Dtypes that a model runs in; none: float32 and float64. A kind without a model has its own.</param>
    /// <exception cref="FormatException">The files of a model's case are at fault.</exception>
    public GoldenReport Verify(string folder, params ScalarType[] dtypes)
    {
        if (rules.FormulaOf(folder) is { } formula)
        {
            return new FormulaRun(formula, folder).Report();
        }

        ScalarType[] asked = dtypes.Length == 0 ? [ScalarType.Float32, ScalarType.Float64] : dtypes;
        var rows = new List<GoldenRow>();
        using var golden = GoldenCase.Open(folder);
        foreach (ScalarType dtype in asked)
        {
            var checks = new List<GoldenRow>();
            Attempt(checks, "model", dtype, () =>
            {
                using DisposeScope scope = NewDisposeScope();
                using IModel model = models.Load(golden.ModelFolder, dtype);
                model.Module.eval();
                All(new GoldenRun(golden, model, dtype, rules, checks));
            });
            rows.AddRange(checks);
        }

        return new GoldenReport(golden.Name, golden.What, rows);
    }

    /// <summary>Runs one check; an exception becomes a row that missed, and the answer is false.</summary>
    internal static bool Attempt(List<GoldenRow> rows, string check, ScalarType? dtype, Action compare)
    {
        try
        {
            compare();
            return true;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // A native exception carries its stack of frames along.
            rows.Add(new GoldenRow(check, dtype, double.PositiveInfinity, 0, e.Message.Split('\n')[0]));
            return false;
        }
    }

    private void All(GoldenRun run)
    {
        if (rules.Procedures.FirstOrDefault(procedure => procedure.Is(run.Case)) is { } procedure)
        {
            procedure.Run(run);
            return;
        }

        if (run.Case.AdapterFolder is { } adapter)
        {
            new GoldenAdapter(run, adapter).Compare();
            return;
        }

        GoldenCheck[] checks = [.. GoldenForms.Checks, .. GoldenRouting.Checks, .. rules.Checks];
        string[] direct = [.. run.Case.Outputs.Keys.Where(name => name != "loss" && !checks.Any(check => check.Reads(name)))];
        GoldenOutputs.Compare(run, direct);
        GoldenGradients.Compare(run);
        GoldenOutputs.Layouts(run, models);
        foreach (GoldenCheck check in checks.Where(check => run.Case.Outputs.Keys.Any(check.Reads)))
        {
            check.Run(run);
        }
    }

    private bool IsCase(string folder) => GoldenCase.IsCase(folder) || GoldenAdapter.IsCase(folder) || rules.FormulaOf(folder) is not null;

    private string Reason(string folder)
    {
        try
        {
            models.Find(ConfigReader.Open(GoldenCase.ModelFolderOf(folder)));
            return "";
        }
        catch (ConfigException e)
        {
            return e.Message;
        }
    }
}
