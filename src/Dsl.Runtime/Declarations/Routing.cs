using System;

namespace Dsl;

/// <summary>
/// Which elements along the last axis are chosen: 1 at the largest of them, 0 elsewhere, in the value's shape. Of equal ones the first is chosen. There is no
/// gradient through the choice.
/// </summary>
/// <param name="count">How many are chosen: a constant or an integer member of the config.</param>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class RouteAttribute(object count) : Attribute
{
    public object Count { get; } = count;
}

/// <summary>Softmax along the last axis.</summary>
/// <param name="over">A named value of the same shape: only elements at which it is not 0 take part, the others become 0. Default: all take part.</param>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class SoftmaxAttribute(string? over = null) : Attribute
{
    public string? Over { get; } = over;
}

/// <summary>
/// The sum over a token's chosen experts of weight times what the expert gives: [b, t, d] to the block's result for one expert. The block is one for all
/// experts, <c>[Input("x", "b t e d")]</c>, whose maps have a matrix for each (<c>Stored = "e out in"</c>); only chosen experts are computed, tokens grouped by
/// expert (Shazeer et al. 2017, arXiv 1701.06538).
/// </summary>
/// <typeparam name="T">The block.</typeparam>
/// <param name="key">Its checkpoint key.</param>
/// <param name="chosen">A named value [b, t, e]: an expert is computed for a token where it is not 0.</param>
/// <param name="weights">A named value [b, t, e]: the weights in the sum.</param>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class ExpertsAttribute<T>(string key, string chosen, string weights) : Attribute
{
    public string Key { get; } = key;

    public string Chosen { get; } = chosen;

    public string Weights { get; } = weights;
}

/// <summary>In a block: the model may read what flows here in every layer, by <see cref="CollectedAttribute"/>. It flows on as it is, [b, t, d].</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class CollectAttribute(string name) : Attribute
{
    public string Name { get; } = name;
}

/// <summary>In a model: what its layers have collected under a name, in their order, [b, t, layers, d]. All of them stand before it.</summary>
/// <param name="name">The name.</param>
/// <param name="size">Channels of what each has collected.</param>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class CollectedAttribute(string name, object size) : Attribute
{
    public string Name { get; } = name;

    public object Size { get; } = size;
}

/// <summary>
/// The load-balancing loss of probabilities [b, t, ..., e] over experts (Fedus et al. 2021, arXiv 2101.03961, equation 4): the number of experts times the sum
/// over them of how often an expert is among a token's largest and its mean probability. Tokens that are padding don't count. The gradient goes through the
/// probabilities alone.
/// </summary>
/// <param name="count">How many experts a token has.</param>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class BalanceAttribute(object count) : Attribute
{
    public object Count { get; } = count;
}
