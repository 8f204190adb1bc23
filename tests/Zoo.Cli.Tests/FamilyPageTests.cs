using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Dsl.Tests;
using Xunit;

namespace Zoo.Cli.Tests;

/// <summary>The families' pages are what the command would write today; <c>DSL_APPROVE=1</c> in the environment writes them.</summary>
public sealed class FamilyPageTests
{
    private static readonly Lazy<IReadOnlyList<(string File, string Text)>> Pages = new(() => FamilyPages.All(new DeclaredZoo()));

    private static string Folder => Path.GetFullPath(Path.Combine(GoldenFolder.InRepository(), "..", "..", "docs", "families"));

    [Fact]
    public void ThePagesAreCurrent()
    {
        IReadOnlyList<(string File, string Text)> pages = Pages.Value;
        if (Environment.GetEnvironmentVariable("DSL_APPROVE") == "1")
        {
            Directory.CreateDirectory(Folder);
            foreach ((string file, string text) in pages)
            {
                File.WriteAllText(Path.Combine(Folder, file), text);
            }
        }

        Assert.Equal(
            pages.Select(page => page.File).Order(StringComparer.Ordinal),
            Directory.GetFiles(Folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));
        Assert.All(pages, page => Assert.True(page.Text == File.ReadAllText(Path.Combine(Folder, page.File)).ReplaceLineEndings("\n"),
            $"{page.File} is not current: zoo pages --overwrite writes it"));
    }

    [Fact]
    public void APageHoldsWhatItSays()
    {
        string page = Pages.Value.Single(page => page.File == "Mixtral.md").Text;
        string[] parts = ["Jiang et al. 2024", "Route(nameof(C.Chosen))", "flowchart BT", "■ · ·", "| `mixtral-8x7b` | 46,702,792,704 |"];
        Assert.All(parts, part => Assert.Contains(part, page));
    }
}
