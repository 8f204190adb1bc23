using System;
using System.Collections.Generic;
using System.Linq;
using TorchSharp;
using static TorchSharp.torch;

namespace Benchmarks.Baselines;

/// <summary>WKV of RWKV-4 in tensor operators.</summary>
public static class EagerWkv
{
    /// <summary>
    /// A loop over time, as Hugging Face's rwkv_linear_attention_cpu writes it; time is unbound once, since the gradient of a selection is as long as the
    /// whole. k, v [batch, time, channels]; decay, first [channels]. From the empty state.
    /// </summary>
    public static Tensor OverTime(Tensor k, Tensor v, Tensor decay, Tensor first)
    {
        using var scope = NewDisposeScope();
        var w = -decay.exp();
        var numerator = zeros_like(k.select(1, 0));
        var denominator = zeros_like(numerator);
        var largest = full_like(numerator, -1e38);
        var outputs = new List<Tensor>();
        foreach (var (key, value) in k.unbind(1).Zip(v.unbind(1)))
        {
            var most = maximum(largest, key + first);
            var (past, now) = ((largest - most).exp(), (key + first - most).exp());
            outputs.Add((past * numerator + now * value) / (past * denominator + now));
            most = maximum(largest + w, key);
            (past, now) = ((largest + w - most).exp(), (key - most).exp());
            numerator = past * numerator + now * value;
            denominator = past * denominator + now;
            largest = most;
        }

        return stack(outputs, 1).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// In chunks of about the root of the time: within them step by step for all chunks at once, each from the empty state; then the states at the chunks'
    /// borders one after the other; then all outputs at once from the state before the chunk, the chunk's own, and the token. About 2 sqrt(time) rounds of
    /// operators.
    /// </summary>
    public static Tensor Chunked(Tensor k, Tensor v, Tensor decay, Tensor first)
    {
        using var scope = NewDisposeScope();
        var (batch, time, width) = (k.shape[0], k.shape[1], k.shape[2]);
        long length = Chunks.LengthFor(time), chunks = time / length;
        var w = -decay.exp();
        var (keys, values) = (k.view(batch, chunks, length, width), v.view(batch, chunks, length, width));
        var state = (A: zeros(batch, chunks, width), B: zeros(batch, chunks, width), P: full([batch, chunks, width], -1e38));
        var (a, b, p) = (new List<Tensor>(), new List<Tensor>(), new List<Tensor>());
        foreach (var (key, value) in keys.unbind(2).Zip(values.unbind(2)))
        {
            a.Add(state.A);
            b.Add(state.B);
            p.Add(state.P);
            var most = maximum(state.P + w, key);
            var (past, now) = ((state.P + w - most).exp(), (key - most).exp());
            state = (past * state.A + now * value, past * state.B + now, most);
        }

        var (sumA, sumB, top) = (zeros(batch, width), zeros(batch, width), full([batch, width], -1e38));
        var (borderA, borderB, borderP) = (new List<Tensor>(), new List<Tensor>(), new List<Tensor>());
        foreach (var ((ownA, ownB), own) in state.A.unbind(1).Zip(state.B.unbind(1)).Zip(state.P.unbind(1)))
        {
            borderA.Add(sumA);
            borderB.Add(sumB);
            borderP.Add(top);
            var decayed = top + length * w;
            var most = maximum(decayed, own);
            var (past, now) = ((decayed - most).exp(), (own - most).exp());
            (sumA, sumB, top) = (past * sumA + now * ownA, past * sumB + now * ownB, most);
        }

        var before = stack(borderP, 1).unsqueeze(2) + arange(length, float32).unsqueeze(1) * w;
        var within = stack(p, 2);
        var here = keys + first;
        var highest = maximum(maximum(before, within), here);
        var (e0, e1, e2) = ((before - highest).exp(), (within - highest).exp(), (here - highest).exp());
        var above = e0 * stack(borderA, 1).unsqueeze(2) + e1 * stack(a, 2) + e2 * values;
        var below = e0 * stack(borderB, 1).unsqueeze(2) + e1 * stack(b, 2) + e2;
        return (above / below).view(batch, time, width).MoveToOuterDisposeScope();
    }
}

/// <summary>Mamba's selective scan in tensor operators.</summary>
public static class EagerSelectiveScan
{
    /// <summary>
    /// A loop over time. delta, u [batch, time, channels]; B, C [batch, time, state]; aLog [channels, state]; D [channels]. From the empty state.
    /// </summary>
    public static Tensor OverTime(Tensor delta, Tensor u, Tensor B, Tensor C, Tensor aLog, Tensor D)
    {
        using var scope = NewDisposeScope();
        var A = -aLog.exp();
        var input = delta * u;
        var h = zeros(u.shape[0], u.shape[2], aLog.shape[1]);
        var outputs = new List<Tensor>();
        foreach (var ((step, into), (now, outOf)) in delta.unbind(1).Zip(B.unbind(1)).Zip(input.unbind(1).Zip(C.unbind(1))))
        {
            h = (step.unsqueeze(-1) * A).exp() * h + now.unsqueeze(-1) * into.unsqueeze(1);
            outputs.Add(matmul(h, outOf.unsqueeze(-1)).squeeze(-1));
        }

        return (stack(outputs, 1) + D * u).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// In chunks, as <see cref="EagerWkv.Chunked"/>, whose decays are exponentials of sums over time; 256 tokens after 256, so that tensors with a state
    /// axis stay small.
    /// </summary>
    public static Tensor Chunked(Tensor delta, Tensor u, Tensor B, Tensor C, Tensor aLog, Tensor D)
    {
        using var scope = NewDisposeScope();
        const long Piece = 256;
        var (batch, time, width, size) = (u.shape[0], u.shape[1], u.shape[2], aLog.shape[1]);
        var A = -aLog.exp();
        var input = delta * u;
        var border = zeros(batch, width, size);
        var outputs = new List<Tensor>();
        for (long from = 0; from < time; from += Piece)
        {
            long count = Math.Min(Piece, time - from), length = Chunks.LengthFor(count), chunks = count / length;
            Tensor Cut(Tensor x) => x.narrow(1, from, count).view(batch, chunks, length, x.shape[2]);
            var (steps, inputs, into, outOf) = (Cut(delta), Cut(input), Cut(B), Cut(C));
            var h = zeros(batch, chunks, width, size);
            var states = new List<Tensor>();
            foreach (var ((step, now), column) in steps.unbind(2).Zip(inputs.unbind(2)).Zip(into.unbind(2)))
            {
                h = (step.unsqueeze(-1) * A).exp() * h + now.unsqueeze(-1) * column.unsqueeze(2);
                states.Add(h);
            }

            var passed = steps.cumsum(2);
            var whole = (passed.select(2, length - 1).unsqueeze(-1) * A).exp();
            var borders = new List<Tensor>();
            foreach (var (decay, own) in whole.unbind(1).Zip(h.unbind(1)))
            {
                borders.Add(border);
                border = decay * border + own;
            }

            var all = stack(states, 2) + (passed.unsqueeze(-1) * A).exp() * stack(borders, 1).unsqueeze(2);
            outputs.Add(matmul(all, outOf.unsqueeze(-1)).squeeze(-1).reshape(batch, count, width));
        }

        return (cat(outputs, 1) + D * u).MoveToOuterDisposeScope();
    }
}

/// <summary>How time is cut.</summary>
internal static class Chunks
{
    /// <summary>The divisor of a time nearest to its root.</summary>
    public static long LengthFor(long time) => Enumerable.Range(1, (int)time).Where(n => time % n == 0).MinBy(n => Math.Abs(n - Math.Sqrt(time)));
}
