using System.Collections.Generic;
using Dsl.Generators.Model;
using Dsl.Reference.Interpreting;
using Ops = Dsl.Generators.Parts;

namespace Dsl.Reference.Parts;

/// <summary>y_t = b + sum over k of w[k] x of the real token that stands kernel - 1 - k real tokens before t; zeros before the first.</summary>
internal sealed class ConvReference : PartReference<Ops.Conv>
{
    protected override void Compute(Node node, Ops.Conv operation, Frame frame)
    {
        var x = new TimeFirst(node.Inputs[0], frame);
        int width = frame.SizeOf(operation.Width), kernel = frame.SizeOf(operation.Kernel);
        NumberArray weight = frame.Weight(Frame.Below(operation.Key, "weight"), width, 1, kernel);
        NumberArray? bias = frame.Truth(operation.Bias) ? frame.Weight(Frame.Below(operation.Key, "bias"), width) : null;
        NumberArray y = NumberArray.Zeros(x.Numbers.Shape);
        for (int row = 0; row < x.Time.Rows; row++)
        {
            var read = new List<int>();
            for (int token = 0; token < x.Time.Length; token++)
            {
                if (x.Time.IsReal(row, token))
                {
                    read.Add(token);
                }

                for (int i = 0; i < y.Last; i++)
                {
                    double sum = bias?.Values[i % width] ?? 0;
                    for (int back = 0; back < kernel && back < read.Count; back++)
                    {
                        sum += weight.Values[(i % width * kernel) + kernel - 1 - back] * x.Numbers[row, read[read.Count - 1 - back], i];
                    }

                    y[row, token, i] = sum;
                }
            }
        }

        frame.Set(node.Output, x.Back(y));
    }
}
