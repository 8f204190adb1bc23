using System;

namespace Dsl;

/// <summary>Declares a block: a class whose brackets are its dataflow. <c>x</c> is what enters it.</summary>
/// <typeparam name="TConfig">The configuration record that sizes and options are read from.</typeparam>
[AttributeUsage(AttributeTargets.Class)]
public sealed class BlockAttribute<TConfig> : Attribute;

/// <summary>Declares a model: a block that reads token ids (or whatever its <see cref="InputAttribute"/>s say) and owns its weights.</summary>
/// <typeparam name="TConfig">The configuration record that <c>config.json</c> binds to.</typeparam>
/// <param name="architectures">The names under <c>architectures</c> in <c>config.json</c> that this model answers to.</param>
[AttributeUsage(AttributeTargets.Class)]
public sealed class ModelAttribute<TConfig>(params string[] architectures) : Attribute
{
    public string[] Architectures { get; } = architectures;
}

/// <summary>Names an input and its axes. Without one, a model reads <c>input_ids</c>, <c>"b t"</c>, stepping, under <c>attention_mask</c>.</summary>
/// <param name="name">The input's name, as the published library calls it.</param>
/// <param name="axes">
/// Its axes: <c>b</c> is the batch, <c>t</c> and <c>s</c> are times, other names are sizes, unless an <see cref="AxisAttribute"/> without a size says that
/// they are known when the program runs (rows and columns of images). <c>b t</c> only: token ids. Null in a block: as given.
/// </param>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class InputAttribute(string name, string? axes = null) : Attribute
{
    public string Name { get; } = name;

    public string? Axes { get; } = axes;

    /// <summary>The input that says which of its tokens are real (1) and which are padding (0).</summary>
    public string? Mask { get; set; }

    /// <summary>The stateful form steps along this input; what depends on other inputs alone is computed once.</summary>
    public bool Steps { get; set; }

    /// <summary>A model may be run without it; then it is all zeros.</summary>
    public bool Optional { get; set; }
}

/// <summary>
/// Gives a size to an axis that <see cref="InputAttribute"/> and <see cref="ParameterAttribute"/> strings name; without one, the axis is as long as the
/// input that a call is given.
/// </summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class AxisAttribute(string name, object? size = null) : Attribute
{
    public string Name { get; } = name;

    public object? Size { get; } = size;
}

/// <summary>Options that every part of this declaration takes unless it says otherwise: a constant, or the name of a config member.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class DefaultsAttribute : Attribute
{
    /// <summary>Added to the variance in norms.</summary>
    public object? Eps { get; set; }

    /// <summary>Whether linear maps have a bias.</summary>
    public object? Bias { get; set; }

    /// <summary>Probability of dropping an attention weight in training.</summary>
    public object? Dropout { get; set; }

    /// <summary>Base of the rotary frequencies.</summary>
    public object? Theta { get; set; }

    /// <summary>Rule that scales the rotary frequencies (a config member of type <c>RopeScaling</c>).</summary>
    public object? Frequency { get; set; }

    /// <summary>Length of the sequences the model was trained on.</summary>
    public object? Context { get; set; }

    /// <summary>How many channels of a head <see cref="RotaryAttribute"/> turns.</summary>
    public object? Width { get; set; }

    /// <summary>Which channels <see cref="RotaryAttribute"/> pairs: a constant of <see cref="Dsl.Pairs"/>.</summary>
    public string? Pairs { get; set; }

    /// <summary>How many heads queries, keys and values of attention have, where no config member is called so.</summary>
    public object? Heads { get; set; }

    /// <summary>How wide a head is, where no config member is called so.</summary>
    public object? HeadDim { get; set; }

    /// <summary>
    /// Deviation of the normal distribution that new matrices, embeddings and parameters are drawn from where no <see cref="InitAttribute"/> says otherwise;
    /// also in the blocks that this declaration uses, unless they say their own. Default: 0.02.
    /// </summary>
    public object? Deviation { get; set; }
}

/// <summary>
/// This declaration is another one with the changes that the attributes after it name. Never C# inheritance: a base class would build its own weights.
/// </summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class DeriveAttribute<TBase> : Attribute;

/// <summary>Changes one option of the part at an address (its key, else its <c>As</c> name, else its part name and number).</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class SetAttribute(string address, string option, object? value) : Attribute
{
    public string Address { get; } = address;

    public string Option { get; } = option;

    public object? Value { get; } = value;
}

/// <summary>The part at this address is replaced by the parts that follow in the same bracket.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class ReplaceAttribute(string address) : Attribute
{
    public string Address { get; } = address;
}

/// <summary>The part at this address is left out (the identity).</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class RemoveAttribute(string address) : Attribute
{
    public string Address { get; } = address;
}

/// <summary>Every key that has <paramref name="from"/> as a run of dotted segments gets <paramref name="to"/> in its place.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class RenameAttribute(string from, string to) : Attribute
{
    public string From { get; } = from;

    public string To { get; } = to;
}

/// <summary>
/// Makes an ordinary class usable by <c>Use</c>: it implements <c>Dsl.Runtime.IOwnLayer</c>, or <c>IBuiltLayer</c> where it reads several values, which
/// <see cref="InputAttribute"/>s name.
/// </summary>
/// <typeparam name="TConfig">The configuration record it is built from.</typeparam>
/// <param name="width">Its output's width: a constant or a config member's name. Default: its input's.</param>
[AttributeUsage(AttributeTargets.Class)]
public sealed class LayerAttribute<TConfig>(object? width = null) : Attribute
{
    public object? Width { get; } = width;

    /// <summary>The axes of its result, as inputs have them: <c>"b t h d"</c>. Default: those of <c>x</c>, with its width.</summary>
    public string? Gives { get; set; }
}
