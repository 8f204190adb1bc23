using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using Dsl.Generators.Model;
using Dsl.Reference.Interpreting;
using Ops = Dsl.Generators.Parts;

namespace Dsl.Reference.Parts;

/// <summary>
/// Softmax over the keys that a query sees of (q . k) times the scale, then the score rule; the weighted sum of the values. Query head i reads key head
/// i / (heads / groups); padded keys are seen by nobody; a query that sees no key gets 0.
/// </summary>
internal sealed class AttendReference : PartReference<Ops.Attend>
{
    protected override void Compute(Node node, Ops.Attend operation, Frame frame)
    {
        NumberArray q = frame.Get(node.Inputs[0]), k = frame.Get(node.Inputs[1]), v = frame.Get(node.Inputs[2]);
        TimeAxis queries = frame.TimeOf(node.Inputs[0]), keys = frame.TimeOf(node.Inputs[1]);
        int heads = q.Shape[2], perGroup = heads / k.Shape[2];
        double scale = frame.Number(operation.Scale);
        var mask = new MaskCall(operation, frame);
        var score = new ScoreCall(node, operation, frame);
        NumberArray y = NumberArray.Zeros(q.Shape[0], q.Shape[1], heads, v.Last);
        for (int row = 0; row < queries.Rows; row++)
        {
            for (int token = 0; token < queries.Length; token++)
            {
                int query = queries.Position(row, token);
                int[] seen = [.. Enumerable.Range(0, keys.Length).Where(s => keys.IsReal(row, s) && mask.Sees(query, keys.Position(row, s)))];
                for (int head = 0; head < heads; head++)
                {
                    int group = head / perGroup;
                    double[] scores = [.. seen.Select(s =>
                        score.Of(Dot(q, k, row, token, head, s, group) * scale, head, query, keys.Position(row, s), row, token, s))];
                    double[] weights = Softmax(scores);
                    Span<double> result = y.Tail(row, token, head);
                    for (int at = 0; at < seen.Length; at++)
                    {
                        ReadOnlySpan<double> value = v.Tail(row, seen[at], group);
                        for (int i = 0; i < value.Length; i++)
                        {
                            result[i] += weights[at] * value[i];
                        }
                    }
                }
            }
        }

        frame.Set(node.Output, y);
    }

    private static double Dot(NumberArray q, NumberArray k, int row, int token, int head, int key, int group)
    {
        ReadOnlySpan<double> asked = q.Tail(row, token, head), held = k.Tail(row, key, group);
        double sum = 0;
        for (int i = 0; i < asked.Length; i++)
        {
            sum += asked[i] * held[i];
        }

        return sum;
    }

    private static double[] Softmax(double[] scores)
    {
        double most = scores.Length == 0 ? 0 : scores.Max();
        double[] powers = Array.ConvertAll(scores, s => Math.Exp(s - most));
        double sum = powers.Sum();
        return Array.ConvertAll(powers, p => p / sum);
    }

    /// <summary>Which keys a query sees: causal, all, or as the user's function says.</summary>
    private sealed class MaskCall(Ops.Attend operation, Frame frame)
    {
        private readonly UserFunction? function = operation.MaskFunction is null ? null : frame.Run.Function(operation.MaskFunction);
        private readonly CallSlots? slots = operation.MaskFunction is null ? null : frame.Run.Function(operation.MaskFunction).NewSlots(frame.Run);
        private readonly Dictionary<(int, int), bool> known = [];

        internal bool Sees(int query, int key)
        {
            if (function is null)
            {
                return operation.Mask != "causal" || key <= query;
            }

            if (!known.TryGetValue((query, key), out bool sees))
            {
                Indices.Set(function, slots!, ("query", query), ("key", key), ("layer", frame.Layer));
                known[(query, key)] = sees = function.Call(slots!) != 0;
            }

            return sees;
        }
    }

    /// <summary>What the user's rule makes of a scaled score. Its tables are the values of their names.</summary>
    private sealed class ScoreCall
    {
        private readonly UserFunction? function;
        private readonly CallSlots slots = new(0, new object());
        private readonly int layer;
        private readonly int scoreSlot;

        /// <summary>Computed values [row, token, head, index], by the slot of their span, and whether the token is the key.</summary>
        private readonly List<(int Slot, NumberArray Numbers, bool OfKey)> computed = [];

        internal ScoreCall(Node node, Ops.Attend operation, Frame frame)
        {
            if (operation.Score is null)
            {
                return;
            }

            layer = frame.Layer;
            function = frame.Run.Function(operation.Score);
            slots = function.NewSlots(frame.Run);
            scoreSlot = Array.FindIndex(function.Parameters, p => p.Name == "score");
            int next = 3;
            for (int i = 0; i < function.Parameters.Length; i++)
            {
                if (UserFunction.IsSpan(function.Parameters[i]))
                {
                    string axes = function.Parameters[i].GetCustomAttribute<TableAttribute>()!.Axes;
                    computed.Add((i, frame.Get(node.Inputs[next++]), axes.Split(' ').Contains("key")));
                }
                else if (function.Parameters[i].ParameterType == typeof(Matrix))
                {
                    slots.Tables[i] = Table(frame.Get(node.Inputs[next++]), function.Parameters[i].Name!);
                }
            }
        }

        internal double Of(double score, int head, int query, int key, int row, int queryToken, int keyToken)
        {
            if (function is null)
            {
                return score;
            }

            slots.Numbers[scoreSlot] = score;
            foreach ((int slot, NumberArray numbers, bool ofKey) in computed)
            {
                // An axis that the value has not is of size one.
                int At(int axis, int index) => numbers.Shape[axis] == 1 ? 0 : index;
                slots.Spans[slot] = numbers.Tail(At(0, row), At(1, ofKey ? keyToken : queryToken), At(2, head)).ToArray();
            }

            Indices.Set(function, slots, ("head", head), ("query", query), ("key", key), ("layer", layer));
            return function.Call(slots);
        }

        private static Matrix Table(NumberArray numbers, string name)
        {
            if (numbers.Shape.Length != 2)
            {
                throw new NotSupportedException($"the table '{name}' is {numbers}: a table has two axes");
            }

            var values = new double[numbers.Shape[0], numbers.Shape[1]];
            Buffer.BlockCopy(numbers.Values, 0, values, 0, numbers.Count * sizeof(double));
            return new Matrix(values);
        }
    }
}

/// <summary>Indices of a user's function by their names.</summary>
internal static class Indices
{
    /// <exception cref="NotSupportedException">The function asks for an index that is not among the given.</exception>
    internal static void Set(UserFunction function, CallSlots slots, params ReadOnlySpan<(string Name, int Index)> given)
    {
        for (int i = 0; i < function.IndexNames.Length; i++)
        {
            if (function.IndexNames[i] is not { } wanted)
            {
                continue;
            }

            bool found = false;
            foreach ((string name, int index) in given)
            {
                if (name == wanted)
                {
                    slots.Indices[i] = index;
                    found = true;
                }
            }

            if (!found)
            {
                throw new NotSupportedException($"{function.Method.Name} asks for the index '{wanted}', which is not known here");
            }
        }
    }
}
