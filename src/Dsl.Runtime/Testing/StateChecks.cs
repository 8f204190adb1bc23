using System;
using System.Collections.Generic;
using System.Linq;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime.Testing;

/// <summary>What is kept between calls.</summary>
internal static class StateChecks
{
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
            s.ExpectClose(ModelSession.Advance(model, clone, other[s.StepInput], 2, half), s.Parallel(model, other).narrow(1, half, length - half), "a clone with tokens of its own");
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
        s.ExpectClose(ModelSession.Advance(model, cut, left, 2, from), expected.narrow(1, from, length - from), refused ? "a state that refused to be cut" : "a state that was cut");

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
            Throws<InvalidOperationException>(s, () => model.Advance(tokens.narrow(1, 0, 1), kept), "a step without a memory");
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
        int widest = s.Windows.DefaultIfEmpty(0).Max(), some = s.Fit(Math.Max(8, (2 * widest) + 2)), many = s.Fit(Math.Max(96, (8 * widest) + 8));
        Dictionary<string, Tensor> feed = s.Feed(1, many, dtype: ScalarType.Float32);
        ModelState state = s.Begin(model, feed);
        ModelSession.Advance(model, state, feed[s.StepInput], 1, 0, some);
        IStatePart[] bounded = [.. state.Parts.Where(part => part is not KeyValueCache cache || cache.Window is not null)];
        int bands = bounded.Count(part => part is KeyValueCache), declared = s.Windows.Count;
        s.Expect(bands == declared, $"{declared} attentions have a band, but {bands} caches are bounded");
        long[] before = [.. bounded.Select(part => part.Bytes)];
        ModelSession.Advance(model, state, feed[s.StepInput], 1, some);
        long[] after = [.. bounded.Select(part => part.Bytes)];
        s.Expect(before.SequenceEqual(after), $"bounded parts hold {string.Join(", ", before)} bytes after {some} tokens and {string.Join(", ", after)} after {many}");
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
