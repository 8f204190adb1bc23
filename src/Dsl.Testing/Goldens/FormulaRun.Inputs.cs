using System;
using System.Collections.Generic;
using System.IO;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Testing;

/// <content>What the case gives, read when it is asked for.</content>
public sealed partial class FormulaRun
{
    private const string Stored = "io.safetensors";

    private readonly Lazy<GoldenJson> description;
    private readonly Lazy<GoldenJson> data;
    private readonly Lazy<Dictionary<string, Tensor>> tensors;

    /// <summary>Where it lies.</summary>
    public string Folder { get; }

    /// <summary>case.json.</summary>
    /// <exception cref="FormatException">It is no object.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public GoldenJson Description => description.Value;

    /// <summary>io.json.</summary>
    /// <exception cref="FormatException">It is no object.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public GoldenJson Data => data.Value;

    /// <summary>Names of the tensors in io.safetensors.</summary>
    /// <exception cref="Dsl.Runtime.CheckpointException">It cannot be read.</exception>
    public IEnumerable<string> Names => tensors.Value.Keys;

    /// <summary>Whether there is such a tensor.</summary>
    public bool Has(string name) => tensors.Value.ContainsKey(name);

    /// <summary>A tensor as it is stored; it stays the case's.</summary>
    /// <exception cref="FormatException">There is none of that name.</exception>
    public Tensor Given(string name) =>
        tensors.Value.GetValueOrDefault(name) ?? throw new FormatException($"{Stored} has no tensor '{name}', expected one");

    /// <summary>A copy of a tensor in what the kind is computed in.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="gradient">Whether a gradient is to be computed for it.</param>
    /// <exception cref="FormatException">There is none of that name.</exception>
    public Tensor Numbers(string name, bool gradient = false)
    {
        Tensor numbers = Given(name).to(formula.Dtype ?? ScalarType.Float64, copy: true);
        numbers.requires_grad = gradient;
        return numbers;
    }

    /// <summary>A copy of a tensor of integers, int64.</summary>
    /// <exception cref="FormatException">There is none of that name, or it holds others.</exception>
    public Tensor Ids(string name)
    {
        Tensor given = Given(name);
        return given.is_floating_point() ? throw new FormatException($"{Stored}: '{name}' is {given.dtype}, expected integers")
            : given.to(ScalarType.Int64, copy: true);
    }
}
