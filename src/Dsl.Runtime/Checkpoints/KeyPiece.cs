using System.Collections.Generic;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>What a file holds of a weight that it does not hold whole: one element of its first axis, or a share of that along the axis after it.</summary>
/// <param name="Element">Which element.</param>
/// <param name="Part">Which of its parts.</param>
/// <param name="Parts">Into how many equal ones it is cut.</param>
internal sealed record KeyPiece(int Element, int Part, int Parts)
{
    /// <summary>A piece whatever the weight.</summary>
    public static KeyPiece First { get; } = new(0, 0, 1);

    /// <summary>The piece's shape.</summary>
    public IReadOnlyList<long> ShapeOf(IReadOnlyList<long> weight)
    {
        var shape = new long[weight.Count - 1];
        for (int i = 0; i < shape.Length; i++)
        {
            shape[i] = i == 0 ? weight[1] / Parts : weight[i + 1];
        }

        return shape;
    }

    /// <summary>The piece of a weight, a view; the caller disposes it.</summary>
    public Tensor Of(Tensor weight)
    {
        using Tensor element = weight.select(0, Element);
        long size = weight.shape[1] / Parts;
        return element.narrow(0, Part * size, size);
    }
}
