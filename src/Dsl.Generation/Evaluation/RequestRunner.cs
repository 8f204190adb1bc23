using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Threading;
using Dsl.Runtime;
using Dsl.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Generation.Evaluation;

/// <summary>How likely a continuation is.</summary>
/// <param name="LogLikelihood">The sum of the natural logarithms of its ids' probabilities.</param>
/// <param name="IsGreedy">Each of its ids is the likeliest.</param>
public readonly record struct Score(double LogLikelihood, bool IsGreedy);

/// <summary>What a model takes.</summary>
/// <param name="Read">Seconds for an id that is read.</param>
/// <param name="Written">Seconds for one that is written.</param>
public readonly record struct EvaluationPace(double Read, double Written)
{
    /// <summary>How long so many ids take, at most.</summary>
    public TimeSpan For(long read, long written) => TimeSpan.FromSeconds((Read * read) + (Written * written));
}

/// <summary>
/// Scores and writes with a causal model, many requests at a time: equal requests once, what contexts have in common once, padding where rows differ in
/// length. What a request gives does not depend on the others but for rounding.
/// </summary>
/// <param name="model">With a stateful form; put into evaluation mode for the time of a call.</param>
/// <param name="codec">Its vocabulary.</param>
/// <param name="length">How many tokens it sees at once.</param>
/// <param name="batch">At most so many contexts at a time.</param>
/// <param name="ends">Ids after which a text ends; null: those of the codec.</param>
public sealed class RequestRunner(IModel model, ITextCodec codec, int length, int batch = 16, IReadOnlyList<int>? ends = null)
{
    private readonly IReadOnlyList<int> ends = ends ?? codec.EndTokens;
    private readonly SharedPrefixes prefixes = batch >= 1 ? new SharedPrefixes(model, batch)
        : throw new ArgumentException($"--batch {batch}, expected 1 or more");

    private Device Device => model.Weights.Device;

    /// <summary>Scores requests; <paramref name="done"/> is told each one's place and score as it comes.</summary>
    /// <exception cref="OperationCanceledException">It was stopped; what was told before stands.</exception>
    public void Score(IReadOnlyList<ScoreRequest> requests, Action<int, Score> done, CancellationToken stop = default) => Evaluating(() =>
    {
        // One row for each different continuation of each different context.
        var contexts = new Dictionary<int[], Dictionary<int[], List<int>>>(SameIds.Comparer);
        for (int i = 0; i < requests.Count; i++)
        {
            Dictionary<int[], List<int>> continuations = Entry(contexts, requests[i].Read, () => new Dictionary<int[], List<int>>(SameIds.Comparer));
            Entry(continuations, requests[i].Continuation, () => []).Add(i);
        }

        int[][] read = [.. contexts.Keys];
        prefixes.Walk(read, group =>
        {
            ContextRow[] rows = [.. group.Rows.Select(text => new ContextRow(read[text][group.Depth..], [.. contexts[read[text]]]))];

            // Columns of padding count towards a table of positions: rows that would go beyond it together are read one by one.
            bool fits = group.Depth + rows.Max(row => row.Rest.Length) + rows.Max(row => row.Longest) - 1 <= length;
            foreach (ContextRow[] together in fits ? [rows] : rows.Select(row => new[] { row }))
            {
                stop.ThrowIfCancellationRequested();
                ScoreRows(group, together, done);
            }
        });
    });

    /// <summary>
    /// Writes on greedily until an end token, a stop string in what the last tokens say, or the request's limit; <paramref name="done"/> is told each one's
    /// place and ids, an end token included.
    /// </summary>
    /// <param name="requests">What to write on from.</param>
    /// <param name="stops">Texts that end a row; the row keeps the token in which one ends.</param>
    /// <param name="done">Takes what is written.</param>
    /// <param name="stop">Ends it.</param>
    public void Write(
        IReadOnlyList<WriteRequest> requests, IReadOnlyList<string> stops, Action<int, int[]> done, CancellationToken stop = default) => Evaluating(() =>
    {
        // Without requests stops need not be sayable.
        if (requests.Count == 0)
        {
            return;
        }

        int[] reach = [.. stops.Select(text => codec.Encode(text).Length + 2)];
        bool Ended(List<int> written, int most) => ends.Contains(written[^1]) || written.Count >= most
            || stops.Where((text, i) => Spell(written.TakeLast(reach[i])).Contains(text, StringComparison.Ordinal)).Any();
        prefixes.Walk([.. requests.Select(request => request.Context)], group =>
        {
            List<int> live = [.. group.Rows];
            List<int>[] written = [.. live.Select(_ => new List<int>())];
            using ModelState state = prefixes.Rows(group, live.Count, live.Max(row => requests[row].Context.Length + requests[row].MaxTokens));
            int[][] next = [.. live.Select(row => requests[row].Context[group.Depth..])];
            List<int> rows = [.. Enumerable.Range(0, live.Count)];
            while (rows.Count > 0)
            {
                stop.ThrowIfCancellationRequested();
                using (Tensor ids = PaddedRows.Ids(next, 0, Device), mask = PaddedRows.Real(next, Device))
                using (Tensor logits = model.Advance(ids, state, Ragged(next) ? mask : null, last: true))
                using (Tensor likeliest = logits.argmax(-1))
                using (Tensor host = likeliest.cpu())
                {
                    long[] chosen = host.data<long>().ToArray();
                    for (int i = 0; i < rows.Count; i++)
                    {
                        written[rows[i]].Add((int)chosen[i]);
                    }
                }

                long[] going = [.. Enumerable.Range(0, rows.Count)
                    .Where(i => !Ended(written[rows[i]], requests[live[rows[i]]].MaxTokens)).Select(i => (long)i)];
                foreach (int row in rows.Where((_, i) => !going.Contains(i)))
                {
                    done(live[row], [.. written[row]]);
                }

                rows = [.. going.Select(i => rows[(int)i])];
                next = [.. rows.Select(row => new[] { written[row][^1] })];
                if (rows.Count > 0)
                {
                    using Tensor picks = tensor(going, dtype: ScalarType.Int64);
                    state.Select(picks);
                }
            }
        });
    });

    /// <summary>Measures how fast the model reads and writes, by reading and writing a little.</summary>
    public EvaluationPace Measure()
    {
        const int Columns = 64, Steps = 3;
        int rows = Math.Min(batch, 4), columns = Math.Clamp(length - Steps - 1, 1, Columns);
        EvaluationPace pace = default;
        Evaluating(() =>
        {
            // The first time warms up.
            for (int time = 0; time < 2; time++)
            {
                using ModelState state = model.NewState(rows, columns + Steps);
                using Tensor text = zeros([rows, columns], ScalarType.Int64, Device), step = zeros([rows, 1], ScalarType.Int64, Device);
                Stopwatch clock = Stopwatch.StartNew();
                model.Advance(text, state).Dispose();
                double read = clock.Elapsed.TotalSeconds / (rows * columns);
                clock.Restart();
                for (int i = 0; i < Steps; i++)
                {
                    model.Advance(step, state, last: true).Dispose();
                }

                pace = new EvaluationPace(read, clock.Elapsed.TotalSeconds / (rows * Steps));
            }
        });
        return pace;
    }

    /// <summary>How many ids are read for requests, shared ones once.</summary>
    internal long Cost(IReadOnlyList<ScoreRequest> requests)
    {
        int[][][] contexts = [.. requests.GroupBy(request => request.Read, SameIds.Comparer)
            .Select(group => group.Select(request => request.Continuation).Distinct(SameIds.Comparer).Prepend(group.Key).ToArray())];
        return prefixes.Cost([.. contexts.Select(context => context[0])])
            + contexts.Sum(context => context.Skip(1).Sum(continuation => (long)continuation.Length));
    }

    /// <summary>How many ids are read and written for requests at most, shared ones once.</summary>
    internal long Cost(IReadOnlyList<WriteRequest> requests) =>
        prefixes.Cost([.. requests.Select(request => request.Context)]) + requests.Sum(request => (long)request.MaxTokens);

    private void ScoreRows(PrefixGroup group, ContextRow[] contexts, Action<int, Score> done)
    {
        int columns = group.Depth + contexts.Max(context => context.Rest.Length) + contexts.Max(context => context.Longest);
        using ModelState state = prefixes.Rows(group, contexts.Length, columns);

        // The first id of a continuation is told by the last of its context: the rows differ only from there on.
        Read([.. contexts.Select(context => context.Rest[..^1])], state);
        (int Context, int[] Ids, List<int> Places)[] rows =
            [.. contexts.SelectMany((context, i) => context.Continuations.Select(continuation => (i, continuation.Key, continuation.Value)))];
        using Tensor picks = tensor(rows.Select(row => (long)row.Context).ToArray(), dtype: ScalarType.Int64);
        state.Select(picks);
        int[][] tails = [.. rows.Select(row => (int[])[contexts[row.Context].Rest[^1], .. row.Ids[..^1]])];
        using Tensor ids = PaddedRows.Ids(tails, 0, Device), mask = PaddedRows.Real(tails, Device);
        using Tensor logits = model.Advance(ids, state, Ragged(tails) ? mask : null);
        for (int r = 0; r < rows.Length; r++)
        {
            Score score = ScoreRow(logits, r, rows[r].Ids);
            rows[r].Places.ForEach(place => done(place, score));
        }
    }

    private static TValue Entry<TValue>(Dictionary<int[], TValue> table, int[] key, Func<TValue> make)
    {
        if (!table.TryGetValue(key, out TValue? value))
        {
            table.Add(key, value = make());
        }

        return value;
    }

    private static bool Ragged(int[][] rows) => rows.Any(row => row.Length != rows[0].Length);

    private static Score ScoreRow(Tensor logits, int row, int[] continuation)
    {
        using DisposeScope scope = NewDisposeScope();
        using Tensor target = tensor(continuation, dtype: ScalarType.Int64, device: logits.device);
        Tensor own = logits[row].narrow(0, 0, continuation.Length).to(ScalarType.Float64);
        Tensor likely = own.log_softmax(-1).gather(1, target.unsqueeze(1));
        bool greedy = own.argmax(-1).eq(target).all().cpu().item<bool>();
        return new Score(likely.sum().cpu().item<double>(), greedy);
    }

    private string Spell(IEnumerable<int> ids) => codec is ITokenizer tokenizer ? tokenizer.Decode([.. ids], keepSpecials: true) : codec.Decode([.. ids]);

    /// <summary>Reads rows that may be empty; where all are, nothing.</summary>
    private void Read(int[][] rows, ModelState state)
    {
        if (rows.All(row => row.Length == 0))
        {
            return;
        }

        using Tensor ids = PaddedRows.Ids(rows, 0, Device), mask = PaddedRows.Real(rows, Device);
        model.Advance(ids, state, Ragged(rows) ? mask : null, last: true).Dispose();
    }

    /// <summary>A context's ids after what its group shares, and what is scored after it, with the places of the requests.</summary>
    private sealed record ContextRow(int[] Rest, IReadOnlyList<KeyValuePair<int[], List<int>>> Continuations)
    {
        internal int Longest => Continuations.Max(continuation => continuation.Key.Length);
    }

    private void Evaluating(Action body)
    {
        bool training = model.Module.training;
        model.Module.eval();
        try
        {
            using IDisposable off = no_grad();
            body();
        }
        finally
        {
            model.Module.train(training);
        }
    }
}

/// <summary>Runs of ids by what they hold.</summary>
internal sealed class SameIds : IEqualityComparer<int[]>
{
    internal static SameIds Comparer { get; } = new();

    public bool Equals(int[]? a, int[]? b) => a.AsSpan().SequenceEqual(b);

    public int GetHashCode(int[] ids)
    {
        var hash = new HashCode();
        foreach (int id in ids)
        {
            hash.Add(id);
        }

        return hash.ToHashCode();
    }
}
