using System;
using System.Linq;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Reference.Comparing;

/// <summary>Between tensors and plain arrays.</summary>
internal static class Tensors
{
    internal static NumberArray ToNumbers(this Tensor tensor)
    {
        using Tensor wide = tensor.detach().to(ScalarType.Float64).cpu().contiguous();
        return new NumberArray([.. tensor.shape.Select(s => (int)s)], wide.numel() == 0 ? [] : wide.data<double>().ToArray());
    }

    internal static Tensor ToTensor(this NumberArray numbers, ScalarType dtype) =>
        torch.tensor(numbers.Values, [.. numbers.Shape.Select(s => (long)s)], dtype: ScalarType.Float64).to(dtype);

    /// <summary>Columns [from, to) of the second axis.</summary>
    internal static NumberArray Columns(this NumberArray x, int from, int to)
    {
        int inner = x.Shape.Length < 2 ? 1 : NumberArray.CountOf(x.Shape[2..]);
        NumberArray y = NumberArray.Zeros([x.Shape[0], to - from, .. x.Shape[2..]]);
        for (int row = 0; row < x.Shape[0]; row++)
        {
            Array.Copy(x.Values, ((row * x.Shape[1]) + from) * inner, y.Values, row * (to - from) * inner, (to - from) * inner);
        }

        return y;
    }

    /// <summary>One row, as a batch of one.</summary>
    internal static NumberArray Row(this NumberArray x, int row)
    {
        int size = x.Count / x.Shape[0];
        return new NumberArray([1, .. x.Shape[1..]], x.Values[(row * size)..((row + 1) * size)]);
    }
}
