using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using System.Reflection;
using System.Runtime.Loader;
using Dsl.Generators;
using Dsl.Generators.Model;
using Dsl.Reference.Compiling;
using Dsl.Reference.Interpreting;
using Dsl.Runtime;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Dsl.Reference;

/// <summary>Sources of declarations, compiled with the generator and loaded into a context of their own, which <see cref="Dispose"/> unloads.</summary>
public sealed class CompiledDeclarations : IDisposable
{
    private readonly Pipeline pipeline;
    private readonly CSharpCompilation source;
    private readonly AssemblyLoadContext? context;
    private readonly Dictionary<string, Graph> graphs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Type> types = new(StringComparer.Ordinal);
    private readonly Assembly? assembly;
    private UserFunctions? functions;

    private CompiledDeclarations(
        Pipeline pipeline, CSharpCompilation source, IReadOnlyList<Diagnostic> diagnostics, AssemblyLoadContext? context, Assembly? assembly)
    {
        this.pipeline = pipeline;
        this.source = source;
        this.context = context;
        this.assembly = assembly;
        Diagnostics = diagnostics;
    }

    /// <summary>Warnings and errors: of the analyzer, of the generator, and of the C# compiler over what the user and the generator wrote.</summary>
    public IReadOnlyList<Diagnostic> Diagnostics { get; }

    /// <summary>Whether there is an assembly.</summary>
    public bool IsLoaded => assembly is not null;

    /// <summary>The compiled assembly.</summary>
    /// <exception cref="InvalidOperationException">The sources have errors: they are named.</exception>
    public Assembly Assembly => assembly
        ?? throw new InvalidOperationException(string.Join(Environment.NewLine, Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error)));

    /// <summary>The models that the sources declare.</summary>
    public IReadOnlyList<ModelEntry> Models => (IReadOnlyList<ModelEntry>)Assembly.GetTypes()
        .Single(t => t is { Namespace: "Dsl.Assemblies", IsNested: false }).GetProperty("All", BindingFlags.Public | BindingFlags.Static)!.GetValue(null)!;

    internal UserFunctions Functions => functions ??= new UserFunctions(FindType);

    /// <summary>Compiles one file.</summary>
    /// <param name="source">Its text, with its own <c>using</c> directives.</param>
    /// <param name="fuse">False: no pass of the compiler rewrites what a form computes.</param>
    public static CompiledDeclarations Compile(string source, bool fuse = true) => Compile([("User.cs", source)], fuse);

    /// <summary>Compiles several files.</summary>
    /// <param name="files">Paths, which only messages show, and texts.</param>
    /// <param name="fuse">False: no pass of the compiler rewrites what a form computes.</param>
    /// <param name="areValid">They were compiled before without a word: nothing is analysed again.</param>
    public static CompiledDeclarations Compile(IEnumerable<(string Path, string Text)> files, bool fuse = true, bool areValid = false) =>
        Compile(files, fuse ? Pipeline.Core : new Pipeline(Generators.Parts.Core.Language, fuses: false), areValid);

    /// <summary>Compiles several files in a language that may have more parts.</summary>
    internal static CompiledDeclarations Compile(IEnumerable<(string Path, string Text)> files, Pipeline pipeline, bool areValid = false)
    {
        CSharpCompilation compilation = UserCompilation.Create(files);
        (CSharpCompilation whole, ImmutableArray<Diagnostic> generator, _) = UserCompilation.Generate(compilation, pipeline);
        if (areValid)
        {
            return Loaded(pipeline, compilation, whole, generator);
        }

        var diagnostics = new List<Diagnostic>(UserCompilation.Analyse(compilation, pipeline).Concat(generator).Concat(UserCompilation.Check(whole)));
        if (diagnostics.Exists(d => d.Severity == DiagnosticSeverity.Error))
        {
            return new CompiledDeclarations(pipeline, compilation, diagnostics, null, null);
        }

        return Loaded(pipeline, compilation, whole, diagnostics);
    }

    /// <summary>
    /// Compiles several files at once for judges of their own: what C# can compile is loaded, whatever the compiler of declarations says of it, and
    /// <see cref="Diagnostics"/> are C#'s alone.
    /// </summary>
    /// <param name="files">Paths, which only messages show, and texts.</param>
    /// <param name="analysed">What the analyzer says.</param>
    /// <param name="run">What the generator did.</param>
    internal static CompiledDeclarations Once(IEnumerable<(string Path, string Text)> files, out ImmutableArray<Diagnostic> analysed, out GeneratorRunResult run)
    {
        CSharpCompilation compilation = UserCompilation.Create(files, documented: true);
        (CSharpCompilation whole, _, run) = UserCompilation.Generate(compilation, Pipeline.Core);
        analysed = UserCompilation.Analyse(whole, Pipeline.Core);
        var context = new AssemblyLoadContext("declarations", isCollectible: true);
        (Assembly? made, ImmutableArray<Diagnostic> found) = UserCompilation.TryLoad(whole, context);

        // Errors in declarations keep C# from looking at bodies.
        return new CompiledDeclarations(Pipeline.Core, compilation, made is null ? whole.GetDiagnostics() : found, context, made);
    }

    /// <inheritdoc/>
    public void Dispose() => context?.Unload();

    /// <summary>What a declaration computes, as the checker has it: before any pass.</summary>
    internal Graph GraphOf(string name)
    {
        if (graphs.TryGetValue(name, out Graph? known))
        {
            return known;
        }

        foreach (SyntaxTree tree in source.SyntaxTrees)
        {
            SemanticModel semantics = source.GetSemanticModel(tree);
            foreach (TypeDeclarationSyntax type in tree.GetRoot().DescendantNodes().OfType<TypeDeclarationSyntax>()
                .Where(t => t.Identifier.Text == name && t.AttributeLists.Count > 0))
            {
                if (pipeline.Read(semantics.GetDeclaredSymbol(type)!, source, default) is { } closed)
                {
                    return graphs[name] = Checked(closed, name);
                }
            }
        }

        throw new ArgumentException($"nothing declares '{name}'", nameof(name));
    }

    /// <summary>A type by its full name as C# writes it, of the compiled assembly or of any that is loaded.</summary>
    internal Type FindType(string name)
    {
        if (!types.TryGetValue(name, out Type? type))
        {
            string plain = name.Replace("global::", "", StringComparison.Ordinal);
            type = Spellings(plain).Select(s => Assembly.GetType(s)).FirstOrDefault(t => t is not null)
                ?? AppDomain.CurrentDomain.GetAssemblies().SelectMany(a => Spellings(plain).Select(s => a.GetType(s))).FirstOrDefault(t => t is not null)
                ?? throw new TypeLoadException($"no assembly has the type '{name}'");
            types[name] = type;
        }

        return type;
    }

    /// <summary>A nested type stands behind a plus where C# writes a dot.</summary>
    private static IEnumerable<string> Spellings(string name)
    {
        yield return name;
        for (int dot = name.LastIndexOf('.'); dot > 0; dot = name.LastIndexOf('.', dot - 1))
        {
            name = name[..dot] + "+" + name[(dot + 1)..];
            yield return name;
        }
    }

    private static CompiledDeclarations Loaded(
        Pipeline pipeline, CSharpCompilation source, CSharpCompilation whole, IReadOnlyList<Diagnostic> diagnostics)
    {
        var context = new AssemblyLoadContext("declarations", isCollectible: true);
        return new CompiledDeclarations(pipeline, source, diagnostics, context, UserCompilation.Load(whole, context));
    }

    private Graph Checked(ClosedSpec closed, string name)
    {
        (Graph graph, IReadOnlyList<Problem> problems) = pipeline.Check(closed);
        return problems.Count == 0 && graph.Result is not null
            ? graph
            : throw new ArgumentException($"'{name}' has problems: {string.Join(", ", problems.Select(p => p.Id))}", nameof(name));
    }
}
