using System;
using System.Linq;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>Values that become longer or shorter along time. What is padded in a row comes to stand behind its real tokens.</summary>
public static class Sequences
{
    /// <summary>[n, ...] or [d], once for each row of another value: [b, n, ...] or [b, 1, d].</summary>
    public static Tensor Expand(Tensor value, Tensor like)
    {
        using Tensor rows = value.dim() == 1 ? value.unsqueeze(0) : value.alias();
        using Tensor one = rows.unsqueeze(0);
        return one.expand([like.shape[0], .. rows.shape]);
    }

    /// <summary>Each row's real tokens of the first value, then those of the second, ...: [b, n + m + ..., d].</summary>
    public static Tensor Join(Tensor[] values, Pass[] passes)
    {
        Require(passes);
        if (passes.All(pass => !pass.Padded))
        {
            return torch.cat(values, 1);
        }

        int length = passes.Sum(pass => pass.Length), batch = passes[0].Batch;
        long[] index = new long[batch * length];
        for (int row = 0; row < batch; row++)
        {
            int next = row * length;
            foreach (bool wanted in new[] { true, false })
            {
                int start = 0;
                foreach (Pass pass in passes)
                {
                    for (int i = 0; i < pass.Length; i++)
                    {
                        if (pass.Queries.IsReal(row, i) == wanted)
                        {
                            index[next++] = start + i;
                        }
                    }

                    start += pass.Length;
                }
            }
        }

        using Tensor all = torch.cat(values, 1);
        using Tensor order = torch.tensor(index, [batch, length], device: all.device);
        return Pass.Gather(all, order);
    }

    /// <summary>The pass of what <see cref="Join"/> gives.</summary>
    public static Pass Joined(params Pass[] passes)
    {
        Require(passes);
        return passes[0].Of(passes.Sum(pass => pass.Length), row => passes.Sum(pass => pass.Queries.Length(row)));
    }

    /// <summary>A run of each row's real tokens.</summary>
    /// <param name="x">[b, t, ...].</param>
    /// <param name="pass">Its pass.</param>
    /// <param name="start">The first token, from 0.</param>
    /// <param name="size">How many; null: to the end.</param>
    /// <exception cref="ArgumentException">There are not so many tokens.</exception>
    public static Tensor Slice(Tensor x, Pass pass, long start, long? size = null)
    {
        long length = size ?? (pass.Length - start);
        if (length < 1 || start + length > pass.Length)
        {
            throw new ArgumentException(
                $"The sequence has {pass.Length} tokens, expected at least {start + (size ?? 1)}: a run of it starts at token {start}.");
        }

        using Tensor real = pass.Compact(x);
        return real.narrow(1, start, length);
    }

    /// <summary>The pass of what <see cref="Slice"/> gives.</summary>
    public static Pass Sliced(Pass pass, long start, long? size = null) =>
        pass.Map(tokens => (int)Math.Clamp(tokens - start, 0, size ?? int.MaxValue), "cut");

    private static void Require(Pass[] passes)
    {
        if (passes.FirstOrDefault(pass => pass.Batch != passes[0].Batch) is { } other)
        {
            throw new ArgumentException($"Values of {passes[0].Batch} and {other.Batch} rows are joined, expected equal numbers.");
        }
    }
}
