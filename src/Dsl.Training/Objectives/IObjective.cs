using System;
using System.Collections.Generic;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using Dsl.Runtime;
using Dsl.Text;
using Dsl.Training.Metrics;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Training.Objectives;

/// <summary>What a model is trained to do: examples of a text, and the loss on a batch of them.</summary>
public interface IObjective : IExampleMaker
{
    /// <summary>What <c>--objective</c> calls it.</summary>
    string Name { get; }

    /// <summary>Fills rows of ids.</summary>
    int Pad { get; }

    /// <summary>The token that the decoder of an encoder-decoder begins with; null where nothing is written.</summary>
    int? DecoderStart => null;

    /// <summary>The loss on a batch; the caller disposes it.</summary>
    TrainingLoss Loss(IModel model, Batch batch);
}

/// <summary>A text and what is made of it.</summary>
public readonly record struct ObjectiveText(TextSource Source, IObjective Objective);

/// <summary>An objective over a text, or over several that are mixed, for a trainer: nine tenths of each to train on, the last tenth held out.</summary>
public sealed class ObjectiveData : ITrainingData
{
    /// <summary>Held-out batches are the same for every run and seed, so that their losses compare.</summary>
    private const ulong HeldOutSeed = 20;

    private readonly IReadOnlyList<ObjectiveText> texts;
    private readonly IObjective objective;
    private readonly double alpha;
    private readonly ITokenizer tokenizer;
    private readonly IExampleStream stream;
    private readonly int rows;
    private readonly List<IReadOnlyList<Example>> heldOutBatches = [];

    /// <param name="source">The text.</param>
    /// <param name="objective">What is made of it.</param>
    /// <param name="tokenizer">Kept beside checkpoints.</param>
    /// <param name="rows">Examples in a batch.</param>
    /// <param name="seed">Of the noise and the order.</param>
    /// <param name="fresh">New noise in every pass over the text.</param>
    public ObjectiveData(TextSource source, IObjective objective, ITokenizer tokenizer, int rows, long seed, bool fresh = true)
        : this([new ObjectiveText(source, objective)], 1, tokenizer, rows, seed, fresh)
    {
    }

    /// <param name="texts">At least one; all objectives of one kind, so that the first one's loss is that of all.</param>
    /// <param name="alpha">How often each text is drawn: in proportion to its size to this power (<see cref="MixedStream"/>).</param>
    /// <param name="tokenizer">Kept beside checkpoints.</param>
    /// <param name="rows">Examples in a batch.</param>
    /// <param name="seed">Of the noise and the order.</param>
    /// <param name="fresh">New noise in every pass over a text.</param>
    public ObjectiveData(IReadOnlyList<ObjectiveText> texts, double alpha, ITokenizer tokenizer, int rows, long seed, bool fresh = true)
    {
        this.texts = texts;
        this.alpha = alpha;
        this.tokenizer = tokenizer;
        this.rows = rows;
        objective = texts[0].Objective;
        stream = Stream(heldOut: false, (ulong)seed, fresh);
        string[] hashes = [.. texts.Select(text => text.Source.Hash())];
        Hash = hashes.Length == 1 ? hashes[0] : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join(' ', hashes))));
    }

    /// <inheritdoc/>
    public string Name => string.Join(", ", texts.Select(text => text.Source.Name));

    /// <inheritdoc/>
    public string? Objective => objective.Name;

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <inheritdoc/>
    public string Hash { get; }

    /// <inheritdoc/>
    public string Position
    {
        get => stream.Position;
        set => stream.Position = value;
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
            IExampleStream once = Stream(heldOut: true, HeldOutSeed, fresh: true);
            heldOutBatches.AddRange(Enumerable.Range(0, batches).Select(_ => once.Next()));
        }

        return heldOutBatches.Take(batches);
    }

    private IExampleStream Stream(bool heldOut, ulong seed, bool fresh)
    {
        TextShards Part(TextSource source) => heldOut ? TextShards.Split(source).HeldOut : TextShards.Split(source).Training;

        return texts.Count == 1 ? new ExampleStream(Part(texts[0].Source), objective, rows, seed, fresh)
            : new MixedStream([.. texts.Select(text => (Part(text.Source), (IExampleMaker)text.Objective))], alpha, rows, seed, fresh);
    }

    private TrainingLoss Loss(IModel model, IReadOnlyList<Example> examples)
    {
        using var batch = new Batch(examples, objective.Pad, model.Weights.Device);
        return objective.Loss(model, batch);
    }
}
