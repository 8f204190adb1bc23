using System.Collections.Generic;
using System.Linq;
using System.Text;
using Dsl.Generators.Model;
using Dsl.Generators.Reading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Dsl.Generators.Emitting;

/// <summary>Writes names in full that something of the user's hides.</summary>
internal static class Qualified
{
    public static string Text(string text, IReadOnlyCollection<HiddenName> hidden)
    {
        if (hidden.Count == 0)
        {
            return text;
        }

        var full = hidden.ToDictionary(h => h.Name, h => h.FullName);
        var names = CSharpSyntaxTree.ParseText(text, new CSharpParseOptions(documentationMode: DocumentationMode.Parse)).GetRoot()
            .DescendantNodes(descendIntoTrivia: true).OfType<SimpleNameSyntax>().Where(n => full.ContainsKey(n.Identifier.Text) && StandsAlone(n))
            .OrderByDescending(n => n.SpanStart);
        var result = new StringBuilder(text);
        foreach (var name in names)
        {
            result.Remove(name.Identifier.SpanStart, name.Identifier.Span.Length).Insert(name.Identifier.SpanStart, full[name.Identifier.Text]);
        }

        return result.ToString();
    }

    /// <summary>Whether the name is looked up where it stands, and is not a member of what is left of it, an argument's name or a property being set.</summary>
    private static bool StandsAlone(SimpleNameSyntax name) => name.Parent switch
    {
        MemberAccessExpressionSyntax access => access.Expression == name,
        QualifiedNameSyntax qualified => qualified.Left == name,
        QualifiedCrefSyntax qualified => qualified.Container == name,
        AliasQualifiedNameSyntax or MemberBindingExpressionSyntax or NameColonSyntax or NameEqualsSyntax or UsingDirectiveSyntax
            or BaseNamespaceDeclarationSyntax => false,
        AssignmentExpressionSyntax { Parent: InitializerExpressionSyntax } assignment => assignment.Left != name,
        _ => true,
    };
}
