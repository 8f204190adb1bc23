using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Testing;

/// <summary>What is kept between calls.</summary>
internal static class StateChecks
{
    /// <summary>Columns that the checks with padding read.</summary>
    private const int Longest = 16;

    internal static void State(ModelSession s)
    {
        if (!s.Steps)
        {
            return;
        }

        using IDisposable off = torch.no_grad();
        int length = s.Fit(12), half = length / 2;
        IModel model = s.Model(ScalarType.Float64);
        Dictionary<string, Tensor> feed = s.Feed(3, length), other = s.With(feed, s.Tokens(3, length, seed: 5));
        Tensor tokens = feed[s.StepInput], whole = s.Parallel(model, feed);
        other[s.StepInput].narrow(1, 0, half).copy_(tokens.narrow(1, 0, half));

        // A clone goes its own way.
        ModelState state = s.Begin(model, feed);
        ModelSession.Advance(model, state, tokens, 2, 0, half);
        using (ModelState clone = state.Clone())
        {
            Tensor own = ModelSession.Advance(model, clone, other[s.StepInput], 2, half);
            s.ExpectClose(own, s.Parallel(model, other).narrow(1, half, length - half), "a clone with tokens of its own");
            s.ExpectClose(ModelSession.Advance(model, state, tokens, 2, half), whole.narrow(1, half, length - half), "the state that was cloned");
        }

        // Rows follow their picks; their number may change.
        foreach (long[] picks in new[] { new long[] { 2, 0, 0, 1 }, [1] })
        {
            ModelState selected = s.Begin(model, feed);
            ModelSession.Advance(model, selected, tokens, 2, 0, half);
            selected.Select(torch.tensor(picks));
            Dictionary<string, Tensor> picked = ModelSession.Pick(feed, picks);
            Tensor after = ModelSession.Advance(model, selected, picked[s.StepInput], 2, half);
            s.ExpectClose(after, s.Parallel(model, picked).narrow(1, half, length - half), $"rows {string.Join(", ", picks)} after Select");
        }

        // Cut, or refused and left alone.
        ModelState cut = s.Begin(model, feed);
        ModelSession.Advance(model, cut, other[s.StepInput], 2, 0, length - 1);
        bool refused = false;
        try
        {
            cut.Truncate(half);
        }
        catch (InvalidOperationException)
        {
            refused = true;
        }

        bool mayRefuse = s.Windows.Count > 0 || cut.Parts.Any(part => part is not (KeyValueCache or HeldValue));
        s.Expect(!refused || mayRefuse, "Truncate is refused, although every part keeps all it has read");
        (Tensor left, Tensor expected, int from) = refused ? (other[s.StepInput], s.Parallel(model, other), length - 1) : (tokens, whole, half);
        s.ExpectClose(ModelSession.Advance(model, cut, left, 2, from), expected.narrow(1, from, length - from),
            refused ? "a state that refused to be cut" : "a state that was cut");

        // Errors leave it as it was.
        ModelState kept = s.Begin(model, feed);
        ModelSession.Advance(model, kept, tokens, 2, 0, half);
        Throws<ArgumentException>(s, () => kept.Select(torch.tensor(new long[] { 0, 3 })), "Select of a row that is not there");
        Throws<ArgumentOutOfRangeException>(s, () => kept.Truncate(length), "Truncate to more than was read");
        Throws<ArgumentException>(s, () => model.Advance(tokens.narrow(0, 0, 2).narrow(1, half, 1), kept), "tokens of fewer rows than the state has");
        s.ExpectClose(ModelSession.Advance(model, kept, tokens, 2, half), whole.narrow(1, half, length - half), "a state after refused calls");

        kept.Reset();
        s.Expect(kept.Length == 0, $"a state says {kept.Length} tokens after Reset");
        if (s.HasMemory)
        {
            StepsWithoutMemory(s, model, kept, tokens.narrow(1, 0, 1), whole.narrow(1, 0, 1));
        }
        else
        {
            s.ExpectClose(ModelSession.Advance(model, kept, tokens, 3), whole, "a state after Reset");
        }
    }

    /// <summary>A part that is bounded (a band's keys, a recurrent state) holds as many bytes after many tokens as after some.</summary>
    internal static void ConstantSize(ModelSession s)
    {
        if (!s.Steps)
        {
            return;
        }

        using IDisposable off = torch.no_grad();
        IModel model = s.Model(ScalarType.Float32);
        int widest = s.Windows.DefaultIfEmpty(0).Max(), some = s.Fit(Math.Max(8, (2 * widest) + 2)), many = s.Fit(s.Many);
        Dictionary<string, Tensor> feed = s.Feed(1, many, dtype: ScalarType.Float32);
        ModelState state = s.Begin(model, feed);
        ModelSession.Advance(model, state, feed[s.StepInput], 1, 0, some);

        // What a layer of one's own keeps is its own affair.
        IStatePart[] bounded = [.. state.Parts.Where(
            part => part is KeyValueCache { Window: not null } or RecurrentState or PastInputs or LearnState or HeldValue)];
        int bands = bounded.Count(part => part is KeyValueCache), declared = s.Windows.Count;
        s.Expect(bands == declared, $"{declared} attentions have a band, but {bands} caches are bounded");
        long[] before = [.. bounded.Select(part => part.Bytes)];
        ModelSession.Advance(model, state, feed[s.StepInput], 1, some);
        long[] after = [.. bounded.Select(part => part.Bytes)];
        s.Expect(before.SequenceEqual(after),
            $"bounded parts hold {string.Join(", ", before)} bytes after {some} tokens and {string.Join(", ", after)} after {many}");
    }

    /// <summary>
    /// What recurrences, shifts, convolutions and learners keep. Padding leaves it as it was, to the bit; of the real tokens it keeps the same, however many
    /// calls they came in and whatever padding stood between them: to the bit where nothing attends, else to rounding, since an attention sums over the
    /// padded keys of its cache too.
    /// </summary>
    internal static void Recurrent(ModelSession s)
    {
        if (!s.Steps)
        {
            return;
        }

        using IDisposable off = torch.no_grad();
        IModel model = s.Model(ScalarType.Float64);
        int length = s.Fit(Math.Max(s.LongLength, Longest));
        if (length < Longest)
        {
            s.Fail($"the positions reach {length} tokens, but {Longest} must be read: give a configuration with more");
            return;
        }

        Dictionary<string, Tensor> feed = s.Feed(3, length);
        using (ModelState probe = s.Begin(model, feed))
        {
            model.Advance(feed[s.StepInput].narrow(1, 0, 1), probe);
            if (!Kept(probe).Any())
            {
                return;
            }
        }

        Pieces(s, model, feed);
        PaddingAlone(s, model, feed);
        PaddingAmong(s, model, feed);
    }

    /// <summary>A prefix and the rest, pieces of one, of three and of uneven sizes: the outputs and the final state of one call.</summary>
    private static void Pieces(ModelSession s, IModel model, Dictionary<string, Tensor> feed)
    {
        Tensor tokens = feed[s.StepInput], expected = s.Parallel(model, feed);
        int length = (int)tokens.shape[1];
        ModelState whole = s.Begin(model, feed);
        s.ExpectClose(model.Advance(tokens, whole), expected, "one call against the parallel form");
        int[][] splits = [[1], [3], [5, 1, 2, 7, 4], [1, length - 1], [length / 2, length], [length - 1, 1]];
        foreach (int[] split in splits)
        {
            ModelState state = s.Begin(model, feed);
            var read = new List<Tensor>();
            for (int at = 0, call = 0; at < length; call++)
            {
                int n = Math.Min(split[call % split.Length], length - at);
                read.Add(model.Advance(tokens.narrow(1, at, n), state));
                at += n;
            }

            string what = $"{length} tokens by {string.Join(", ", split)}";
            s.ExpectClose(torch.cat(read, 1), expected, $"{what} against the parallel form");
            ExpectKept(s, Kept(state), Kept(whole), exactly: false, $"after {what}, against one call");
        }
    }

    /// <summary>Calls of padding alone, before all tokens, between them and after them, and a row that waits while the others read.</summary>
    private static void PaddingAlone(ModelSession s, IModel model, Dictionary<string, Tensor> feed)
    {
        Tensor tokens = feed[s.StepInput], nothing = torch.zeros([3, 2], dtype: ScalarType.Int64), other = s.Tokens(3, 2, seed: 6);
        ModelState plain = s.Begin(model, feed), padded = s.Begin(model, feed);
        bool exactly = !Attends(plain);
        model.Advance(other, padded, nothing);
        for (int at = 0; at < 12; at += 4)
        {
            Tensor piece = tokens.narrow(1, at, 4), read = model.Advance(piece, padded), alone = model.Advance(piece, plain);
            string outputs = $"the outputs of tokens {at} to {at + 3} after a call of padding";
            if (exactly)
            {
                s.Expect(ModelSession.Same(read, alone), $"{outputs} differ from those without it");
            }
            else
            {
                s.ExpectClose(read, alone, outputs);
            }

            ExpectKept(s, Kept(padded), Kept(plain), exactly, $"after {at + 4} tokens and padding before each 4, against the tokens alone");
            (string, Tensor)[] before = Copied(Kept(padded));
            model.Advance(other, padded, nothing);
            ExpectKept(s, Kept(padded), before, exactly: true, $"after {at + 4} tokens and a call of padding, against before it");
        }

        Tensor waits = torch.tensor(new long[] { 1, 1, 0, 0, 1, 1 }, [3, 2]);
        (string Name, Tensor Value)[] waiting = Copied(Kept(padded));
        model.Advance(tokens.narrow(1, 12, 2), padded, waits);
        ExpectKept(s, Row(Kept(padded), 1), Row(waiting, 1), exactly: true, "of a row that waits while the others read, against before it");
        bool changed = Row(Kept(padded), 0).Zip(Row(waiting, 0)).Any(pair => !ModelSession.Same(pair.First.Value, pair.Second.Value));
        s.Expect(changed, "nothing of a row that read has changed");
    }

    /// <summary>
    /// Padding on the left, in the middle, on the right of the tokens of a call: what stands in it changes no bit, and each row's state is that of its
    /// tokens alone.
    /// </summary>
    private static void PaddingAmong(ModelSession s, IModel model, Dictionary<string, Tensor> feed)
    {
        string[][] calls = [["00111", "11111", "00000"], ["1101", "1110", "0010"], ["110000", "101101", "111111"], ["1", "0", "1"]];
        ModelState state = s.Begin(model, feed), disturbed = s.Begin(model, feed);
        ModelState[] alone = [.. Enumerable.Range(0, 3).Select(row => s.Begin(model, ModelSession.Pick(feed, row)))];
        int from = 0;
        foreach (string[] rows in calls)
        {
            int width = rows[0].Length;
            Tensor tokens = feed[s.StepInput].narrow(1, from, width);
            Tensor mask = torch.tensor([.. rows.SelectMany(row => row.Select(c => (long)(c - '0')))], [3, width]);
            string what = $"tokens {string.Join(" / ", rows)} (0: padding) after {from} columns";
            from += width;
            model.Advance(tokens, state, mask);
            model.Advance(torch.where(mask.to_type(ScalarType.Bool), tokens, s.Tokens(3, width, seed: 50 + from)), disturbed, mask);
            ExpectKept(s, Kept(disturbed), Kept(state), exactly: !Attends(state), $"with something else in the padding of {what}");
            for (int row = 0; row < 3; row++)
            {
                foreach (int at in Enumerable.Range(0, width).Where(at => rows[row][at] == '1'))
                {
                    model.Advance(tokens.narrow(0, row, 1).narrow(1, at, 1), alone[row]);
                }

                if (alone[row].Length > 0)
                {
                    ExpectKept(s, Row(Kept(state), row), Kept(alone[row]), exactly: false, $"of row {row} of {what}, against its tokens alone");
                }
            }
        }
    }

    /// <summary>All tensors that the parts but caches of keys and values keep, rows first.</summary>
    private static (string Name, Tensor Value)[] Kept(ModelState state) =>
    [
        .. state.Parts.SelectMany((part, i) => (part switch
        {
            RecurrentState { Values: { } states } => states.Select((value, j) => ($"state {j}", value)),
            PastInputs { Values: { } past } => [("past inputs", past)],
            LearnState learner =>
            [
                .. Named("start of", learner.Starts), .. Named("sum of", learner.Sums), ("place", torch.tensor(learner.ReadBy(state.Batch))),
            ],
            _ => Enumerable.Empty<(string, Tensor)>(),
        }).Select(kept => ($"part {i}'s {kept.Item1}", kept.Item2))),
    ];

    private static bool Attends(ModelState state) => state.Parts.Any(part => part is KeyValueCache or HeldValue);

    private static (string Name, Tensor Value)[] Copied((string Name, Tensor Value)[] kept) =>
        [.. kept.Select(each => (each.Name, each.Value.clone()))];

    private static IEnumerable<(string Name, Tensor Value)> Named(string what, IReadOnlyDictionary<string, Tensor> tensors) =>
        tensors.Select(pair => ($"{what} {pair.Key}", pair.Value));

    private static (string Name, Tensor Value)[] Row((string Name, Tensor Value)[] kept, int row) =>
        [.. kept.Select(each => (each.Name, each.Value.narrow(0, row, 1)))];

    private static void ExpectKept(ModelSession s, (string Name, Tensor Value)[] ours, (string Name, Tensor Value)[] reference, bool exactly, string what)
    {
        s.Expect(ours.Select(each => each.Name).SequenceEqual(reference.Select(each => each.Name)),
            $"{what}: kept are {string.Join(", ", ours.Select(each => each.Name))}, expected {string.Join(", ", reference.Select(each => each.Name))}");
        foreach (((string name, Tensor value), (_, Tensor expected)) in ours.Zip(reference))
        {
            if (!exactly)
            {
                s.ExpectClose(value, expected, $"{name} {what}");
            }
            else if (!ModelSession.Same(value, expected))
            {
                s.Fail(FormattableString.Invariant($"{name} {what}: differs by {ModelSession.Error(value, expected):g3}, expected the same bits"));
            }
        }
    }

    /// <summary>A step before <c>Begin</c> is refused, or reads nothing of the memory.</summary>
    private static void StepsWithoutMemory(ModelSession s, IModel model, ModelState state, Tensor token, Tensor expected)
    {
        try
        {
            s.ExpectClose(model.Advance(token, state), expected, "a step without a memory, expected InvalidOperationException");
        }
        catch (InvalidOperationException)
        {
        }
    }

    private static void Throws<T>(ModelSession s, Action call, string what)
        where T : Exception
    {
        try
        {
            call();
            s.Fail($"{what} is accepted, expected {typeof(T).Name}");
        }
        catch (T)
        {
        }
    }
}
