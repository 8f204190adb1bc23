using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using Dsl.Training.Alignment.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Training.Alignment;

/// <summary>A prompt and what a policy wrote after it.</summary>
/// <param name="Prompt">Its ids.</param>
/// <param name="Response">The ids that were written, the end token among them where it came.</param>
/// <param name="Ended">The end token came.</param>
public sealed record Rollout(int[] Prompt, int[] Response, bool Ended)
{
    /// <summary>A row whose labels are the response.</summary>
    public TuningRow Row => new(-1, [.. Prompt, .. Response], [.. Prompt.Select(_ => Objectives.MaskedTokens.Ignored), .. Response], []);
}

/// <summary>What a policy writes, many rows at once through the stateful form.</summary>
public static class Rollouts
{
    /// <summary>One response to each prompt. Draws come from torch's generator.</summary>
    /// <param name="model">Its logits are named so.</param>
    /// <param name="prompts">At least one; of any lengths.</param>
    /// <param name="most">Tokens of a response at most.</param>
    /// <param name="end">Ends a response.</param>
    /// <param name="temperature">Logits are divided by it; 0 takes the likeliest token.</param>
    /// <param name="memory">What the model's state begins with, a row for each prompt: what it made of pictures; null: nothing.</param>
    public static IReadOnlyList<Rollout> Sample(
        IModel model, IReadOnlyList<int[]> prompts, int most, int end, double temperature = 1, IReadOnlyDictionary<string, Tensor>? memory = null)
    {
        bool training = model.Module.training;
        model.Module.eval();
        try
        {
            return Written(model, prompts, most, end, temperature, memory);
        }
        finally
        {
            model.Module.train(training);
        }
    }

    private static IReadOnlyList<Rollout> Written(
        IModel model, IReadOnlyList<int[]> prompts, int most, int end, double temperature, IReadOnlyDictionary<string, Tensor>? memory)
    {
        using IDisposable off = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Device device = model.Weights.Device;
        var written = prompts.Select(_ => new List<int>()).ToArray();
        int capacity = prompts.Max(prompt => prompt.Length) + most;
        using (ModelState state = memory is null ? model.NewState(prompts.Count, capacity) : model.Begin(memory, capacity))
        {
            Tensor tokens = PaddedRows.Ids([.. prompts], end, device, left: true);
            Tensor? mask = prompts.Any(prompt => prompt.Length != prompts[0].Length) ? PaddedRows.Real([.. prompts], device, left: true) : null;
            var open = prompts.Select(_ => true).ToArray();
            for (int step = 0; step < most && open.Contains(true); step++)
            {
                Tensor logits = model.Advance(tokens, state, mask, last: true).select(1, 0);
                mask = null;
                Tensor drawn = temperature == 0 ? logits.argmax(-1, keepdim: true)
                    : (logits.to(ScalarType.Float32) / Scalars.Of(temperature)).softmax(-1).multinomial(1);
                long[] ids = drawn.cpu().flatten().data<long>().ToArray();
                for (int row = 0; row < ids.Length; row++)
                {
                    if (open[row])
                    {
                        written[row].Add((int)ids[row]);
                        open[row] = ids[row] != end;
                    }
                }

                tokens = drawn;
            }
        }

        return [.. prompts.Zip(written, (prompt, response) => new Rollout(prompt, [.. response], response.Count > 0 && response[^1] == end))];
    }
}

/// <summary>Scores of whole texts, [rows], without a graph. Whoever asks disposes them.</summary>
public delegate Tensor Judge(TuningInputs batch);

/// <summary>Judges.</summary>
public static class Judges
{
    /// <summary>A reward model, which stays the caller's.</summary>
    /// <param name="model">With one score a text under <c>logits</c>.</param>
    /// <param name="zero">What counts as zero: the mean over demonstrations.</param>
    /// <param name="unit">What counts as one: their deviation.</param>
    public static Judge Of(IModel model, double zero = 0, double unit = 1) => batch =>
    {
        model.Module.eval();
        using IDisposable off = no_grad();
        using Tensor scores = RewardObjective.Scores(model, batch), centred = scores.Plus(-zero);
        return centred / Scalars.Of(unit);
    };

    /// <summary>A reward model whose scores of demonstrations have mean 0 and variance 1 (Ziegler and others, 2019).</summary>
    /// <param name="model">With one score a text under <c>logits</c>.</param>
    /// <param name="demonstrations">At least one.</param>
    /// <param name="pad">Fills rows.</param>
    /// <exception cref="TrainingException">It scores all of them alike, or not finitely.</exception>
    public static Judge Normalised(IModel model, IReadOnlyList<TuningRow> demonstrations, int pad)
    {
        double[] scores = Of(model).Scores(demonstrations, pad, model.Weights.Device);
        double mean = scores.Average(), unit = Math.Sqrt(scores.Average(score => (score - mean) * (score - mean)));
        return unit > 0 && double.IsFinite(unit) ? Of(model, mean, unit)
            : throw new TrainingException(FormattableString.Invariant(
                $"demonstrations are scored {mean} with a deviation of {unit}, expected scores that differ"));
    }

    /// <summary>The scores of rows, some at a time.</summary>
    public static double[] Scores(this Judge judge, IReadOnlyList<TuningRow> rows, int pad, Device? device = null, int atOnce = 256)
    {
        var scores = new List<double>();
        foreach (TuningRow[] part in rows.Chunk(atOnce))
        {
            using DisposeScope scope = NewDisposeScope();
            using TuningInputs batch = TuningInputs.Of(part, pad, device);
            scores.AddRange(judge(batch).to(ScalarType.Float64).cpu().data<double>().ToArray());
        }

        return [.. scores];
    }
}

/// <summary>Best of K (Touvron and others, 2023): several answers to each prompt, of which the one with the highest score is learned.</summary>
public static class RejectionSampling
{
    /// <summary>The best of several responses to each prompt, as rows to fine-tune on.</summary>
    /// <param name="policy">What writes.</param>
    /// <param name="judge">What judges.</param>
    /// <param name="prompts">At least one.</param>
    /// <param name="tokens">End and padding.</param>
    /// <param name="options">How many, how long, how hot.</param>
    /// <param name="seed">Of torch's generator, which is left as it was.</param>
    /// <exception cref="TrainingException">K is less than 2, or a score is not finite.</exception>
    public static IReadOnlyList<TuningRow> Best(
        IModel policy, Judge judge, IReadOnlyList<int[]> prompts, TuningTokens tokens, SelectionOptions options, long seed)
    {
        if (options.Samples < 2)
        {
            throw new TrainingException($"the best of {options.Samples} is to be taken, expected 2 or more");
        }

        using Tensor generator = get_rng_state();
        manual_seed(seed);
        var best = new List<TuningRow>();
        foreach (int[][] part in prompts.Chunk(Math.Max(1, options.AtOnce / options.Samples)))
        {
            int[][] repeated = [.. part.SelectMany(prompt => Enumerable.Repeat(prompt, options.Samples))];
            IReadOnlyList<Rollout> written = Rollouts.Sample(policy, repeated, options.MostTokens, tokens.End, options.Temperature);
            double[] scores = judge.Scores([.. written.Select(rollout => rollout.Row)], tokens.Pad, policy.Weights.Device);
            PolicyData.RequireFinite(scores, "rejection sampling");
            for (int prompt = 0; prompt < part.Length; prompt++)
            {
                int from = prompt * options.Samples;
                int[] ended = [.. Enumerable.Range(from, options.Samples).Where(i => written[i].Ended)];
                if (ended.Length > 0)
                {
                    best.Add(written[ended.MaxBy(i => scores[i])].Row);
                }
            }
        }

        set_rng_state(generator);
        return best.Count > 1 ? best : throw new TrainingException($"of {prompts.Count} prompts {best.Count} got an answer that ends, expected 2 at least");
    }
}

/// <summary>How responses are drawn to choose from.</summary>
/// <param name="Samples">K.</param>
/// <param name="MostTokens">Tokens of a response at most.</param>
/// <param name="Temperature">Logits are divided by it.</param>
/// <param name="AtOnce">Responses that are written side by side.</param>
public sealed record SelectionOptions(int Samples = 8, int MostTokens = 8, double Temperature = 1, int AtOnce = 512);
