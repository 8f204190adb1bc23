using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using System.Text;
using System.Threading;
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
        var all = context.SyntaxProvider
            .CreateSyntaxProvider(Declares, (node, cancel) => Invariant.Run(() => pipeline.Read((TypeDeclarationSyntax)node.Node, node.SemanticModel, cancel)))
            .Where(spec => spec is not null)
            .Select((spec, _) => spec!)
            .WithTrackingName(Declarations);

        // File names are compared without regard to case.
        var clashes = all.Select((closed, _) => closed.Main.Name).Collect().Select((names, _) => Clashes(names).ToEquatable());
        var sources = all
            .Combine(clashes)
            .Select((pair, _) => Emitted.Of(pipeline, pair.Left, HintName(pair.Left.Main.Name, pair.Right) + ".g.cs"))
            .WithTrackingName(Sources);
        context.RegisterSourceOutput(sources, (output, source) =>
        {
            if (source.Text.Length > 0)
            {
                output.AddSource(source.Hint, SourceText.From(source.Text, Encoding.UTF8));
            }
        });

        var configs = all.Collect().Select((closed, _) => ConfigsOf(closed).ToEquatable()).SelectMany((configs, _) =>
        {
            var clashing = Clashes(configs.Select(c => c.Name + "Json")).ToEquatable();
            return configs.Select(c => (Config: c, Hint: HintName(c.Name + "Json", clashing) + ".g.cs"));
        }).WithTrackingName(Configs);
        context.RegisterSourceOutput(
            configs, (output, config) => output.AddSource(config.Hint, SourceText.From(Invariant.Run(() => ConfigEmitter.Emit(config.Config)), Encoding.UTF8)));

        // Only declarations that compile are listed.
        var assembly = context.CompilationProvider.Select((compilation, _) => compilation.AssemblyName ?? "");
        var registry = all.Collect().Combine(sources.Collect()).Combine(assembly).Select((given, _) =>
        {
            var ((declared, emitted), name) = given;
            var written = new HashSet<string>(emitted.Where(s => s.Text.Length > 0).Select(s => s.Name));
            var listed = declared.Select(Whole).Where(d => written.Contains(d.Name)).OrderBy(d => d.Name, System.StringComparer.Ordinal).ToList();
            return listed.Count == 0 ? "" : Invariant.Run(() => RegistryEmitter.Emit(name, listed, ConfigsOf(declared).ToList()));
        }).WithTrackingName(Registry);
        context.RegisterSourceOutput(registry, (output, text) =>
        {
            if (text.Length > 0)
            {
                output.AddSource("DslModels.g.cs", SourceText.From(text, Encoding.UTF8));
            }
        });
    }

    /// <summary>A file name that no other type can have: the full name with its arity and containers.</summary>
    internal static string HintName(string fullName) =>
        (fullName.StartsWith("global::", System.StringComparison.Ordinal) ? fullName.Substring(8) : fullName)
            .Replace("@", "")
            .Replace('<', '{')
            .Replace('>', '}')
            .Replace("global::", "")
            .Replace(", ", ",");

    /// <summary>The same, told apart from names that differ in case alone.</summary>
    private static string HintName(string fullName, EquatableArray<string> clashing)
    {
        var before = clashing.Count(n => string.CompareOrdinal(n, fullName) < 0 && string.Equals(n, fullName, System.StringComparison.OrdinalIgnoreCase));
        return HintName(fullName) + (before == 0 ? "" : $" ({before + 1})");
    }

    private static IEnumerable<string> Clashes(IEnumerable<string> names) =>
        names.Distinct()
            .GroupBy(n => n, System.StringComparer.OrdinalIgnoreCase)
            .Where(g => g.Count() > 1)
            .SelectMany(g => g)
            .OrderBy(n => n, System.StringComparer.Ordinal);

    /// <summary>Whether a node is a type that says <c>[Block&lt;...&gt;]</c> or <c>[Model&lt;...&gt;]</c>.</summary>
    private static bool Declares(SyntaxNode node, CancellationToken cancel)
    {
        if (node is TypeDeclarationSyntax { AttributeLists.Count: > 0 } type)
        {
            foreach (var list in type.AttributeLists)
            {
                foreach (var attribute in list.Attributes)
                {
                    var name = attribute.Name is QualifiedNameSyntax qualified ? qualified.Right
                        : attribute.Name is AliasQualifiedNameSyntax alias ? alias.Name
                        : attribute.Name;
                    if (name is GenericNameSyntax { Identifier.Text: "Block" or "Model" or "BlockAttribute" or "ModelAttribute" })
                    {
                        return true;
                    }
                }
            }
        }

        return false;
    }

    /// <summary>A derived declaration as if it had been written in full, so that its base need not be known to whoever reads it.</summary>
    private DeclarationSpec Whole(ClosedSpec closed) => pipeline.Whole(closed);

    private static IEnumerable<ConfigSpec> WithExtended(ConfigSpec config)
    {
        for (var each = config; each is not null; each = each.Extended)
        {
            yield return each;
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

/// <summary>One written file; empty text where the declaration has problems.</summary>
/// <param name="Name">The declaration's full name.</param>
/// <param name="Hint">The file's name.</param>
/// <param name="Text">What it holds.</param>
internal sealed record Emitted(string Name, string Hint, string Text)
{
    public static Emitted Of(Pipeline pipeline, ClosedSpec closed, string hint)
    {
        var name = closed.Main.Name;
        try
        {
            return new Emitted(name, hint, Invariant.Run(() => pipeline.Run(closed)));
        }
        catch (System.Exception e) when (e is not System.OperationCanceledException)
        {
            // A generator that throws takes the output of every other declaration with it: a defect here costs this one only, and says so.
            return new Emitted(
                name,
                hint,
                $"#error The compiler of declarations failed on {closed.Main.SimpleName}: {e.GetType().Name} "
                    + $"{e.Message.Replace('\r', ' ').Replace('\n', ' ')} {(e.StackTrace ?? "").Replace('\r', ' ').Replace('\n', ' ')}");
        }
    }
}
