using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using Dsl.Generators.Model;
using Dsl.Reference.Comparing;
using Dsl.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Reference.Interpreting;

/// <summary>
/// A layer that the user wrote, as it is: built anew, given the numbers of this run, and called once on all of them. What it is given, along which time axes
/// and under which keys, is the interpreter's business; what it does with that is the user's.
/// </summary>
internal static class OwnLayer
{
    internal static NumberArray Result(BlockUse block, Frame frame, string key, int layer, NumberArray x, IReadOnlyList<Value> inputs)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        Type type = frame.Run.FindType(block.TypeName);
        MethodInfo create = type.GetMethod("Create", BindingFlags.Public | BindingFlags.Static)!;
        var weights = new Weights(ScalarType.Float64);
        object config = UserFunction.ConfigOf(frame.Run.Config, create.GetParameters()[0].ParameterType);
        object own = create.Invoke(null, [config, weights.At(key), (long)frame.SizeOf(block.Parameters[0].Size)])!;
        HashSet<string> maps = [.. weights.Explain().Select(row => row.Key)];
        foreach (Weight weight in weights.All)
        {
            NumberArray stored = frame.Run.Weight(weight.Key, [.. weight.Shape.Select(s => (int)s)]);
            using Tensor numbers = (maps.Contains(weight.Key) ? Adapted(stored, weight.Key, frame.Run) : stored).ToTensor(ScalarType.Float64);
            weight.Value.copy_(numbers);
        }

        weights.Changed();
        var arguments = new List<object>();
        for (int i = 0; i < inputs.Count; i++)
        {
            arguments.Add((i == 0 ? x : frame.Get(inputs[i])).ToTensor(inputs[i].IsIds ? ScalarType.Int64 : ScalarType.Float64));
        }

        string?[] along = [.. block.Passes.Zip(inputs, (own, given) => (Own: own, given.PassAxis)).Where(a => a.Own is not null).DistinctBy(a => a.Own)
            .Select(a => a.PassAxis).DefaultIfEmpty(null)];
        arguments.AddRange(along.Select(axis => axis is null ? Pass.Over(1, 1, CPU) : PassOf(frame.Time(axis))));
        return ((Tensor)type.GetMethods().Single(m => m.Name == "Forward" && m.GetParameters().Length == arguments.Count)
            .Invoke(own, [.. arguments])!).ToNumbers();
    }

    /// <summary>The matrix [out, in] of a map with what stands beside it: W + alpha / rank B A.</summary>
    private static NumberArray Adapted(NumberArray stored, string weight, Run run)
    {
        string key = weight[..^".weight".Length];
        if (run.Adapter is not { } adapter || !adapter.Adapts(key))
        {
            return stored;
        }

        (int size, int width) = (stored.Shape[0], stored.Shape[1]);
        (NumberArray a, NumberArray b) = adapter.Beside(run, key, width, size);
        var sum = new NumberArray(stored.Shape, [.. stored.Values]);
        for (int i = 0; i < sum.Count; i++)
        {
            for (int r = 0; r < adapter.Rank; r++)
            {
                sum.Values[i] += adapter.Scale * b.Values[(i / width * adapter.Rank) + r] * a.Values[(r * width) + (i % width)];
            }
        }

        return sum;
    }

    private static Pass PassOf(TimeAxis time)
    {
        NumberArray real = NumberArray.Zeros(time.Rows, time.Length);
        for (int i = 0; i < real.Count; i++)
        {
            real.Values[i] = time.IsReal(i / time.Length, i % time.Length) ? 1 : 0;
        }

        Tensor mask = real.ToTensor(ScalarType.Int64);
        return Pass.Over(mask, mask);
    }
}
