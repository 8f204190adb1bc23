using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.CompilerServices;
using Dsl.Generators.Model;
using Microsoft.CodeAnalysis;

namespace Dsl.Generators.Reading;

/// <summary>The specs that the generator left in a referenced assembly, decoded once per reference.</summary>
internal sealed class CompiledSpecs
{
    private static readonly ConditionalWeakTable<IAssemblySymbol, CompiledSpecs> Cache = new();

    private readonly Dictionary<string, string> declarationTexts = new();
    private readonly Dictionary<string, ConfigSpec> configs = new();
    private readonly Dictionary<string, DeclarationSpec> declarations = new();

    private CompiledSpecs(IAssemblySymbol assembly)
    {
        foreach (var attribute in assembly.GetAttributes().Where(a => SpecReader.IsOurs(a) && SpecReader.WordOf(a) == "Compiled"))
        {
            if (attribute.ConstructorArguments.Length == 4 && attribute.ConstructorArguments[0].Value is SpecText.Version
                && attribute.ConstructorArguments[1].Value is string kind
                && attribute.ConstructorArguments[2].Value is string name
                && attribute.ConstructorArguments[3].Value is string text)
            {
                if (kind == "config")
                {
                    if (Readable(() => SpecText.ReadConfig(text)) is { } config)
                    {
                        configs[name] = config;
                    }
                }
                else
                {
                    declarationTexts[name] = text;
                }
            }
        }
    }

    public static CompiledSpecs? Of(IAssemblySymbol? assembly) => assembly is null ? null : Cache.GetValue(assembly, a => new CompiledSpecs(a));

    public ConfigSpec? Config(string name) => configs.TryGetValue(name, out var config) ? config : null;

    public DeclarationSpec? Declaration(string name)
    {
        lock (declarations)
        {
            if (!declarations.TryGetValue(name, out var spec) && declarationTexts.TryGetValue(name, out var text))
            {
                spec = Readable(() => SpecText.ReadDeclaration(text, Config));
                if (spec is null)
                {
                    declarationTexts.Remove(name);
                }
                else
                {
                    declarations[name] = spec;
                }
            }

            return spec;
        }
    }

    /// <summary>A text that nothing can be read from, left by something else than the generator, is as if it were not there.</summary>
    private static T? Readable<T>(Func<T> read)
        where T : class
    {
        try
        {
            return read();
        }
        catch (Exception broken) when (broken is FormatException or ArgumentException or OverflowException or IndexOutOfRangeException)
        {
            return null;
        }
    }
}
