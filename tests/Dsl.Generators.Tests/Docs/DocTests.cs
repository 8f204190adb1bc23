using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Dsl.Generators.Tests.Snapshots;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Xunit;

namespace Dsl.Generators.Tests.Docs;

/// <summary>What pages show is so: their code compiles, and their excerpts of generated code are cut from the approved texts.</summary>
public sealed class DocTests
{
    private const string Usings = "using Dsl;\nusing Dsl.Runtime;\nusing C = SmallConfig;\n";
    private const string WithConfig = "docs/language/declaring.md";

    /// <summary>Pages of diagnostics show what does not compile, too: DiagnosticTests hold them.</summary>
    public static TheoryData<string> PagesWithCode => [.. DocBlock.Pages
        .Where(page => !page.StartsWith("docs/diagnostics/", StringComparison.Ordinal) && DocBlock.Of(page).Any(block => block.Kind.Length == 0))];

    public static TheoryData<string> PagesWithExcerpts => [.. DocBlock.Pages.Where(page => DocBlock.Of(page).Any(block => block.Cut is not null))];

    /// <summary>All whole blocks of a page together, each a file, over the config that the page on declaring shows; with the zoo where they use it.</summary>
    [Theory]
    [MemberData(nameof(PagesWithCode))]
    public void The_code_of_a_page_compiles(string page)
    {
        IReadOnlyList<DocBlock> blocks = [.. DocBlock.Of(page).Where(block => block.Kind.Length == 0)];
        var files = blocks.Select((block, i) => new SourceFile($"Block{i}.cs", WithUsings(block.Text))).ToList();
        if (page != WithConfig)
        {
            files.Add(new SourceFile("Config.cs", WithUsings(DocBlock.Of(WithConfig)[0].Text)));
        }

        if (blocks.Any(block => block.Text.Contains("using Zoo.", StringComparison.Ordinal)))
        {
            files.AddRange(Compiling.Zoo());
        }

        var compilation = Compiling.Create(files);
        if (compilation.SyntaxTrees.Any(tree => tree.GetRoot().ChildNodes().OfType<GlobalStatementSyntax>().Any()))
        {
            compilation = compilation.WithOptions(compilation.Options.WithOutputKind(OutputKind.ConsoleApplication));
        }

        Compiling.Start(compilation).AssertCompiles();
    }

    [Theory]
    [MemberData(nameof(PagesWithExcerpts))]
    public void Excerpts_of_generated_code_are_cut_from_the_approved_texts(string page)
    {
        foreach (DocBlock block in DocBlock.Of(page).Where(block => block.Cut is not null).OrderByDescending(block => block.Line))
        {
            var (file, from, to) = block.Cut!.Value;
            string cut = Cut(File.ReadAllText(Path.Combine(Approved.Folder, file)), from, to, $"{page}, line {block.Line + 1}");
            if (Approved.Approving)
            {
                block.Write(cut);
            }
            else
            {
                Assert.True(
                    cut == block.Text, $"{page}, line {block.Line + 1} is not what {file} says: run this with DSL_APPROVE=1, then read the page again.\n{cut}");
            }
        }
    }

    [Fact]
    public void Every_block_says_what_it_is() =>
        Assert.Empty(DocBlock.Pages.SelectMany(DocBlock.Of).Where(block => block.Kind is not ("" or "fragment") && block.Cut is null)
            .Select(block => $"{block.Page}, line {block.Line + 1}: '{block.Kind}'"));

    /// <summary>From the first line that has the one text to the next one that has the other (a brace alone: that is it).</summary>
    private static string Cut(string text, string from, string to, string where)
    {
        string[] lines = text.ReplaceLineEndings("\n").Split('\n');
        static bool Has(string line, string what) => what.Trim() is "}" or "};" ? line == what : line.Contains(what, StringComparison.Ordinal);
        int first = Array.FindIndex(lines, line => Has(line, from));
        int last = first < 0 ? -1 : Array.FindIndex(lines, from == to ? first : first + 1, line => Has(line, to));
        Assert.True(last >= 0, $"{where}: no line {(first < 0 ? $"has '{from}'" : $"after '{from}' has '{to}'")}");
        return string.Join('\n', lines[first..(last + 1)]);
    }

    private static string WithUsings(string text) => text.StartsWith("using ", StringComparison.Ordinal) ? text : Usings + text;
}
