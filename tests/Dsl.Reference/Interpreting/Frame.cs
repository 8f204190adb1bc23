using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.RegularExpressions;
using Dsl.Generators.Model;
using Dsl.Reference.Parts;
using Ops = Dsl.Generators.Parts;

namespace Dsl.Reference.Interpreting;

/// <summary>One declaration at one place of use: its values so far, its sizes, its key, its layer, its time axes.</summary>
internal sealed partial class Frame
{
    private readonly Dictionary<Value, NumberArray> values = [];
    private readonly Dictionary<string, TimeAxis> times;
    private readonly IReadOnlyDictionary<string, long> parameters;
    private readonly SettingReader settings;
    private readonly PlaceFacts facts;

    /// <param name="run">What all frames share.</param>
    /// <param name="graph">What the declaration computes.</param>
    /// <param name="key">The key of the place of use, from the root; empty: the root.</param>
    /// <param name="layer">The number that functions of the layer get.</param>
    /// <param name="parameters">Sizes that the place of use gives, by name.</param>
    /// <param name="times">Time axes by the names that this declaration has for them.</param>
    internal Frame(
        Run run, Graph graph, string key, int layer, IReadOnlyDictionary<string, long> parameters, IReadOnlyDictionary<string, TimeAxis> times)
        : this(run, graph, key, layer, parameters, times, new PlaceFacts())
    {
    }

    private Frame(
        Run run, Graph graph, string key, int layer, IReadOnlyDictionary<string, long> parameters, IReadOnlyDictionary<string, TimeAxis> times,
        PlaceFacts facts)
    {
        this.facts = facts;
        Run = run;
        Graph = graph;
        Key = key;
        Layer = layer;
        this.parameters = parameters;
        this.times = new Dictionary<string, TimeAxis>(times);
        settings = new SettingReader(run.Config, layer, parameters);
    }

    internal Run Run { get; }

    internal Graph Graph { get; }

    /// <summary>The key of the place of use, from the root.</summary>
    internal string Key { get; }

    internal int Layer { get; }

    /// <summary>The same place, without values, along other time axes.</summary>
    internal Frame At(IReadOnlyDictionary<string, TimeAxis> other) => new(Run, Graph, Key, Layer, parameters, other, facts);

    internal NumberArray Get(Value value) =>
        values.TryGetValue(value, out NumberArray? known) ? known : throw new InvalidOperationException($"'{value.Hint}' is read before it is made");

    /// <exception cref="InvalidOperationException">The numbers have another shape than the checker inferred.</exception>
    internal void Set(Value value, NumberArray numbers)
    {
        string[] inferred = [.. value.Axes.Select(a => a.Size is { } size && IsKnown(size) ? Text(SizeOf(size)) : a.Name)];
        if (numbers.Shape.Length != inferred.Length || value.Axes.Where((a, i) => inferred[i] != a.Name && inferred[i] != Text(numbers.Shape[i])).Any())
        {
            throw new InvalidOperationException($"'{value.Hint}' is {numbers}, the checker inferred [{string.Join(", ", inferred)}]");
        }

        values[value] = Run.Rounding is { } rounding && !value.IsIds ? rounding.Move(numbers) : numbers;

        // What no part has said of a new axis: nothing along it is padding.
        foreach (int i in Enumerable.Range(0, inferred.Length).Where(i => value.Axes[i].IsTime))
        {
            times.TryAdd(value.Axes[i].Name, new TimeAxis(numbers.Shape[0], numbers.Shape[i], null));
        }
    }

    /// <summary>A time axis that a part makes: how many tokens of each row are real; they come first.</summary>
    internal void Open(string name, int length, IReadOnlyList<int> real)
    {
        NumberArray mask = NumberArray.Zeros(real.Count, length);
        for (int i = 0; i < mask.Count; i++)
        {
            mask.Values[i] = i % length < real[i / length] ? 1 : 0;
        }

        times[name] = new TimeAxis(real.Count, length, mask);
    }

    /// <summary>A time axis that a used block makes.</summary>
    internal void Open(string name, TimeAxis axis) => times[name] = axis;

    /// <summary>Computes the nodes in order.</summary>
    internal void Compute(IEnumerable<Node> nodes)
    {
        foreach (Node node in nodes)
        {
            Run.Work.Value++;
            // Attention rotates all of its keys anew; anything else keeps earlier tokens as they were, as does a layer after it.
            Run.Across.Value += !LooksAcross(node) ? 0 : node.Operation is Ops.Attend ? 1 : 2;
            PartReferences.Of(node).Compute(node, this);
        }
    }

    private static bool LooksAcross(Node node) => node.Operation is not (Ops.Use or Ops.Repeat) && node.Operation.Bodies.Count == 0
        && node.Operation.InTime(node, node.Output.TimeAxis) is not (InTime.PerToken or InTime.PerPosition);

    /// <summary>The time axis of that name here.</summary>
    internal TimeAxis Time(string name) =>
        times.TryGetValue(name, out TimeAxis? axis) ? axis : throw new InvalidOperationException($"there is no time axis '{name}'");

    /// <summary>The time axis of a value.</summary>
    internal TimeAxis TimeOf(Value value) => Time(value.TimeAxis ?? throw new InvalidOperationException($"'{value.Hint}' has no time axis"));

    internal double Number(Setting setting) => facts.Numbers.Of(setting, s => settings.Number(s.ToCode()));

    internal bool Truth(Setting setting) => facts.Truths.Of(setting, s => settings.Truth(s.ToCode()));

    internal object? Read(string code) => settings.Read(code);

    internal string ActivationName(ActivationSetting activation) => activation is ActivationSetting.Member member
        ? ((Activation)SettingReader.Member(Run.Config, member.Name, Layer)!).Name
        : Activation.Of(((ActivationSetting.Known)activation).Name).Name;

    /// <summary>A size as this config has it.</summary>
    internal int SizeOf(Size size) => facts.Sizes.Of(size, s => checked((int)Evaluate(s)));

    /// <summary>The weight at a key relative to this place.</summary>
    internal NumberArray Weight(string key, params int[] shape) => Run.Weight(Absolute(key), shape);

    /// <summary>A key from the root: what it names in braces is put in, and a leading <c>/</c> starts at the root.</summary>
    internal string Absolute(string key, int? layer = null) => layer is null ? facts.Keys.Of(key, k => AbsoluteAt(k, null)) : AbsoluteAt(key, layer);

    private string AbsoluteAt(string key, int? layer)
    {
        string named = Braces().Replace(key, m => Convert.ToString(
            m.Groups[1].Value == "layer" ? layer ?? Layer : SettingReader.Member(Run.Config, m.Groups[1].Value, layer ?? Layer),
            CultureInfo.InvariantCulture)!);
        return named.StartsWith('/') ? named[1..] : Below(Key, named);
    }

    /// <summary>A name below a key.</summary>
    internal static string Below(string? key, string name) => string.IsNullOrEmpty(key) ? name : name.Length == 0 ? key : key + "." + name;

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>Whether whoever uses the declaration gave all that the size is made of: what no weight needs is not given.</summary>
    private bool IsKnown(Size size) => size switch
    {
        Size.Member { Name: ['@', .. var given] } => parameters.ContainsKey(given),
        Size.Binary binary => IsKnown(binary.Left) && IsKnown(binary.Right),
        _ => true,
    };

    private long Evaluate(Size size) => size switch
    {
        Size.Number number => number.Value,
        Size.Member { Name: ['@', .. var given] } => parameters.TryGetValue(given, out long value)
            ? value
            : throw new InvalidOperationException($"whoever uses {Graph.Spec.SimpleName} gives no size '{given}'"),
        Size.Member member => Convert.ToInt64(Read("config." + member.Name), CultureInfo.InvariantCulture),
        Size.Binary binary => (Evaluate(binary.Left), Evaluate(binary.Right), binary.Operator) switch
        {
            (var a, var b, '+') => a + b,
            (var a, var b, '-') => a - b,
            (var a, var b, '*') => a * b,
            var (a, b, _) when a % b == 0 => a / b,
            var (a, b, _) => throw new InvalidOperationException($"{a} / {b} is no whole size"),
        },
        _ => throw new InvalidOperationException($"the size {size.Spell()} is not known"),
    };

    [GeneratedRegex(@"\{([^}]*)\}")]
    private static partial Regex Braces();
}
