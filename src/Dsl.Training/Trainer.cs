using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dsl.Training;

/// <summary>What one step did.</summary>
/// <param name="Step">Its number, from 1.</param>
/// <param name="Loss">The loss before the step; for the next token, mean cross entropy in nats.</param>
/// <param name="Rate">The learning rate it used.</param>
/// <param name="GradientNorm">The norm of all gradients together, before clipping.</param>
/// <param name="Parts">What the loss is made of, where that is more than one thing.</param>
public readonly record struct StepResult(long Step, double Loss, double Rate, double GradientNorm, IReadOnlyList<LossPart> Parts);

/// <summary>Training stops because going on would only spoil the weights; the message is one sentence.</summary>
public sealed class TrainingException(string message) : Exception(message);

/// <summary>
/// Trains a model on batches of some data. What it does next depends on its saved state alone: weights, moments, the step's number, the position in the
/// data and torch's generator. So a run that was saved and read back goes on bit for bit as if it had never stopped.
/// </summary>
public sealed class Trainer : IDisposable
{
    /// <summary>What torch's generator begins with in every evaluation, so that losses which draw from it compare.</summary>
    private const long HeldOutSeed = 20;

    private const string GeneratorKey = "generator.cpu";

    private const string HeldKey = "data.";

    private readonly Parameter[] parameters;
    private readonly Optimizer optimizer;
    private readonly Schedule schedule;
    private readonly Device device;
    private readonly bool checkpointed;

    /// <summary>Trains a model to predict the next token of a corpus.</summary>
    /// <param name="model">Stays the caller's. Its inputs must include <c>input_ids</c> and its outputs <c>logits</c>.</param>
    /// <param name="corpus">What it learns.</param>
    /// <param name="options">How.</param>
    /// <exception cref="Dsl.Text.TextException">The corpus is too short for one row.</exception>
    public Trainer(IModel model, TokenCorpus corpus, TrainingOptions options)
        : this(model, Checked(corpus, options), options)
    {
    }

    /// <param name="model">Stays the caller's.</param>
    /// <param name="data">What it learns.</param>
    /// <param name="options">How.</param>
    public Trainer(IModel model, ITrainingData data, TrainingOptions options)
    {
        options.Validate();
        Model = model;
        Data = data;
        Options = options;
        parameters = [.. model.Weights.All.Select(weight => weight.Value)];
        optimizer = options.MakeOptimizer(Optimizer.Declared(model.Weights.All, options.Decay));
        schedule = options.MakeSchedule();
        device = model.Weights.Device;
        checkpointed = model.Weights.CheckpointsActivations;
        model.Weights.CheckpointsActivations |= options.CheckpointActivations;
    }

    /// <summary>The model in training.</summary>
    public IModel Model { get; }

    /// <summary>What it learns.</summary>
    public ITrainingData Data { get; }

    /// <summary>How.</summary>
    public TrainingOptions Options { get; }

    /// <summary>How many steps are done.</summary>
    public long Step { get; private set; }

    /// <summary>The best held-out figure so far (<see cref="TrainingOptions.Metric"/>); null before the first.</summary>
    public HeldOutFigure? Best { get; internal set; }

    /// <summary>The newest one, where it was measured after the last step.</summary>
    internal HeldOutFigure? Measured { get; private set; }

    /// <summary>How many tokens they saw.</summary>
    public long Tokens => Step * Options.TokensPerStep;

    /// <summary>One step.</summary>
    /// <exception cref="TrainingException">The loss or the gradient is not finite, or no layer can be run again; the weights are as they were before the
    /// step.</exception>
    /// <exception cref="NotSupportedException">A layer cannot be run again (<see cref="Weights.CheckpointsActivations"/>).</exception>
    public StepResult Next()
    {
        Model.Module.train();
        if (device.type != DeviceType.CPU)
        {
            // Other devices' generators cannot be read, so each step begins with one that only its number decides.
            manual_seed((long)SeededRandom.For((ulong)Options.Seed, [2, (int)Step]).NextBits());
        }

        Model.Module.zero_grad();
        long before = Model.Weights.CheckpointedLayers;
        (double value, IReadOnlyList<LossPart> parts) = Options.Accumulate == 1 ? One() : Several();
        if (Options.CheckpointActivations && Model.Weights.CheckpointedLayers == before)
        {
            throw new TrainingException("--checkpoint-activations on a model without repeated layers that are trained, expected some: run without it");
        }

        double norm = Gradients.Clip(parameters, Options.Clip);
        if (!double.IsFinite(value) || !double.IsFinite(norm))
        {
            throw new TrainingException(FormattableString.Invariant(
                $"step {Step + 1}: loss {value}, gradient norm {norm}, expected finite numbers; a lower --rate or a longer --warm-up may help"));
        }

        double rate = schedule.At(Step);
        optimizer.Step(rate);
        Model.Weights.Changed();
        Step++;
        return new StepResult(Step, value, rate, norm, parts);
    }

    /// <summary>Mean loss over the fixed held-out batches, without dropout. Leaves every generator as it was.</summary>
    public double HeldOutLoss() => HeldOut().Loss;

    /// <summary>Measures the held-out loss, and whether its figure is the best so far.</summary>
    internal (double Loss, IReadOnlyList<LossPart> Parts) Evaluate()
    {
        (double loss, IReadOnlyList<LossPart> parts) = HeldOut();
        Measured = new HeldOutFigure(HeldOutFigure.Of(Options.Metric, loss, parts), Step);
        Best = Best is null || HeldOutFigure.IsBetter(Options.Metric, Measured.Value, Best.Value) ? Measured : Best;
        return (loss, parts);
    }

    /// <summary>The same, and the means of its parts.</summary>
    public (double Loss, IReadOnlyList<LossPart> Parts) HeldOut()
    {
        Model.Module.eval();
        using IDisposable off = no_grad();
        using Tensor generator = get_rng_state();
        manual_seed(HeldOutSeed);
        var losses = new List<double>();
        var parts = new List<LossPart>();
        foreach (TrainingLoss loss in Data.HeldOut(Model, Options.EvaluationBatches))
        {
            using (loss)
            {
                losses.Add(Value(loss));
                parts.AddRange(loss.Parts);
            }
        }

        set_rng_state(generator);
        Model.Module.train();
        return (losses.Average(), [.. parts.GroupBy(part => part.Name).Select(group => new LossPart(group.Key, group.Average(part => part.Value)))]);
    }

    /// <summary>Frees the optimiser's state; the model stays.</summary>
    public void Dispose()
    {
        Model.Module.zero_grad();
        Model.Weights.CheckpointsActivations = checkpointed;
        optimizer.Dispose();
    }

    /// <summary>Whether an adapter was added to the model: then its base is kept elsewhere, and checkpoints hold what is trained.</summary>
    internal bool OverBase => Model.Weights.All.Any(weight => weight.Adapter is not null);

    /// <summary>Weights by their keys: all of them, or, over a base, those that are trained.</summary>
    internal IReadOnlyList<(string Key, Tensor Value)> Weights() =>
        [.. Model.Weights.All.Where(weight => weight.Trainable || !OverBase).Select(weight => (weight.Key, (Tensor)weight.Value))];

    /// <summary>What the optimiser remembers, and torch's generator. The generator's state is the caller's to dispose.</summary>
    internal (IReadOnlyList<(string Key, Tensor Value)> Tensors, Tensor Generator) State()
    {
        Tensor generator = get_rng_state();
        return ([
            .. optimizer.State().Select(pair => (pair.Key, pair.Value)), .. Data.Held.Select(pair => (HeldKey + pair.Key, pair.Value)),
            (GeneratorKey, generator),
        ], generator);
    }

    /// <summary>Goes on from saved files, which must hold the model's weights and the optimiser's state and nothing else.</summary>
    /// <exception cref="CheckpointException">A tensor is missing, unexpected or of another shape.</exception>
    internal void Resume(SafeTensorsFile weights, SafeTensorsFile state, long step, string dataPosition)
    {
        using IDisposable off = no_grad();
        RequireOnly(weights, Weights().Select(pair => pair.Key));
        string[] held = [.. state.Tensors.Select(entry => entry.Name).Where(name => name.StartsWith(HeldKey, StringComparison.Ordinal))];
        RequireOnly(state, [.. optimizer.State().Keys, GeneratorKey, .. held]);
        foreach ((string key, Tensor value) in Weights())
        {
            weights.Read(key, value);
        }

        foreach ((string key, Tensor value) in optimizer.State())
        {
            state.Read(key, value);
        }

        Model.Weights.Changed();
        using Tensor generator = state.ReadTensor(GeneratorKey);
        set_rng_state(generator);
        optimizer.Resume(step);
        Data.Hold(held.ToDictionary(name => name[HeldKey.Length..], name => state.ReadTensor(name).DetachFromDisposeScope()));
        Data.Position = dataPosition;
        Step = step;
    }

    private (double Value, IReadOnlyList<LossPart> Parts) One()
    {
        using TrainingLoss loss = Data.Next(Model);
        loss.Total.backward();
        return (Value(loss), loss.Parts);
    }

    /// <summary>Gradients of several batches, each by its weight: that of the mean over everything that counts in them.</summary>
    private (double Value, IReadOnlyList<LossPart> Parts) Several()
    {
        var losses = new List<(double Value, double Weight, IReadOnlyList<LossPart> Parts)>();
        bool ends = false;
        for (int batch = 0; batch < Options.Accumulate && !ends; batch++)
        {
            using TrainingLoss loss = Data.Next(Model);
            ends = loss.EndsPass;
            if (loss.Weight == 0)
            {
                // Nothing in it counts, and its mean over nothing is no number.
                continue;
            }

            using Tensor weighted = loss.Total * Scalars.Of(loss.Weight);
            weighted.backward();
            losses.Add((Value(loss), loss.Weight, loss.Parts));
        }

        double all = losses.Sum(loss => loss.Weight);
        Gradients.Scale(parameters, 1 / all);
        LossPart[] parts = [.. losses.SelectMany(loss => loss.Parts.Select(part => (part.Name, Value: part.Value * loss.Weight / all)))
            .GroupBy(part => part.Name).Select(group => new LossPart(group.Key, group.Sum(part => part.Value)))];
        return (losses.Sum(loss => loss.Value * loss.Weight) / all, parts);
    }

    private static void RequireOnly(SafeTensorsFile file, IEnumerable<string> names)
    {
        var known = names.ToHashSet(StringComparer.Ordinal);
        if (file.Tensors.FirstOrDefault(entry => !known.Contains(entry.Name)) is { } other)
        {
            throw new CheckpointException(file.Path, $"tensor '{other.Name}' is none of this run's, expected the {known.Count} that it was saved with");
        }
    }

    private static double Value(TrainingLoss loss)
    {
        using Tensor wide = loss.Total.to(ScalarType.Float64);
        return wide.item<double>();
    }

    private static NextTokenData Checked(TokenCorpus corpus, TrainingOptions options)
    {
        options.Validate();
        corpus.RequireContext(options.Context);
        return new NextTokenData(corpus, options);
    }
}
