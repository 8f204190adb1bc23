using System;

namespace Dsl;

/// <summary>A second published layout of the same weights: renamings of runs of dotted key segments, <c>"attention=att"</c>.</summary>
/// <param name="name">What the layout is called.</param>
/// <param name="renamings">Ours and the other layout's, with <c>=</c> between them; with <see cref="Under"/>, first segments that stand under it there.</param>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class KeysAttribute(string name, params string[] renamings) : Attribute
{
    public string Name { get; } = name;

    public string[] Renamings { get; } = renamings;

    /// <summary>What the keys that begin with these segments stand under there: <c>Keys("with prefix", "encoder", Under = "bert")</c>.</summary>
    public string? Under { get; set; }
}

/// <summary>Other keys under which a file may hold the same weight.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class SameAttribute(string key, params string[] others) : Attribute
{
    public string Key { get; } = key;

    public string[] Others { get; } = others;
}

/// <summary>Tensors of a file that are no weights: patterns over keys, <c>"*.position_ids"</c>.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class IgnoreAttribute(params string[] keys) : Attribute
{
    public string[] Keys { get; } = keys;
}

/// <summary>
/// Weights that published files may keep in a folder of their own, another model's, which a key of <c>config.json</c> names: <c>Folder("mm_vision_tower",
/// "model.vision_tower")</c>. A tensor of that folder is read as if this one held it, with the prefix and a dot before its name.
/// </summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class FolderAttribute(string path, string prefix) : Attribute
{
    public string Path { get; } = path;

    public string Prefix { get; } = prefix;
}
