using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Model;
using Dsl.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Reference.Comparing;

/// <summary>A generated model in float64 with random weights, the reference with the same, and inputs for both.</summary>
internal sealed class Subject : IDisposable
{
    internal const int Rows = 3;
    internal const int MemoryLength = 5;
    private const int LongestText = 11;
    private const int LargestSide = 64;
    private readonly Random random;

    private IReadOnlyDictionary<string, double>[]? rounding;

    /// <summary>Rows and columns of images.</summary>
    private int side = MemoryLength;

    internal Subject(CompiledDeclarations compiled, string modelName, object config, int seed)
    {
        Compiled = compiled;
        Seed = seed;
        random = new Random(seed);
        Entry = compiled.Models.Single(m => m.Name == modelName);
        Graph = compiled.GraphOf(modelName);
        Config = config;
        Model = (GeneratedModel)Entry.Create(config, ScalarType.Float64);
        Model.eval();
        using (torch.no_grad())
        {
            foreach (Weight weight in Model.Weights.All.Where(w => torch.is_floating_point(w.Value)))
            {
                weight.Value.copy_(Random(weight).ToTensor(ScalarType.Float64));
            }
        }

        Model.Weights.Changed();
        Stepping = Graph.Inputs.FirstOrDefault(i => i.Steps && i.Output.TimeAxis is not null);
        Reference = NewReference();
        Feed = Drawn();
    }

    internal CompiledDeclarations Compiled { get; }

    internal ModelEntry Entry { get; }

    internal Graph Graph { get; }

    internal object Config { get; }

    internal int Seed { get; }

    internal GeneratedModel Model { get; }

    internal ReferenceModel Reference { get; private set; }

    /// <summary>Every input, without masks.</summary>
    internal Dictionary<string, NumberArray> Feed { get; }

    /// <summary>The input along which the stateful form steps; null: there is none.</summary>
    internal GraphInput? Stepping { get; }

    internal int Length => Stepping is null ? LongestText : Feed[Stepping.Name].Shape[1];

    /// <summary>What the stateful form returns.</summary>
    internal string StepOutput => Model.Outputs.Contains("logits") ? "logits" : Model.Outputs[^1];

    /// <summary>The masks of inputs: name, and the input that has it.</summary>
    internal IEnumerable<(string Name, GraphInput Input)> Masks =>
        Graph.Inputs.Where(i => i.Mask is not null).DistinctBy(i => i.Mask).Select(i => (i.Mask!, i));

    /// <summary>Weights as the generated model has them now: what a transfer function stores changes with the length of what was read.</summary>
    internal ReferenceModel NewReference() => Reference = ReferenceModel.Of(
        Compiled, Entry.Name, Config, Model.Weights.All.ToDictionary(w => w.Key, w => w.Value.ToNumbers()));

    internal static Dictionary<string, Tensor> ToTensors(IReadOnlyDictionary<string, NumberArray> feed, Graph graph) => feed.ToDictionary(
        pair => pair.Key, pair => pair.Value.ToTensor(graph.Inputs.All(i => i.Name != pair.Key || i.IsIds) ? ScalarType.Int64 : ScalarType.Float64));

    internal IReadOnlyDictionary<string, NumberArray> Run(IReadOnlyDictionary<string, NumberArray> feed, GeneratedModel? model = null)
    {
        using var scope = torch.NewDisposeScope();
        using var off = torch.no_grad();
        return (model ?? Model).Run(ToTensors(feed, Graph)).ToDictionary(pair => pair.Key, pair => pair.Value.ToNumbers());
    }

    /// <summary>The feed with masks: row 0 padded left, row 1 padded right, the others whole. Padding holds numbers like any other.</summary>
    internal Dictionary<string, NumberArray> Padded()
    {
        var padded = new Dictionary<string, NumberArray>(Feed);
        foreach ((string name, GraphInput input) in Masks)
        {
            int length = Feed[input.Name].Shape[1], some = Math.Max(1, length / 3);
            NumberArray mask = NumberArray.Zeros(Rows, length);
            for (int i = 0; i < mask.Count; i++)
            {
                (int row, int token) = (i / length, i % length);
                mask.Values[i] = (row == 0 && token < some && length > 1) || (row == 1 && token >= length - some && length > 1) ? 0 : 1;
            }

            padded[name] = mask;
        }

        return padded;
    }

    /// <summary>How far rounding alone may carry an output, of whole rows or padded ones.</summary>
    internal double Rounding(string output)
    {
        rounding ??= [.. new[] { Feed, Padded() }.Select(Reference.Rounding)];
        return rounding.Max(of => of.GetValueOrDefault(output));
    }

    /// <inheritdoc/>
    public void Dispose() => Model.Dispose();

    private NumberArray Random(Weight weight)
    {
        int[] shape = [.. weight.Shape.Select(s => (int)s)];
        double deviation = shape.Length > 1 ? 1 / Math.Sqrt(Math.Max(1, shape.Max() / 2)) : 0.5;
        return new NumberArray(shape, [.. Enumerable.Range(0, NumberArray.CountOf(shape)).Select(_ => deviation * Draws.Normal(random))]);
    }

    private Dictionary<string, NumberArray> Drawn()
    {
        int length = Math.Min(LongestText, Longest());
        Dictionary<string, NumberArray> feed = Shaped(length);
        foreach (GraphInput input in Graph.Inputs.Where(i => i.IsIds))
        {
            NumberArray ids = feed[input.Name];
            var read = Reference.LookUps(feed).Where(l => ReferenceEquals(l.Ids, ids)).ToList();
            int rows = read.Count == 0 ? 1 : read.Min(l => l.Rows);
            int[] drawn = [.. Enumerable.Range(0, rows).Where(id => read.TrueForAll(l => l.Padding != id)).DefaultIfEmpty(0)];
            feed[input.Name] = ids.Map(_ => drawn[random.Next(drawn.Length)]);
            foreach ((string name, Func<int, bool> isPlace, int[] places) in Reference.Splices(feed).Where(s => s.Ids == input.Name))
            {
                feed[name] = Placed(feed[name], drawn, isPlace, places);
            }
        }

        return feed;
    }

    /// <summary>Ids of which as many are places of a splice as there are rows for them, all where no padding will be.</summary>
    private NumberArray Placed(NumberArray ids, int[] drawn, Func<int, bool> isPlace, int[] places)
    {
        int length = ids.Shape[1], some = Math.Max(1, length / 3);
        int[] yes = [.. drawn.Where(isPlace)], no = [.. drawn.Where(id => !isPlace(id))];
        NumberArray placed = ids.Clone();
        for (int row = 0; row < Rows; row++)
        {
            HashSet<int> at = [.. Enumerable.Range(some, length - (2 * some)).OrderBy(_ => random.Next()).Take(places[row])];
            if (at.Count < places[row])
            {
                throw new NotSupportedException($"{places[row]} rows are spliced into {length} tokens, of which {at.Count} are never padding");
            }

            for (int token = 0; token < length; token++)
            {
                int[] from = at.Contains(token) ? yes : no;
                placed[row, token] = from[random.Next(from.Length)];
            }
        }

        return placed;
    }

    /// <summary>Ids all zero, numbers drawn.</summary>
    private Dictionary<string, NumberArray> Shaped(int length)
    {
        var frame = new Interpreting.Frame(
            new Interpreting.Run(Config, new Dictionary<string, NumberArray>(), Compiled.Functions, Compiled.FindType), Graph, "", 0,
            new Dictionary<string, long>(), new Dictionary<string, Interpreting.TimeAxis>());
        string? main = Stepping?.Output.TimeAxis ?? Graph.Inputs.Select(i => i.Output.TimeAxis).FirstOrDefault();
        return Graph.Inputs.ToDictionary(i => i.Name, i =>
        {
            bool isImage = i.Output.Axes.Count(a => a.IsTime) > 1;
            int[] shape = [.. i.Output.Axes.Select(a => a.Size is not null ? frame.SizeOf(a.Size) : !a.IsTime ? Rows : isImage ? side : a.Name == main ? length
                : Math.Min(length, MemoryLength))];
            NumberArray zeros = NumberArray.Zeros(shape);
            return i.IsIds ? zeros : zeros.Map(_ => Draws.Normal(random));
        });
    }

    /// <summary>Whether a convolution reads more rows or columns at once than images have.</summary>
    private bool IsTooSmall()
    {
        try
        {
            Reference.Run(Shaped(LongestText));
            return false;
        }
        catch (InvalidOperationException e)
        {
            return e.Message.Contains("smaller than the kernel", StringComparison.Ordinal);
        }
    }

    /// <summary>How many tokens every table of positions reaches.</summary>
    private int Longest()
    {
        while (side < LargestSide && IsTooSmall())
        {
            side *= 2;
        }

        for (int length = LongestText; length > 1; length--)
        {
            try
            {
                Reference.Run(Shaped(length));
                return length;
            }
            catch (InvalidOperationException e) when (e.Message.Contains("lies beyond the", StringComparison.Ordinal))
            {
            }
        }

        return 1;
    }
}
