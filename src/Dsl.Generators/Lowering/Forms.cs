using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Model;

namespace Dsl.Generators.Lowering;

/// <summary>A declaration as one graph a form.</summary>
/// <param name="Source">What was checked.</param>
/// <param name="Parallel">The form without a state.</param>
/// <param name="Stateful">What begins and what steps; null where there is no stateful form.</param>
/// <param name="Learner">The form that is trained within the sequence; null where nothing is.</param>
/// <param name="Notes">What was fused, in words.</param>
internal sealed record Forms(Graph Source, Graph Parallel, StatefulForm? Stateful, LearnerForm? Learner, IReadOnlyList<Note> Notes)
{
    /// <summary>Values that must not be lost in any form: a pass then decides alike in all of them, and a weight is stored in one way.</summary>
    public IReadOnlyCollection<Value> Escaping =>
        [.. Source.Outputs.Select(o => o.Value).Concat(Source.Result is { } result ? [result] : []).Concat(Stateful?.Kept ?? [])];

    /// <summary>Every graph, the parallel one first.</summary>
    public IEnumerable<Graph> All => Stateful is null ? [Parallel] : [Parallel, Stateful.Begin, Stateful.Step];

    public Forms Map(Func<Graph, Graph> map) => this with
    {
        Parallel = map(Parallel),
        Stateful = Stateful is null ? null : Stateful with { Begin = map(Stateful.Begin), Step = map(Stateful.Step) },
    };
}

/// <summary>Something that was fused.</summary>
/// <param name="Was">What happened, the same words for all that it happened to.</param>
/// <param name="What">What it happened to.</param>
internal sealed record Note(string Was, string What);

/// <summary>From what was checked to one graph a form.</summary>
internal static class Lower
{
    public static Forms Run(Graph graph)
    {
        // A model that names no output has one.
        var named = graph.Spec.IsModel && graph.Outputs.Count == 0 && graph.Result is { } result ? graph with { Outputs = [("output", result)] } : graph;
        var stateful = LowerStateful.Of(named);
        return new Forms(named, stateful is null ? named : LowerStateful.KeysUnrotated(named), stateful, LearnerForm.Of(named), []);
    }
}
