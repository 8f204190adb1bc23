using System;

namespace Dsl;

/// <summary>
/// Where a config member stands in <c>config.json</c>: dotted paths, the first one found counts, and the last one is what saving writes. On a derived member:
/// what saving writes there; it is not read.
/// </summary>
[AttributeUsage(AttributeTargets.Parameter | AttributeTargets.Property)]
public sealed class KeyAttribute(params string[] paths) : Attribute
{
    public string[] Paths { get; } = paths;
}

/// <summary>The one value that is supported; another one in the file is an error.</summary>
[AttributeUsage(AttributeTargets.Parameter | AttributeTargets.Property | AttributeTargets.Class, AllowMultiple = true)]
public sealed class OnlyAttribute(string path, object value) : Attribute
{
    public string Path { get; } = path;

    public object Value { get; } = value;
}

/// <summary>Keys of <c>config.json</c> that change no arithmetic here.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class NoEffectAttribute(params string[] paths) : Attribute
{
    public string[] Paths { get; } = paths;
}

/// <summary>
/// What a number of the config may be: from <paramref name="least"/> to <paramref name="most"/>, both included and finite. Another one, or none (NaN), is
/// an error that names file and key, when a file is read and when a model is built.
/// </summary>
/// <param name="least">The least value.</param>
/// <param name="most">The greatest value.</param>
[AttributeUsage(AttributeTargets.Parameter | AttributeTargets.Property)]
public sealed class RangeAttribute(double least, double most = double.MaxValue) : Attribute
{
    public double Least { get; } = least;

    public double Most { get; } = most;

    /// <summary>The value must be more than <see cref="Least"/>.</summary>
    public bool Above { get; set; }
}

/// <summary>
/// The <c>model_type</c> of this record's models in <c>config.json</c>: by it, files that name no class are opened, and others know what was saved.
/// A record that extends this one has its own or none.
/// </summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class ModelTypeAttribute(string name) : Attribute
{
    public string Name { get; } = name;

    /// <summary>The class that saved files name where the model answers to none.</summary>
    public string? Architecture { get; set; }
}

/// <summary>A published size: a static property of the config record that returns it.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class PresetAttribute(string name) : Attribute
{
    public string Name { get; } = name;

    /// <summary>The model it sizes, where several share the record.</summary>
    public Type? Model { get; set; }
}

/// <summary>
/// A small size of a family, to be trained from nothing: a static method of the config record from a <see cref="SmallSize"/> to the record. Models with
/// this record are the family's, under the name that its <c>model_type</c> has.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SmallAttribute(string family) : Attribute
{
    public string Family { get; } = family;

    /// <summary>What it is made of, in a few words.</summary>
    public string What { get; set; } = "";

    /// <summary>Which special tokens its vocabulary has: a layout of vocabularies; empty where any tokens do.</summary>
    public string Layout { get; set; } = "";

    /// <summary>The family that is meant where none is named, among those that are trained alike.</summary>
    public bool First { get; set; }
}

/// <summary>What a small model is made for.</summary>
/// <param name="Vocab">Tokens of the vocabulary.</param>
/// <param name="Context">Tokens in a row.</param>
public sealed record SmallSize(int Vocab, int Context)
{
    /// <summary>The token that fills rows, where the vocabulary has one.</summary>
    public int? Pad { get; init; }

    private readonly int? width;

    /// <summary>The model's width; 128 unless one is asked for.</summary>
    public int Width
    {
        get => width ?? 128;
        init => width = value;
    }

    /// <summary>How many layers; null: as the family has it.</summary>
    public int? Layers { get; init; }

    /// <summary>The width inside of feed-forward layers; null: as the family has it.</summary>
    public int? Inner { get; init; }

    /// <summary>
    /// The deviation of first weights. The published one of 0.02 belongs to a width of 768: in rows so much shorter it leaves every score near zero, and
    /// attention even for long.
    /// </summary>
    public static double Deviation { get; } = 0.02 * Math.Sqrt(6);

    /// <summary>The width that is asked for, or the family's own.</summary>
    public int WidthOr(int own) => width ?? own;

    /// <summary>The deviation that belongs to the width that is asked for (0.02 at 768, larger in shorter rows), or the family's own.</summary>
    public double DeviationOr(double own) => width is { } given ? 0.02 * Math.Sqrt(768.0 / given) : own;
}

/// <summary>
/// What a model is trained by: an objective, or the kind of answer that its head learns, by name; and those of the objective's options that the family has
/// otherwise, each as <c>option=value</c>.
/// </summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class TrainedByAttribute(string name, params string[] options) : Attribute
{
    public string Name { get; } = name;

    public string[] Options { get; } = options;
}

/// <summary>This record has every member of another one; it says only what it adds.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class ExtendAttribute<TBase> : Attribute;

/// <summary>
/// The member is <c>num_labels</c> of <c>config.json</c>, else the number of entries of an object or a list there (the classes of <c>id2label</c>).
/// </summary>
[AttributeUsage(AttributeTargets.Parameter | AttributeTargets.Property)]
public sealed class CountAttribute(string path) : Attribute
{
    public string Path { get; } = path;
}
