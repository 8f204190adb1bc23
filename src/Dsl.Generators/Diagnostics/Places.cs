using System.Collections.Generic;
using System.Linq;
using System.Threading;
using Dsl.Generators.Model;
using Dsl.Generators.Reading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Dsl.Generators.Diagnostics;

/// <summary>From the places of a declaration's spec back to its syntax.</summary>
internal sealed class Places(INamedTypeSymbol type, AttributeData head, INamedTypeSymbol config, TypeDeclarationSyntax declaration, Vocabulary vocabulary)
{
    public Location Of(Problem problem, CancellationToken cancel) => problem.Id switch
    {
        Problems.SpreadDataflow => SpecReader.Strays(type, declaration, vocabulary, cancel).FirstOrDefault()?.GetLocation(),
        Problems.ConfigNotRecord => HeadArgument(cancel),
        Problems.MemberWithoutKey => InSource(config.GetMembers(problem.Arguments[0])),
        Problems.ConfigUnfit => (problem.Arguments[2] is { Length: > 0 } member ? InSource(config.GetMembers(member)) : null) ?? HeadArgument(cancel),
        Problems.MemberOfGenerated => InSource(type.GetMembers(problem.Arguments[0]).Where(m => !Fitness.IsGenerated(m)))
            ?? InSource(type.InstanceConstructors.Where(c => c.ToDisplayString(SymbolDisplayFormat.MinimallyQualifiedFormat) == problem.Arguments[0])),
        Problems.ExtendNotPartial => InSource([config]),
        Problems.PresetDivision or Problems.PresetSizes => PresetOf(problem),
        Problems.BeyondBounds when problem.Place == Place.Class => PresetOf(problem),
        _ => null,
    }
    ?? Of(problem.Place);

    private Location Of(Place place)
    {
        if (place.List < 0
            || place.List >= declaration.AttributeLists.Count
            || place.Index < 0
            || place.Index >= declaration.AttributeLists[place.List].Attributes.Count)
        {
            return declaration.Identifier.GetLocation();
        }

        var attribute = declaration.AttributeLists[place.List].Attributes[place.Index];
        return (place.Argument < 0 ? attribute : Argument(attribute, place.Argument) ?? (SyntaxNode)attribute).GetLocation();
    }

    /// <summary>A named argument by its place in the syntax, any other one by its place in the constructor's list, arrays counted element by element.</summary>
    private ExpressionSyntax? Argument(AttributeSyntax attribute, int index)
    {
        var written = attribute.ArgumentList?.Arguments ?? default;
        if (index < written.Count && written[index].NameEquals is not null)
        {
            return written[index].Expression;
        }

        var constructor = type.GetAttributes().FirstOrDefault(a => a.ApplicationSyntaxReference?.Span == attribute.Span)?.AttributeConstructor;
        var flat = new List<ExpressionSyntax>();
        foreach (var argument in written.Where(a => a.NameEquals is null))
        {
            if (argument.NameColon is { } named)
            {
                var ordinal = constructor?.Parameters.FirstOrDefault(p => p.Name == named.Name.Identifier.Text)?.Ordinal;
                if (ordinal == index)
                {
                    return argument.Expression;
                }
            }
            else
            {
                flat.AddRange(Elements(argument.Expression) ?? [argument.Expression]);
            }
        }

        return index < flat.Count ? flat[index] : null;
    }

    private static IEnumerable<ExpressionSyntax>? Elements(ExpressionSyntax expression) => expression switch
    {
        ArrayCreationExpressionSyntax { Initializer: { } given } => given.Expressions,
        ImplicitArrayCreationExpressionSyntax given => given.Initializer.Expressions,
        _ => null,
    };

    /// <summary>The config's name in <c>Block&lt;C&gt;</c> or <c>Model&lt;C&gt;</c>.</summary>
    private Location? HeadArgument(CancellationToken cancel) =>
        (head.ApplicationSyntaxReference?.GetSyntax(cancel) as AttributeSyntax)?.Name.DescendantNodesAndSelf().OfType<GenericNameSyntax>().FirstOrDefault()
            ?.TypeArgumentList.Arguments.FirstOrDefault()?.GetLocation();

    private Location? PresetOf(Problem problem) => InSource(config.GetMembers().Where(m => IsPreset(m, problem.Arguments[0])));

    private static bool IsPreset(ISymbol member, string name) =>
        member.GetAttributes()
            .Any(a => SpecReader.IsOurs(a) && SpecReader.WordOf(a) == "Preset" && a.ConstructorArguments.FirstOrDefault().Value as string == name);

    private static Location? InSource(IEnumerable<ISymbol> symbols) => symbols.SelectMany(s => s.Locations).FirstOrDefault(l => l.IsInSource);
}
