using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using Dsl.Generators.Model;
using Dsl.Reference.Interpreting;
using FunctionWeight = Dsl.Reference.Interpreting.FunctionWeight;
using Ops = Dsl.Generators.Parts;
using Place = Dsl.Reference.Interpreting.Place;

namespace Dsl.Reference.Parts;

/// <summary>
/// A block trained within the sequence, by its definition (Sun et al. 2024, arXiv 2407.04620): every gradient is taken at the weights W that a mini-batch
/// started with; token i of it reads with W - sum over j up to i of RowRate(i) Rate_j gradient_j; the next mini-batch starts from its last token's
/// weights. A padded token is passed over and gives 0. Each token's weights are built, and the block is run with them.
/// </summary>
internal sealed class LearnReference : PartReference<Ops.Learn>
{
    protected override void Compute(Node node, Ops.Learn operation, Frame frame)
    {
        frame.Run.Learners.Add(node);
        BlockUse block = UseReference.Picked(operation.All, operation.By, frame, frame.Layer);
        Frame inner = UseReference.Inner(block, frame, frame.Absolute(operation.Key), frame.Layer, node.Inputs);
        NumberArray x = frame.Get(node.Inputs[0]), target = frame.Get(node.Inputs[1]), read = frame.Get(node.Inputs[2]);
        NumberArray? rate = node.Inputs.Count > 3 ? frame.Get(node.Inputs[3]) : null;
        int every = frame.SizeOf(operation.Every);
        double[] rowRates = RowRates(node, operation, frame, every);
        TimeAxis time = frame.TimeOf(node.Inputs[0]);
        NumberArray y = NumberArray.Zeros(target.Shape);
        for (int row = 0; row < time.Rows; row++)
        {
            int[] real = [.. Enumerable.Range(0, time.Length).Where(token => time.IsReal(row, token))];
            var learner = new FastBlock(inner, block.Graph!, operation, frame);
            foreach (int[] batch in real.Chunk(every))
            {
                IReadOnlyList<Dictionary<string, NumberArray>> gradients = learner.Gradients(Rows(x, row, batch), Rows(target, row, batch));
                for (int i = 0; i < batch.Length; i++)
                {
                    learner.Step(gradients[i], map => Rate(rate, row, batch[i], map));
                    NumberArray result = learner.Read(Rows(read, row, [batch[i]]), rowRates[i]);
                    Array.Copy(result.Values, 0, y.Values, ((row * time.Length) + batch[i]) * result.Count, result.Count);
                }

                if (batch.Length == every)
                {
                    learner.Settle(rowRates[every - 1]);
                }
            }
        }

        frame.Set(node.Output, y);
    }

    /// <summary>Tokens of one row: [1, tokens, ...].</summary>
    private static NumberArray Rows(NumberArray x, int row, int[] tokens)
    {
        int size = x.Count / (x.Shape[0] * x.Shape[1]);
        return new NumberArray(
            [1, tokens.Length, .. x.Shape[2..]], [.. tokens.SelectMany(t => x.Values.Skip(((row * x.Shape[1]) + t) * size).Take(size))]);
    }

    /// <summary>The rate at which a map (of a head, say) learns from a token.</summary>
    private static double Rate(NumberArray? rate, int row, int token, int map)
    {
        if (rate is null)
        {
            return 1;
        }

        int maps = rate.Count / (rate.Shape[0] * rate.Shape[1]);
        return rate.Values[(((row * rate.Shape[1]) + token) * maps) + (maps == 1 ? 0 : map)];
    }

    private static double[] RowRates(Node node, Ops.Learn operation, Frame frame, int every)
    {
        if (operation.RowRate is null)
        {
            return [.. Enumerable.Repeat(1.0, every)];
        }

        UserFunction function = frame.Run.Function(operation.RowRate);
        CallSlots slots = function.NewSlots(frame.Run);
        var nowhere = new Place([]);
        for (int i = 0; i < function.Parameters.Length; i++)
        {
            if (function.Parameters[i].GetCustomAttribute<ParameterAttribute>() is { } declared)
            {
                (NumberArray numbers, string[] names) = FunctionWeight.Of(operation.RowRate, function.Parameters[i].Name!, declared, frame);
                new ArgumentReader(function, i, numbers, names, nowhere).Read(slots, nowhere);
            }
        }

        return [.. Enumerable.Range(0, every).Select(place =>
        {
            Indices.Set(function, slots, ("place", place), ("layer", frame.Layer));
            return function.Call(slots);
        })];
    }
}
