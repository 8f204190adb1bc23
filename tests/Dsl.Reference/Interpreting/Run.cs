using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;
using Dsl.Generators.Model;

namespace Dsl.Reference.Interpreting;

/// <summary>What all blocks of one run share: config, weights, functions.</summary>
internal sealed class Run(object config, IReadOnlyDictionary<string, NumberArray> weights, UserFunctions functions, Func<string, Type> findType)
{
    /// <summary>Where a sixth-order difference is exact to rounding, near sharp norms too.</summary>
    internal const double NearStep = 3e-4;

    internal object Config => config;

    internal Type FindType(string name) => findType(name);

    /// <summary>The same run, for blocks that are built with a config inside this one's.</summary>
    internal Run Under(object other) => new(other, weights, functions, findType)
    {
        Read = Read,
        LookUps = LookUps,
        Fast = Fast,
        Nudge = Nudge,
        FastInput = FastInput,
        LearnerStep = LearnerStep,
        Learners = Learners,
        Work = Work,
        Arranged = Arranged,
        Adapter = Adapter,
        Collected = Collected,
        Alike = Alike,
        Across = Across,
        Rounding = Rounding,
    };

    /// <summary>Keys that were read.</summary>
    internal HashSet<string> Read { get; private init; } = new(StringComparer.Ordinal);

    /// <summary>Ids that were looked up, in tables of how many rows, and which id learns nothing.</summary>
    internal List<(NumberArray Ids, int Rows, int? Padding)> LookUps { get; private init; } = [];

    /// <summary>What layers have collected, by name.</summary>
    internal Dictionary<(string Name, TimeAxis Along), List<NumberArray>> Collected { get; private init; } = [];

    /// <summary>Weights that stand for those of the same key: trained within the sequence.</summary>
    internal IReadOnlyDictionary<string, NumberArray>? Fast { get; set; }

    /// <summary>The low-rank matrices beside some of the maps; null where there are none.</summary>
    internal AdapterRule? Adapter { get; init; }

    /// <summary>What is added to one element of a map's result, at every token and in every group: how differences by it are taken.</summary>
    internal (Node Map, int Element, double Amount)? Nudge { get; set; }

    /// <summary>How far apart the differences are taken that give fast weights their gradients.</summary>
    internal double LearnerStep { get; init; } = NearStep;

    /// <summary>Where weights were trained within the sequence.</summary>
    internal HashSet<Node> Learners { get; private init; } = [];

    /// <summary>How many nodes were computed.</summary>
    internal StrongBox<long> Work { get; private init; } = new();

    /// <summary>Up to how many tokens of a row no rule reads how many they are.</summary>
    internal StrongBox<int> Alike { get; private init; } = new(int.MaxValue);

    /// <summary>How many nodes looked from one token at others.</summary>
    internal StrongBox<int> Across { get; private init; } = new();

    /// <summary>Moves what every node gives and every function is given; null: nothing is moved.</summary>
    internal Rounding? Rounding { get; init; }

    /// <summary>Weights by how they are stored, as the map that read them last multiplies by them: none changes during a run.</summary>
    internal Dictionary<NumberArray, (object Map, NumberArray Weight)> Arranged { get; private init; } = [];

    /// <summary>Told what each fast map read, by the map.</summary>
    internal Action<Node, Frame, NumberArray>? FastInput { get; set; }

    internal UserFunction Function(FunctionUse use) => Function(use.Spec);

    internal UserFunction Function(FunctionSpec spec)
    {
        var names = new List<string>();
        foreach (FunctionParameter parameter in spec.Parameters)
        {
            names.Add(parameter.Name);
        }

        return functions.Find(spec.Owner, spec.Name, names);
    }

    /// <summary>The weight of that key.</summary>
    /// <param name="key">From the root.</param>
    /// <param name="shape">As the declaration says it is stored; null: not known here.</param>
    /// <exception cref="KeyNotFoundException">There is none.</exception>
    /// <exception cref="InvalidOperationException">It has another shape.</exception>
    internal NumberArray Weight(string key, int[]? shape)
    {
        Read.Add(key);
        if (Fast is null || !Fast.TryGetValue(key, out NumberArray? weight))
        {
            weight = weights.TryGetValue(key, out NumberArray? own) ? own : throw new KeyNotFoundException($"no weight has the key '{key}'");
        }

        return shape is null || weight.Shape.AsSpan().SequenceEqual(shape)
            ? weight
            : throw new InvalidOperationException($"the weight '{key}' is {weight}, by its declaration it is [{string.Join(", ", shape)}]");
    }
}
