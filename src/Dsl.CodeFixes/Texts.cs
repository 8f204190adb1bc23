using System.Threading;
using System.Threading.Tasks;
using Dsl.Generators.Model;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace Dsl.CodeFixes;

internal static class Texts
{
    /// <summary>The document with one change; everything else keeps its place, blanks and comments too.</summary>
    public static async Task<Document> WithAsync(Document document, TextChange change, CancellationToken cancel) =>
        document.WithText((await document.GetTextAsync(cancel).ConfigureAwait(false)).WithChanges(change));
}
