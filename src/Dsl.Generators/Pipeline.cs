using System.Collections.Generic;
using System.Threading;
using Dsl.Generators.Checking;
using Dsl.Generators.Emitting;
using Dsl.Generators.Fusing;
using Dsl.Generators.Lowering;
using Dsl.Generators.Model;
using Dsl.Generators.Reading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Dsl.Generators;

/// <summary>
/// The way of a declaration. Each stage takes data and gives data, and knows no later one; what is read is equatable, and everything after reading is a
/// function of it alone.
/// </summary>
/// <param name="language">The parts that declarations are made of.</param>
/// <param name="fuses">Whether passes run; without them the code computes the same, step by step.</param>
internal sealed class Pipeline(Language language, bool fuses = true)
{
    /// <summary>The compiler that users have.</summary>
    public static readonly Pipeline Core = new(Parts.Core.Language);

    public Vocabulary Vocabulary => language.Vocabulary;

    /// <summary>Syntax and symbols to a spec: what the attributes say, with everything that it depends on.</summary>
    public ClosedSpec? Read(TypeDeclarationSyntax declaration, SemanticModel semantics, CancellationToken cancel) =>
        ReadCache.Read(declaration, semantics, Vocabulary, cancel);

    /// <inheritdoc cref="Read(TypeDeclarationSyntax, SemanticModel, CancellationToken)"/>
    public ClosedSpec? Read(INamedTypeSymbol type, Compilation compilation, CancellationToken cancel) =>
        SpecReader.For(compilation, Vocabulary).ReadClosed(type, cancel);

    /// <summary>A spec to a graph whose sizes are known, or to what is wrong with it.</summary>
    public (Graph Graph, IReadOnlyList<Problem> Problems) Check(ClosedSpec closed) => Session.Check(closed, language);

    /// <summary>A graph to one graph a form: parallel, begin, step, learner.</summary>
    public static Forms Lower(Graph graph) => Lowering.Lower.Run(graph);

    /// <summary>Whether passes run.</summary>
    public bool Fuses => fuses;

    /// <summary>Forms to forms with fewer and larger operations.</summary>
    public Forms Fuse(Forms forms) => fuses ? Fusing.Fuse.Run(forms) : forms;

    /// <summary>Forms to C#.</summary>
    public static string Emit(Forms forms) =>
        Qualified.Text(forms.Source.Spec.IsModel ? ModelEmitter.Emit(forms) : BlockEmitter.Emit(forms), forms.Source.Spec.Hidden);

    /// <summary>The whole way. Empty where the declaration has problems, which the analyzer reports.</summary>
    public string Run(ClosedSpec closed)
    {
        var (graph, problems) = Check(closed);
        return problems.Count > 0 || graph.UsesBroken || graph.Result is null ? "" : Emit(Fuse(Lower(graph)));
    }

    /// <summary>A derived declaration as if it had been written in full, so that its base need not be known to whoever reads it.</summary>
    public DeclarationSpec Whole(ClosedSpec closed) => Derivation.Resolve(closed.Main, closed.Find, Vocabulary, (_, _, _) => { }) with { Base = "" };
}
