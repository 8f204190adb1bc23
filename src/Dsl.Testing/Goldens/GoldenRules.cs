using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Testing;

/// <summary>A comparison that is more than "run the model on the inputs": of a state, of a layer alone, of the tokens that a search finds.</summary>
/// <param name="Name">What it is, in a word or two.</param>
/// <param name="Reads">Whether the case's output of this name (without <c>out.</c>) is compared here; others are taken for outputs of the model.</param>
/// <param name="Run">Makes the comparisons, by <see cref="GoldenRun.Compare"/> and the like; runs for cases with such an output alone.</param>
public sealed record GoldenCheck(string Name, Func<string, bool> Reads, Action<GoldenRun> Run)
{
    /// <summary>A comparison with one output.</summary>
    public GoldenCheck(string output, Action<GoldenRun, Tensor> run)
        : this(output, name => name == output, golden => run(golden, golden.Case.Outputs[output]))
    {
    }
}

/// <summary>A case that is more than a forward pass (optimiser steps, say), and what is compared instead of everything else.</summary>
/// <param name="Is">Whether a case is such a one.</param>
/// <param name="Run">Makes the comparisons.</param>
public sealed record GoldenProcedure(Func<GoldenCase, bool> Is, Action<GoldenRun> Run);

/// <summary>What a verifier has to know of published classes beyond what their cases say; add to it what yours need.</summary>
public sealed record GoldenRules
{
    /// <summary>Losses by class name; the longest name that a case's class ends with counts.</summary>
    public IReadOnlyList<GoldenLoss> Losses { get; init; } = GoldenLoss.Common;

    /// <summary>
    /// What begins the names of classes that compute something in float32 whatever the weights' dtype (a norm, a softmax), so that their answers in float64
    /// are known to that rounding only. A case can say so itself: <c>float32_inside</c> in case.json.
    /// </summary>
    public IReadOnlyList<string> Float32Pockets { get; init; } = [];

    /// <summary>
    /// By the beginning of a class's name: the first decoder token [batch, 1] of each row, from the labels [batch, time] (padding in place of what is ignored)
    /// and the padding token. Others start with the config's <c>decoder_start_token_id</c>.
    /// </summary>
    public IReadOnlyDictionary<string, Func<Tensor, long, Tensor>> DecoderStarts { get; init; } = new Dictionary<string, Func<Tensor, long, Tensor>>();

    /// <summary>Comparisons beside those that every case gets.</summary>
    public IReadOnlyList<GoldenCheck> Checks { get; init; } = [];

    /// <summary>Cases that are more than a forward pass.</summary>
    public IReadOnlyList<GoldenProcedure> Procedures { get; init; } = [];

    /// <summary>Cases that no model answers.</summary>
    public IReadOnlyList<GoldenFormula> Formulas { get; init; } = [];

    /// <summary>What outputs of the case's class may differ by in a dtype.</summary>
    public double Tolerance(GoldenCase golden, ScalarType dtype) => GoldenTolerance.Output(
        dtype, golden.Float32Inside || Float32Pockets.Any(name => golden.Architecture.StartsWith(name, StringComparison.Ordinal)));

    /// <summary>The kind of a case that no model answers; null for others.</summary>
    internal GoldenFormula? FormulaOf(string folder) =>
        File.Exists(Path.Combine(folder, "case.json")) && !File.Exists(Path.Combine(folder, "config.json")) && !GoldenAdapter.IsCase(folder)
            ? Formulas.Where(formula => GoldenCase.NameOf(folder).StartsWith(formula.Kind, StringComparison.Ordinal)).MaxBy(formula => formula.Kind.Length)
            : null;

    internal Tensor DecoderInputs(GoldenCase golden) => GoldenLoss.DecoderInputs(
        golden, DecoderStarts.FirstOrDefault(start => golden.Architecture.StartsWith(start.Key, StringComparison.Ordinal)).Value);
}
