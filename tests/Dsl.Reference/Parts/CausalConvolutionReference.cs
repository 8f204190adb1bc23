using System.Collections.Generic;
using Dsl.Generators.Lowering;
using Dsl.Reference.Interpreting;

namespace Dsl.Reference.Parts;

/// <summary>y_t = b + sum over k of w[k] x of the real token that stands kernel - 1 - k real tokens before t; zeros before the first.</summary>
internal sealed class CausalConvolutionReference : PartReference<CausalConvolutionNode>
{
    protected override void Compute(CausalConvolutionNode node, Frame frame)
    {
        var x = new TimeFirst(node.Inputs[0], frame);
        int width = frame.SizeOf(node.Width), kernel = frame.SizeOf(node.Kernel);
        NumberArray weight = frame.Weight(Frame.Below(node.Key, "weight"), width, 1, kernel);
        NumberArray? bias = frame.Truth(node.Bias) ? frame.Weight(Frame.Below(node.Key, "bias"), width) : null;
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

                    y[row, token, i] = node.Activation is null ? sum : frame.Activate(node.Activation, sum);
                }
            }
        }

        frame.Set(node.Output, x.Back(y));
    }
}
