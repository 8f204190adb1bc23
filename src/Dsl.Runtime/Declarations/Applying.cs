using System;

namespace Dsl;

/// <summary>Applies a <see cref="PointwiseAttribute"/>, <see cref="RecurrenceAttribute"/> or <see cref="TransferAttribute"/> function to the current values.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class ApplyAttribute(string function) : Attribute
{
    public string Function { get; } = function;
}

/// <summary>Applies a named activation: a constant of <see cref="Activation"/> or a config member of that type.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class ActivateAttribute(object activation) : Attribute
{
    public object Activation { get; } = activation;
}

/// <summary>A block whose fast weights are trained within the sequence (Sun et al. 2024, arXiv 2407.04620). Its inputs are what it learns from and the target.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class LearnAttribute<T>(string key = "") : Attribute
{
    public string Key { get; } = key;

    /// <summary>A function <c>static double Loss(double output, double target)</c>, summed over the last axis.</summary>
    public string? Loss { get; set; }

    /// <summary>The named value with each token's rate.</summary>
    public string? Rate { get; set; }

    /// <summary>A function of the reading token's place in its mini-batch.</summary>
    public string? RowRate { get; set; }

    /// <summary>Length of a mini-batch.</summary>
    public object? Every { get; set; }

    /// <summary>The named value that the trained block is read at.</summary>
    public string? Read { get; set; }
}
