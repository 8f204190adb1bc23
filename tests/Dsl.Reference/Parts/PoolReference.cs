using System;
using System.Linq;
using Dsl.Generators.Model;
using Dsl.Reference.Interpreting;
using Ops = Dsl.Generators.Parts;

namespace Dsl.Reference.Parts;

/// <summary>A row's first real token, its last, or the mean of all.</summary>
internal sealed class PoolReference : PartReference<Ops.Pool>
{
    protected override void Compute(Node node, Ops.Pool operation, Frame frame)
    {
        var x = new TimeFirst(node.Inputs[0], frame);
        int[] shape = [.. node.Inputs[0].Axes.Zip(frame.Get(node.Inputs[0]).Shape).Where(a => !a.First.IsTime).Select(a => a.Second)];
        NumberArray y = NumberArray.Zeros(x.Time.Rows, x.Numbers.Last);
        for (int row = 0; row < x.Time.Rows; row++)
        {
            int[] real = [.. Enumerable.Range(0, x.Time.Length).Where(token => x.Time.IsReal(row, token))];
            int[] read = real.Length == 0 ? [] : operation.Kind switch
            {
                "first" => [real[0]],
                "last" => [real[^1]],
                "mean" => real,
                _ => throw new NotSupportedException($"no reference for a pool of the kind '{operation.Kind}'"),
            };
            foreach (int token in read)
            {
                for (int i = 0; i < y.Last; i++)
                {
                    y[row, i] += x.Numbers[row, token, i] / read.Length;
                }
            }
        }

        frame.Set(node.Output, y.Reshape(shape));
    }
}
