using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.InteropServices;
using Dsl.Generators.Model;
using Dsl.Reference.Interpreting;

namespace Dsl.Reference;

/// <summary>What one model declaration means over a config and its weights, by plain loops in double: no torch, no generated code.</summary>
public sealed class ReferenceModel
{
    private readonly CompiledDeclarations compiled;
    private readonly object config;
    private readonly Dictionary<string, NumberArray> weights;
    private readonly Graph graph;
    private readonly Dictionary<string, Ran> ran = new(StringComparer.Ordinal);
    private Ran? last;

    private ReferenceModel(CompiledDeclarations compiled, Graph graph, object config, IReadOnlyDictionary<string, NumberArray> weights)
    {
        this.compiled = compiled;
        this.graph = graph;
        this.config = config;
        this.weights = new Dictionary<string, NumberArray>(weights, StringComparer.Ordinal);
    }

    /// <summary>Keys that the last run read.</summary>
    public IReadOnlyCollection<string> KeysRead => last?.Run.Read ?? [];

    /// <summary>How many nodes the last run computed: what it cost.</summary>
    internal long Work => last?.Run.Work.Value ?? 0;

    /// <summary>How far from a weight its differences are taken.</summary>
    public double DifferenceStep { get; init; } = 1e-5;

    /// <summary>A model declaration by its class's name, without its namespace.</summary>
    /// <exception cref="ArgumentException">The source declares no model of that name, or it has problems: they are named.</exception>
    public static ReferenceModel Of(CompiledDeclarations compiled, string modelName, object config, IReadOnlyDictionary<string, NumberArray> weights) =>
        new(compiled, compiled.GraphOf(modelName), config, weights);

    /// <summary>Every output of the declaration.</summary>
    /// <param name="inputs">By name: ids, masks and numbers, as the declaration has their axes. An optional input or a mask may be missing.</param>
    public IReadOnlyDictionary<string, NumberArray> Run(IReadOnlyDictionary<string, NumberArray> inputs)
    {
        // Every chunk and every way of computing is compared with the same numbers.
        string asked = Spelled(inputs);
        last = ran.TryGetValue(asked, out Ran? before) ? before : ran[asked] = Run(inputs, NewRun());
        return last.Outputs;
    }

    /// <summary>
    /// How sharp the reference itself is, relative to the largest number of an output: what a learner learns from is a difference, taken here once more from
    /// twice as far. 0 where nothing learns.
    /// </summary>
    internal double Unsharpness(IReadOnlyDictionary<string, NumberArray> inputs)
    {
        Run run = NewRun();
        IReadOnlyDictionary<string, NumberArray> close = Run(inputs, run).Outputs;
        if (run.Learners.Count == 0)
        {
            return 0;
        }

        IReadOnlyDictionary<string, NumberArray> far = Run(inputs, NewRun(2 * run.LearnerStep)).Outputs;
        return close.Max(output => output.Value.Values.Zip(far[output.Key].Values, (a, b) => Math.Abs(a - b)).Where(double.IsFinite).DefaultIfEmpty(0).Max()
            / Math.Max(1e-3, output.Value.Largest));
    }

    /// <summary>
    /// Up to how many tokens of a row reading in pieces is reading the whole: where a rule reads the length, what later layers keep of earlier tokens was
    /// computed at the lengths of then.
    /// </summary>
    internal int PiecesReach(IReadOnlyDictionary<string, NumberArray> inputs)
    {
        Run(inputs);
        return last!.Run.Across.Value > 1 ? last.Run.Alike.Value : int.MaxValue;
    }

    /// <summary>
    /// By output, how far rounding may carry it: a tenth of what it moves by when all numbers on the way move by some hundred units of their last place.
    /// Infinite where that decides it, as at a step of a function or among logits that are equal.
    /// </summary>
    internal IReadOnlyDictionary<string, double> Rounding(IReadOnlyDictionary<string, NumberArray> inputs)
    {
        const double Decided = 1e-8;
        IReadOnlyDictionary<string, NumberArray> still = Run(inputs, NewRun()).Outputs;
        IReadOnlyDictionary<string, NumberArray>[] moved =
            [.. Enumerable.Range(0, 2).Select(seed => Run(inputs, NewRun(rounding: new Rounding(seed))).Outputs)];
        return still.ToDictionary(output => output.Key, output =>
        {
            double change = moved.Max(m => m[output.Key].Values.Zip(output.Value.Values, Comparing.Report.Difference).DefaultIfEmpty(0).Max());
            return change > Decided * Math.Max(output.Value.Largest, 1e-3) ? double.PositiveInfinity : change / 10;
        });
    }

    private Run NewRun(double learnerStep = Interpreting.Run.NearStep, Rounding? rounding = null) =>
        new(config, weights, compiled.Functions, compiled.FindType)
        {
            LearnerStep = learnerStep,
            Rounding = rounding,
            Adapter = graph.Adapter is { } adapter ? AdapterRule.Of(adapter, new SettingReader(config, 0, new Dictionary<string, long>())) : null,
        };

    private Ran Run(IReadOnlyDictionary<string, NumberArray> inputs, Run run)
    {
        var frame = new Frame(run, graph, "", 0, new Dictionary<string, long>(), TimesOf(inputs));
        foreach (GraphInput input in graph.Inputs)
        {
            frame.Set(input.Output, inputs.TryGetValue(input.Name, out NumberArray? given) ? given : Missing(input, frame, inputs));
        }

        frame.Compute(graph.Nodes);
        return new Ran(run, frame, (graph.Outputs.Count > 0 ? graph.Outputs : [("output", graph.Result!)]).ToDictionary(o => o.Name, o => frame.Get(o.Value)));
    }

    /// <summary>
    /// The gradient of a weighted sum over the elements of one output, by central differences. Weights of elements at padded tokens are zero.
    /// </summary>
    /// <param name="inputs">As for <see cref="Run"/>.</param>
    /// <param name="output">The output's name.</param>
    /// <param name="seedOfWeightsInTheSum">Decides the weights of the sum: <see cref="SumWeights"/>.</param>
    /// <param name="elements">By key, which elements (of the stored tensor) are asked for; null: all of every weight.</param>
    /// <returns>By key: the gradient, shaped like the weight, or one axis in the order of the elements asked for.</returns>
    public IReadOnlyDictionary<string, NumberArray> Gradients(
        IReadOnlyDictionary<string, NumberArray> inputs, string output, int seedOfWeightsInTheSum, IReadOnlyDictionary<string, int[]>? elements = null)
    {
        var sums = new Dictionary<string, NumberArray> { [output] = SumWeights(inputs, output, seedOfWeightsInTheSum) };
        var gradients = new Dictionary<string, NumberArray>();
        foreach (string key in elements?.Keys.ToArray() ?? [.. weights.Keys])
        {
            int[] asked = elements?[key] ?? [.. Enumerable.Range(0, weights[key].Count)];
            double[] found = [.. asked.Select(element => Difference(inputs, sums, key, element, DifferenceStep))];
            gradients[key] = new NumberArray(elements is null ? weights[key].Shape : [asked.Length], found);
        }

        return gradients;
    }

    /// <summary>The weights of the sum that gradients are taken of: normal, zero at padded tokens.</summary>
    public NumberArray SumWeights(IReadOnlyDictionary<string, NumberArray> inputs, string output, int seed)
    {
        NumberArray like = Run(inputs)[output];
        NumberArray real = RealOf(inputs, output, like);
        var random = new Random(seed);
        return new NumberArray(like.Shape, [.. real.Values.Select(r => Draws.Normal(random) * r)]);
    }

    /// <summary>1 for each element of an output at a real token (or without a token), 0 at padding.</summary>
    public NumberArray RealOf(IReadOnlyDictionary<string, NumberArray> inputs, string output, NumberArray like)
    {
        Value value = graph.Outputs.Where(o => o.Name == output).Select(o => o.Value).FirstOrDefault() ?? graph.Result!;
        NumberArray real = NumberArray.Zeros(like.Shape);
        int time = value.TimeAxis is null ? -1 : value.Axes.ToList().FindIndex(a => a.Name == value.TimeAxis);
        int batch = value.Axes.ToList().FindIndex(a => a.Name == "b");
        TimeAxis? axis = time < 0 ? null : TimesOf(inputs).GetValueOrDefault(value.TimeAxis!) ?? Made(inputs, value.TimeAxis!);
        var index = new int[like.Shape.Length];
        Loops.Over(like.Shape, index, at => real.Values[at] = axis is null || batch < 0 || axis.IsReal(index[batch], index[time]) ? 1 : 0);
        return real;
    }

    /// <summary>The central difference of a weighted sum over the elements of outputs, by one element of a weight.</summary>
    internal double Difference(
        IReadOnlyDictionary<string, NumberArray> inputs, IReadOnlyDictionary<string, NumberArray> sums, string key, int element, double relativeStep)
    {
        NumberArray weight = weights[key];
        double old = weight.Values[element], step = relativeStep * Math.Max(1, Math.Abs(old));
        double At(double value)
        {
            weight.Values[element] = value;
            IReadOnlyDictionary<string, NumberArray> results = Run(inputs, NewRun()).Outputs;
            double total = 0;
            foreach ((string output, NumberArray sum) in sums)
            {
                for (int i = 0; i < sum.Count; i++)
                {
                    total += sum.Values[i] == 0 ? 0 : sum.Values[i] * results[output].Values[i];
                }
            }

            return total;
        }

        double difference = (At(old + step) - At(old - step)) / (2 * step);
        weight.Values[element] = old;
        return difference;
    }

    /// <summary>Tables that ids were looked up in when the inputs were these: the ids, the rows, the id that learns nothing.</summary>
    internal IReadOnlyList<(NumberArray Ids, int Rows, int? Padding)> LookUps(IReadOnlyDictionary<string, NumberArray> inputs)
    {
        // The very arrays that were looked up: those of this run.
        Run run = NewRun();
        Run(inputs, run);
        return run.LookUps;
    }

    /// <summary>A time axis that parts make.</summary>
    private TimeAxis Made(IReadOnlyDictionary<string, NumberArray> inputs, string name)
    {
        Run(inputs);
        return last!.Frame.Time(name);
    }

    /// <summary>For each token whether a splice of the declaration has a row of its value stand there, by the id; and how many rows each row of the batch
    /// has.</summary>
    internal IReadOnlyList<(string Ids, Func<int, bool> IsPlace, int[] Rows)> Splices(IReadOnlyDictionary<string, NumberArray> inputs)
    {
        List<Node> splices = [.. graph.Nodes.Where(n => n.Operation is Dsl.Generators.Parts.Splice)];
        if (splices.Count == 0)
        {
            return [];
        }

        Run(inputs);
        Frame frame = last!.Frame;
        return [.. splices.Select(node =>
        {
            TimeAxis rows = frame.TimeOf(node.Inputs[2]);
            return (graph.Inputs.First(i => i.Output == node.Inputs[1]).Name,
                (Func<int, bool>)(id => Parts.SpliceReference.Holds((Dsl.Generators.Parts.Splice)node.Operation, frame, id)),
                Enumerable.Range(0, rows.Rows).Select(rows.Count).ToArray());
        })];
    }

    /// <summary>The time axes of all inputs, each with the mask that one of its inputs names.</summary>
    private Dictionary<string, TimeAxis> TimesOf(IReadOnlyDictionary<string, NumberArray> inputs)
    {
        var times = new Dictionary<string, TimeAxis>();
        foreach (IGrouping<string, GraphInput> along in graph.Inputs.Where(i => i.Output.TimeAxis is not null).GroupBy(i => i.Output.TimeAxis!))
        {
            GraphInput shaped = along.First(i => inputs.ContainsKey(i.Name));
            List<Axis> axes = [.. shaped.Output.Axes];
            int[] shape = inputs[shaped.Name].Shape;
            NumberArray? mask = along.Select(i => i.Mask is { } name ? inputs.GetValueOrDefault(name) : null).FirstOrDefault(m => m is not null);
            times[along.Key] = new TimeAxis(shape[axes.FindIndex(a => a.Name == "b")], shape[axes.FindIndex(a => a.Name == along.Key)], mask);
        }

        return times;
    }

    /// <summary>An optional input that is not given: all zeros, shaped like the required input of its time axis.</summary>
    private NumberArray Missing(GraphInput input, Frame frame, IReadOnlyDictionary<string, NumberArray> inputs)
    {
        if (!input.Optional)
        {
            throw new ArgumentException($"the input '{input.Name}' is missing", nameof(inputs));
        }

        GraphInput like = graph.Inputs.First(i => i != input && i.Output.TimeAxis == input.Output.TimeAxis && inputs.ContainsKey(i.Name));
        int rows = inputs[like.Name].Shape[0], length = frame.TimeOf(like.Output).Length;
        return NumberArray.Zeros([.. input.Output.Axes.Select(a => a.Size is not null ? frame.SizeOf(a.Size) : a.IsTime ? length : rows)]);
    }

    /// <summary>Inputs as one text: equal texts, equal numbers.</summary>
    private static string Spelled(IReadOnlyDictionary<string, NumberArray> inputs) => string.Join(';', inputs.OrderBy(i => i.Key, StringComparer.Ordinal).Select(
        i => $"{i.Key}{i.Value}{Convert.ToBase64String(MemoryMarshal.AsBytes(i.Value.Values.AsSpan()))}"));

    /// <summary>A run that was made: what its blocks shared, the outermost of them, and every output.</summary>
    private sealed record Ran(Run Run, Frame Frame, IReadOnlyDictionary<string, NumberArray> Outputs);
}
