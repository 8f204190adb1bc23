using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Dsl.Generators.Model;
using Dsl.Generators.Tests.Snapshots;
using Dsl.Generators.Tests.Sugar;
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

    public static TheoryData<string> PagesWithGraphs => [.. DocBlock.Pages.Where(page => DocBlock.Of(page).Any(block => block.Graph is not null))];

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
            files.Add(new SourceFile("Models.cs", File.ReadAllText(Path.Combine(Compiling.Repository, "src", "Zoo", "Models.cs"))));
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
            Match(block, Cut(File.ReadAllText(file), from, to, $"{page}, line {block.Line + 1}"), Path.GetFileName(file));
        }
    }

    [Theory]
    [MemberData(nameof(PagesWithGraphs))]
    public void Printed_graphs_are_those_of_the_zoo(string page)
    {
        var zoo = Compiling.Create(Compiling.Zoo());
        foreach (DocBlock block in DocBlock.Of(page).Where(block => block.Graph is not null).OrderByDescending(block => block.Line))
        {
            var (type, stage) = block.Graph!.Value;
            Match(block, Printed(Graphs.Of(zoo, type), stage), $"the graph of {type}");
        }
    }

    [Fact]
    public void Every_block_says_what_it_is() =>
        Assert.Empty(DocBlock.Pages.SelectMany(DocBlock.Of).Where(block => block.Kind is not ("" or "fragment") && block.Cut is null && block.Graph is null)
            .Select(block => $"{block.Page}, line {block.Line + 1}: '{block.Kind}'"));

    private static void Match(DocBlock block, string text, string source)
    {
        if (Approved.Approving)
        {
            block.Write(text);
            return;
        }

        Assert.True(
            text == block.Text,
            $"{block.Page}, line {block.Line + 1} is not what {source} says: run this with DSL_APPROVE=1, then read the page again.\n{text}");
    }

    /// <summary>A declaration's graph as it was checked; what lowering made new in the parallel form; that form with what was fused.</summary>
    private static string Printed(Graph graph, string stage)
    {
        var lowered = Generators.Pipeline.Lower(graph);
        var fused = Generators.Pipeline.Core.Fuse(lowered);
        return string.Join('\n', stage switch
        {
            "checked" => Lines(graph),
            "lowered" => Lines(lowered.Parallel).Except(Lines(graph)),
            _ => [.. Lines(fused.Parallel), .. fused.Notes.Select(note => $"{note.Was}: {note.What}")],
        });
    }

    /// <summary>A printed graph, long lines broken between the parts of an operation and before what it reads.</summary>
    private static string[] Lines(Graph graph) =>
        [.. graph.Print().ReplaceLineEndings("\n").TrimEnd('\n').Split('\n').Select(line =>
        {
            int reads = line.LastIndexOf(" (%", StringComparison.Ordinal);
            if (line.Length <= 150 || reads < 0)
            {
                return line;
            }

            string operation = line[..reads].Replace("; ", ";\n    ", StringComparison.Ordinal);
            bool fits = operation.Length - operation.LastIndexOf('\n') + line.Length - reads <= 150;
            return operation + (fits ? "" : "\n   ") + line[reads..];
        })];

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
