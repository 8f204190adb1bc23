using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using TorchSharp;
using Zoo.Metrics;
using Zoo.Text;
using Zoo.Training;
using static TorchSharp.torch;

namespace Zoo.Objectives;

/// <summary>What a model is trained to do: examples of a text, and the loss on a batch of them.</summary>
public interface IObjective : IExampleMaker
{
    /// <summary>What <c>--objective</c> calls it.</summary>
    string Name { get; }

    /// <summary>Fills rows of ids.</summary>
    int Pad { get; }

    /// <summary>The loss on a batch; the caller disposes it.</summary>
    TrainingLoss Loss(IModel model, Batch batch);
}

/// <summary>An objective over a text, for a trainer: nine tenths to train on, the last tenth held out.</summary>
public sealed class ObjectiveData : ITrainingData
{
    /// <summary>Held-out batches are the same for every run and seed, so that their losses compare.</summary>
    private const ulong HeldOutSeed = 20;

    private readonly TextSource source;
    private readonly IObjective objective;
    private readonly ITokenizer tokenizer;
    private readonly ExampleStream stream;
    private readonly TextShards heldOut;
    private readonly int rows;
    private readonly List<IReadOnlyList<Example>> heldOutBatches = [];

    /// <param name="source">The text.</param>
    /// <param name="objective">What is made of it.</param>
    /// <param name="tokenizer">Kept beside checkpoints.</param>
    /// <param name="rows">Examples in a batch.</param>
    /// <param name="seed">Of the noise and the order.</param>
    /// <param name="fresh">New noise in every pass over the text.</param>
    public ObjectiveData(TextSource source, IObjective objective, ITokenizer tokenizer, int rows, long seed, bool fresh = true)
    {
        this.source = source;
        this.objective = objective;
        this.tokenizer = tokenizer;
        this.rows = rows;
        (TextShards training, heldOut) = TextShards.Split(source);
        stream = new ExampleStream(training, objective, rows, (ulong)seed, fresh);
        Hash = source.Hash();
    }

    /// <inheritdoc/>
    public string Name => source.Name;

    /// <inheritdoc/>
    public string? Objective => objective.Name;

    /// <inheritdoc/>
    public string Hash { get; }

    /// <inheritdoc/>
    public string Position
    {
        get => stream.Position.ToString();
        set => stream.Position = StreamPosition.Parse(value);
    }

    /// <inheritdoc/>
    public TrainingLoss Next(IModel model) => Loss(model, stream.Next());

    /// <inheritdoc/>
    public IEnumerable<TrainingLoss> HeldOut(IModel model, int batches) => HeldOutExamples(batches).Select(batch => Loss(model, batch));

    /// <summary>The unigram entropy, in nats, of the tokens that count in the held-out batches; null where nothing does.</summary>
    public double? TargetEntropy(int batches)
    {
        long[] counts = [.. HeldOutExamples(batches).SelectMany(batch => batch).SelectMany(example => example.Rows.GetValueOrDefault("labels", []))
            .Where(label => label != MaskedTokens.Ignored).GroupBy(label => label).Select(group => group.LongCount())];
        return counts.Length > 0 ? Perplexity.UnigramEntropy(counts) : null;
    }

    /// <inheritdoc/>
    public void Save(string folder) => tokenizer.Save(folder);

    private IEnumerable<IReadOnlyList<Example>> HeldOutExamples(int batches)
    {
        if (heldOutBatches.Count < batches)
        {
            heldOutBatches.Clear();
            var once = new ExampleStream(heldOut, objective, rows, HeldOutSeed);
            heldOutBatches.AddRange(Enumerable.Range(0, batches).Select(_ => once.Next()));
        }

        return heldOutBatches.Take(batches);
    }

    private TrainingLoss Loss(IModel model, IReadOnlyList<Example> examples)
    {
        using var batch = new Batch(examples, objective.Pad, model.Weights.Device);
        return objective.Loss(model, batch);
    }
}

/// <summary>Losses over the outputs of one run of a model.</summary>
internal static class Outputs
{
    /// <summary>Runs a model on what it takes of a batch, and lets go of the outputs when the loss is made.</summary>
    internal static TrainingLoss Loss(IModel model, Batch batch, Func<IReadOnlyDictionary<string, Tensor>, TrainingLoss> loss, params string[] outputs)
    {
        IReadOnlyDictionary<string, Tensor> results = model.Run(batch.For(model), outputs);
        try
        {
            return loss(results);
        }
        finally
        {
            foreach (Tensor result in results.Values)
            {
                result.Dispose();
            }
        }
    }

    /// <summary>The sum of losses, with the value of each.</summary>
    internal static TrainingLoss Sum(params (string Name, double Weight, Tensor Loss)[] losses)
    {
        Tensor total = losses[0].Loss * losses[0].Weight;
        foreach ((_, double weight, Tensor loss) in losses.Skip(1))
        {
            using Tensor before = total;
            using Tensor weighted = loss * weight;
            total = before + weighted;
        }

        var parts = new List<LossPart>();
        foreach ((string name, _, Tensor loss) in losses)
        {
            using (loss)
            using (Tensor wide = loss.to(ScalarType.Float64))
            {
                parts.Add(new LossPart(name, wide.item<double>()));
            }
        }

        return new TrainingLoss(total, parts);
    }
}
