using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using Zoo.Generation;
using static TorchSharp.torch;

namespace Zoo.Training;

/// <summary>What one step did.</summary>
/// <param name="Step">Its number, from 1.</param>
/// <param name="Loss">Mean cross entropy of the next token, in nats, before the step.</param>
/// <param name="Rate">The learning rate it used.</param>
/// <param name="GradientNorm">The norm of all gradients together, before clipping.</param>
public readonly record struct StepResult(long Step, double Loss, double Rate, double GradientNorm);

/// <summary>Training stops because going on would only spoil the weights; the message is one sentence.</summary>
public sealed class TrainingException(string message) : Exception(message);

/// <summary>
/// Trains a model to predict the next token. What it does next depends on its saved state alone: weights, moments, the step's number, the position in the
/// data and torch's generator. So a run that was saved and read back goes on bit for bit as if it had never stopped.
/// </summary>
public sealed class Trainer : IDisposable
{
    /// <summary>Held-out batches are the same for every run and seed, so that their losses compare.</summary>
    private const ulong HeldOutSeed = 20;

    private const string GeneratorKey = "generator.cpu";

    private readonly Parameter[] parameters;
    private readonly AdamW optimizer;
    private readonly Schedule schedule;
    private readonly SeededRandom data;
    private readonly Device device;

    /// <param name="model">Stays the caller's. Its inputs must include <c>input_ids</c> and its outputs <c>logits</c>.</param>
    /// <param name="corpus">What it learns.</param>
    /// <param name="options">How.</param>
    public Trainer(IModel model, TokenCorpus corpus, TrainingOptions options)
    {
        options.Validate();
        corpus.RequireContext(options.Context);
        Model = model;
        Corpus = corpus;
        Options = options;
        (string Key, Parameter Parameter)[] named = model.Weights.All.Select(weight => (weight.Key, weight.Value)).ToArray();
        parameters = Array.ConvertAll(named, pair => pair.Parameter);
        optimizer = new AdamW(AdamW.DecayMatrices(named, options.Decay), options.Beta1, options.Beta2, options.Epsilon);
        schedule = options.MakeSchedule();
        data = SeededRandom.For((ulong)options.Seed, [1]);
        device = model.Weights.Device;
    }

    /// <summary>The model in training.</summary>
    public IModel Model { get; }

    /// <summary>What it learns.</summary>
    public TokenCorpus Corpus { get; }

    /// <summary>How.</summary>
    public TrainingOptions Options { get; }

    /// <summary>How many steps are done.</summary>
    public long Step { get; private set; }

    /// <summary>How many tokens they saw.</summary>
    public long Tokens => Step * Options.Batch * Options.Context;

    /// <summary>Where the next windows of the data come from; all of it in one number.</summary>
    internal ulong DataPosition => data.State;

    /// <summary>One step.</summary>
    /// <exception cref="TrainingException">The loss or the gradient is not finite; the weights are as they were before the step.</exception>
    public StepResult Next()
    {
        Model.Module.train();
        if (device.type != DeviceType.CPU)
        {
            // Other devices' generators cannot be read, so each step begins with one that only its number decides.
            manual_seed((long)SeededRandom.For((ulong)Options.Seed, [2, (int)Step]).NextBits());
        }

        (Tensor inputs, Tensor targets) = Corpus.Windows(heldOut: false, data, Options.Batch, Options.Context, device);
        using (inputs)
        using (targets)
        {
            Model.Module.zero_grad();
            double loss;
            using (Tensor mean = Loss(inputs, targets))
            {
                mean.backward();
                loss = mean.item<float>();
            }

            double norm = Gradients.Clip(parameters, Options.Clip);
            if (!double.IsFinite(loss) || !double.IsFinite(norm))
            {
                throw new TrainingException(FormattableString.Invariant(
                    $"step {Step + 1}: loss {loss}, gradient norm {norm}, expected finite numbers; a lower --rate or a longer --warm-up may help"));
            }

            double rate = schedule.At(Step);
            optimizer.Step(rate);
            Model.Weights.Changed();
            Step++;
            return new StepResult(Step, loss, rate, norm);
        }
    }

    /// <summary>Mean cross entropy over the fixed held-out batches, without dropout. Leaves every generator as it was.</summary>
    public double HeldOutLoss()
    {
        Model.Module.eval();
        using IDisposable off = no_grad();
        var random = new SeededRandom(HeldOutSeed);
        double sum = 0;
        for (int batch = 0; batch < Options.EvaluationBatches; batch++)
        {
            (Tensor inputs, Tensor targets) = Corpus.Windows(heldOut: true, random, Options.Batch, Options.Context, device);
            using (inputs)
            using (targets)
            using (Tensor mean = Loss(inputs, targets))
            {
                sum += mean.item<float>();
            }
        }

        Model.Module.train();
        return sum / Options.EvaluationBatches;
    }

    /// <summary>Frees the optimiser's state; the model stays.</summary>
    public void Dispose()
    {
        Model.Module.zero_grad();
        optimizer.Dispose();
    }

    /// <summary>Weights by their keys.</summary>
    internal IReadOnlyList<(string Key, Tensor Value)> Weights() =>
        Model.Weights.All.Select(weight => (weight.Key, (Tensor)weight.Value)).ToArray();

    /// <summary>Moments and torch's generator. The generator's state is the caller's to dispose.</summary>
    internal (IReadOnlyList<(string Key, Tensor Value)> Tensors, Tensor Generator) State()
    {
        Tensor generator = get_rng_state();
        return ([.. optimizer.State().Select(pair => (pair.Key, pair.Value)), (GeneratorKey, generator)], generator);
    }

    /// <summary>Goes on from saved files.</summary>
    internal void Resume(SafeTensorsFile weights, SafeTensorsFile state, long step, ulong dataPosition)
    {
        using IDisposable off = no_grad();
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
        data.State = dataPosition;
        Step = step;
    }

    private Tensor Loss(Tensor inputs, Tensor targets)
    {
        IReadOnlyDictionary<string, Tensor> results = Model.Run(new Dictionary<string, Tensor> { ["input_ids"] = inputs }, "logits");
        try
        {
            return Losses.CrossEntropy(results["logits"], targets);
        }
        finally
        {
            foreach (Tensor result in results.Values)
            {
                result.Dispose();
            }
        }
    }
}
