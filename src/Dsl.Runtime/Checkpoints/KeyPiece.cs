using System.Collections.Generic;
using System.Linq;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>
/// What a file holds of a weight that it does not hold whole: one element of its first axis, or a share of that along the axis after it; or a share of the
/// whole along its first axis.
/// </summary>
/// <param name="Element">Which element; null: all of them.</param>
/// <param name="Part">Which of its parts.</param>
/// <param name="Parts">Into how many equal ones it is cut.</param>
internal sealed record KeyPiece(int? Element, int Part, int Parts)
{
    /// <summary>A piece whatever the weight.</summary>
    public static KeyPiece First { get; } = new(0, 0, 1);

    /// <summary>No file holds it: it is zero.</summary>
    public bool IsZero { get; init; }

    /// <summary>The piece's shape.</summary>
    public IReadOnlyList<long> ShapeOf(IReadOnlyList<long> weight)
    {
        long[] shape = [.. weight.Skip(Element is null ? 0 : 1)];
        shape[0] /= Parts;
        return shape;
    }

    /// <summary>The piece of a weight, a view; the caller disposes it.</summary>
    public Tensor Of(Tensor weight)
    {
        using Tensor element = Element is { } place ? weight.select(0, place) : weight.alias();
        long size = element.shape[0] / Parts;
        return element.narrow(0, Part * size, size);
    }
}
