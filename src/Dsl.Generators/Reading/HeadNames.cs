using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Dsl.Generators.Reading;

/// <summary>
/// Which classes may be declarations, by their syntax: those with an attribute that is spelt as <c>Block</c> or <c>Model</c>, or as an alias that some
/// <c>using</c> gives. What the attribute is, its symbol says.
/// </summary>
internal static class HeadNames
{
    private static readonly ConditionalWeakTable<SyntaxTree, string[]> Aliases = new();
    private static readonly ConditionalWeakTable<Compilation, HashSet<string>> GlobalAliases = new();

    /// <summary>Whether a node is a type with an attribute that may be one of these: it is generic, or its plain name may be an alias.</summary>
    public static bool MayDeclare(SyntaxNode node, CancellationToken cancel) => node is TypeDeclarationSyntax { AttributeLists.Count: > 0 };

    /// <summary>Whether the class has such an attribute, spelt out or by an alias that its file or a global <c>using</c> gives.</summary>
    public static bool Declares(TypeDeclarationSyntax type, Compilation compilation, CancellationToken cancel)
    {
        var names = type.AttributeLists.SelectMany(l => l.Attributes).Select(a => a.Name).ToList();
        if (names.Any(n => Last(n) is GenericNameSyntax { Identifier.Text: "Block" or "Model" or "BlockAttribute" or "ModelAttribute" }))
        {
            return true;
        }

        var plain = names.OfType<IdentifierNameSyntax>().Select(n => n.Identifier.Text).ToList();
        return plain.Count > 0
            && (Known(Aliases.GetValue(type.SyntaxTree, t => OfTree(t, global: false)).Contains)
                || Known(GlobalAliases.GetValue(compilation, c => [.. c.SyntaxTrees.SelectMany(t => OfTree(t, global: true))]).Contains));

        bool Known(Func<string, bool> isAlias) => plain.Any(p => isAlias(p) || isAlias(p + "Attribute"));

        string[] OfTree(SyntaxTree tree, bool global) =>
            [.. Usings(tree.GetRoot(cancel), global).Where(u => u.Alias is not null && u.GlobalKeyword.IsKind(SyntaxKind.GlobalKeyword) == global)
                .Select(u => u.Alias!.Name.Identifier.Text)];
    }

    private static SimpleNameSyntax? Last(NameSyntax name) => name switch
    {
        QualifiedNameSyntax qualified => qualified.Right,
        AliasQualifiedNameSyntax alias => alias.Name,
        _ => name as SimpleNameSyntax,
    };

    private static IEnumerable<UsingDirectiveSyntax> Usings(SyntaxNode root, bool global) =>
        root is not CompilationUnitSyntax unit ? []
            : global ? unit.Usings
            : unit.DescendantNodes(n => n is CompilationUnitSyntax or BaseNamespaceDeclarationSyntax).OfType<UsingDirectiveSyntax>();
}
