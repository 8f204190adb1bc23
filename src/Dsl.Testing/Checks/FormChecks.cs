using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Testing;

/// <summary>One model in several forms, and rows that do not see one another, the padding or the future.</summary>
internal static class FormChecks
{
    /// <summary>Parallel and stateful, in pieces of 1, 3 and all at once, at every position.</summary>
    internal static void Forms(ModelSession s)
    {
        if (!s.Steps)
        {
            return;
        }

        using IDisposable off = torch.no_grad();
        int length = s.LongLength;
        foreach (ScalarType dtype in new[] { ScalarType.Float64, ScalarType.Float32 })
        {
            IModel model = s.Model(dtype);
            Dictionary<string, Tensor> feed = s.Feed(2, length, dtype: dtype);
            Tensor tokens = feed[s.StepInput], whole = s.Parallel(model, feed);
            foreach (int chunk in new[] { 1, 3, length })
            {
                ModelState state = s.Begin(model, feed);
                s.ExpectClose(ModelSession.Advance(model, state, tokens, chunk), whole, $"{dtype}, {length} tokens by {chunk} against the parallel form");
                s.Expect(state.Length == length, $"the state says {state.Length} tokens after {length}");
            }

            Tensor last = model.Advance(tokens, s.Begin(model, feed), last: true);
            s.ExpectClose(last, whole.narrow(1, length - 1, 1), $"{dtype}, the last token alone");
        }
    }

    /// <summary>Rows of different lengths, padded left or right, in pieces; and on from there.</summary>
    internal static void PaddedForms(ModelSession s)
    {
        if (!s.Steps)
        {
            return;
        }

        using IDisposable off = torch.no_grad();
        int length = s.Fit(14), more = 4;
        int[] lengths = [length - more, 3, (length - more) / 2];
        IModel model = s.Model(ScalarType.Float64);
        Dictionary<string, Tensor> feed = s.Feed(lengths.Length, length);
        Tensor tokens = feed[s.StepInput];
        foreach (bool left in new[] { true, false })
        {
            (Tensor padded, Tensor mask, _) = Pad(s, tokens, lengths, length - more, left);
            Tensor following = torch.stack([.. lengths.Select((n, row) => tokens.select(0, row).narrow(0, n, more))]);
            foreach (int chunk in new[] { 1, 3, length })
            {
                ModelState state = s.Begin(model, feed);
                Tensor read = ModelSession.Advance(model, state, padded, chunk, mask: mask);
                Tensor after = ModelSession.Advance(model, state, following, chunk);
                Tensor last = model.Advance(padded, s.Begin(model, feed), mask, last: true);
                for (int row = 0; row < lengths.Length; row++)
                {
                    int n = lengths[row], start = left ? length - more - n : 0;
                    Dictionary<string, Tensor> alone = ModelSession.Pick(feed, row);
                    Tensor whole = s.Parallel(model, s.With(alone, alone[s.StepInput].narrow(1, 0, n + more)));
                    string what = $"row {row} of {n} tokens, padded {(left ? "left" : "right")}, by {chunk}, against the row alone";
                    s.ExpectClose(read.narrow(0, row, 1).narrow(1, start, n), whole.narrow(1, 0, n), what);
                    s.ExpectClose(after.narrow(0, row, 1), whole.narrow(1, n, more), $"{more} tokens after {what}");
                    s.ExpectClose(last.narrow(0, row, 1), whole.narrow(1, n - 1, 1), $"the last token of {what}");
                }
            }
        }
    }

    /// <summary>The parallel form: a row alone equals that row in a padded batch, whatever stands in the padding.</summary>
    internal static void Rows(ModelSession s)
    {
        if (s.Inputs.FirstOrDefault(ModelSession.IsMask) is not { } maskName)
        {
            return;
        }

        using IDisposable off = torch.no_grad();
        int length = s.Fit(11);
        int[] lengths = [length, 3, (length / 2) + 1];
        IModel model = s.Model(ScalarType.Float64);
        Dictionary<string, Tensor> feed = s.Feed(lengths.Length, length: 6, memory: length);
        string[] masked = [.. s.Inputs.Where(name => !ModelSession.IsMask(name) && feed[name].dim() == 2 && (!s.HasMemory || name != s.StepInput))];
        if (!s.HasMemory)
        {
            foreach ((string name, Tensor value) in s.Feed(lengths.Length, length))
            {
                feed[name] = value;
            }
        }

        foreach (bool left in new[] { true, false })
        {
            var padded = new Dictionary<string, Tensor>(feed);
            int[] starts = [];
            foreach (string name in masked)
            {
                (padded[name], padded[maskName], starts) = Pad(s, feed[name], lengths, length, left, name == "token_type_ids");
            }

            IReadOnlyDictionary<string, Tensor> together = model.Run(padded);
            for (int row = 0; row < lengths.Length; row++)
            {
                Dictionary<string, Tensor> alone = ModelSession.Pick(feed, row);
                foreach (string name in masked)
                {
                    alone[name] = alone[name].narrow(1, 0, lengths[row]);
                }

                // A number for the whole batch is no row's.
                foreach ((string name, Tensor value) in model.Run(alone).Where(output => output.Value.dim() > 0))
                {
                    Tensor ours = together[name].narrow(0, row, 1);
                    ours = ModelSession.IsAlong(value, lengths[row]) && ModelSession.IsAlong(ours, length) ? ours.narrow(1, starts[row], lengths[row]) : ours;
                    s.ExpectClose(ours, value, $"'{name}' of row {row} of {lengths[row]} tokens, padded {(left ? "left" : "right")}, against the row alone");
                }
            }
        }
    }

    /// <summary>A change at a token changes nothing before it, to the bit, and something from it on.</summary>
    internal static void Causal(ModelSession s)
    {
        if (!s.Steps)
        {
            return;
        }

        using IDisposable off = torch.no_grad();
        int length = s.LongLength;
        IModel model = s.Model(ScalarType.Float32);
        Dictionary<string, Tensor> feed = s.Feed(2, length, dtype: ScalarType.Float32);
        IReadOnlyDictionary<string, Tensor> before = model.Run(feed);
        foreach (int at in new[] { 1, length / 2, length - 1 }.Distinct())
        {
            IReadOnlyDictionary<string, Tensor> after = model.Run(s.With(feed, Changed(s, feed[s.StepInput], at)));
            foreach ((string name, Tensor value) in before.Where(pair => ModelSession.IsAlong(pair.Value, length)))
            {
                if (model.GroupsRows)
                {
                    // A product of other rows beside them is the same to rounding.
                    s.ExpectClose(after[name].narrow(1, 0, at), value.narrow(1, 0, at), $"'{name}' before a change at token {at}");
                }
                else
                {
                    s.Expect(ModelSession.Same(after[name].narrow(1, 0, at), value.narrow(1, 0, at)), $"a change at token {at} changes '{name}' before it");
                }

                // There or later: a shift alone shows a token one place on.
                s.Expect(at == length - 1 || !ModelSession.Same(after[name].narrow(1, at, length - at), value.narrow(1, at, length - at)),
                    $"a change at token {at} changes nothing of '{name}' from there on");
            }
        }
    }

    /// <summary>Rows [rows, length] cut to their lengths and padded with other tokens; the mask; and where each row starts.</summary>
    private static (Tensor Tokens, Tensor Mask, int[] Starts) Pad(ModelSession s, Tensor tokens, int[] lengths, int length, bool left, bool types = false)
    {
        Tensor padded = types ? torch.zeros([lengths.Length, length], dtype: ScalarType.Int64) : s.Tokens(lengths.Length, length, seed: 99);
        Tensor mask = torch.zeros([lengths.Length, length], dtype: ScalarType.Int64);
        int[] starts = [.. lengths.Select(n => left ? length - n : 0)];
        for (int row = 0; row < lengths.Length; row++)
        {
            padded.narrow(0, row, 1).narrow(1, starts[row], lengths[row]).copy_(tokens.narrow(0, row, 1).narrow(1, 0, lengths[row]));
            mask.narrow(0, row, 1).narrow(1, starts[row], lengths[row]).fill_(Scalars.Of(1));
        }

        return (padded, mask, starts);
    }

    /// <summary>The tokens, another one at that place of each row.</summary>
    internal static Tensor Changed(ModelSession s, Tensor tokens, int at)
    {
        Tensor changed = tokens.clone();
        long[] old = tokens.narrow(1, at, 1).contiguous().data<long>().ToArray();
        long[] other = s.Tokens(1, 64, seed: 7 + at).data<long>().ToArray();
        changed.narrow(1, at, 1).copy_(torch.tensor([.. old.Select(token => other.First(choice => choice != token))], [old.Length, 1]));
        return changed;
    }
}
