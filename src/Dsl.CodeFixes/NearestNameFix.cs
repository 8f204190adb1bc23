using System.Collections.Immutable;
using System.Composition;
using System.Linq;
using System.Threading.Tasks;
using Dsl.Generators;
using Dsl.Generators.Diagnostics;
using Dsl.Generators.Model;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Text;

namespace Dsl.CodeFixes;

/// <summary>
/// Puts the nearest existing name in the place of a misspelt one: of a value, a config member, a function, an input, an option, an address, an activation, a
/// key.
/// </summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(NearestNameFix)), Shared]
public sealed class NearestNameFix : CodeFixProvider
{
    public override ImmutableArray<string> FixableDiagnosticIds { get; } = ImmutableArray.Create(
        Problems.NameUnknown,
        Problems.MemberUnknown,
        Problems.KeyUnknown,
        Problems.FunctionUnknown,
        Problems.BlockInput,
        Problems.InputUnmatched,
        Problems.AddressUnknown,
        Problems.OptionUnknown,
        Problems.WordUnknown,
        Problems.KeyIndexUnknown);

    public override FixAllProvider GetFixAllProvider() => WellKnownFixAllProviders.BatchFixer;

    public override async Task RegisterCodeFixesAsync(CodeFixContext context)
    {
        var root = await context.Document.GetSyntaxRootAsync(context.CancellationToken).ConfigureAwait(false);
        foreach (var diagnostic in context.Diagnostics)
        {
            if (root is not null
                && diagnostic.Properties.TryGetValue(DeclarationAnalyzer.Wrong, out var wrong) && wrong is { Length: > 0 }
                && diagnostic.Properties.TryGetValue(DeclarationAnalyzer.Nearest, out var nearest) && nearest is not null
                && Find(root.FindNode(diagnostic.Location.SourceSpan, getInnermostNodeForTie: true), wrong) is { } place)
            {
                var change = new TextChange(place, nearest);
                context.RegisterCodeFix(
                    CodeAction.Create($"Change '{wrong}' to '{nearest}'", cancel => Texts.WithAsync(context.Document, change, cancel), nameof(NearestNameFix)),
                    diagnostic);
            }
        }
    }

    /// <summary>Where the name stands: a string or an identifier that is nothing else, or else a word of a longer string.</summary>
    private static TextSpan? Find(SyntaxNode node, string name)
    {
        var tokens = node.DescendantTokens().Where(t => t.IsKind(SyntaxKind.StringLiteralToken) || t.IsKind(SyntaxKind.IdentifierToken)).ToList();
        foreach (var token in tokens.Where(t => t.ValueText == name).Concat(tokens.Where(t => t.IsKind(SyntaxKind.StringLiteralToken))))
        {
            for (var at = token.Text.IndexOf(name, System.StringComparison.Ordinal); at >= 0; at = token.Text.IndexOf(
                name, at + 1, System.StringComparison.Ordinal))
            {
                if ((at == 0 || !IsWord(token.Text[at - 1])) && (at + name.Length == token.Text.Length || !IsWord(token.Text[at + name.Length])))
                {
                    return new TextSpan(token.SpanStart + at, name.Length);
                }
            }
        }

        return null;
    }

    private static bool IsWord(char c) => char.IsLetterOrDigit(c) || c == '_';
}
