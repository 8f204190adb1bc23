using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Model;
using Dsl.Reference.Interpreting;
using Ops = Dsl.Generators.Parts;

namespace Dsl.Reference.Parts;

/// <summary>
/// y[o, i, j] = b[o] + sum over c, m, n of w[o, c, m, n] x[c, stride i + m - padding, stride j + n - padding], zeros outside of x. Along time, x is a row's
/// real tokens.
/// </summary>
internal sealed class ConvolveReference : PartReference<Ops.Convolve>
{
    protected override void Compute(Node node, Ops.Convolve operation, Frame frame)
    {
        NumberArray x = frame.Get(node.Inputs[0]);
        int width = frame.SizeOf(operation.In), size = frame.SizeOf(operation.Out), kernel = frame.SizeOf(operation.Kernel);
        int stride = frame.SizeOf(operation.Stride), padding = (int)frame.Number(operation.Padding);
        int[] over = [.. operation.Over];
        NumberArray weight = frame.Weight(Frame.Below(operation.Key, "weight"), [size, width, .. over.Select(_ => kernel)]);
        NumberArray? bias = frame.Truth(operation.Bias) ? frame.Weight(Frame.Below(operation.Key, "bias"), size) : null;

        // Batch and channels first, then the axes that it slides over, one of length 1 where there is no second one.
        int[] order = [0, operation.Channels, .. over];
        NumberArray turned = x.Permute(order);
        int rows = turned.Shape[0], height = turned.Shape[2], across = over.Length == 2 ? turned.Shape[3] : 1;
        int After(int length) => ((length + (2 * padding) - kernel) / stride) + 1;
        (int outHeight, int outAcross) = (After(height), over.Length == 2 ? After(across) : 1);
        if (outHeight < 1 || outAcross < 1)
        {
            throw new System.InvalidOperationException($"a value of {height} x {across} is smaller than the kernel of {kernel}");
        }

        TimeAxis? time = over[0] == 1 ? frame.Time(node.Inputs[0].Axes[1].Name) : null;
        NumberArray y = NumberArray.Zeros(rows, size, outHeight, outAcross);
        for (int row = 0; row < rows; row++)
        {
            int[] real = [.. Enumerable.Range(0, height).Where(i => time is null || time.IsReal(row, i))];
            for (int o = 0; o < size; o++)
            {
                for (int i = 0; i < outHeight; i++)
                {
                    for (int j = 0; j < outAcross; j++)
                    {
                        double sum = bias?.Values[o] ?? 0;
                        for (int c = 0; c < width; c++)
                        {
                            for (int m = 0; m < kernel; m++)
                            {
                                for (int n = 0; n < (over.Length == 2 ? kernel : 1); n++)
                                {
                                    int v = (stride * i) + m - padding, h = over.Length == 2 ? (stride * j) + n - padding : 0;
                                    if (v >= 0 && v < real.Length && h >= 0 && h < across)
                                    {
                                        int at = over.Length == 2 ? (((((o * width) + c) * kernel) + m) * kernel) + n : (((o * width) + c) * kernel) + m;
                                        sum += weight.Values[at] * turned.Values[(((((row * width) + c) * height) + real[v]) * across) + h];
                                    }
                                }
                            }
                        }

                        y.Values[(((((row * size) + o) * outHeight) + i) * outAcross) + j] = sum;
                    }
                }
            }
        }

        if (time is not null)
        {
            frame.Open(node.Output.Axes[1].Name, outHeight, [.. Enumerable.Range(0, rows).Select(row => System.Math.Max(0, After(time.Count(row))))]);
        }

        int[] shape = over.Length == 2 ? [rows, size, outHeight, outAcross] : [rows, size, outHeight];
        int[] back = [.. Enumerable.Range(0, order.Length).Select(axis => System.Array.IndexOf(order, axis))];
        frame.Set(node.Output, y.Reshape(shape).Permute(back));
    }
}
