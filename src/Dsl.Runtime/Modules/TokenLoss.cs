using System.Collections.Generic;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>How an output follows from another by its last operation.</summary>
/// <param name="Input">What the head reads, a name that <see cref="IModel.Run"/> takes (and <see cref="IModel.Outputs"/> need not list).</param>
/// <param name="Product">The head.</param>
public sealed record OutputHead(string Input, Product Product);

/// <summary>
/// Cross entropy over the logits of one output. Where they are a head's, the run is asked for what the head reads instead, and the logits never exist whole.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="output">The logits' name.</param>
public sealed class TokenLoss(IModel model, string output)
{
    private readonly OutputHead? head = model.HeadOf(output);

    /// <summary>The output that a run must deliver.</summary>
    public string Reads => head?.Input ?? output;

    /// <summary>-log softmax(logits)[target], the mean over targets that are not ignored; NaN if all are.</summary>
    /// <param name="results">Of a run; they hold <see cref="Reads"/>.</param>
    /// <param name="targets">int64, an index for each row of logits, or <paramref name="ignore"/>.</param>
    /// <param name="ignore">Targets to leave out.</param>
    /// <returns>A scalar, in float32 at least.</returns>
    /// <exception cref="KeyNotFoundException">The run was not asked for <see cref="Reads"/>.</exception>
    public Tensor Of(IReadOnlyDictionary<string, Tensor> results, Tensor targets, long ignore = -100) => Of(results[Reads], targets, ignore);

    /// <summary>The same of what the run delivered as <see cref="Reads"/>.</summary>
    public Tensor Of(Tensor result, Tensor targets, long ignore = -100) => head is null
        ? Losses.CrossEntropy(result, targets, ignore)
        : Losses.CrossEntropy(result, head.Product, targets, ignore);

    /// <summary>The logits of some rows of what the run delivered as <see cref="Reads"/>.</summary>
    public Tensor Logits(Tensor rows) => head is null ? rows.alias() : head.Product.Apply(rows);
}
