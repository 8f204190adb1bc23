using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using System.Text;
using System.Threading;
using Dsl.Generators.Diagnostics;
using Dsl.Generators.Emitting;
using Dsl.Generators.Model;
using Dsl.Generators.Reading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace Dsl.Generators;

/// <summary>
/// The pipeline. Reading turns each declaration into a closed, equatable spec; everything after that is a pure function of the spec, so an edit that
/// changes no spec writes nothing anew. Problems are the analyzer's business: where there are any, the generator stays silent.
/// </summary>
[Generator(LanguageNames.CSharp)]
public sealed class ModelGenerator : IIncrementalGenerator
{
    private readonly Pipeline pipeline;

    public ModelGenerator()
        : this(Pipeline.Core)
    {
    }

    internal ModelGenerator(Pipeline pipeline) => this.pipeline = pipeline;

    internal const string Declarations = "Declarations";
    internal const string Configs = "Configs";
    internal const string Sources = "Sources";
    internal const string Registry = "Registry";

    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        // By syntax, not by attribute name: binding every attribute anew at each keystroke is what costs time, and ReadCache knows when it need not.
        var read = context.SyntaxProvider.CreateSyntaxProvider(HeadNames.MayDeclare, Read).Where(r => r is not null).Select((r, _) => r!);
        var all = read.Where(r => r.Spec is not null).Select((r, _) => r.Spec!).WithTrackingName(Declarations);
        context.RegisterSourceOutput(read.Where(r => r.Spec is null), (output, r) => Report(output, r.Name, r.Failure));

        // No two files of one compilation have one name, whatever they come from; and names of files are compared without regard to case.
        var named = all.Collect();
        var taken = named.Select((closed, _) => HintNames.Of(closed.Select(c => c.Main.Name), ConfigsOf(closed).Select(c => c.Name)));
        var sources = all
            .Combine(taken)
            .Select((pair, _) => Written.Of(pair.Left.Main.Name, pair.Right.Declaration(pair.Left.Main.Name), () => pipeline.Run(pair.Left)))
            .WithTrackingName(Sources);
        context.RegisterSourceOutput(sources, Add);

        var configs = named.Select((closed, _) => ConfigsOf(closed).ToEquatable())
            .SelectMany((configs, _) => configs.AsEnumerable())
            .Combine(taken)
            .Select((pair, _) => (Config: pair.Left, Hint: pair.Right.Config(pair.Left.Name)))
            .WithTrackingName(Configs);
        context.RegisterSourceOutput(
            configs, (output, config) => Add(output, Written.Of(config.Config.Name, config.Hint, () => ConfigEmitter.Emit(config.Config))));

        // Only declarations that compile are listed.
        var assembly = context.CompilationProvider.Select((compilation, _) => compilation.AssemblyName ?? "");
        var registry = named.Combine(sources.Collect()).Combine(assembly).Select((given, _) =>
        {
            var ((declared, emitted), name) = given;
            return Written.Of(name, HintNames.Registry, () => RegistryOf(name, declared, emitted));
        }).WithTrackingName(Registry);
        context.RegisterSourceOutput(registry, Add);
    }

    /// <summary>What a class declares; null where it declares nothing, or where another part of it does.</summary>
    private ReadDeclaration? Read(GeneratorSyntaxContext node, CancellationToken cancel)
    {
        var declaration = (TypeDeclarationSyntax)node.Node;
        if (!HeadNames.Declares(declaration, node.SemanticModel.Compilation, cancel))
        {
            return null;
        }

        try
        {
            return Invariant.Run(() => pipeline.Read(declaration, node.SemanticModel, cancel)) is { } spec
                ? new ReadDeclaration(spec, spec.Main.Name, "")
                : null;
        }
        catch (System.Exception e) when (e is not System.OperationCanceledException)
        {
            return new ReadDeclaration(null, declaration.Identifier.Text, Written.Words(e));
        }
    }

    private string RegistryOf(string assembly, ImmutableArray<ClosedSpec> declared, ImmutableArray<Written> emitted)
    {
        var written = new HashSet<string>(emitted.Where(s => s.Text.Length > 0).Select(s => s.Name));
        var listed = declared.Where(d => written.Contains(d.Main.Name)).Select(pipeline.Whole).OrderBy(d => d.Name, System.StringComparer.Ordinal).ToList();
        return listed.Count == 0 ? "" : RegistryEmitter.Emit(assembly, listed, ConfigsOf(declared).ToList());
    }

    private static void Add(SourceProductionContext output, Written source)
    {
        if (source.Failure.Length > 0)
        {
            Report(output, source.Name, source.Failure);
        }

        if (source.Text.Length > 0)
        {
            output.AddSource(source.Hint, SourceText.From(source.Text, Encoding.UTF8));
        }
    }

    private static void Report(SourceProductionContext output, string name, string failure) =>
        output.ReportDiagnostic(Diagnostic.Create(Rules.Failed, Location.None, Names.Simple(name), failure));

    private static IEnumerable<ConfigSpec> WithExtended(ConfigSpec config)
    {
        for (var each = config; each is not null; each = each.Extended)
        {
            yield return each;
            foreach (var inner in each.Inside.SelectMany(WithExtended))
            {
                yield return inner;
            }
        }
    }

    /// <summary>The config records that this compilation declares and its declarations use, each once.</summary>
    private static IEnumerable<ConfigSpec> ConfigsOf(IEnumerable<ClosedSpec> closed) =>
        closed.Where(c => !c.Main.IsTooOld)
            .SelectMany(c => WithExtended(c.Main.Config))
            .Where(c => c.FromSource && c.Members.Count > 0 && c.Faults.Count == 0 && (!c.IsBroken || c.Base.Length > 0))
            .GroupBy(c => c.Name)
            .Select(g => g.First())
            .OrderBy(c => c.Name, System.StringComparer.Ordinal);
}

/// <summary>What was read of a class; no spec where reading it failed.</summary>
/// <param name="Spec">The closed spec.</param>
/// <param name="Name">The class.</param>
/// <param name="Failure">What failed, or empty.</param>
internal sealed record ReadDeclaration(ClosedSpec? Spec, string Name, string Failure);

/// <summary>One written file; empty text where the declaration has problems.</summary>
/// <param name="Name">The declaration's full name.</param>
/// <param name="Hint">The file's name.</param>
/// <param name="Text">What it holds.</param>
/// <param name="Failure">What failed, or empty.</param>
internal sealed record Written(string Name, string Hint, string Text, string Failure)
{
    public static Written Of(string name, string hint, System.Func<string> write)
    {
        try
        {
            return new Written(name, hint, Invariant.Run(write), "");
        }
        catch (System.Exception e) when (e is not System.OperationCanceledException)
        {
            // A generator that throws takes the output of every other declaration with it: a defect here costs this one only, and says so.
            return new Written(name, hint, "", Words(e));
        }
    }

    /// <summary>An exception in a line, with the place that it comes from.</summary>
    public static string Words(System.Exception e) =>
        string.Join(
            " ",
            $"{e.GetType().Name}: {e.Message} {(e.StackTrace ?? "").Split('\n')[0]}"
                .Split([' ', '\r', '\n'], System.StringSplitOptions.RemoveEmptyEntries));
}
