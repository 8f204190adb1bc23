using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using Dsl.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Training.Objectives;

/// <summary>One example: rows of ids by name (a model's input, or labels), and single numbers by name.</summary>
/// <param name="Rows">Ids; <c>input_ids</c> is always there.</param>
/// <param name="Values">Labels of the whole example.</param>
public sealed record Example(IReadOnlyDictionary<string, int[]> Rows, IReadOnlyDictionary<string, int> Values)
{
    private static readonly IReadOnlyDictionary<string, int> None = new Dictionary<string, int>();

    /// <summary>An example without labels of the whole.</summary>
    public Example(IReadOnlyDictionary<string, int[]> rows)
        : this(rows, None)
    {
    }

    /// <summary>What it is sorted by: the longest of its rows.</summary>
    public int Length => Rows.Values.Max(row => row.Length);
}

/// <summary>Examples side by side as int64 tensors [rows, longest], padded on the right; <c>attention_mask</c> says what is real.</summary>
public sealed class Batch : IDisposable
{
    private readonly Dictionary<string, Tensor> tensors = [];

    /// <param name="examples">At least one, all with the same names.</param>
    /// <param name="pad">Fills rows of ids. Labels are filled with -100, types with 0.</param>
    /// <param name="device">Where the tensors go.</param>
    public Batch(IReadOnlyList<Example> examples, int pad, Device? device = null)
    {
        foreach (string name in examples[0].Rows.Keys)
        {
            int[][] rows = examples.Select(example => example.Rows[name]).ToArray();
            int fill = name == "labels" ? MaskedTokens.Ignored : name == "token_type_ids" ? 0 : pad;
            tensors.Add(name, PaddedRows.Ids(rows, fill, device).DetachFromDisposeScope());
            if (name == "input_ids" && rows.Any(row => row.Length != rows[0].Length))
            {
                tensors.Add("attention_mask", PaddedRows.Real(rows, device).DetachFromDisposeScope());
            }
        }

        foreach (string name in examples[0].Values.Keys)
        {
            tensors.Add(name, tensor(examples.Select(example => (long)example.Values[name]).ToArray(), device: device).DetachFromDisposeScope());
        }

        Count = examples.Count;
    }

    /// <summary>How many examples.</summary>
    public int Count { get; }

    /// <summary>Names of the tensors.</summary>
    public IEnumerable<string> Names => tensors.Keys;

    /// <summary>A tensor by its name; it stays the batch's own.</summary>
    public Tensor this[string name] => tensors[name];

    /// <summary>Those tensors that a model takes.</summary>
    public IReadOnlyDictionary<string, Tensor> For(Dsl.Runtime.IModel model) =>
        tensors.Where(pair => model.Inputs.Contains(pair.Key)).ToDictionary(pair => pair.Key, pair => pair.Value);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor tensor in tensors.Values)
        {
            tensor.Dispose();
        }
    }
}
