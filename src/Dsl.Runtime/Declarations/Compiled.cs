using System;

namespace Dsl;

/// <summary>
/// Written by the generator: what a declaration, a config record or a scalar function of this assembly says, so that projects that
/// reference the compiled assembly can use and derive from it as if they had its source.
/// </summary>
/// <param name="version">Version of the text's format.</param>
/// <param name="kind">What it is: <c>declaration</c>, <c>config</c>.</param>
/// <param name="name">Full metadata name of the type.</param>
/// <param name="text">The specification.</param>
[AttributeUsage(AttributeTargets.Assembly, AllowMultiple = true)]
public sealed class CompiledAttribute(int version, string kind, string name, string text) : Attribute
{
    public int Version { get; } = version;

    public string Kind { get; } = kind;

    public string Name { get; } = name;

    public string Text { get; } = text;
}
