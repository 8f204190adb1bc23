using System;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>How a new weight gets its numbers. Random ones draw from torch's own generator, so that <c>torch.manual_seed</c> decides them.</summary>
public sealed class Initializer
{
    private const int Block = 1 << 16;
    private const int Least = 16;
    private readonly Action<Tensor> fill;

    private Initializer(string name, Action<Tensor> fill)
    {
        Name = name;
        this.fill = fill;
    }

    /// <summary>What it draws, for listings.</summary>
    public string Name { get; }

    /// <summary>All zeros.</summary>
    public static Initializer Zeros { get; } = Constant(0);

    /// <summary>All ones.</summary>
    public static Initializer Ones { get; } = Constant(1);

    /// <summary>Every element equals <paramref name="value"/>.</summary>
    public static Initializer Constant(double value) => new(FormattableString.Invariant($"constant {value}"), w => w.fill_(Scalars.Of(value)));

    /// <summary>Normal with the given standard deviation and mean.</summary>
    public static Initializer Normal(double deviation, double mean = 0) =>
        new(FormattableString.Invariant($"normal({mean}, {deviation})"), w => w.normal_(mean, deviation));

    /// <summary>Uniform between the two bounds.</summary>
    public static Initializer Uniform(double low, double high) =>
        new(FormattableString.Invariant($"uniform({low}, {high})"), w => w.uniform_(low, high));

    /// <summary>Element by element, from its index; computed in double.</summary>
    public static Initializer Of(string name, Func<long[], double> element) => new(name, w => Fill(w, null, (place, _) => element(place)));

    /// <summary>Element by element, from its index and a number of its own that <paramref name="draw"/> draws; computed in double.</summary>
    public static Initializer Of(string name, Initializer draw, Func<long[], double, double> element) => new(name, w => Fill(w, draw, element));

    /// <summary>Any other way: the action fills the tensor in place.</summary>
    public static Initializer From(string name, Action<Tensor> fill) => new(name, fill);

    /// <summary>Fills <paramref name="weight"/> in place, outside the graph.</summary>
    public void Apply(Tensor weight)
    {
        using IDisposable off = torch.no_grad();
        fill(weight);
    }

    /// <summary>
    /// In blocks, so that a large weight does not exist again in double, and no managed array of its size outlives the building.
    /// </summary>
    private static void Fill(Tensor w, Initializer? draw, Func<long[], double, double> element)
    {
        long[] shape = w.shape;
        long count = w.numel();
        var index = new long[shape.Length];
        using Tensor straight = w.contiguous(), flat = straight.view(-1);
        for (long at = 0, n; at < count; at += n)
        {
            // The same draws as of the whole: torch draws normal numbers by sixteen, and fewer than that in another way.
            n = count - at < Block + Least ? count - at : Block;
            using Tensor block = torch.zeros(n, dtype: ScalarType.Float64);
            draw?.fill(block);
            Span<double> values = MemoryMarshal.Cast<byte, double>(block.bytes);
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = element(index, values[i]);
                for (int axis = shape.Length - 1; axis >= 0 && ++index[axis] == shape[axis]; axis--)
                {
                    index[axis] = 0;
                }
            }

            using Tensor part = flat.narrow(0, at, n);
            part.copy_(block);
        }

        // What does not lie in one piece was filled as a copy.
        if (!w.is_contiguous())
        {
            w.copy_(straight);
        }
    }
}
