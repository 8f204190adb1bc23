using System;
using System.Linq;

namespace Dsl.Reference;

/// <summary>Numbers along axes, the last axis the fastest. Ids and masks are numbers too.</summary>
/// <param name="shape">The size of each axis; none: one number.</param>
/// <param name="values">As many numbers as the product of the sizes; not copied.</param>
public sealed class NumberArray(int[] shape, double[] values)
{
    /// <summary>The size of each axis.</summary>
    public int[] Shape { get; } = shape;

    /// <summary>All numbers, the last axis the fastest.</summary>
    public double[] Values { get; } = values.Length == CountOf(shape)
        ? values
        : throw new ArgumentException($"[{string.Join(", ", shape)}] holds {CountOf(shape)} numbers, {values.Length} were given.", nameof(values));

    /// <summary>How many numbers it holds.</summary>
    public int Count => Values.Length;

    /// <summary>The size of the last axis; 1 where there is none.</summary>
    public int Last => Shape.Length == 0 ? 1 : Shape[^1];

    /// <summary>The largest absolute value of those that are finite; 0 where none is.</summary>
    public double Largest => Values.Where(double.IsFinite).Select(Math.Abs).DefaultIfEmpty(0).Max();

    /// <summary>One number by its index on each axis.</summary>
    public double this[params int[] index]
    {
        get => Values[OffsetOf(index)];
        set => Values[OffsetOf(index)] = value;
    }

    /// <summary>The numbers along the last of four axes, by the index on each of the others.</summary>
    public Span<double> Tail(int first, int second, int third) =>
        Shape.Length == 4 && (uint)second < (uint)Shape[1] && (uint)third < (uint)Shape[2]
            ? Values.AsSpan(((((first * Shape[1]) + second) * Shape[2]) + third) * Shape[3], Shape[3])
            : throw new ArgumentException($"{this} has no numbers at {first}, {second}, {third}.");

    /// <summary>All zero.</summary>
    public static NumberArray Zeros(params int[] shape) => new(shape, new double[CountOf(shape)]);

    /// <summary>One axis of numbers.</summary>
    public static NumberArray Of(params double[] values) => new([values.Length], values);

    /// <summary>The product of the sizes.</summary>
    public static int CountOf(int[] shape) => shape.Aggregate(1, (product, size) => checked(product * size));

    /// <summary>How far apart neighbours along each axis stand.</summary>
    public int[] Strides()
    {
        var strides = new int[Shape.Length];
        for (int axis = Shape.Length - 1, step = 1; axis >= 0; step *= Shape[axis--])
        {
            strides[axis] = step;
        }

        return strides;
    }

    /// <summary>The same numbers in the same order, along other axes.</summary>
    public NumberArray Reshape(params int[] other) => new(other, Values);

    /// <summary>Axis i of the result is axis <paramref name="order"/>[i] of this.</summary>
    public NumberArray Permute(params int[] order)
    {
        NumberArray result = Zeros([.. order.Select(axis => Shape[axis])]);
        int[] strides = Strides();
        var index = new int[order.Length];
        for (int at = 0; at < result.Count; at++)
        {
            int from = 0;
            for (int axis = 0; axis < order.Length; axis++)
            {
                from += index[axis] * strides[order[axis]];
            }

            result.Values[at] = Values[from];
            for (int axis = order.Length - 1; axis >= 0 && ++index[axis] == result.Shape[axis]; axis--)
            {
                index[axis] = 0;
            }
        }

        return result;
    }

    /// <summary>A copy that can be written to.</summary>
    public NumberArray Clone() => new([.. Shape], [.. Values]);

    /// <summary>A function of every number.</summary>
    public NumberArray Map(Func<double, double> of) => new(Shape, Array.ConvertAll(Values, x => of(x)));

    /// <inheritdoc/>
    public override string ToString() => $"[{string.Join(", ", Shape)}]";

    private int OffsetOf(int[] index)
    {
        if (index.Length != Shape.Length)
        {
            throw new ArgumentException($"{this} was asked for an element by {index.Length} indices.", nameof(index));
        }

        int offset = 0;
        for (int axis = 0; axis < index.Length; axis++)
        {
            if ((uint)index[axis] >= (uint)Shape[axis])
            {
                throw new IndexOutOfRangeException($"Index {index[axis]} of axis {axis} of {this}.");
            }

            offset = (offset * Shape[axis]) + index[axis];
        }

        return offset;
    }
}
