using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;

namespace Dsl.Runtime;

/// <summary>The adapters of one model, and which of them a call uses.</summary>
internal sealed class AdapterTable
{
    private readonly Dictionary<string, Adapter> byName = new(StringComparer.Ordinal);
    private readonly AsyncLocal<Choice?> chosen = new();
    private readonly List<Weight> frozen = [];
    private Adapter? standing;

    internal IReadOnlyCollection<Adapter> All => byName.Values;

    /// <summary>The one whose matrices are part of the weights now.</summary>
    internal Adapter? Merged { get; set; }

    /// <summary>The adapter that this call uses, apart from the weights themselves; null: none.</summary>
    /// <exception cref="InvalidOperationException">Another one is merged into the weights, so that what is asked for cannot be computed.</exception>
    internal Adapter? Current
    {
        get
        {
            Adapter? asked = Asked;
            return Merged is null ? asked
                : Merged == asked ? null
                : throw new InvalidOperationException($"the adapter '{Merged.Name}' is merged into the weights, so that "
                    + (asked is null ? "the base" : $"'{asked.Name}'") + " cannot be run: unmerge it first");
        }
    }

    /// <summary>The adapter that this call asks for, part of the weights or not; null: none.</summary>
    internal Adapter? Asked => chosen.Value is { } choice ? choice.Adapter : standing;

    internal Adapter? Find(string name) => byName.GetValueOrDefault(name);

    internal Adapter Get(string name) => Find(name)
        ?? throw new ArgumentException($"no adapter '{name}', expected one of: {(byName.Count == 0 ? "none" : string.Join(", ", byName.Keys))}");

    internal void Add(Adapter adapter)
    {
        byName.Add(adapter.Name, adapter);
        standing = adapter;
    }

    /// <summary>Everything that is trained so far is no longer.</summary>
    internal void Freeze(IEnumerable<Weight> weights)
    {
        foreach (Weight weight in weights.Where(weight => weight.Trainable && !byName.Values.Any(adapter => adapter.Owns(weight))))
        {
            weight.Trainable = false;
            frozen.Add(weight);
        }
    }

    internal void Remove(Adapter adapter)
    {
        byName.Remove(adapter.Name);
        standing = standing == adapter ? byName.Values.LastOrDefault() : standing;
        if (byName.Count == 0)
        {
            frozen.ForEach(weight => weight.Trainable = true);
            frozen.Clear();
        }
    }

    internal IDisposable Use(Adapter? adapter)
    {
        var scope = new Scope(chosen, chosen.Value);
        chosen.Value = new Choice(adapter);
        return scope;
    }

    private sealed record Choice(Adapter? Adapter);

    private sealed class Scope(AsyncLocal<Choice?> chosen, Choice? before) : IDisposable
    {
        public void Dispose() => chosen.Value = before;
    }
}
