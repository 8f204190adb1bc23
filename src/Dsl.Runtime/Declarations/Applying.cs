using System;

namespace Dsl;

/// <summary>
/// Applies a <see cref="PointwiseAttribute"/>, <see cref="RecurrenceAttribute"/> or <see cref="TransferAttribute"/> function to the current values.
/// </summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class ApplyAttribute(string function) : Attribute
{
    public string Function { get; } = function;

    /// <summary>
    /// Of a recurrence that is linear and time-invariant: the <see cref="TransferAttribute"/> function that gives its kernel, with which the parallel form
    /// convolves. Its arguments are the recurrence's own, by name.
    /// </summary>
    public string? Transfer { get; set; }

    /// <summary>
    /// With <see cref="Transfer"/>: <c>static void F(Span&lt;Complex&gt; C, int from, int to, ...)</c>, run in double for one channel and on no gradient's
    /// path: turns C as it is for a kernel of <c>from</c> nodes into what it is for one of <c>to</c>; 0 is C itself, of a kernel without an end.
    /// </summary>
    public string? Lengthen { get; set; }
}

/// <summary>Applies a named activation: a constant of <see cref="Activation"/> or a config member of that type.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class ActivateAttribute(object activation) : Attribute
{
    public object Activation { get; } = activation;
}

/// <summary>
/// A block whose fast weights (<see cref="LinearAttribute.Fast"/>) are trained within the sequence (Sun et al. 2024, arXiv 2407.04620). It reads two values:
/// what is learnt from, and the target. Gradients are taken at the weights that a mini-batch started with; token i of it reads with all steps up to i.
/// </summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class LearnAttribute<T>(string key = "") : Attribute
{
    public string Key { get; } = key;

    /// <summary>A <see cref="PointwiseAttribute"/> function of the block's output and the target, summed over all elements.</summary>
    public string? Loss { get; set; }

    /// <summary>
    /// The named value with the rate of each token that is learnt from: an axis for each axis of the block's maps, or one of size one. Default: 1.
    /// </summary>
    public string? Rate { get; set; }

    /// <summary>
    /// A <see cref="PointwiseAttribute"/> function of <c>int place</c>, the reading token's place in its mini-batch; its result is times the rate. Default: 1.
    /// </summary>
    public string? RowRate { get; set; }

    /// <summary>Length of a mini-batch. Default: 1.</summary>
    public object? Every { get; set; }

    /// <summary>The named value that the trained block is read at. Default: what is learnt from.</summary>
    public string? Read { get; set; }
}

/// <summary>One of two blocks to learn, by a config member of type <see cref="Type"/>.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class LearnAttribute<T1, T2>(string key = "") : Attribute
{
    public string Key { get; } = key;

    /// <summary>The config member that returns the type.</summary>
    public string? By { get; set; }

    /// <inheritdoc cref="LearnAttribute{T}.Loss"/>
    public string? Loss { get; set; }

    /// <inheritdoc cref="LearnAttribute{T}.Rate"/>
    public string? Rate { get; set; }

    /// <inheritdoc cref="LearnAttribute{T}.RowRate"/>
    public string? RowRate { get; set; }

    /// <inheritdoc cref="LearnAttribute{T}.Every"/>
    public object? Every { get; set; }

    /// <inheritdoc cref="LearnAttribute{T}.Read"/>
    public string? Read { get; set; }
}
