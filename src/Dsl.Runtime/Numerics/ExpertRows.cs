using System;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>
/// The tokens of a call as rows, one for each expert that a token has, grouped by expert; a token's rows stand in the order of its experts. Which experts are
/// chosen is read on the host, so that none of the others is ever asked for.
/// </summary>
internal sealed class ExpertRows
{
    private readonly long tokens;
    private readonly int[] starts;

    /// <param name="chosen">[b, t, e], not 0 where a token has an expert.</param>
    internal ExpertRows(Tensor chosen)
    {
        int experts = checked((int)chosen.shape[^1]);
        tokens = chosen.numel() / experts;
        using Tensor set = chosen.detach().ne(Scalars.Of(0L));
        using Tensor host = set.cpu();
        using Tensor straight = host.contiguous();
        ReadOnlySpan<bool> has = straight.data<bool>().ToArray();
        starts = new int[experts + 1];
        foreach (int i in Indices(has))
        {
            starts[(i % experts) + 1]++;
        }

        for (int expert = 0; expert < experts; expert++)
        {
            starts[expert + 1] += starts[expert];
        }

        var next = (int[])starts.Clone();
        long[] token = new long[starts[experts]], choice = new long[token.Length], row = new long[token.Length];
        int each = tokens == 0 ? 0 : checked((int)(token.Length / tokens)), before = -1, inToken = 0, at = 0;
        bool alike = each > 0 && each * tokens == token.Length;
        foreach (int i in Indices(has))
        {
            int of = i / experts;
            inToken = of == before ? inToken + 1 : 1;
            alike &= inToken <= each;
            before = of;
            int to = next[i % experts]++;
            (token[to], choice[to], row[at++]) = (of, i, to);
        }

        Tokens = torch.tensor(token, device: chosen.device);
        Choices = torch.tensor(choice, device: chosen.device);
        OfTokens = alike ? torch.tensor(row, device: chosen.device) : null;
        Each = each;
    }

    /// <summary>How many rows there are.</summary>
    internal int Count => starts[^1];

    /// <summary>How many experts there are.</summary>
    internal int Experts => starts.Length - 1;

    /// <summary>int64 [rows], the token of each.</summary>
    internal Tensor Tokens { get; }

    /// <summary>int64 [rows], each one's place in the choices as one list, token after token.</summary>
    internal Tensor Choices { get; }

    /// <summary>int64 [rows], the rows token after token; null where tokens have different numbers of experts.</summary>
    internal Tensor? OfTokens { get; }

    private int Each { get; }

    /// <summary>The rows of an expert.</summary>
    internal (int Start, int Count) Of(int expert) => (starts[expert], starts[expert + 1] - starts[expert]);

    /// <summary>[rows, f] to the sum over each token's rows, [tokens, f], given <see cref="Tokens"/> and <see cref="OfTokens"/>.</summary>
    internal Tensor Sum(Tensor values, Tensor token, Tensor? ofTokens)
    {
        // Additions at an index run on one thread, row by row: where every token has as many experts, rows are fetched instead.
        if (ofTokens is null)
        {
            return torch.zeros([tokens, values.shape[1]], dtype: values.dtype, device: values.device).index_add_(0, token, values, Scalars.Of(1L));
        }

        Tensor fetched = values.index_select(0, ofTokens);
        return Each == 1 ? fetched : fetched.view(tokens, Each, values.shape[1]).sum([1L]);
    }

    private static int[] Indices(ReadOnlySpan<bool> has)
    {
        int count = has.Count(true), at = 0;
        var indices = new int[count];
        for (int i = 0; i < has.Length; i++)
        {
            if (has[i])
            {
                indices[at++] = i;
            }
        }

        return indices;
    }
}
