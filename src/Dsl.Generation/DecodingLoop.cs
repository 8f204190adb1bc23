using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using Dsl.Runtime;
using Dsl.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Generation;

/// <summary>One run of decoding, on the thread that calls it: prefill, then a token per row and step, until every row has ended.</summary>
internal sealed class DecodingLoop
{
    private readonly IModel model;
    private readonly ITextCodec? codec;
    private readonly GenerationOptions options;
    private readonly CancellationToken cancellation;
    private readonly IReadOnlyList<int> endTokens;
    private readonly LogitChain chain;
    private readonly Device device;

    internal DecodingLoop(IModel model, ITextCodec? codec, GenerationOptions options, CancellationToken cancellation)
    {
        this.model = model;
        this.codec = codec;
        this.options = options;
        this.cancellation = cancellation;
        endTokens = options.EndTokens ?? codec?.EndTokens ?? [];
        chain = LogitChain.For(options.Sampling, endTokens);
        device = model.Weights.Device;
    }

    internal void Run(IReadOnlyList<int[]> prompts, Action<GeneratedToken> emit)
    {
        bool training = model.Module.training;
        model.Module.eval();
        ModelState? state = null;
        Tensor? logits = null;
        try
        {
            using IDisposable off = no_grad();
            List<Row> live = Rows(prompts);
            (state, logits) = Prefill(live);
            while (true)
            {
                Choose(live, logits, emit);
                logits.Dispose();
                logits = null;
                List<int> going = Enumerable.Range(0, live.Count).Where(i => live[i].Finish == FinishReason.None).ToList();
                if (going.Count == 0)
                {
                    return;
                }

                cancellation.ThrowIfCancellationRequested();
                if (going.Count < live.Count)
                {
                    using Tensor kept = tensor(going.Select(i => (long)i).ToArray(), dtype: ScalarType.Int64, device: device);
                    state.Select(kept);
                    live = going.ConvertAll(i => live[i]);
                }

                if (live.Any(row => Overflows(row)))
                {
                    state.Dispose();
                    state = null;
                    (state, logits) = Prefill(live);
                }
                else
                {
                    using Tensor next = tensor(live.Select(row => (long)row.Tokens[^1]).ToArray(), [live.Count, 1], dtype: ScalarType.Int64, device: device);
                    logits = model.Advance(next, state, last: true);
                }
            }
        }
        finally
        {
            logits?.Dispose();
            state?.Dispose();
            model.Module.train(training);
        }
    }

    /// <summary>A row's generator depends on the seed and its prompt, so that what else is in the batch cannot matter; repeated prompts are numbered.</summary>
    private List<Row> Rows(IReadOnlyList<int[]> prompts)
    {
        var rows = new List<Row>(prompts.Count);
        for (int i = 0; i < prompts.Count; i++)
        {
            int before = 0;
            for (int j = 0; j < i; j++)
            {
                before += prompts[j].AsSpan().SequenceEqual(prompts[i]) ? 1 : 0;
            }

            WrittenText? text = codec is null ? null : new WrittenText(codec, prompts[i], options.Stop);
            rows.Add(new Row(i, prompts[i], SeededRandom.For(options.Sampling.Seed, prompts[i], before), text));
        }

        return rows;
    }

    private bool Overflows(Row row) => options.Context > 0 && row.Tokens.Count - row.WindowStart > options.Context;

    /// <summary>Reads every row from the start of its window into a new state; shorter rows are padded on the left.</summary>
    private (ModelState State, Tensor Logits) Prefill(List<Row> live)
    {
        foreach (Row row in live)
        {
            if (Overflows(row))
            {
                row.WindowStart = row.Tokens.Count - Math.Max(1, options.Context / 2);
            }
        }

        int[][] windows = [.. live.Select(row => row.Tokens.GetRange(row.WindowStart, row.Tokens.Count - row.WindowStart).ToArray())];
        int longest = windows.Max(window => window.Length);
        bool ragged = windows.Any(window => window.Length < longest);
        int room = longest + options.MaxTokens;
        int capacity = Math.Min(room, options.Context > 0 ? options.Context : Math.Max(longest, 4096));
        ModelState state = options.Begin(model, live.ConvertAll(row => row.Index), capacity);
        try
        {
            using Tensor all = PaddedRows.Ids(windows, 0, device, left: true);
            if (ragged)
            {
                using Tensor mask = PaddedRows.Real(windows, device, left: true);
                return (state, model.Advance(all, state, mask, last: true));
            }

            for (int start = 0; ; start += options.PrefillChunk)
            {
                cancellation.ThrowIfCancellationRequested();
                using Tensor piece = all.narrow(1, start, Math.Min(options.PrefillChunk, longest - start));
                Tensor logits = model.Advance(piece, state, last: true);
                if (start + options.PrefillChunk >= longest)
                {
                    return (state, logits);
                }

                logits.Dispose();
            }
        }
        catch
        {
            state.Dispose();
            throw;
        }
    }

    /// <summary>Chooses the next token of every row from its logits [rows, 1, vocabulary].</summary>
    private void Choose(List<Row> live, Tensor logits, Action<GeneratedToken> emit)
    {
        int vocabulary = (int)logits.shape[^1];
        using Tensor narrow = logits.to(ScalarType.Float32);
        using Tensor host = narrow.cpu();
        using Tensor flat = host.contiguous();
        using TorchSharp.Utils.TensorAccessor<float> values = flat.data<float>();
        float[] all = values.ToArray();
        var buffer = new double[vocabulary];
        for (int r = 0; r < live.Count; r++)
        {
            for (int i = 0; i < vocabulary; i++)
            {
                buffer[i] = all[r * vocabulary + i];
            }

            Row row = live[r];
            chain.Apply(buffer, new RowHistory(row.Tokens, row.PromptLength));
            int token = options.Sampling.Greedy ? Sampler.Likeliest(buffer) : Sampler.Draw(buffer, row.Random);
            emit(Take(row, token));
        }
    }

    private GeneratedToken Take(Row row, int token)
    {
        row.Tokens.Add(token);
        bool end = endTokens.Contains(token);
        string text = row.Text is null || end ? "" : row.Text.Push(token);
        row.Finish = end ? FinishReason.EndToken
            : row.Text is { Stopped: true } ? FinishReason.StopString
            : row.Tokens.Count - row.PromptLength >= options.MaxTokens ? FinishReason.MaxTokens
            : options.AtContextEnd == ContextEnd.Stop && Overflows(row) ? FinishReason.Context
            : FinishReason.None;
        if (row.Finish is not (FinishReason.None or FinishReason.StopString))
        {
            text += row.Text?.Flush();
        }

        return new GeneratedToken(row.Index, token, text, row.Finish);
    }

    private sealed class Row(int index, int[] prompt, SeededRandom random, WrittenText? text)
    {
        public int Index { get; } = index;

        public List<int> Tokens { get; } = [.. prompt];

        public int PromptLength { get; } = prompt.Length;

        public SeededRandom Random { get; } = random;

        public WrittenText? Text { get; } = text;

        /// <summary>What the model sees begins here; it moves when the context is full.</summary>
        public int WindowStart { get; set; }

        public FinishReason Finish { get; set; }
    }
}

/// <summary>Draws from logits.</summary>
public static class Sampler
{
    /// <summary>An id with the probability that the logits give it, by one number of the generator.</summary>
    /// <exception cref="InvalidOperationException">Nothing can be drawn: every token is forbidden, or a logit is not a number.</exception>
    public static int Draw(ReadOnlySpan<double> logits, SeededRandom random)
    {
        double max = Ranking.Max(logits);
        double sum = 0;
        foreach (double logit in logits)
        {
            sum += Math.Exp(logit - max);
        }

        if (!double.IsFinite(sum) || sum <= 0)
        {
            throw Nothing(max);
        }

        double left = random.NextDouble() * sum;
        int chosen = -1;
        for (int i = 0; i < logits.Length; i++)
        {
            double weight = Math.Exp(logits[i] - max);
            if (weight > 0)
            {
                chosen = i;
                if ((left -= weight) < 0)
                {
                    break;
                }
            }
        }

        return chosen;
    }

    /// <summary>The id of the largest logit; of equal ones the first.</summary>
    /// <exception cref="InvalidOperationException">Every token is forbidden, or a logit is not a number.</exception>
    public static int Likeliest(ReadOnlySpan<double> logits)
    {
        int best = Ranking.ArgMax(logits);
        double max = Ranking.Max(logits);
        return double.IsFinite(max) && logits[best] == max ? best : throw Nothing(max);
    }

    private static InvalidOperationException Nothing(double max) => new(
        double.IsNegativeInfinity(max) ? "every token is forbidden, expected at least one to choose from" : "the model's logits are not finite numbers");
}
