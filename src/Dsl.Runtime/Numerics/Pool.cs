using System;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>One token for each row.</summary>
public static class Pool
{
    /// <summary>[b, t, d] to [b, d]: the first real token.</summary>
    public static Tensor First(Tensor x, Pass pass)
    {
        if (!pass.Padded)
        {
            return x.select(1, 0);
        }

        using Tensor real = pass.Compact(x);
        return real.select(1, 0);
    }

    /// <summary>[b, t, d] to [b, d]: the last real token.</summary>
    public static Tensor Last(Tensor x, Pass pass)
    {
        using Tensor last = pass.Last(x);
        return last.select(1, 0);
    }

    /// <summary>[b, t, d] to [b, d]: the mean over real tokens (zero where there are none).</summary>
    public static Tensor Mean(Tensor x, Pass pass)
    {
        if (pass.Queries.Real is not { } real)
        {
            return x.mean([1]);
        }

        using Tensor weight = real.to(x.dtype);
        using Tensor column = weight.unsqueeze(-1);
        using Tensor kept = x * column;
        using Tensor sum = kept.sum(1);
        using Tensor count = column.sum(1);
        using Tensor atLeastOne = count.clamp(Scalars.Of(1));
        return sum / atLeastOne;
    }
}
