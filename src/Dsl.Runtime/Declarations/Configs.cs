using System;

namespace Dsl;

/// <summary>Where a config member stands in <c>config.json</c>: dotted paths, the first one found counts.</summary>
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

/// <summary>A published size: a static property of the config record that returns it.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class PresetAttribute(string name) : Attribute
{
    public string Name { get; } = name;

    /// <summary>The model it sizes, where several share the record.</summary>
    public Type? Model { get; set; }
}

/// <summary>This record has every member of another one; it says only what it adds.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class ExtendAttribute<TBase> : Attribute;

/// <summary>
/// The member is the number of entries of an object or a list in <c>config.json</c> (the classes of <c>id2label</c>), else of <c>num_labels</c>.
/// </summary>
[AttributeUsage(AttributeTargets.Parameter | AttributeTargets.Property)]
public sealed class CountAttribute(string path) : Attribute
{
    public string Path { get; } = path;
}
