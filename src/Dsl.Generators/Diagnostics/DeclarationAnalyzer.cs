using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Model;
using Dsl.Generators.Reading;
using Dsl.Generators.Scalar;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;

namespace Dsl.Generators.Diagnostics;

/// <summary>
/// Reports what is wrong with declarations, at the attribute or argument at fault. It reads and checks with the generator's own code, which writes nothing
/// for a declaration that has problems.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class DeclarationAnalyzer : DiagnosticAnalyzer
{
    private readonly Pipeline pipeline;

    public DeclarationAnalyzer()
        : this(Pipeline.Core)
    {
    }

    internal DeclarationAnalyzer(Pipeline pipeline) => this.pipeline = pipeline;

    /// <summary>Property of a diagnostic: the name that does not exist.</summary>
    public const string Wrong = "Wrong";

    /// <summary>Property of a diagnostic: the name that was probably meant.</summary>
    public const string Nearest = "Nearest";

    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics => Rules.All.Add(Rules.Failed);

    public override void Initialize(AnalysisContext context)
    {
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.EnableConcurrentExecution();
        context.RegisterSymbolAction(symbol => Invariantly(ReportDeclaration, symbol), SymbolKind.NamedType);
        context.RegisterSymbolAction(symbol => Invariantly(ReportFunction, symbol), SymbolKind.Method);
    }

    private static void Invariantly(Action<SymbolAnalysisContext> report, SymbolAnalysisContext symbol) => Invariant.Run(() =>
    {
        try
        {
            report(symbol);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            var place = symbol.Symbol.Locations.FirstOrDefault(l => l.IsInSource) ?? Location.None;
            symbol.ReportDiagnostic(Diagnostic.Create(Rules.Failed, place, symbol.Symbol.Name, Written.Words(e)));
        }

        return true;
    });

    private void ReportDeclaration(SymbolAnalysisContext context)
    {
        var type = (INamedTypeSymbol)context.Symbol;
        var cancel = context.CancellationToken;
        if (SpecReader.HeadOf(type, cancel) is not var (head, config, declaration)
            || pipeline.Read(type, context.Compilation, cancel) is not { } closed)
        {
            return;
        }

        var places = new Places(type, head, config, declaration, pipeline.Vocabulary);
        var (graph, problems) = pipeline.Check(closed);
        foreach (var problem in problems.Count > 0 || graph.UsesBroken ? problems : Unread.Of(graph))
        {
            // Functions of this project are told of where they stand.
            if (problem.Id == Problems.ScalarForm && IsDeclaredHere(problem.Arguments[1], type, context.Compilation))
            {
                continue;
            }

            var properties = ImmutableDictionary<string, string?>.Empty;
            if (problem.Nearest is { } nearest)
            {
                properties = properties.Add(Wrong, problem.Wrong).Add(Nearest, nearest);
            }

            context.ReportDiagnostic(Diagnostic.Create(Rules.Of(problem.Id), places.Of(problem, cancel), properties, [.. problem.Arguments]));
        }
    }

    private static bool IsDeclaredHere(string owner, INamedTypeSymbol type, Compilation compilation) =>
        type.ToDisplayString(SpecReader.FullName) == owner
            || compilation.GetTypeByMetadataName(owner.Substring(owner.LastIndexOf(':') + 1)) is { DeclaringSyntaxReferences.Length: > 0 };

    private void ReportFunction(SymbolAnalysisContext context)
    {
        var method = (IMethodSymbol)context.Symbol;
        if (ScalarReader.FormOf(method) == Scalar.ScalarForm.Helper)
        {
            return;
        }

        var problems = ScalarReader.Read(method, context.Compilation, cancellation: context.CancellationToken).Problems;

        // What Extend gives a config is not there before the generator has run.
        if (problems.Length > 0
            && ExtendedConfigs.For(method, SpecReader.For(context.Compilation, pipeline.Vocabulary), context.CancellationToken) is { } whole
            && ScalarReader.Read(method, whole, cancellation: context.CancellationToken).Function is not null)
        {
            return;
        }

        foreach (var problem in problems)
        {
            var location = problem.Location.IsInSource ? problem.Location : method.Locations.FirstOrDefault() ?? Location.None;
            context.ReportDiagnostic(Diagnostic.Create(Rules.Of(Problems.ScalarForm), location, problem.Message));
        }
    }
}
