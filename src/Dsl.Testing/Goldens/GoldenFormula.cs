using System;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Testing;

/// <summary>
/// A kind of case that no model answers: losses, optimisers, templates. Its folders hold <c>case.json</c> and no config; their names begin with the kind.
/// </summary>
/// <param name="Kind">What the names of such folders begin with; of two kinds that fit, the longer one counts.</param>
/// <param name="Compare">Makes the comparisons.</param>
/// <param name="Dtype">What is computed in; null for texts and ids.</param>
public sealed record GoldenFormula(string Kind, Action<FormulaRun> Compare, ScalarType? Dtype = ScalarType.Float64);
