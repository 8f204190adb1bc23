using System;
using System.Collections.Generic;
using System.Globalization;
using Dsl.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Training;

/// <summary>Part of a loss, by name.</summary>
public readonly record struct LossPart(string Name, double Value);

/// <summary>A loss to descend.</summary>
/// <param name="Total">A scalar with its graph.</param>
/// <param name="Parts">What it is made of, where that is more than one thing.</param>
public sealed record TrainingLoss(Tensor Total, IReadOnlyList<LossPart> Parts) : IDisposable
{
    /// <summary>A loss of one part.</summary>
    public TrainingLoss(Tensor total)
        : this(total, [])
    {
    }

    /// <summary>
    /// How much it counts among the losses whose gradients one step adds up: counted tokens for a mean over tokens, so that the step descends the mean over
    /// all of them; 1 for a mean over pairs, whose batches count alike.
    /// </summary>
    public double Weight { get; init; } = 1;

    /// <summary>The data begins anew after it: what was added up is stepped on, however little it is.</summary>
    public bool EndsPass { get; init; }

    /// <inheritdoc/>
    public void Dispose() => Total.Dispose();
}

/// <summary>
/// What a trainer learns: where batches come from, and what a model's loss on one is. What comes next depends on the position alone (and on torch's
/// generator, where a loss draws from it), so that a run can be saved and read back.
/// </summary>
public interface ITrainingData
{
    /// <summary>How messages call the text.</summary>
    string Name { get; }

    /// <summary>What is learned, as <c>--objective</c> calls it; null for the next token.</summary>
    string? Objective => null;

    /// <summary>Options of what is learned, by their words (<see cref="OptionRows.Write"/>): a checkpoint keeps them.</summary>
    IReadOnlyDictionary<string, string> Settings => new Dictionary<string, string>();

    /// <summary>SHA-256 of the text: a run goes on only with the text it began with.</summary>
    string Hash { get; }

    /// <summary>Where the next batch comes from; all of it in a short text.</summary>
    string Position { get; set; }

    /// <summary>Numbers that the next batches come from, where a text is too small for them; a checkpoint keeps them. They stay the data's own.</summary>
    IReadOnlyDictionary<string, Tensor> Held => new Dictionary<string, Tensor>();

    /// <summary>Takes what a checkpoint kept of <see cref="Held"/>, and owns it; comes before <see cref="Position"/> is set.</summary>
    void Hold(IReadOnlyDictionary<string, Tensor> held)
    {
    }

    /// <summary>The loss on the next batch.</summary>
    TrainingLoss Next(IModel model);

    /// <summary>The losses on so many held-out batches, the same ones each time.</summary>
    IEnumerable<TrainingLoss> HeldOut(IModel model, int batches);

    /// <summary>Writes what turns text into ids into the folder of a checkpoint.</summary>
    void Save(string folder);
}

/// <summary>Windows of a corpus at random places, and the cross entropy of each next token.</summary>
/// <param name="corpus">The text as ids.</param>
/// <param name="options">Rows, tokens in a row, and the seed.</param>
public sealed class NextTokenData(TokenCorpus corpus, TrainingOptions options) : ITrainingData
{
    /// <summary>Held-out batches are the same for every run and seed, so that their losses compare.</summary>
    private const ulong HeldOutSeed = 20;

    private readonly SeededRandom random = SeededRandom.For((ulong)options.Seed, [1]);

    /// <inheritdoc/>
    public string Name => corpus.Name;

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <inheritdoc/>
    public string Hash => corpus.Hash;

    /// <inheritdoc/>
    public string Position
    {
        get => random.State.ToString(CultureInfo.InvariantCulture);
        set => random.State = ulong.Parse(value, CultureInfo.InvariantCulture);
    }

    /// <inheritdoc/>
    public TrainingLoss Next(IModel model) => Loss(model, heldOut: false, random);

    /// <inheritdoc/>
    public IEnumerable<TrainingLoss> HeldOut(IModel model, int batches)
    {
        var fixedRandom = new SeededRandom(HeldOutSeed);
        for (int batch = 0; batch < batches; batch++)
        {
            yield return Loss(model, heldOut: true, fixedRandom);
        }
    }

    /// <inheritdoc/>
    public void Save(string folder) => corpus.Codec.Save(folder);

    private TrainingLoss Loss(IModel model, bool heldOut, SeededRandom places)
    {
        (Tensor inputs, Tensor targets) = corpus.Windows(heldOut, places, options.Batch, options.Context, model.Weights.Device);
        using (inputs)
        using (targets)
        {
            return Outputs.TokenLoss(model, new Dictionary<string, Tensor> { ["input_ids"] = inputs }, targets, "logits");
        }
    }
}
