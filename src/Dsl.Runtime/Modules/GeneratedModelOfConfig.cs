using System;
using System.Collections.Generic;
using System.Linq;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>What generated models are beside their own forms: a config, named inputs and outputs, files.</summary>
/// <typeparam name="TConfig">The config record.</typeparam>
public abstract class GeneratedModel<TConfig> : GeneratedModel
    where TConfig : class
{
    /// <summary>Sizes and options, as generated code reads them.</summary>
    protected readonly TConfig config;

    private readonly ModelContract<TConfig> facts;

    /// <summary>A model over the weights declared through <paramref name="weights"/>, which it then owns.</summary>
    protected GeneratedModel(string name, TConfig config, Weights weights, ModelContract<TConfig> facts)
        : base(name, weights)
    {
        this.config = config;
        this.facts = facts;
    }

    /// <summary>The configuration it was built from.</summary>
    public TConfig Configuration => config;

    /// <inheritdoc/>
    public override object Config => config;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Inputs => facts.Inputs;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Outputs => facts.Outputs;

    /// <inheritdoc/>
    public override IReadOnlyList<(string Output, double Weight)> Losses => facts.Losses(config);

    /// <inheritdoc/>
    public override bool GroupsRows => facts.GroupsRows;

    /// <inheritdoc/>
    public override KeyRules KeyRules => facts.Keys;

    /// <inheritdoc/>
    protected override IReadOnlyList<string> Fused => facts.Fusions;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, Tensor> Run(IReadOnlyDictionary<string, Tensor> inputs, params string[] outputs)
    {
        List<string> names = [.. facts.Outputs, .. facts.HeadInputs];
        List<int> places = outputs.Length == 0 ? [.. Enumerable.Range(0, facts.Outputs.Count)] : [.. outputs.Select(name => names.IndexOf(name))];
        if (places.IndexOf(-1) is >= 0 and int at)
        {
            throw new ArgumentException($"output '{outputs[at]}' is none of this model's: {string.Join(", ", Outputs)}", nameof(outputs));
        }

        ModelResults results = Run(inputs, places.Aggregate(0L, (all, place) => all | (1L << place)));
        return places.Distinct().ToDictionary(place => names[place], place => results[place]!);
    }

    /// <summary>A state, where the model has such a form.</summary>
    /// <exception cref="NotSupportedException">It has none; the message says why.</exception>
    public override ModelState NewState(int batch, int capacity = 0) => throw WithoutState();

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">It has no stateful form; the message says why.</exception>
    public override Tensor Advance(Tensor tokens, ModelState state, Tensor? mask = null, bool last = false) => throw WithoutState();

    /// <summary>Runs the parallel form on named inputs; the bits of <paramref name="wanted"/> say which outputs are.</summary>
    protected abstract ModelResults Run(IReadOnlyDictionary<string, Tensor> inputs, long wanted);

    /// <inheritdoc/>
    protected override IReadOnlyList<string> Architectures => facts.Architectures;

    /// <inheritdoc/>
    protected override bool Writes => facts.NotStateful is null;

    /// <inheritdoc/>
    protected override string? ModelType => facts.ModelType;

    /// <inheritdoc/>
    protected override IReadOnlyList<(string Path, object? Value)> ConfigValues => facts.Values(config);

    /// <summary>Loads a published checkpoint into a model that <paramref name="build"/> makes without first values, ready to be read from.</summary>
    protected static TModel Load<TModel>(
        string folder, ScalarType dtype, Device? device, LoadOptions? options, Func<ConfigReader, TConfig> read, Func<TConfig, Weights, TModel> build)
        where TModel : GeneratedModel<TConfig> => ModelLoading.Load(folder, ConfigReader.Open(folder), dtype, device, options, read, build);

    /// <summary>How many numbers a model holds, shared ones counted once; nothing is allocated.</summary>
    protected static long Count(Func<Weights, GeneratedModel<TConfig>> build) => build(Weights.Outline()).Weights.Count;

    /// <summary>Another handle to a computed value where it is wanted.</summary>
    protected static Tensor? Where(bool wanted, Tensor value) => wanted ? value.alias() : null;

    private NotSupportedException WithoutState() => new($"{GetType().Name} has no stateful form: {facts.NotStateful}");
}

/// <summary>What generated models with a stateful form are beside their own forms.</summary>
/// <typeparam name="TConfig">The config record.</typeparam>
/// <typeparam name="TState">What is kept between calls of <c>Advance</c>.</typeparam>
public abstract class GeneratedModel<TConfig, TState>(string name, TConfig config, Weights weights, ModelContract<TConfig> facts)
    : GeneratedModel<TConfig>(name, config, weights, facts)
    where TConfig : class
    where TState : ModelState
{
    /// <summary>The stateful form: reads tokens after those that the state has read.</summary>
    /// <param name="tokens">int64 [batch, n], n at least 1.</param>
    /// <param name="state">Read and advanced.</param>
    /// <param name="mask">[batch, n], 1 for a real token; null when all are. Padding may stand left or right.</param>
    /// <param name="last">Only each row's last real token.</param>
    /// <returns>[batch, n, ...], or [batch, 1, ...] with <paramref name="last"/>.</returns>
    public abstract Tensor Advance(Tensor tokens, TState state, Tensor? mask = null, bool last = false);

    /// <inheritdoc/>
    public sealed override Tensor Advance(Tensor tokens, ModelState state, Tensor? mask = null, bool last = false) => Advance(
        tokens,
        state as TState ?? throw new ArgumentException($"the state is a {state.GetType().FullName}, expected one that this model made", nameof(state)),
        mask,
        last);
}
