using System;

namespace Dsl;

/// <summary>Drops elements with this probability in training and scales the rest up.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class DropoutAttribute(object probability) : Attribute
{
    public object Probability { get; } = probability;
}

/// <summary>
/// An id for each row of logits, [b, t, n] to ids [b, t] or [b, n] to [b]: in training one drawn from their softmax, else the most likely, of equal ones the
/// first. No gradient passes.
/// </summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class SampleAttribute : Attribute;

/// <summary>How weights begin: a pattern over keys, and a standard deviation (constant or config member) or a static function.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class InitAttribute(string keys, object rule) : Attribute
{
    public string Keys { get; } = keys;

    public object Rule { get; } = rule;
}

/// <summary>
/// Two small matrices beside each linear map that is meant, all other weights frozen (LoRA: Hu et al., arXiv 2106.09685): the map's result gets
/// alpha / rank (x A^T) B^T more. At a model, mostly a derived one; its files hold the matrices under <c>KEY.lora_A.weight</c> and <c>KEY.lora_B.weight</c>,
/// and files without them begin them anew.
/// </summary>
/// <param name="targets">Ends of the maps' keys (<c>q_proj</c>), or patterns over them (<c>model.layers.?.*.{q,v}_proj</c>).</param>
[AttributeUsage(AttributeTargets.Class)]
public sealed class AdaptAttribute(params string[] targets) : Attribute
{
    public string[] Targets { get; } = targets;

    /// <summary>How many rows the first matrix has, and columns the second: a constant or a config member. Default: 8.</summary>
    public object? Rank { get; set; }

    /// <summary>A constant or a config member. Default: 8.</summary>
    public object? Alpha { get; set; }

    /// <summary>The scale is alpha / sqrt(rank): true, false or a config member.</summary>
    public object? RankStabilised { get; set; }

    /// <summary>Probability of dropping a number before the first matrix, in training: a constant or a config member.</summary>
    public object? Dropout { get; set; }
}

/// <summary>How an optimiser treats weights: a pattern over keys, and factors on weight decay and rate.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class GroupAttribute(string keys) : Attribute
{
    public string Keys { get; } = keys;

    public double Decay { get; set; } = 1;

    public double Rate { get; set; } = 1;
}
