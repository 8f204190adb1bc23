using System;
using System.Linq;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>Memory for weights.</summary>
internal static class Storage
{
    /// <summary>A tensor without values.</summary>
    /// <exception cref="InsufficientMemoryException">There is not enough; the message names the weight and how much it needs.</exception>
    public static Tensor Empty(string key, long[] shape, ScalarType type, Device device)
    {
        try
        {
            return torch.empty(shape, dtype: type, device: device);
        }
        catch (ExternalException e)
        {
            double bytes = shape.Aggregate((double)type.ToElementType().Size(), (product, size) => product * size);
            throw new InsufficientMemoryException(
                FormattableString.Invariant($"no memory on {device} for '{key}' [{string.Join(", ", shape)}]: {bytes / (1 << 30):F1} GB in {type}"), e);
        }
    }
}
