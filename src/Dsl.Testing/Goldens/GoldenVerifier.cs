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

    /// <summary>Whether a case's architecture is declared.</summary>
    /// <exception cref="ConfigException">Its config.json cannot be read.</exception>
    public bool Supports(string folder) => ConfigReader.Open(folder).Architectures.Any(name => models.Find(name) is not null);

    /// <summary>The cases at a path (itself, or its direct subfolders): of models, then of models with an adapter's folder beside them.</summary>
    public static IReadOnlyList<string> Find(string path) => [.. GoldenCase.Find(path), .. GoldenAdapter.Find(path)];

    /// <summary>The cases at a path (a case's folder, or a folder of cases) that no declared model answers to, each with the reason.</summary>
    public IReadOnlyList<UnsupportedCase> Unsupported(string path) =>
        [.. GoldenCase.Find(path).Where(folder => !Supports(folder)).Select(folder => new UnsupportedCase(folder, Reason(folder)))];

    /// <summary>Verifies one case. What cannot be compared is a row that missed, with the reason as its note.</summary>
    /// <param name="folder">The case's folder.</param>
    /// <param name="dtypes">Dtypes to run in; none: float32 and float64.</param>
    /// <exception cref="FormatException">The case's own files are at fault.</exception>
    public GoldenReport Verify(string folder, params ScalarType[] dtypes)
    {
        ScalarType[] asked = dtypes.Length == 0 ? [ScalarType.Float32, ScalarType.Float64] : dtypes;
        var rows = new List<GoldenRow>();
        if (GoldenAdapter.IsCase(folder))
        {
            foreach (ScalarType dtype in asked)
            {
                Attempt(rows, "model", dtype, () => new GoldenAdapter(models, folder, dtype, rows).Run());
            }

            return new GoldenReport(Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))), GoldenAdapter.WhatOf(folder), rows);
        }

        using var golden = GoldenCase.Open(folder);
        foreach (ScalarType dtype in asked)
        {
            var checks = new List<GoldenRow>();
            Attempt(checks, "model", dtype, () =>
            {
                using DisposeScope scope = NewDisposeScope();
                using IModel model = models.Load(folder, dtype);
                model.Module.eval();
                All(new GoldenRun(golden, model, dtype, rules, checks));
            });
            rows.AddRange(checks);
        }

        return new GoldenReport(golden.Name, golden.What, rows);
    }

    /// <summary>Runs one check; an exception becomes a row that missed, and the answer is false.</summary>
    internal static bool Attempt(List<GoldenRow> rows, string check, ScalarType dtype, Action compare)
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

    private string Reason(string folder)
    {
        try
        {
            models.Find(ConfigReader.Open(folder));
            return "";
        }
        catch (ConfigException e)
        {
            return e.Message;
        }
    }
}
