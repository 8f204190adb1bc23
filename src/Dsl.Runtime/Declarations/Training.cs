using System;

namespace Dsl;

/// <summary>Drops elements with this probability in training and scales the rest up.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class DropoutAttribute(object probability) : Attribute
{
    public object Probability { get; } = probability;
}

/// <summary>How weights begin: a pattern over keys, and a standard deviation (constant or config member) or a static function.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class InitAttribute(string keys, object rule) : Attribute
{
    public string Keys { get; } = keys;

    public object Rule { get; } = rule;
}

/// <summary>How an optimiser treats weights: a pattern over keys, and factors on weight decay and rate.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class GroupAttribute(string keys) : Attribute
{
    public string Keys { get; } = keys;

    public double Decay { get; set; } = 1;

    public double Rate { get; set; } = 1;
}
